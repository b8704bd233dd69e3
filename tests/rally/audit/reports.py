"""Reports of audits that never were."""

from datetime import UTC, date, datetime, timedelta

from rally.audit.findings import AuditReport, Check, CheckResult, Scope, Seen, Unit
from rally.registry.transitions import State
from rally.withdrawal.overview import Group

AS_OF = datetime(2024, 3, 1, 6, 30, tzinfo=UTC)
GARDEN, POND = "rally-garden", "rally-pond"


def rows(where, what, number, until=None):
    return Seen(where, what, number, Unit.ROWS, until)


def objects(where, what, number, until=None):
    return Seen(where, what, number, Unit.OBJECTS, until)


def group(scope, state, ages, late=0, deadline=None):
    oldest = datetime(2024, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    return Group(scope, state, sum(ages), ages, oldest, deadline, late)


def checks(*results):
    """One of each check, in order; kept, but for these."""
    known = {each.check: each for each in results}
    return tuple(known.get(each, CheckResult(each)) for each in Check)


def days(first, number, count):
    """Rows by day, of `count(index)`."""
    start = date.fromisoformat(first)
    return {(start + timedelta(days=at)).isoformat(): count(at) for at in range(number)}


def of(study, by_day):
    return {(study, day): number for day, number in by_day.items()}


SMALL = AuditReport(
    as_of=AS_OF,
    scope=Scope(share=0.1, files=3, rows=1241, seconds=2.345),
    studies={POND: State.ENDED, GARDEN: State.COLLECTING},
    checks=(
        CheckResult(
            Check.WITHDRAWN,
            findings=(
                rows(f"{GARDEN}/visit.1/2024-02-01", "rows of who left", 7),
                rows(f"{GARDEN}/visit.1/2024-02-02", "rows of who left", 1234),
            ),
            apart=(
                rows(f"{POND}/visit.1/2023-05-06", "deferred", 25, date(2024, 5, 1)),
                Seen(POND, "held", 9, Unit.PEOPLE),
            ),
        ),
        CheckResult(Check.RETENTION),
        CheckResult(
            Check.FILES, unseen=(objects(f"data/{POND}/a.avro", "is unreachable", 1),)
        ),
    ),
    rows={
        (POND, "2023-05-06"): 203,
        (GARDEN, "2024-02-02"): 1030,
        (GARDEN, "2024-02-01"): 8,
        (GARDEN, "2024-02-03"): 0,
    },
    expiring={(POND, "2023-11-02"): 200, (GARDEN, "2024-08-01"): 3},
    withdrawals=(
        group(GARDEN, "active", (12, 8, 5), late=11, deadline=AS_OF),
        group(POND, "deferred", (0, 0, 4)),
    ),
)
"""A bit of everything."""

EMPTY = AuditReport(AS_OF, Scope(1.0, 0, 0, 0.0), {}, ())
