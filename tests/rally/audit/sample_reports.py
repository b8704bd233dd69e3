"""Reports of audits that never were."""

from datetime import UTC, date, datetime, timedelta

from rally.audit.findings import (
    AuditReport,
    Check,
    CheckResult,
    Observation,
    Scope,
    Unit,
)
from rally.registry.transitions import StudyState
from rally.withdrawal.overview import Group

AS_OF = datetime(2024, 3, 1, 6, 30, tzinfo=UTC)
GARDEN, POND = "rally-garden", "rally-pond"


def rows(where, what, number, until=None):
    return Observation(where, what, number, Unit.ROWS, until)


def objects(where, what, number, until=None):
    return Observation(where, what, number, Unit.OBJECTS, until)


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
    studies={POND: StudyState.ENDED, GARDEN: StudyState.COLLECTING},
    checks=(
        CheckResult(
            Check.WITHDRAWN,
            findings=(
                rows(f"{GARDEN}/visit.1/2024-02-01", "rows of who left", 7),
                rows(f"{GARDEN}/visit.1/2024-02-02", "rows of who left", 1234),
            ),
            apart=(
                rows(f"{POND}/visit.1/2023-05-06", "deferred", 25, date(2024, 5, 1)),
                Observation(POND, "held", 9, Unit.PEOPLE),
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

_HOUSE = "rally-house-of-many-rooms"
_OBJECT = (
    f"gs://{_HOUSE}/data/study={_HOUSE}/document=study-enrollment.1/date=2024-01-31/"
    "new-0192f3a1c7e84d5db1f6aa20e3c9471f-00007-of-00012.avro"
)

_WEEK = (310, 330, 342, 338, 301, 180, 214)

LARGE = AuditReport(
    as_of=AS_OF,
    scope=Scope(share=1.0, files=4_812, rows=13_204_551, seconds=412.7),
    studies={
        POND: StudyState.ENDED,
        GARDEN: StudyState.COLLECTING,
        _HOUSE: StudyState.PAUSED,
    },
    checks=checks(
        CheckResult(
            Check.WITHDRAWN,
            apart=(
                rows(
                    f"{GARDEN}/visit.1/2024-02-27",
                    "of people who have left, on its way",
                    143,
                ),
                rows(
                    f"{POND}/visit.1/2023-05-06",
                    "deferred until the study is concluded",
                    1_204,
                    date(2024, 5, 1),
                ),
            ),
        ),
        CheckResult(
            Check.FILES,
            findings=(
                objects(
                    _OBJECT,
                    "the checksum differs: bytes are missing or changed",
                    1,
                ),
            ),
        ),
        CheckResult(
            Check.COPIES,
            findings=(
                objects(
                    f"exports/for-the-paper/2024/{'really-' * 9}final.csv",
                    "nobody registered it",
                    1,
                ),
            ),
        ),
        CheckResult(
            Check.DERIVED,
            unseen=(
                objects(
                    f"{POND}: gs://researchers-of-the-pond/tables/visits.parquet",
                    "it is packed in a way that cannot be searched",
                    1,
                ),
            ),
        ),
    ),
    rows={
        **of(GARDEN, days("2023-09-01", 180, lambda at: _WEEK[at % 7] * (90 + at))),
        **of(POND, days("2023-05-06", 150, lambda at: _WEEK[at % 7] * (200 - at))),
        **of(_HOUSE, days("2024-01-10", 50, lambda at: at * 61 if at > 20 else 7)),
    },
    expiring={
        **of(POND, days("2024-02-20", 90, lambda at: 1_800 if at else 90)),
        **of(GARDEN, days("2024-08-28", 180, lambda at: 6_100)),
    },
    withdrawals=(
        group(GARDEN, "active", (112, 28, 0), deadline=AS_OF + timedelta(9)),
        group(GARDEN, "held", (120, 0, 0), deadline=AS_OF + timedelta(14)),
        group(GARDEN, "closed", (0, 310, 1_902)),
        group(POND, "deferred", (0, 0, 47)),
        group(_HOUSE, "requested", (4, 0, 0), deadline=AS_OF + timedelta(28)),
    ),
)
"""Three studies in the middle of their lives, with long names of objects."""


EMPTY = AuditReport(AS_OF, Scope(1.0, 0, 0, 0.0), {}, ())
