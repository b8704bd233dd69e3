"""Proves releases: the ledger, the drafts inside, and what lies where results leave.

Anybody who may read the platform can run it; it takes public keys only.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rally.decisions.chain import Chain
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.releases.approval import (
    find_submission,
    find_unapproved,
    judge_draft,
    judge_submission,
    signed_results,
)
from rally.releases.budget import overspent
from rally.releases.draft import FOLDER, draft_name, read_draft
from rally.releases.ledger import Ledger, ResultId, is_submitted, read_ledger
from rally.releases.ledger_lines import PlacedFile, Placing
from rally.releases.placing import folder_of
from rally.releases.seen_ledger import find_lost_lines, read_heads
from rally.storage.marker import NAME as MARKER
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import list_records

_DRAFT = re.compile(re.escape(FOLDER) + "study=([a-z0-9-]+)/([a-z0-9.-]+)[.]json")
_CHUNK = 8 * 1024 * 1024

NO_VIEWS: Mapping[str, ObjectStore] = MappingProxyType({})
"""No views to hold the ledger against."""


class ReleaseFindings(NamedTuple):
    """What is wrong with releases, and what is not finished.

    Attributes:
        ledger: The ledger.
        of_ledger: What is wrong with the ledger, or is inside and not explained by it,
            one line each: the place, a colon, and what is wrong.
        of_results: What is wrong with results that left, likewise.
        unfinished: What the next run of a command finishes, likewise.
        of_views: What is wrong with views that the ledger was held against, likewise.
        views: Number of views that it was held against.
    """

    ledger: Ledger
    of_ledger: tuple[str, ...] = ()
    of_results: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    of_views: tuple[str, ...] = ()
    views: int = 0

    @property
    def faults(self) -> tuple[str, ...]:
        """All that is not as promised."""
        return *self.of_ledger, *self.of_results, *self.of_views

    def seen_again(self, later: "ReleaseFindings") -> "ReleaseFindings":
        """Gives the later findings, without faults that were not seen before."""
        return later._replace(
            of_ledger=tuple(it for it in later.of_ledger if it in self.of_ledger),
            of_results=tuple(it for it in later.of_results if it in self.of_results),
            of_views=tuple(it for it in later.of_views if it in self.of_views),
        )


def verify_releases(
    platform: ObjectStore,
    chain: Chain,
    releases: ObjectStore | None = None,
    views: Mapping[str, ObjectStore] = NO_VIEWS,
) -> ReleaseFindings:
    """Reads everything that releases left, and says what is wrong.

    A release that is made meanwhile looks like a fault where its explanation was read
    first. So what is wrong is looked at twice, and counts if it is wrong both times.

    Args:
        platform: Store of the platform.
        chain: Decisions of the platform.
        releases: Place where results leave; None looks at nothing there.
        views: Stores of studies, by namespace, whose views name an end of the ledger.

    Raises:
        OSError: A place cannot be read.
    """
    found = _verify_once(platform, chain, releases, views)
    if not found.faults:
        return found
    return found.seen_again(
        _verify_once(platform, read_chain(platform), releases, views)
    )


def _verify_once(
    platform: ObjectStore,
    chain: Chain,
    releases: ObjectStore | None,
    views: Mapping[str, ObjectStore],
) -> ReleaseFindings:
    seen = read_heads(views, chain)  # first: the ledger only grows
    ledger = read_ledger(platform, chain)
    of_ledger = [*ledger.faults, *find_lost_lines(ledger, seen.heads)]
    of_ledger += overspent(chain, ledger)
    for reserved in ledger.reservations.values():
        where = f"{reserved.study}/{reserved.release}"
        whys = find_unapproved(chain, reserved)
        of_ledger += [f"{where}: took its budget, and {why}" for why in whys]
    of_ledger += _wrong_drafts(platform, chain, ledger)
    of_ledger += _lost_results(chain, ledger)
    unfinished, of_results = list(_unfinished(ledger)), list[str]()
    for placing in ledger.placings.values():
        of_results += _wrong_placing(chain, ledger, placing)
    if releases is not None:
        wrong, missing = _compare(releases, ledger)
        of_results += wrong
        unfinished += missing
    return ReleaseFindings(
        ledger,
        tuple(of_ledger),
        tuple(of_results),
        tuple(unfinished),
        seen.faults,
        len(seen.heads),
    )


def _lost_results(chain: Chain, ledger: Ledger) -> Iterator[str]:
    """Names results that people signed, and of which the ledger has no line.

    Nobody can sign a result before the ledger names it: its end was taken away.
    """
    known = {(*result, spent.sha256) for result, spent in ledger.spendings.items()}
    signed = {each for each in signed_results(chain) if not is_submitted(each[1])}
    for study, release, _ in sorted(signed - known):
        yield (
            f"{study}/{release}: people signed a result that the ledger does not have;"
            " restore its last lines from a backup"
        )


def _wrong_drafts(platform: ObjectStore, chain: Chain, ledger: Ledger) -> Iterator[str]:
    """Holds drafts against the lines that they should have."""
    found = set[ResultId]()
    for info in list_records(platform, FOLDER):
        if not (match := _DRAFT.fullmatch(info.name)):
            continue
        result = match[1], match[2]
        found.add(result)
        try:
            draft = read_draft(platform, chain, *result)
        except ConfigurationError as error:
            yield str(error)
            continue
        reserved, spent = ledger.reservations.get(result), ledger.spendings.get(result)
        if draft is None:
            continue  # gone since it was listed; the next look says so
        if reserved is None or reserved.fingerprint != draft.fingerprint:
            yield f"{info.name}: is a result for which nothing was reserved"
        elif spent is not None and spent.sha256 != draft.sha256:
            yield f"{info.name}: is another result than the ledger names"
    for study, release in sorted(ledger.spendings.keys() - found):
        name = draft_name(study, release)
        yield f"{name}: is missing, and the ledger has it; restore it from a backup"


def _unfinished(ledger: Ledger) -> Iterator[str]:
    """Names releases that took their budget and have no result yet."""
    for study, release in sorted(ledger.reservations.keys() - ledger.spendings.keys()):
        yield f"{study}/{release}: took its budget and has no result; run it again"


def _wrong_placing(chain: Chain, ledger: Ledger, placing: Placing) -> Iterator[str]:
    """Says who should have signed a result that left."""
    study, release, sha256 = placing[:3]
    where = f"{study}/{release}"
    submitted = find_submission(chain, study, release, sha256)
    reserved = ledger.reservations.get((study, release))
    if submitted is not None:
        judged = judge_submission(chain, submitted)
    elif reserved is not None:
        judged = judge_draft(chain, reserved, sha256)
    else:
        yield f"{where}: left, and nobody submitted it"
        return
    if not {*placing.signers} <= {*judged.people}:
        yield f"{where}: left by signatures that do not count"
    elif judged.faults:
        yield f"{where}: left, and {'; '.join(judged.faults)}"


def _compare(releases: ObjectStore, ledger: Ledger) -> tuple[list[str], list[str]]:
    """Holds what lies where results leave against the ledger: faults, and gaps."""
    expected = {
        folder_of(each.study, each.release) + file.name: file
        for each in ledger.placings.values()
        for file in each.files
    }
    faults = [
        f"{releases.uri.rstrip('/')}/{stray.name}: is {stray.kind}; take it away"
        for stray in releases.strays()
    ]
    found = set[str]()
    for info in releases.list():
        if info.name == MARKER:
            continue
        where = f"{releases.uri.rstrip('/')}/{info.name}"
        file = expected.get(info.name)
        found.add(info.name)
        if file is None:
            faults.append(f"{where}: is no file that the ledger has; take it away")
        elif not _is_same(releases, info.name, info.size, file):
            faults.append(f"{where}: is not the file that was placed; take it away")
    missing = [
        f"{releases.uri.rstrip('/')}/{name}: is not there; run `rally releases place`"
        for name in sorted(expected.keys() - found)
    ]
    return faults, missing


def _is_same(releases: ObjectStore, name: str, size: int, file: PlacedFile) -> bool:
    """Tells whether a file has the bytes that were placed; reads it in parts."""
    if size != file.size:
        return False
    digest, start = hashlib.sha256(), 0
    try:
        while start < size:
            data = releases.read_range(name, start, min(_CHUNK, size - start))
            if not data:
                return False
            digest.update(data)
            start += len(data)
    except ObjectNotFound:
        return False
    return digest.hexdigest() == file.sha256
