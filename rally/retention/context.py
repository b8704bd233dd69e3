"""What the launcher of a purge has open, and what stands in the way of it."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

from rally.decisions.chain import Chain
from rally.deletion.plan_store import PlanStore
from rally.events import RALLY, Event, EventKind, EventLog
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import ObjectClassifier
from rally.registry.registry import SHIPPED, Registry
from rally.registry.transitions import States
from rally.retention.blockers import Blockers
from rally.retention.limits import Limits
from rally.retention.settings import PurgeSettings
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import ObjectStore
from rally.times import to_micros
from rally.withdrawal.enrolments import Grace
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unavailable_studies import find_carriers
from rally.withdrawal.withdrawal_list import WithdrawalList


@dataclass(slots=True)
class ConcludedEvents:
    """What there is of some studies.

    Attributes:
        present: studies that have events.
        unknown: studies that somebody left, or left Rally before their conclusion, of
            whom the list does not know yet. Requests that were closed for want of an
            enrolment are on it no more, and nobody waits for them.
        documents: the platform's documents that tell of enrolments in them, as
            (namespace, document), each with the studies.
    """

    present: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    documents: dict[tuple[str, str], set[str]] = field(default_factory=dict)


Documents = Mapping[tuple[str, str], Collection[str]]


def read_concluded_events(
    events: Iterable[Event],
    concluded: Mapping[str, datetime],
    withdrawals: WithdrawalList,
    rulings: Rulings,
) -> ConcludedEvents:
    """Reads the log; where no study is concluded there is nothing to look for.

    Args:
        events: of the log.
        concluded: the studies that are, and since when.
        withdrawals: the published list.
        rulings: of people: for a letter that nobody signed for nobody waits.

    Raises:
        CorruptFile: it is damaged.
    """
    log = ConcludedEvents()
    until = {each: to_micros(since) for each, since in concluded.items()}
    known = {(each.scope, each.document_id) for each in withdrawals.withdrawals}
    left: dict[tuple[str, str], set[str]] = {}
    for event in events if concluded else ():
        request = event.scope, event.document_id
        if event.kind is EventKind.CLOSED:
            known.add(request)
        elif (
            event.kind is EventKind.LEFT
            and request not in known
            and rulings.is_genuine(event)
        ):
            left.setdefault(request, set()).update(_left(event, until))
        if event.scope not in concluded:
            continue
        log.present.add(event.scope)
        if event.kind is EventKind.JOINED:
            namespace, _, document = event.signal.partition("/")
            if namespace != event.scope:
                key = (namespace, document)
                log.documents.setdefault(key, set()).add(event.scope)
    for request in left.keys() - known:
        log.unknown |= left[request]
    return log


def _left(event: Event, until: Mapping[str, int]) -> set[str]:
    """The studies that wait for somebody who left."""
    if event.scope != RALLY:
        return {event.scope}.intersection(until)
    time = event.submission_timestamp
    return {each for each, concluded in until.items() if time <= concluded}


@dataclass(frozen=True, slots=True)
class Context:
    """All that says what goes.

    Attributes:
        registry: of the studies.
        stores: of the studies and the platform.
        locator: tells what an object of a study's store is.
        limits: of age and number.
        now: the job's clock.
        holds: that are in force.
        concluded: studies whose data goes, and why one has to wait; "" is not at all.
        keyless: those of them whose pseudonyms' key is destroyed: nothing was left.
        log: what the event log says of them.
        unfinished: partitions in which a deletion that was killed has to go on.
        held_plans: ids of plans that were begun and whose receipts wait for a hold.
        carriers: of studies that do not load. While there are any, enrolments may
            be missing, and no row goes for want of one.
        open_derived: opens a folder that researchers registered.
        archives: globs of what was ingested; None is none.
        keys: URIs of the key folders.
        studies: the registry's folder.
    """

    registry: Registry
    stores: Stores
    locator: ObjectClassifier
    limits: Limits
    now: datetime
    holds: LegalHolds
    concluded: Mapping[str, str]
    keyless: frozenset[str]
    log: ConcludedEvents
    unfinished: frozenset[Partition]
    held_plans: Mapping[str, LegalHold]
    carriers: frozenset[str]
    open_derived: Callable[[str], ObjectStore]
    archives: str | None
    keys: tuple[str, ...]
    studies: str

    @property
    def platform(self) -> ObjectStore:
        """The platform's store."""
        return self.stores.platform

    @property
    def midnight(self) -> datetime:
        """When the job's day began: all ages are counted to there.

        So a plan that a person looks at in the morning is the same in the afternoon.
        """
        return datetime.combine(self.now.date(), time.min, UTC)

    @property
    def grace(self) -> Grace:
        """How long after a row its enrolment may come."""
        return Grace(self.limits.grace_days)

    @property
    def going(self) -> list[str]:
        """The concluded studies that nothing stands in the way of."""
        return [namespace for namespace, why in self.concluded.items() if not why]

    def renewed(self, holds: LegalHolds, going: Container[str]) -> "Context":
        """The same with the holds of now, and of the studies that go only these."""
        concluded = {
            each: why or ("" if each in going else "is not done in this run")
            for each, why in self.concluded.items()
        }
        return replace(self, holds=holds, concluded=concluded)

    def is_older(self, written: datetime, days: float) -> bool:
        """Whether something was written so long ago."""
        return self.midnight - written > timedelta(days=days)

    def is_past(self, day: str, days: float) -> bool:
        """Whether a date is so many days ago."""
        return (self.now.date() - date.fromisoformat(day)).days > days


