"""Holds the ledger of releases against what deletion has seen of it.

The head of each study's view names the end of the ledger as it was, and is signed. A
ledger that was cut back to an earlier end has no fault of its own: only that tells.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.errors import ConfigurationError
from rally.fields import raise_all
from rally.keys.names import Job
from rally.registry.transitions import StudyAction, transitions_in
from rally.releases.approval import allotments
from rally.releases.ledger import Ledger, LedgerEnd
from rally.releases.ledger_lines import FOLDER
from rally.storage.layout import Stores, view_file
from rally.storage.objectstore.interface import ObjectStore
from rally.withdrawal.view_object import ViewHead, read_head


class SeenHeads(NamedTuple):
    """Heads of the views that are there.

    Attributes:
        heads: Heads that deletion signed.
        faults: Views that say nothing, since deletion did not publish them as they are;
            one line each.
    """

    heads: tuple[ViewHead, ...]
    faults: tuple[str, ...]


def stores_with_views(
    stores: Stores, chain: Chain, now: datetime
) -> dict[str, ObjectStore]:
    """Gives the store of each study that has a budget and is not concluded.

    Args:
        stores: Stores of the studies.
        chain: Decisions of the platform.
        now: Time of the reader, UTC.
    """
    if chain.is_concluded(now):
        return {}
    concluded = {
        each.namespace
        for each in transitions_in(chain)
        if each.action is StudyAction.CONCLUDE and each.at <= now
    }
    return {each: stores.of(each) for each in sorted({*allotments(chain)} - concluded)}


def read_heads(views: Mapping[str, ObjectStore], chain: Chain) -> SeenHeads:
    """Reads the heads of views; a study without one has nothing to say.

    Read them before the ledger, which only grows: so it holds what they name.

    Args:
        views: Stores by study.
        chain: Decisions of the platform, which name deletion's key.

    Raises:
        OSError: A store cannot be read.
    """
    heads, faults = list[ViewHead](), list[str]()
    key = chain.keys[Job.DELETE][-1].verifier
    for study, store in views.items():
        if store.stat(view_file(study)) is None:
            continue
        try:
            heads.append(read_head(store, study, key))
        except ConfigurationError as error:
            faults.append(str(error))
    return SeenHeads(tuple(heads), tuple(faults))


def find_lost_lines(ledger: Ledger, heads: Iterable[ViewHead]) -> Iterator[str]:
    """Names ends that deletion has seen, and that the ledger lacks; a line each.

    Of a ledger with a fault nothing is said beside that.
    """
    if ledger.faults:
        return
    ends = {LedgerEnd(each.ledger_number, each.ledger_digest) for each in heads}
    for end in sorted(ends):
        if not ledger.holds(end):
            yield (
                f"{FOLDER}: is not the ledger whose line {end.number} deletion has"
                " seen; restore it from a backup"
            )


def check_seen(ledger: Ledger, heads: Iterable[ViewHead]) -> None:
    """Refuses a ledger that lacks lines which deletion has seen.

    Raises:
        ConfigurationError: It has a fault, lines are missing, or others are there.
    """
    ledger.check()
    raise_all([*find_lost_lines(ledger, heads)])
