"""A release is made once: whatever is killed, repeated or done at the same time."""

import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Thread

import numpy as np
import pytest

from rally.decisions.chain import Head
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, ManyFaults
from rally.keys.names import Job
from rally.releases.cells import Cells
from rally.releases.draft import draft_name, read_draft, sign_draft
from rally.releases.ledger_lines import LineKind, Reservation, line_name
from rally.releases.release import plan
from tests.fakes.memory_store import MemoryStore
from tests.rally.releases.recipes import make_recipe, parse_recipe, recipe_content
from tests.rally.releases.release_desk import KEY, NOW, RECIPE, Desk, Killed
from tests.support.ledger_lines import put_lines, reservation
from tests.support.people import job_key
from tests.support.stores import found_platform

STUDY, RELEASE = "rally-birds", "weekly.2026-06-01"
AGAIN = parse_recipe(recipe_content(), "again")


ONCE = [(LineKind.RESERVED, RELEASE), (LineKind.SPENT, RELEASE)]


@pytest.fixture
def desk(birds):
    return Desk(birds)


def test_release_has_a_draft_and_two_lines(desk):
    draft = desk.run()
    assert desk.kinds == ONCE
    assert read_draft(desk.platform, read_chain(desk.platform), STUDY, RELEASE) == draft
    reserved = desk.ledger.reservations[STUDY, RELEASE]
    assert reserved.fingerprint == draft.fingerprint == RECIPE.fingerprint
    assert (reserved.rho, reserved.author) == ("0.0175", "author")
    assert reserved.approvers == ("steward", "privacy")
    assert desk.ledger.spendings[STUDY, RELEASE].sha256 == draft.sha256
    assert draft.table.groups == RECIPE.groups


def test_same_recipe_and_window_again_costs_nothing(desk):
    first, second = desk.run(), desk.run()
    assert first == second
    assert desk.summed == 1
    assert desk.kinds == ONCE
    assert desk.plan().rho == 0
    assert desk.plan().draft == first


def test_each_window_costs_again_until_the_budget_is_exhausted(desk):
    for window in range(4):
        desk.run(window=window)
    assert desk.plan().budget.left == 0
    desk.approve(AGAIN)
    with pytest.raises(ConfigurationError, match=r"exhausted: .* 0 of 0\.07 is left"):
        desk.run(AGAIN)
    assert len(desk.kinds) == 8
    assert desk.summed == 4


def test_same_recipe_under_another_name_costs_again(desk):
    """Else the mean of many results would have less noise than any of them."""
    desk.approve(AGAIN)
    first, second = desk.run(), desk.run(AGAIN)
    assert first.table != second.table
    assert desk.ledger.reserved_by(STUDY) == 2 * RECIPE.rho


def test_plan_draws_and_spends_nothing(desk):
    planned = desk.plan()
    assert (planned.release, planned.rho, planned.draft) == (RELEASE, RECIPE.rho, None)
    assert planned.budget.left == Decimal("0.07")
    assert desk.kinds == []


@pytest.mark.parametrize(
    ("options", "run", "why"),
    [
        ({"rho": None}, {}, "has no budget"),
        ({"rho": "0.0174"}, {}, "exhausted"),
        ({"approves": False}, {}, "is not approved: waits for"),
        ({}, {"now": datetime(2026, 6, 7, 23, tzinfo=UTC)}, "end with 2026-06-07"),
        ({}, {"recipe": make_recipe(rho="0.02")}, "is not approved"),
        ({}, {"key": job_key(Job.COPY)}, r"signing\.release"),
    ],
)
def test_what_may_not_be_released_reserves_nothing(birds, options, run, why):
    desk = Desk(birds, **options)
    with pytest.raises(ConfigurationError, match=why):
        desk.run(**run)
    assert (desk.kinds, desk.summed) == ([], 0)


