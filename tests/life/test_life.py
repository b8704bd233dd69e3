"""A whole study's life: every promise is kept at the end of each day, in any order.

People join, send, leave, come back and take copies; operators pause, end, conclude;
jobs run daily in an order of hypothesis' own. The calendar has a year's end and a leap
day, and what clients say of their own clocks means nothing.
"""

from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rally.audit.findings import Check, Status
from rally.events import RALLY
from rally.registry.transitions import States, StudyAction, StudyState
from tests.life.life import BEGIN, LAST_DAY, Life, load_registry
from tests.support.world import GARDEN, POND

pytestmark = pytest.mark.slow("lives")

JOBS = ("ingest", "compact", "delete", "purge", "replay")
CLOCKS = ("1970-01-01T00:00:00+14:00", "2028-02-30T25:61:00-12:00", "2099-12-31T23:59Z")


class Deed(NamedTuple):
    """What a person does in a study, or an operator, so many days ago."""

    what: str
    person: int
    scope: str
    age: int
    own: bool
    clock: str


class Day(NamedTuple):
    """So many days later: what happens, and the order of the jobs in the evening."""

    later: int
    deeds: list[Deed]
    jobs: list[str]


deeds = st.builds(
    Deed,
    st.sampled_from(
        ["visit"] * 8 + ["join"] * 4 + ["JOIN", "leave", "leave", "LEAVE", "survey"]
        + ["pause", "resume", "hold", "release", "at once", "ask", "ask", "fetch"]
    ),
    st.sampled_from([0, 0, 0, 1, 1, 2, 3]),
    st.sampled_from([GARDEN, GARDEN, POND]),
    st.sampled_from([0, 0, 0, 1, 2, 3]),
    st.booleans(),
    st.sampled_from(CLOCKS),
)  # fmt: skip
orders = st.permutations(JOBS)
days = st.builds(
    Day, st.sampled_from([1, 1, 1, 2, 6, 13]), st.lists(deeds, max_size=5), orders
)
NOT_YET = {
    StudyAction.PAUSE: StudyState.COLLECTING,
    StudyAction.RESUME: StudyState.PAUSED,
}


def state(life, study):
    states = States.read(life.registry, life.platform)
    return states.at(life.registry.studies[study], life.now - timedelta(hours=3))


def do(life, deed):
    """The pings of a deed; an operator's is recorded."""
    what, person, scope, age, own, clock = deed
    if what in ("pause", "resume"):
        if state(life, scope) is NOT_YET[StudyAction(what)]:
            life.act(scope, StudyAction(what))
        return []
    if what == "hold":
        life.hold(scope)
    if what == "release":
        life.release()
    if what == "at once":
        life.let_go_at_once()
    if what == "ask":
        life.ask(person, leaves=own)
        life.make_copies()
    if what == "fetch":
        life.fetch_copies()
    if what in ("hold", "release", "at once", "ask", "fetch"):
        return []
    if what in ("JOIN", "LEAVE"):
        scope = RALLY
    if what == "survey":
        scope = GARDEN
    ping = life.ping(what.lower(), person, scope, age, own, clock)
    return [ping] if life.is_open(ping) else []


def end_of_day(life, pings, jobs):
    """The evening's jobs, one after the other, and the audit at night."""
    for job in jobs:
        if job == "ingest":
            life.ingest(pings)
        else:
            assert life.run(job) == []
    order = [job for job in jobs if job in ("purge", "replay")]
    check(life, late=order[-1:] == ["replay"])


def check(life, *, late=False):
    """Every promise is kept; where counsel makes somebody wait too long, it is said."""
    report = life.audit()
    bad = [each for each in report.checks if each.status is not Status.KEPT]
    if late and [each.check for each in bad] == [Check.ENROLMENT]:
        # A replay may bring rows of strangers whose grace is over: the audit alarms
        # once, and the next purge takes them.
        assert life.run("purge") == []
        report = life.audit()
        bad = [each for each in report.checks if each.status is not Status.KEPT]
    if any(map(begins_anew, bad)):
        # Pings after the evening's deletion may begin an old request anew: the audit
        # alarms once, and the next deletion admits it.
        assert life.run("delete") == []
        report = life.audit()
        bad = [each for each in report.checks if each.status is not Status.KEPT]
    waiting = [each for each in bad if life.holds.holds and waits_for_counsel(each)]
    assert bad == waiting, f"{life.now:%Y-%m-%d}"
    assert report.exit_status == (1 if waiting else 0)


def begins_anew(result):
    """Whether a request of long ago is not on the list: the audit comes before that."""
    return result.check is Check.WITHDRAWN and any(
        each.what == "past their deadline, requested" for each in result.findings
    )


def waits_for_counsel(result):
    """Whether all that breaks a promise is a deadline that passes under a hold."""
    return (
        result.check is Check.WITHDRAWN
        and not result.unseen
        and all(each.what == "past their deadline, blocked" for each in result.findings)
    )


def waiters(life):
    """The requests that wait for a conclusion, and were told so."""
    return [
        each
        for each in life.withdrawals().withdrawals
        if each.deferred and each.receipts
    ]


def live_through(life, script):
    for day in script:
        life.now += timedelta(days=day.later)
        pings = [ping for deed in day.deeds for ping in do(life, deed)]
        end_of_day(life, pings, day.jobs)


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return load_registry(tmp_path_factory.mktemp("life") / "studies")


@pytest.mark.hypothesis
@settings(suppress_health_check=list(HealthCheck))
@given(
    st.lists(days, min_size=4, max_size=14),
    st.lists(days, min_size=1, max_size=4),
    st.lists(days, min_size=1, max_size=3),
    st.lists(orders, min_size=4, max_size=4),
)
def test_promises_are_kept_through_a_whole_life(
    registry, tmp_path_factory, first, locked, later, orders
):
    life = Life(registry, tmp_path_factory.mktemp("life"))
    life.ingest([life.ping("join", each, RALLY) for each in range(3)])
    life.ingest([life.ping("join", each, GARDEN) for each in range(3)])
    live_through(life, first)
    life.now = max(life.now, BEGIN + (LAST_DAY - BEGIN) + timedelta(days=1, hours=18))
    assert state(life, GARDEN) is StudyState.ENDED
    live_through(life, locked)

    life.release()
    waiting = {each.document_id for each in waiters(life)}
    life.act(GARDEN, StudyAction.CONCLUDE)
    for jobs in orders:  # the day of the conclusion, and the three after it
        end_of_day(life, [life.ping("leave", 1, GARDEN)], jobs)
        life.now += timedelta(days=1)
    assert list(life.data.list(f"data/study={GARDEN}/")) == []
    assert not any(GARDEN in name for name in life.key_files)
    settled = {name for name, told in life.told().items() if "settled" in dict(told)}
    assert waiting <= settled
    assert waiters(life) == []
    live_through(life, later)
    life.release()
    assert list(life.data.list(f"data/study={GARDEN}/")) == []
