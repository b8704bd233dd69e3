"""The state of a platform, put together of what its records and listings say.

No row is opened, and no key: rows are counted by the headers of files. Where a study
has very many files, the headers of some of them stand for the rest, so that the time
that this takes does not grow with what is stored.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter

from rally.access.asks import AskDay, read_requests
from rally.dead_letters import LetterKind, list_dead_letters
from rally.decisions.chain import Chain, EntryStatus
from rally.errors import CorruptFile
from rally.receipts.conclusion import GoneRecords, read_conclusion
from rally.registry.approval_deadlines import (
    SOON_DAYS,
    ClosedDocument,
    find_closed,
    find_due,
)
from rally.registry.approvals import Approvals
from rally.registry.expunges import ExpungeOrder, Expunges
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.registry.transitions import States, StudyState
from rally.releases.awaited_signatures import AwaitedSignature, find_awaited
from rally.releases.ledger import read_ledger
from rally.releases.recipe_files import RecipeFile
from rally.status.old_views import OldView, find_old_views
from rally.storage.last_runs import LastRun, read_runs
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
)
from rally.storage.partitions import list_files
from rally.storage.snapshots import outline_of
from rally.times import from_micros
from rally.withdrawal.concluded_list import read_surviving_list
from rally.withdrawal.overview import Overview, read_overview

MOST_HEADERS = 200
"""So many headers of a study are read; of more files, some stand for the rest."""


@dataclass(frozen=True, slots=True)
class StudyGlance:
    """A study at a glance.

    Attributes:
        namespace: namespace of the study.
        state: state of the study; None where it does not load.
        files: number of files of rows.
        rows: number by the files' headers; an estimate where `is_exact` is False.
        is_exact: whether every header was read.
        next_date: next day that its promises name; None where there is none.
        next_what: event of that day.
    """

    namespace: str
    state: StudyState | None
    files: int = 0
    rows: int = 0
    is_exact: bool = True
    next_date: date | None = None
    next_what: str = ""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Requests of one scope that wait for somebody's decision.

    Attributes:
        scope: a namespace, or Rally as a whole.
        people: number of requests.
        until: the day on which the first of them counts undecided.
    """

    scope: str
    people: int
    until: date


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters of one study; why they failed is sealed with them.

    Attributes:
        study: a namespace, or `unknown`.
        kind: whether their routing says that somebody leaves.
        objects: number of objects.
        oldest: the day on which the first of them was written.
    """

    study: str
    kind: LetterKind
    objects: int
    oldest: date


@dataclass(frozen=True, slots=True)
class Expiring:
    """Approval that ends within SOON_DAYS, or has ended.

    Attributes:
        study: whose it is.
        what: in a few words.
        day: the last one on which it holds.
        is_review: whether a review ends, or what it covers.
    """

    study: str
    what: str
    day: date
    is_review: bool = False


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Conclusion of a platform, and how far the purge has come with it.

    Attributes:
        number: number of the decision.
        by: name of who asked for it.
        at: time at which that person signed, UTC.
        gone: kinds of records that went, or are going.
        finished: time from which on nothing was left but the proof, UTC; None before.
    """

    number: int
    by: str
    at: datetime
    gone: Sequence[GoneRecords] = ()
    finished: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlatformState:
    """A platform at one time.

    Attributes:
        now: time of the state, UTC.
        runs: the last run of each job, by its name.
        studies: studies of the registry, by namespace.
        requests: all requests, with their deadlines.
        waiting: requests that a person has to decide on.
        letters: dead letters by study and kind.
        expiring: approvals that end soon, sorted by day.
        closed: documents that are not collected, for want of a review that counts.
        approvals: decisions that wait for a second signature, but for orders to
            expunge.
        orders: orders to expunge that wait for a second signature, or were not carried
            out yet.
        signatures: recipes and results of releases that wait for a signature, and
            results that may leave.
        overdue_cases: number of people who wait for a copy for too long.
        asks: people who asked for a copy by a ping and have no case, by day.
        views: views of the withdrawal list that are older than a day.
        faults: decisions that are void or missing.
        unloadable: why a study does not load, by namespace.
        conclusion: how the platform was concluded; None while it goes on.
    """

    now: datetime
    runs: Mapping[str, LastRun]
    studies: Sequence[StudyGlance]
    requests: Overview
    waiting: Sequence[Waiting]
    letters: Sequence[Letters]
    expiring: Sequence[Expiring]
    closed: Sequence[ClosedDocument]
    approvals: int
    orders: Sequence[ExpungeOrder]
    signatures: Sequence[AwaitedSignature]
    overdue_cases: int
    asks: Sequence[AskDay]
    views: Sequence[OldView]
    faults: int
    unloadable: Mapping[str, str]
    conclusion: Conclusion | None = None

    @property
    def is_used(self) -> bool:
        """Whether anything was ever ingested."""
        return bool(self.letters or self.requests.due) or any(
            each.files for each in self.studies
        )


