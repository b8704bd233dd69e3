"""Audits releases: the ledger and its drafts, and all that lies where results leave."""

from collections.abc import Iterable

from rally.audit.findings import Check, Unit
from rally.audit.searching import redact_id_like
from rally.audit.tally import Tally
from rally.decisions.chain import Chain
from rally.registry.study import Study
from rally.releases.verifying import verify_releases
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import ObjectStore

_NO_PLACE = "results left, and where they lie was not looked at: give --releases"


def audit_releases(
    stores: Stores,
    chain: Chain,
    releases: ObjectStore | None,
    studies: Iterable[Study],
) -> Tally:
    """Names what is wrong with releases; what a next run finishes stands apart.

    Args:
        stores: Stores of the studies and the platform.
        chain: Decisions of the platform.
        releases: Place where results leave; None where nobody names one.
        studies: Studies that have a view, which names an end of the ledger. What is
            wrong with a view itself the check VIEWS says.

    Raises:
        OSError: A place cannot be read.
    """
    views = {each.namespace: stores.of(each.namespace) for each in studies}
    tally, found = Tally(), verify_releases(stores.platform, chain, releases, views)
    for check, faults in (
        (Check.LEDGER, found.of_ledger),
        (Check.RELEASES, found.of_results),
    ):
        for where, what in _divide(faults):
            tally.add_broken(check, where, what, 1, Unit.OBJECTS)
    for where, what in _divide(found.unfinished):
        tally.add_apart(Check.RELEASES, where, what, 1, Unit.OBJECTS)
    if releases is None and found.ledger.placings:
        tally.add_unseen(Check.RELEASES, "releases", _NO_PLACE)
    return tally


def _divide(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Gives the place and the words of each line; a place may have any name."""
    for line in lines:
        where, _, what = line.partition(": ")
        yield redact_id_like(where), what
