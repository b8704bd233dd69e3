"""Who has left, as a release needs it: a list by which rows of a study may be read.

The list says nothing of who asked to leave since deletion ran last. Researchers'
readers refuse a study's view that is two days old; releases are held to the same view.
"""

from datetime import datetime

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.releases.ledger import read_ledger
from rally.releases.seen_ledger import check_seen
from rally.storage.layout import Stores
from rally.withdrawal.list_object import Published, read_people
from rally.withdrawal.people_index import PeopleIndex
from rally.withdrawal.root import ROOT
from rally.withdrawal.view_object import check_age, read_head


def check_recent(
    stores: Stores, chain: Chain, study: str, counter: int, now: datetime
) -> int:
    """Sees that deletion published who has left a study within two days.

    Deletion has seen the ledger, too, and the study's view says how far: so lines that
    are lost at its end give no budget back.

    Args:
        stores: Stores of the study and the platform.
        chain: Decisions of the platform, which name deletion's key.
        study: Namespace of the study.
        counter: Counter of the withdrawal list that is there.
        now: Time of the job, UTC.

    Returns:
        Counter of the newest list that was published.

    Raises:
        ConfigurationError: The study's view is missing, forged, older than two days,
            ahead of the clock, or of a newer list than the platform has; or the ledger
            has lost lines.
        OSError: A store cannot be read.
    """
    store = stores.of(study)
    head = read_head(store, study, chain.keys[Job.DELETE][-1].verifier)
    check_age(store, head, now)
    check_seen(read_ledger(stores.platform, chain), [head])
    if head.counter > counter:  # by a deletion meanwhile, or the list was put back
        read_people_since(stores, head.counter)
    return max(head.counter, counter)


def read_people_since(stores: Stores, counter: int) -> Published[PeopleIndex]:
    """Reads the withdrawal list, and refuses one that was put back.

    Args:
        stores: Stores, of which the platform is read.
        counter: Counter of a list that was published before.

    Raises:
        ConfigurationError: The list is older, or not as it was published.
        OSError: The platform cannot be read.
    """
    published = read_people(stores.platform)
    if published.list.counter < counter:
        raise ConfigurationError(
            f"{stores.platform.uri.rstrip('/')}/{ROOT}: is list"
            f" {published.list.counter}, and list {counter} was published; `rally"
            " delete` publishes it anew"
        )
    return published
