"""The context of a purge: everything that says what is deleted, read once."""

from collections.abc import Callable, Collection, Container, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from rally.decisions.chain import Chain
from rally.deletion.plan_store import PlanStore
from rally.event_log.event_log import EventLog
from rally.events import RALLY, Event, EventKind
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.object_classifier import ObjectClassifier
from rally.registry.registry import SHIPPED, Registry
from rally.registry.transitions import States
from rally.retention.blockers import Blockers
from rally.retention.limits import Limits
from rally.retention.settings import PurgeSettings
from rally.storage.layout import Partition, Stores
from rally.storage.objectstore.interface import ObjectStore
from rally.times import midnight, to_micros
from rally.withdrawal.enrolments import Grace
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unavailable_studies import find_carriers
from rally.withdrawal.withdrawal_list import WithdrawalList


@dataclass(slots=True)
class ConcludedEvents:
    """Events about concluded studies.

    Attributes:
        present: Studies that have events.
        unknown: Studies left by a person whose request is not on the list yet.
            Requests that were closed for want of an enrolment are not waited for.
        documents: Studies by the platform's document, as (namespace, document), whose
            rows tell of enrolments in them.
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
    """Reads what the event log says about concluded studies, if there are any.

    Args:
        events: Events of the log.
        concluded: Concluded studies, with the time of their conclusion.
        withdrawals: The published list.
        rulings: Rulings of people; a letter that nobody signed is not waited for.

    Raises:
        CorruptFile: The log is damaged.
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
    """Returns the concluded studies that a withdrawal is about."""
    if event.scope != RALLY:
        return {event.scope}.intersection(until)
    time = event.submission_timestamp
    return {each for each, concluded in until.items() if time <= concluded}


@dataclass(frozen=True, slots=True)
class Context:
    """Everything that says what a purge deletes.

    Attributes:
        registry: Registry of the studies.
        stores: Stores of the studies and the platform.
        locator: Classifier of the objects of a study's store.
        limits: Limits of age and number.
        now: Time of the job's clock.
        holds: Legal holds in force.
        concluded: Concluded studies, each with what it waits for; "" if for nothing.
        keyless: Concluded studies whose pseudonym key is destroyed, as after a
            complete purge.
        log: Events about concluded studies.
        unfinished: Partitions in which a killed deletion has to go on.
        held_plans: Legal holds that the receipts of a begun plan wait for, by plan id.
        is_over: Whether the platform is concluded; then no request is waited for.
        carriers: Studies that do not load and may have enrolments among their dead
            letters. While there are any, no row is deleted as unenrolled.
        open_derived: Opens a folder that researchers registered.
        archives: Globs of ingested files, with commas; None means none.
        keys: URIs of the key folders.
        studies: Folder of the registry.
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
    is_over: bool
    carriers: frozenset[str]
    open_derived: Callable[[str], ObjectStore]
    archives: str | None
    keys: tuple[str, ...]
    studies: str

    @property
    def platform(self) -> ObjectStore:
        """Store of the platform."""
        return self.stores.platform

    @property
    def midnight(self) -> datetime:
        """Start of the job's day, to which all ages are counted.

        So a plan that a person reads in the morning is the same in the afternoon.
        """
        return midnight(self.now.date())

    @property
    def grace(self) -> Grace:
        """Time after a row within which its enrolment may arrive."""
        return Grace(self.limits.grace_days)

    @property
    def going(self) -> list[str]:
        """Concluded studies that wait for nothing: their data is deleted."""
        return [namespace for namespace, reason in self.concluded.items() if not reason]

    def renewed(self, holds: LegalHolds, going: Container[str]) -> "Context":
        """Returns the context with newer holds and fewer concluded studies.

        Args:
            holds: Legal holds in force now.
            going: Concluded studies whose data is still to be deleted.
        """
        concluded = {
            each: reason or ("" if each in going else "is not done in this run")
            for each, reason in self.concluded.items()
        }
        return replace(self, holds=holds, concluded=concluded)

    def is_older(self, written: datetime, days: float) -> bool:
        """Tells whether a time is more than a number of days before the job's day."""
        return self.midnight - written > timedelta(days=days)

    def is_past(self, day: str, days: float) -> bool:
        """Tells whether a date is more than a number of days before the job's day."""
        return (self.now.date() - date.fromisoformat(day)).days > days


def open_context(
    settings: PurgeSettings,
    registry: Registry,
    stores: Stores,
    withdrawals: WithdrawalList,
    decisions: Chain,
) -> Context:
    """Reads decisions, event log, holds and plans as they are now.

    Args:
        settings: Settings of the job.
        registry: Registry of the studies.
        stores: Stores of the studies and the platform.
        withdrawals: The published list.
        decisions: Chain of decisions.

    Raises:
        ConfigurationError: One of them is not as it was written.
        CorruptFile: The event log is damaged.
    """
    context = _open(settings, registry, stores)
    now, holds = context.now, context.holds
    states = States.of_chain(registry, decisions)
    concluded = _concluded(registry, states, now)
    awaiting = Blockers(
        settings, registry, stores, withdrawals, holds, context.carriers
    )
    is_over = decisions.is_concluded(now)
    waiting = {
        each: "" if is_over else awaiting.find_blocker(each, since)
        for each, since in concluded.items()
    }
    rulings = Rulings.of(decisions)
    log = read_concluded_events(
        EventLog(stores.platform), concluded, withdrawals, rulings
    )
    for namespace in () if is_over else log.unknown:
        waiting[namespace] = waiting[namespace] or "somebody left whom the list lacks"
    return replace(
        context,
        concluded=waiting,
        keyless=frozenset(
            each for each in concluded if not settings.has_pseudonyms(each)
        ),
        log=log,
        unfinished=frozenset(PlanStore(stores.platform).unfinished_partitions()),
        held_plans=awaiting.held_plans(),
        is_over=is_over,
    )


def reopen_context(
    settings: PurgeSettings,
    registry: Registry,
    stores: Stores,
    going: Container[str],
) -> Context:
    """Reads, on a worker, the part of the context that a listing is judged by.

    Args:
        settings: Settings of the job.
        registry: Registry of the studies.
        stores: Stores of the studies and the platform.
        going: Studies whose data may be deleted now, if they are concluded.

    Raises:
        ConfigurationError: A decision or a hold is not as it was written.
        CorruptFile: The event log is damaged.
    """
    context = _open(settings, registry, stores)
    concluded = dict.fromkeys(
        _concluded(registry, States.read(registry, stores.platform), context.now), ""
    )
    return replace(context, concluded=concluded).renewed(context.holds, going)


def _open(settings: PurgeSettings, registry: Registry, stores: Stores) -> Context:
    """Makes a context in which no study is concluded."""
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
        is_over=False,
        carriers=find_carriers(registry, EventLog(stores.platform)),
        open_derived=settings.open_derived,
        archives=settings.archives,
        keys=tuple(folder.uri for folder in settings.key_folders() if folder),
        studies=settings.studies or SHIPPED,
    )


def _concluded(
    registry: Registry, states: States, now: datetime
) -> dict[str, datetime]:
    """Returns the concluded studies, each with the time of its conclusion."""
    return {
        namespace: since
        for namespace in registry.studies
        if (since := states.concluded_at(namespace)) and since <= now
    }