def read_state(
    stores: Stores,
    registry: Registry,
    now: datetime,
    deadline_days: float,
    recipes: Sequence[RecipeFile] = (),
) -> PlatformState:
    """Reads the state of a platform.

    Args:
        stores: stores of the studies and the platform.
        registry: registry of the studies.
        now: the time to tell it for, UTC.
        deadline_days: a request has from when it was received until it is verified.
        recipes: recipes of the registry's folder.

    Raises:
        ConfigurationError: a record is not as it was written.
        OSError: a store cannot be read.
    """
    platform = stores.platform
    published = read_surviving_list(platform)
    chain, withdrawals = published.decisions, published.list
    states = States.of_chain(registry, chain)
    approvals = Approvals.of_chain(registry, chain)
    expunges = Expunges.of_chain(chain)
    closed = [*find_closed(registry, states, approvals, now)]
    copies = read_requests(chain, platform, now)
    requests = read_overview(platform, withdrawals, withdrawals, now, deadline_days)
    studies = [
        _study(stores.of(each.namespace), each, states.at(each, now), now.date())
        for each in registry.studies.values()
    ]
    files = {each.namespace: each.files for each in studies}
    return PlatformState(
        now=now,
        runs=read_runs(platform),
        studies=[*studies, *(StudyGlance(each, None) for each in registry.faults)],
        requests=requests,
        waiting=[*_waiting(requests)],
        letters=_letters(platform),
        expiring=sorted(
            {
                *_expiring(registry, states, now),
                *_expiring_reviews(registry, states, approvals, now, closed),
            },
            key=attrgetter("day", "study", "what"),
        ),
        closed=closed,
        approvals=_count(chain, EntryStatus.WAITING) - len(expunges.waiting),
        orders=[
            *expunges.waiting,
            *(each for each in expunges.orders if not withdrawals.receipts_of(each.id)),
        ],
        signatures=[
            *find_awaited(registry, recipes, chain, read_ledger(platform, chain))
        ],
        overdue_cases=copies.count_overdue(now),
        asks=copies.by_day,
        views=[*find_old_views(stores, registry, states, chain, files, now)],
        faults=len(chain.faulty()) + chain.has_loss,
        unloadable=registry.faults,
        conclusion=_conclusion(platform, chain),
    )


def _conclusion(platform: ObjectStore, chain: Chain) -> Conclusion | None:
    if (entry := chain.conclusion) is None:
        return None
    last = read_conclusion(platform, chain)
    return Conclusion(
        number=entry.number,
        by=entry.by,
        at=entry.when,
        gone=last.gone if last else (),
        finished=last.finished if last else None,
    )


def _study(
    store: ObjectStore, study: Study, state: StudyState, today: date
) -> StudyGlance:
    files = [each.info for each in list_files(store, study.namespace)]
    rows, is_exact = _count_rows(store, files)
    told = StudyGlance(study.namespace, state, len(files), rows, is_exact)
    for day, what in sorted(_dates(study, today))[:1]:
        told = replace(told, next_date=day, next_what=what)
    return told


def _count_rows(store: ObjectStore, files: Sequence[ObjectInfo]) -> tuple[int, bool]:
    """The rows of files, and whether each of them was asked."""
    step = -(-len(files) // MOST_HEADERS) or 1
    asked = files[::step]
    rows = size = 0
    for info in asked:
        try:
            with store.open(info.name, info.generation) as snapshot:
                rows += outline_of(snapshot).rows
            size += info.size
        except (CorruptFile, ObjectNotFound, GenerationMismatch):
            continue  # the audit names what is damaged
    if step == 1 or not size:
        return rows, step == 1
    return round(rows * sum(each.size for each in files) / size), False


def _dates(study: Study, today: date) -> Iterator[tuple[date, str]]:
    """Days to come that the study's promises name."""
    named = (
        (study.starts, "starts"),
        (study.collect_through, "collects through"),
        (study.analysis_until, "to be concluded by"),
    )
    for day, what in named:
        if day is not None and day >= today:
            yield day, what


def _waiting(requests: Overview) -> Iterator[Waiting]:
    held: dict[str, list[int]] = {}
    for due in requests.due:
        each = due.withdrawal
        if each.awaits_decision:
            held.setdefault(each.scope, []).append(each.held_until)
    for scope, untils in sorted(held.items()):
        yield Waiting(scope, len(untils), from_micros(min(untils)).date())


def _letters(platform: ObjectStore) -> list[Letters]:
    counts = Counter[tuple[str, LetterKind]]()
    oldest = dict[tuple[str, LetterKind], str]()
    for place, _ in list_dead_letters(platform):
        key = place.study, place.kind
        counts[key] += 1
        oldest[key] = min(place.day, oldest.get(key, place.day))
    return [
        Letters(*key, number, date.fromisoformat(oldest[key]))
        for key, number in sorted(counts.items())
    ]


def _expiring(registry: Registry, states: States, now: datetime) -> Iterator[Expiring]:
    last = now.date() + timedelta(days=SOON_DAYS)
    for study in registry.studies.values():
        state = states.at(study, now)
        if state is StudyState.CONCLUDED:
            continue
        for what, day in _ends(study, state, now.date()):
            if day is not None and day <= last:
                yield Expiring(study.namespace, what, day)


def _expiring_reviews(
    registry: Registry,
    states: States,
    approvals: Approvals,
    now: datetime,
    closed: Iterable[ClosedDocument],
) -> Iterator[Expiring]:
    """Gives what reviews cover for the last days; what is closed says so itself."""
    known = {(each.study, each.document) for each in closed}
    for due in find_due(registry, states, approvals, now):
        if (due.study, due.document) not in known:
            yield Expiring(due.study, due.subject, due.day, is_review=True)


def _ends(
    study: Study, state: StudyState, today: date
) -> Iterator[tuple[str, date | None]]:
    if state is StudyState.ENDED:
        yield "lock for analysis", study.analysis_until
    else:
        yield "collection", study.collect_through
    for access in study.access:
        if access.until >= today:
            yield f"access of {access.group}", access.until


def _count(chain: Chain, status: EntryStatus) -> int:
    return sum(each.status is status for each in chain.records)