def test_all_that_keeps_a_release_from_being_reserved_is_told_at_once(birds):
    desk = Desk(birds, rho="0.01", approves=False)
    with pytest.raises(ManyFaults) as caught:
        desk.run(now=datetime(2026, 6, 7, 23, tzinfo=UTC))
    unsigned, early, exhausted = caught.value.faults
    assert "is not approved: waits for" in unsigned
    assert "its days end with 2026-06-07" in early
    assert "its budget is exhausted" in exhausted


def test_time_that_is_yet_to_come_is_for_plans_alone(birds):
    platform, later = MemoryStore(), datetime.now(UTC) + timedelta(days=1)
    found_platform(platform, development=False)
    desk = Desk(birds, platform=platform)
    assert desk.plan(now=later).rho == RECIPE.rho
    with pytest.raises(ConfigurationError, match="is yet to come"):
        desk.run(now=later)
    assert (desk.kinds, desk.summed) == ([], 0)


def test_nothing_is_reserved_without_the_library_that_draws(desk, monkeypatch):
    """What is reserved counts for ever, so the run has to be able to end."""
    monkeypatch.setitem(sys.modules, "opendp.measurements", None)
    for run in (desk.run, desk.plan):
        with pytest.raises(ConfigurationError, match="needs OpenDP"):
            run()
    assert desk.kinds == []


def test_recipe_that_changed_after_its_release_is_refused(desk):
    desk.run()
    changed = make_recipe(rho="0.01")
    desk.approve(changed)
    with pytest.raises(ConfigurationError, match="another version of the recipe"):
        desk.run(changed)
    assert desk.kinds == ONCE


def test_draft_that_was_lost_is_not_drawn_again(desk):
    desk.run()
    name = draft_name(STUDY, RELEASE)
    desk.platform.delete(name, desk.platform.stat(name).generation)
    with pytest.raises(ConfigurationError, match="not drawn again"):
        desk.run()
    assert desk.summed == 1


def test_draft_in_the_place_of_another_stops_the_release(desk):
    """Be it one that the job signed: people may have signed the first."""
    draft = desk.run()
    other = sign_draft(draft._replace(title="Another"), KEY)
    name = draft_name(STUDY, RELEASE)
    desk.platform.replace(name, other.data, desk.platform.stat(name).generation)
    with pytest.raises(ConfigurationError, match="another draft than the ledger names"):
        desk.run()


def test_reservation_of_other_noise_is_not_used(desk):
    """Its cost was counted for the noise that it names."""
    reserved = reservation(study=STUDY)._replace(fingerprint=RECIPE.fingerprint)
    put_lines(desk.platform, reserved)
    with pytest.raises(ConfigurationError, match="which draws other noise"):
        desk.run()
    assert desk.summed == 0


def test_draft_without_a_reservation_stops_the_release(birds, desk):
    draft = desk.run()
    other = Desk(birds)
    other.platform.create(draft_name(STUDY, RELEASE), draft.data)
    with pytest.raises(ConfigurationError, match="nothing was reserved"):
        other.run()


def test_ledger_that_lost_its_last_lines_gives_no_budget_back(desk):
    """Neither to the release that took it nor to another."""
    desk.run()
    desk.run(window=1)
    for number in (4, 3):
        name = line_name(number)
        desk.platform.delete(name, desk.platform.stat(name).generation)
    lost = f"{draft_name(STUDY, 'weekly.2026-06-08')}: .* the ledger has lost lines"
    for window in range(3):
        with pytest.raises(ConfigurationError, match=lost):
            desk.run(window=window)
    assert desk.kinds == ONCE


def test_ledger_with_a_fault_stops_every_release(desk):
    put_lines(desk.platform, reservation(), reservation("survey"))
    name = line_name(1)
    desk.platform.delete(name, desk.platform.stat(name).generation)
    with pytest.raises(ConfigurationError, match="is missing"):
        desk.run()


def test_study_that_took_more_than_its_budget_stops_every_release(desk):
    put_lines(desk.platform, reservation("survey", "9", "rally-pond"))
    with pytest.raises(ConfigurationError, match="rally-pond: its releases took rho 9"):
        desk.run()


