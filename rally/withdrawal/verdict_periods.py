"""Periods of submission times in which the fold says the same of a person's rows.

The fold's verdict changes only where an event of the person is: behind a withdrawal,
and with an enrolment. So it is asked once for each of these times, and its answers hold
for all times between.
"""

from typing import NamedTuple

from rally.events import RALLY
from rally.withdrawal.fold import Leaver, Verdict, judge_row

FIRST, LAST = -(2**63), 2**63 - 1
"""Bounds of all times, microseconds: of a period that nothing begins or ends."""


class VerdictPeriod(NamedTuple):
    """Submission times of which the fold says the same.

    Attributes:
        first: The first of them, microseconds since 1970.
        last: The last of them.
        verdict: WITHDRAWN, HELD or DEFERRED.
    """

    first: int
    last: int
    verdict: Verdict


def find_periods(person: Leaver, study: str) -> list[VerdictPeriod]:
    """Finds the times of a person's rows of a study that somebody asked to go.

    Rows that come after a withdrawal and have no enrolment since count as withdrawn.

    Args:
        person: Events of the person.
        study: Namespace of the study; no platform's.

    Returns:
        The periods, sorted; two that follow each other differ in their verdict.
    """
    starts = {FIRST}
    for scope in (study, RALLY):
        starts.update(left.time + 1 for left in person.left.get(scope, ()))
        starts.update(person.joined.get(scope, ()))
    found = list[VerdictPeriod]()
    before = Verdict.KEPT
    for start in sorted(starts):
        verdict = judge_row(person, study, start).verdict
        if verdict is Verdict.UNENROLLED:
            verdict = Verdict.WITHDRAWN
        if verdict is before:
            continue
        if before is not Verdict.KEPT:
            found[-1] = found[-1]._replace(last=start - 1)
        if verdict is not Verdict.KEPT:
            found.append(VerdictPeriod(start, LAST, verdict))
        before = verdict
    return found
