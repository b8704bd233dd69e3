"""The platform's own records go by limits of their own; what must never go, stays."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.deletion.plan_store import PlanStore
from rally.event_log.event_log import EventLog
from rally.events import write_events
from rally.retention.limits import Limits
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.unreadable import count_settled
from tests.support.memory_deployment import Row, document_id
from tests.support.purge_deployment import PurgeDeployment, deleted_counts
from tests.support.world import GARDEN, HOUSE, POND

NAME = "0" * 32 + ".avro"


def bury_letter(deployment, kind, date, study=GARDEN):
    name = f"{LetterPlace(study, kind, date).folder}{NAME}"
    assert deployment.platform.create(name, b"sealed")
    return name


def at(deployment, days, name, data=b"{}"):
    """Makes a record so many days before now."""
    now, deployment.now = deployment.now, deployment.now - timedelta(days=days)
    assert deployment.platform.create(name, data)
    deployment.now = now
    return name


def plan_of(deployment, number, days, *steps):
    """A deletion's plan that came so far."""
    folder = f"plans/{number:032}"
    names = (f"{folder}/{each}.{'nd' * (each == 'purge')}json" for each in steps)
    return [at(deployment, days, name) for name in names]


def test_dead_letters_go_by_their_date_and_withdrawals_much_later(deployment):
    over, last = "2026-04-30", "2026-05-01"  # 31 and 30 days before the 31st of May
    settled, waits = "2025-12-01", "2025-12-02"  # 181 and 180 days
    kept = [
        bury_letter(deployment, LetterKind.PING, last),
        bury_letter(deployment, LetterKind.WITHDRAWAL, waits),
        bury_letter(deployment, LetterKind.WITHDRAWAL, over, HOUSE),
        bury_letter(deployment, LetterKind.PING, "2026-05-31", "unknown"),
        bury_letter(deployment, LetterKind.WITHDRAWAL, last, "unknown"),
    ]
    bury_letter(deployment, LetterKind.PING, over)
    bury_letter(deployment, LetterKind.WITHDRAWAL, settled)
    bury_letter(deployment, LetterKind.PING, "2026-02-28", "unknown")
    bury_letter(deployment, LetterKind.WITHDRAWAL, over, "unknown")

    report = deployment.purge()

    assert deployment.records("dead-letters/") == sorted(kept)
    assert deleted_counts(report) == {
        (GARDEN, "(dead letters)", "dead letter"): (1, 0),
        (GARDEN, "(dead letters)", "unreadable"): (1, 0),
        ("unknown", "(dead letters)", "dead letter"): (2, 0),
    }
    assert report.remarks == [
        "2 objects of unreadable withdrawals wait; replay them, or let `rally"
        " withdrawals settle` give up what can never be read"
    ]
    assert report.exit_status == 0
    [event] = EventLog(deployment.platform)
    assert (event.kind, event.scope) == ("settled", GARDEN)
    assert event.signal == ("1 letters")


@pytest.mark.parametrize(("usual", "days"), [(30.0, 14), (14.0, 14), (5.0, 5)])
def test_letters_of_lapsed_reviews_go_14_days_after_they_were_sent(
    deployment, usual, days
):
    over, last = (f"2026-05-{31 - each:02}" for each in (days + 1, days))
    kept = bury_letter(deployment, LetterKind.LAPSED, last)
    bury_letter(deployment, LetterKind.LAPSED, over)
    bury_letter(deployment, LetterKind.LAPSED, over, "unknown")
    report = deployment.purge(limits=Limits(dead_letter_days=usual))
    assert deployment.records("dead-letters/") == [kept]
    assert deleted_counts(report) == {
        (GARDEN, "(dead letters)", "dead letter"): (1, 0),
        ("unknown", "(dead letters)", "dead letter"): (1, 0),
    }


def test_withdrawal_of_a_study_that_somebody_took_out_of_the_registry_waits(deployment):
    """Its name in the path says that it was registered once."""
    kept = bury_letter(
        deployment, LetterKind.WITHDRAWAL, "2026-03-01", "rally-forgotten"
    )
    deployment.purge()
    assert deployment.records("dead-letters/") == [kept]


def test_flood_of_unreadable_withdrawals_goes_with_one_event(deployment):
    for each in range(30):
        folder = LetterPlace(GARDEN, LetterKind.WITHDRAWAL, "2025-06-01").folder
        deployment.platform.create(f"{folder}{each:032}.avro", b"junk")
    assert deployment.purge().exit_status == 0
    assert deployment.records("dead-letters/") == []
    assert count_settled(EventLog(deployment.platform), []) == {GARDEN: 30}
    assert len([*EventLog(deployment.platform)]) == 1