def open_context(
    settings: PurgeSettings,
    registry: Registry,
    stores: Stores,
    withdrawals: WithdrawalList,
    decisions: Chain,
) -> Context:
    """Reads the log, holds and plans as they are now.

    Args:
        settings: of the job.
        registry: of the studies.
        stores: of the studies and the platform.
        withdrawals: the published list.
        decisions: of people, held against it.

    Raises:
        ConfigurationError: one of them is not as it was written.
        CorruptFile: the event log is damaged.
    """
    opened = _open(settings, registry, stores)
    now, holds = opened.now, opened.holds
    states = States.of_chain(registry, decisions)
    concluded = _concluded(registry, states, now)
    awaiting = Blockers(settings, registry, stores, withdrawals, holds, opened.carriers)
    waiting = {
        each: awaiting.waits_for(each, since) for each, since in concluded.items()
    }
    rulings = Rulings.of(decisions)
    log = read_concluded_events(
        EventLog(stores.platform), concluded, withdrawals, rulings
    )
    for namespace in log.unknown:
        waiting[namespace] = waiting[namespace] or "somebody left whom the list lacks"
    return replace(
        opened,
        concluded=waiting,
        keyless=frozenset(
            each for each in concluded if not settings.has_pseudonyms(each)
        ),
        log=log,
        unfinished=frozenset(PlanStore(stores.platform).unfinished_partitions()),
        held_plans=awaiting.held_plans(),
    )


def reopen_context(
    settings: PurgeSettings,
    registry: Registry,
    stores: Stores,
    going: Container[str],
) -> Context:
    """The same for a worker that deletes: what a listing alone is judged by.

    Args:
        settings: of the job.
        registry: of the studies.
        stores: of the studies and the platform.
        going: the studies that may lose something now, if they are concluded.

    Raises:
        ConfigurationError: a decision or a hold is not as it was written.
        CorruptFile: the event log is damaged.
    """
    opened = _open(settings, registry, stores)
    concluded = dict.fromkeys(
        _concluded(registry, States.read(registry, stores.platform), opened.now), ""
    )
    return replace(opened, concluded=concluded).renewed(opened.holds, going)


def _open(settings: PurgeSettings, registry: Registry, stores: Stores) -> Context:
    """What is read of no study: nothing is concluded in it."""
    return Context(
        registry=registry,
        stores=stores,
        locator=ObjectClassifier(stores, registry),
        limits=settings.limits,
        now=settings.clock()(),
        holds=settings.holds(stores.platform),
        concluded={},
        keyless=frozenset(),
        log=ConcludedEvents(),
        unfinished=frozenset(),
        held_plans={},
        carriers=find_carriers(registry, EventLog(stores.platform)),
        open_derived=settings.open_derived,
        archives=settings.archives,
        keys=tuple(folder.uri for folder in settings.key_folders() if folder),
        studies=settings.studies or SHIPPED,
    )


def _concluded(
    registry: Registry, states: States, now: datetime
) -> dict[str, datetime]:
    """The studies that are concluded, and since when."""
    return {
        namespace: since
        for namespace in registry.studies
        if (since := states.concluded_at(namespace)) and since <= now
    }
