"""What the launcher of a purge has open, and what stands in the way of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from rally.deleting.people import concerns
from rally.deleting.plans import Plans
from rally.envelope import to_micros
from rally.events import EventLog
from rally.purging.log import Log, read_log
from rally.purging.settings import Limits, PurgeSettings
from rally.storing.layout import Partition, Stores
from rally.storing.objects import ObjectStore
from rally.storing.places import Locator
from rally.studies.legal_holds import LegalHolds
from rally.studies.registry import Registry
from rally.studies.study import Study
from rally.studies.transitions import States
from rally.withdrawing.enrolments import Grace
from rally.withdrawing.fold import Standing
from rally.withdrawing.withdrawal_list import Stage, Withdrawal, WithdrawalList


@dataclass(frozen=True, slots=True)
class Opened:
    """All that says what goes.

    Attributes:
        registry: of the studies.
        stores: of the studies and the platform.
        locator: tells what an object of a study's store is.
        limits: of age and number.
        now: the job's clock.
        holds: that are in force.
        concluded: studies whose data goes, and why one has to wait; "" is not at all.
        log: what the event log says of them.
        unfinished: partitions in which a deletion that was killed has to go on.
        open_derived: opens a folder that researchers registered.
        archives: globs of what was ingested; None is none.
    """

    registry: Registry
    stores: Stores
    locator: Locator
    limits: Limits
    now: datetime
    holds: LegalHolds
    concluded: Mapping[str, str]
    log: Log
    unfinished: frozenset[Partition]
    open_derived: Callable[[str], ObjectStore]
    archives: str | None

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

    def is_older(self, written: datetime, days: float) -> bool:
        """Whether something was written so long ago."""
        return self.midnight - written > timedelta(days=days)

    def is_past(self, day: str, days: float) -> bool:
        """Whether a date is so many days ago."""
        return (self.now.date() - date.fromisoformat(day)).days > days


def open_all(
    settings: PurgeSettings,
    registry: Registry,
    stores: Stores,
    withdrawals: WithdrawalList,
) -> Opened:
    """Reads decisions, holds and plans as they are now.

    Raises:
        ConfigurationError: one of them is not as it was written.
        CorruptFile: the event log is damaged.
    """
    now = settings.clock()()
    states = States.read(registry, stores.platform)
    waiting = {
        study.namespace: waits_for(study, withdrawals, since)
        for study in registry.studies.values()
        if (since := states.concluded_at(study.namespace)) and since <= now
    }
    log = read_log(EventLog(stores.platform), waiting, withdrawals)
    for namespace in log.unknown:
        waiting[namespace] = waiting[namespace] or "somebody left whom the list lacks"
    return Opened(
        registry,
        stores,
        Locator(stores, registry),
        settings.limits,
        now,
        LegalHolds.read(stores.platform, now),
        waiting,
        log,
        frozenset(Plans(stores.platform).partitions()),
        settings.open_derived,
        settings.archives,
    )


def waits_for(study: Study, withdrawals: WithdrawalList, since: datetime) -> str:
    """What has to be deleted, and told in receipts, before a concluded study goes.

    Args:
        study: which.
        withdrawals: the published list.
        since: when it was concluded. Who left Rally later is not waited for, since
            somebody always has: their rows of the study go with all the others'.
    """
    until = to_micros(since)
    unsettled = [
        each
        for each in withdrawals.withdrawals
        if each.received <= until and waits(each, study)
    ]
    return f"{len(unsettled):,} withdrawals are not settled" if unsettled else ""


def held_requests(namespace: str, withdrawals: WithdrawalList) -> int:
    """How many requests of a study a person never decided on."""
    return sum(
        each.scope == namespace and each.standing is Standing.HELD
        for each in withdrawals.withdrawals
    )


def waits(each: Withdrawal, study: Study) -> bool:
    """Whether deletion has still to settle a request for a study."""
    is_unsettled = study.namespace in each.deferred or Stage.VERIFIED not in each.stages
    return each.is_open and concerns(each, study) and is_unsettled