def test_time_of_unreadable_withdrawals_is_an_option(deployment):
    bury_letter(deployment, LetterKind.WITHDRAWAL, "2026-04-01")
    deployment.purge(limits=Limits(unreadable_days=61))
    assert len(deployment.records("dead-letters/")) == 1
    deployment.purge(limits=Limits(unreadable_days=59))
    assert deployment.records("dead-letters/") == []


def test_dead_letters_of_held_days_stay(deployment):
    kept = bury_letter(deployment, LetterKind.PING, "2026-04-01")
    bury_letter(deployment, LetterKind.PING, "2026-04-02")
    deployment.legal_hold(GARDEN, "2026-03-01", "2026-04-01")
    report = deployment.purge()
    assert deployment.records("dead-letters/") == [kept]
    assert [*report.kept.values()] == [1]


def test_dead_letter_of_no_date_is_an_alarm(deployment):
    name = f"dead-letters/study={GARDEN}/kind=ping/date=2026-02-30/{NAME}"
    deployment.platform.create(name, b"sealed")
    deployment.conclude()
    assert deployment.purge().alarms == [f"{name}: is no object of dead letters"]
    assert deployment.records("dead-letters/") == [name]


def test_old_copies_of_withdrawals_go_after_they_were_replayed(make_deployment):
    deployment = make_deployment(platform={"versioned": True})
    for date in ("2026-01-01", "2026-05-20"):
        info = deployment.platform.stat(
            bury_letter(deployment, LetterKind.WITHDRAWAL, date)
        )
        deployment.platform.delete(info.name, info.generation)
    deployment.purge()
    left = [copy.name for copy in deployment.platform.old_copies("dead-letters/")]
    assert [name.split("/")[3] for name in left] == ["date=2026-05-20"]


def test_old_copies_of_dead_letters_that_went_go(make_deployment):
    deployment = make_deployment(platform={"versioned": True})
    for kind, date in (
        (LetterKind.PING, "2026-01-01"),
        (LetterKind.WITHDRAWAL, "2026-01-01"),
        (LetterKind.PING, "2026-05-30"),
    ):
        info = deployment.platform.stat(bury_letter(deployment, kind, date))
        deployment.platform.replace(info.name, b"again", info.generation)
    deployment.purge()
    left = [copy.name for copy in deployment.platform.old_copies("dead-letters/")]
    assert [name.split("/")[2:4] for name in left] == [
        ["kind=ping", "date=2026-05-30"],
        ["kind=withdrawal", "date=2026-01-01"],
    ]


def test_foreign_object_among_dead_letters_is_an_alarm(deployment):
    deployment.platform.create("dead-letters/notes.txt", b"x")
    report = deployment.purge()
    assert report.alarms == ["dead-letters/notes.txt: is no object of dead letters"]
    assert deployment.records("dead-letters/") == ["dead-letters/notes.txt"]
    assert report.exit_status == 1


def test_plans_go_when_they_are_told_or_were_never_begun(deployment):
    plan_of(deployment, 1, 91, "plan", "begun", "applied", "done")
    plan_of(deployment, 2, 91, "plan")
    plan_of(deployment, 3, 91, "purge")
    kept = [
        *plan_of(deployment, 4, 91, "plan", "begun", "applied"),
        *plan_of(deployment, 5, 89, "plan", "begun", "applied", "done"),
        *plan_of(deployment, 6, 91, "plan", "begun", "applied"),
        *plan_of(deployment, 6, 1, "done"),
        *plan_of(deployment, 7, 89, "plan"),
    ]

    report = deployment.purge()

    own = f"plans/{report.plan}/purge.ndjson"
    assert deployment.records("plans/") == sorted([*kept, own])
    assert report.faults == [
        (
            f"plans/{4:032}/",
            "was begun long ago and never told; run `rally delete`",
        )
    ]


def test_told_is_the_last_of_a_plan(deployment):
    """A run that was killed in between must not look as if it had to go on."""
    plan_of(deployment, 1, 91, "plan", "begun", "applied", "done")
    deleted = []
    deployment.platform.after = lambda operation, name: deleted.append(name)
    deployment.platform.hold(f"plans/{1:032}/begun.json")
    deployment.purge()
    assert f"plans/{1:032}/done.json" in deployment.records("plans/")
    deployment.platform.hold(f"plans/{1:032}/begun.json", on=False)
    deployment.purge()
    plans = [name for name in deleted if f"{1:032}" in name]
    assert plans[-1].endswith("/done.json")
    assert f"plans/{1:032}/done.json" not in deployment.records("plans/")