def test_lost_decisions_stop_every_release(desk):
    """One of them may have allotted less."""
    chain = read_chain(desk.platform)
    held = chain.against(Head(chain.head.number + 1, "0" * 64))
    window = next(RECIPE.windows())
    with pytest.raises(ConfigurationError, match="missing or changed"):
        plan(desk.platform, desk.registry, held, RECIPE, window, NOW)


def test_failed_sums_leave_a_reservation_that_the_next_run_uses(desk):
    def fail():
        raise ConnectionError

    with pytest.raises(ConnectionError):
        desk.run(accumulate=fail)
    assert desk.kinds == ONCE[:1]
    desk.run()
    assert desk.kinds == ONCE


@pytest.mark.parametrize("hook", ["fault", "after"])
def test_release_that_is_killed_anywhere_is_made_once(birds, hook):
    """Before or after any operation on the platform's store."""
    step = 0
    while True:
        desk, left = Desk(birds), step

        def kill(operation, name):
            nonlocal left
            left -= 1
            if left < 0:
                raise Killed

        setattr(desk.platform, hook, kill)
        try:
            desk.run()
        except Killed:
            killed = True
        else:
            killed = False
        setattr(desk.platform, hook, lambda operation, name: None)
        before = read_draft(desk.platform, read_chain(desk.platform), STUDY, RELEASE)
        draft = desk.run()
        assert before in (None, draft)
        assert desk.kinds == ONCE
        if not killed:
            break
        step += 1
    assert step > 2


def test_draw_that_was_never_written_is_seen_by_nobody(desk):
    """Killed between noise and commit: the draft of the next run is the release."""
    name = draft_name(STUDY, RELEASE)

    def kill(operation, at):
        if (operation, at) == ("create", name):
            raise Killed

    desk.platform.fault = kill
    with pytest.raises(Killed):
        desk.run()
    desk.platform.fault = lambda operation, name: None
    assert desk.platform.stat(name) is None
    assert desk.kinds == ONCE[:1]
    draft = desk.run()
    assert desk.kinds == ONCE
    assert desk.run() == draft
    assert desk.summed == 2


def test_two_runs_at_once_end_with_one_draft(desk):
    barrier, made = Barrier(2), []

    def accumulate():
        barrier.wait(timeout=60)
        return Cells(RECIPE).zeros() + 1000

    threads = [
        Thread(target=lambda: made.append(desk.run(accumulate=accumulate)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made[0] == made[1]
    assert desk.kinds == ONCE


def test_two_releases_at_once_share_the_budget_that_is_left(birds):
    """Both fit alone; the second one to reserve is refused."""
    desk = Desk(birds, rho="0.03")
    desk.approve(AGAIN)
    is_first = True

    def reserve_other(operation, name):
        nonlocal is_first
        if operation == "create" and name == line_name(1) and is_first:
            is_first = False
            desk.run(AGAIN)

    desk.platform.fault = reserve_other
    with pytest.raises(ConfigurationError, match="exhausted"):
        desk.run()
    desk.platform.fault = lambda operation, name: None
    assert {release for _, release in desk.kinds} == {"again.2026-06-01"}


def test_noise_does_not_depend_on_the_key_or_the_time(birds):
    """What was drawn on another platform for the same sums is other noise."""
    drafts = [Desk(birds).run() for _ in range(2)]
    assert drafts[0].table != drafts[1].table
    exact = np.array([int(it) for it in drafts[0].table.numbers[0].values])
    assert exact.dtype == np.int64


def test_ledger_and_draft_hold_no_exact_number(desk):
    """The sums are 1000 in each cell; no object says so but by chance of the noise."""
    draft = desk.run()
    reserved = desk.ledger.reservations[STUDY, RELEASE]
    assert isinstance(reserved, Reservation)
    assert "1000" not in {str(each) for each in reserved}
    values = [it for each in draft.table.numbers for it in each.values]
    assert values.count("1000") < len(values) / 4