def test_deletion_that_was_killed_is_gone_on_with_first(deployment):
    deployment.join(1, when=1)
    name = deployment.put(deployment.indexed_file([Row(1, 1)]), date="2025-01-01")
    deployment.leave(1, when=20)
    plan = deployment.job().plan().plans[0].removeprefix("memory://platform/")
    data = json.loads(deployment.platform.read(plan))
    assert data["files"][0]["name"] == name
    deployment.platform.create(plan.replace("plan.json", "begun.json"), b"{}")

    report = deployment.purge()

    assert deployment.names() == [name]
    assert report.waits == [
        f"{GARDEN}: 1 objects wait: a deletion that was killed has to go on;"
        " run `rally delete`"
    ]
    deployment.delete()
    assert PlanStore(deployment.platform).unfinished() == []
    assert deployment.told()[deployment.withdrawals().withdrawals[0].document_id] == [
        ("deletion", 1)
    ]
    assert deployment.purge().exit_status == 0


def test_leftovers_of_runs_go_and_those_of_live_ones_stay(deployment):
    run = {"run": "f" * 32}
    old = [
        at(deployment, 3, f"results/compact/{'a' * 32}.json"),
        at(deployment, 3, f"results/delete/{'b' * 32}.json"),
        at(
            deployment,
            3,
            "leases/study=a/document=b/date=2026-01-01.json",
            json.dumps(run).encode(),
        ),
    ]
    kept = [
        at(deployment, 1, f"results/purge/{'c' * 32}.json"),
        at(deployment, 1, f"results/audit/{'d' * 32}.json"),
    ]
    report = deployment.purge()
    names = [info.name for info in deployment.platform.list()]
    assert not set(old) & set(names)
    assert set(kept) <= set(names)
    assert deleted_counts(report) == {("", "(leftovers)", "temporary"): (3, 0)}


def test_receipts_list_states_holds_and_events_never_go(deployment):
    deployment.now = datetime(2036, 1, 1, tzinfo=UTC)
    names = [
        at(deployment, 3000, name)
        for name in ("receipts/000000000001.json", "receipts/anchor.json")
    ]
    deployment.join(1, when=1)
    before = deployment.records()
    deployment.purge(limits=Limits(plan_days=0, temporary_days=0, dead_letter_days=0))
    assert set(names) <= set(before) == set(deployment.records())


@pytest.mark.parametrize("ours", [(GARDEN,), (GARDEN, HOUSE), (GARDEN, POND, HOUSE)])
def test_events_of_others_in_one_object_stay(deployment, ours):
    """An object of the log holds events of any scope."""
    deployment.join(1, POND)
    events = list(EventLog(deployment.platform))
    mixed = [
        events[0]._replace(scope=scope, document_id=document_id(number))
        for number, scope in enumerate(ours)
    ]
    write_events(deployment.platform, mixed, "1")
    deployment.conclude()

    report = deployment.purge()

    assert sorted(EventLog(deployment.platform)) == sorted([*events, *mixed[1:]])
    assert deleted_counts(report)[GARDEN, "(events)", "concluded"] == (1, 1)


def test_reader_of_the_log_misses_nothing_while_events_are_taken_out(deployment):
    """What remains of an object is listed under a name that was passed already."""
    deployment.join(1, POND)
    event = next(iter(EventLog(deployment.platform)))
    day = 86_400_000_000
    for number in range(20):
        more = event._replace(
            document_id=document_id(number),
            submission_timestamp=event.submission_timestamp + number * day,
        )
        write_events(deployment.platform, [more._replace(scope=GARDEN), more], "1")
    deployment.conclude()
    expected = {each for each in EventLog(deployment.platform) if each.scope == POND}

    reader = iter(EventLog(deployment.platform))
    found = [next(reader) for _ in range(5)]
    deployment.purge()
    found += reader

    assert {each for each in found if each.scope == POND} == expected


def test_half_written_files_of_killed_writers_go(tmp_path, registry):
    deployment = PurgeDeployment(registry, tmp_path / "deployment")
    local = LocalStore(str(tmp_path / "platform"))
    deployment.stores.platform = local
    for info in deployment.platform.list():
        local.create(info.name, deployment.platform.read(info.name))
    deployment.platform = local
    left = tmp_path / "platform" / "states" / ".rally-tmp-1"
    left.parent.mkdir()
    left.write_bytes(b"half")
    deployment.now = datetime.now(UTC) + timedelta(days=1)
    deployment.purge()
    assert left.exists()
    deployment.now = datetime.now(UTC) + timedelta(days=4)
    deployment.purge()
    assert not left.exists()
