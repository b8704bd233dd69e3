"""The platform's own records go by limits of their own; what must never go, stays."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.deletion.plan import Plans
from rally.events import read_events, write_events
from rally.retention.limits import Limits
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.unreadable import count_settled
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row, document_id
from tests.rally.retention.place import PurgePlace, gone

NAME = "0" * 32 + ".avro"


def bury_letter(place, kind, date, study=GARDEN):
    name = f"{LetterPlace(study, kind, date).folder}{NAME}"
    assert place.platform.create(name, b"sealed")
    return name


def at(place, days, name, data=b"{}"):
    """Makes a record so many days before now."""
    now, place.now = place.now, place.now - timedelta(days=days)
    assert place.platform.create(name, data)
    place.now = now
    return name


def plan_of(place, number, days, *steps):
    """A deletion's plan that came so far."""
    folder = f"plans/{number:032}"
    names = (f"{folder}/{each}.{'nd' * (each == 'purge')}json" for each in steps)
    return [at(place, days, name) for name in names]


def test_dead_letters_go_by_their_date_and_withdrawals_much_later(place):
    over, last = "2026-04-30", "2026-05-01"  # 31 and 30 days before the 31st of May
    settled, waits = "2025-12-01", "2025-12-02"  # 181 and 180 days
    kept = [
        bury_letter(place, LetterKind.PING, last),
        bury_letter(place, LetterKind.WITHDRAWAL, waits),
        bury_letter(place, LetterKind.WITHDRAWAL, over, HOUSE),
        bury_letter(place, LetterKind.PING, "2026-05-31", "unknown"),
        bury_letter(place, LetterKind.WITHDRAWAL, last, "unknown"),
    ]
    bury_letter(place, LetterKind.PING, over)
    bury_letter(place, LetterKind.WITHDRAWAL, settled)
    bury_letter(place, LetterKind.PING, "2026-02-28", "unknown")
    bury_letter(place, LetterKind.WITHDRAWAL, over, "unknown")

    report = place.purge()

    assert place.records("dead-letters/") == sorted(kept)
    assert gone(report) == {
        (GARDEN, "(dead letters)", "dead letter"): (1, 0),
        (GARDEN, "(dead letters)", "unreadable"): (1, 0),
        ("unknown", "(dead letters)", "dead letter"): (2, 0),
    }
    assert report.words == [
        "2 objects of unreadable withdrawals wait; replay them, or let `rally"
        " withdrawals settle` give up what can never be read"
    ]
    assert report.exit_status == 0
    [event] = read_events(place.platform)
    assert (event.kind, event.scope) == ("settled", GARDEN)
    assert event.signal == ("1 letters")


def test_withdrawal_of_a_study_that_somebody_took_out_of_the_registry_waits(place):
    """Its name in the path says that it was registered once."""
    kept = bury_letter(place, LetterKind.WITHDRAWAL, "2026-03-01", "rally-forgotten")
    place.purge()
    assert place.records("dead-letters/") == [kept]


def test_flood_of_unreadable_withdrawals_goes_with_one_event(place):
    for each in range(30):
        folder = LetterPlace(GARDEN, LetterKind.WITHDRAWAL, "2025-06-01").folder
        place.platform.create(f"{folder}{each:032}.avro", b"junk")
    assert place.purge().exit_status == 0
    assert place.records("dead-letters/") == []
    assert count_settled(read_events(place.platform), []) == {GARDEN: 30}
    assert len([*read_events(place.platform)]) == 1


def test_time_of_unreadable_withdrawals_is_an_option(place):
    bury_letter(place, LetterKind.WITHDRAWAL, "2026-04-01")
    place.purge(limits=Limits(unreadable_days=61))
    assert len(place.records("dead-letters/")) == 1
    place.purge(limits=Limits(unreadable_days=59))
    assert place.records("dead-letters/") == []


def test_dead_letters_of_held_days_stay(place):
    kept = bury_letter(place, LetterKind.PING, "2026-04-01")
    bury_letter(place, LetterKind.PING, "2026-04-02")
    place.legal_hold(GARDEN, "2026-03-01", "2026-04-01")
    report = place.purge()
    assert place.records("dead-letters/") == [kept]
    assert [*report.kept.values()] == [1]


def test_dead_letter_of_no_date_is_an_alarm(place):
    name = f"dead-letters/study={GARDEN}/kind=ping/date=2026-02-30/{NAME}"
    place.platform.create(name, b"sealed")
    place.conclude()
    assert place.purge().alarms == [f"{name}: is no object of dead letters"]
    assert place.records("dead-letters/") == [name]


def test_old_copies_of_withdrawals_go_after_they_were_replayed(make_place):
    place = make_place(platform={"versioned": True})
    for date in ("2026-01-01", "2026-05-20"):
        info = place.platform.stat(bury_letter(place, LetterKind.WITHDRAWAL, date))
        place.platform.delete(info.name, info.generation)
    place.purge()
    left = [copy.name for copy in place.platform.old_copies("dead-letters/")]
    assert [name.split("/")[3] for name in left] == ["date=2026-05-20"]


def test_old_copies_of_dead_letters_that_went_go(make_place):
    place = make_place(platform={"versioned": True})
    for kind, date in (
        (LetterKind.PING, "2026-01-01"),
        (LetterKind.WITHDRAWAL, "2026-01-01"),
        (LetterKind.PING, "2026-05-30"),
    ):
        info = place.platform.stat(bury_letter(place, kind, date))
        place.platform.replace(info.name, b"again", info.generation)
    place.purge()
    left = [copy.name for copy in place.platform.old_copies("dead-letters/")]
    assert [name.split("/")[2:4] for name in left] == [
        ["kind=ping", "date=2026-05-30"],
        ["kind=withdrawal", "date=2026-01-01"],
    ]


def test_foreign_object_among_dead_letters_is_an_alarm(place):
    place.platform.create("dead-letters/notes.txt", b"x")
    report = place.purge()
    assert report.alarms == ["dead-letters/notes.txt: is no object of dead letters"]
    assert place.records("dead-letters/") == ["dead-letters/notes.txt"]
    assert report.exit_status == 1


def test_plans_go_when_they_are_told_or_were_never_begun(place):
    plan_of(place, 1, 91, "plan", "begun", "applied", "done")
    plan_of(place, 2, 91, "plan")
    plan_of(place, 3, 91, "purge")
    kept = [
        *plan_of(place, 4, 91, "plan", "begun", "applied"),
        *plan_of(place, 5, 89, "plan", "begun", "applied", "done"),
        *plan_of(place, 6, 91, "plan", "begun", "applied"),
        *plan_of(place, 6, 1, "done"),
        *plan_of(place, 7, 89, "plan"),
    ]

    report = place.purge()

    own = f"plans/{report.plan}/purge.ndjson"
    assert place.records("plans/") == sorted([*kept, own])
    assert report.faults == [
        (
            f"plans/{4:032}/",
            "was begun long ago and never told; run `rally delete`",
        )
    ]


def test_told_is_the_last_of_a_plan(place):
    """A run that was killed in between must not look as if it had to go on."""
    plan_of(place, 1, 91, "plan", "begun", "applied", "done")
    deleted = []
    place.platform.after = lambda operation, name: deleted.append(name)
    place.platform.hold(f"plans/{1:032}/begun.json")
    place.purge()
    assert f"plans/{1:032}/done.json" in place.records("plans/")
    place.platform.hold(f"plans/{1:032}/begun.json", on=False)
    place.purge()
    plans = [name for name in deleted if f"{1:032}" in name]
    assert plans[-1].endswith("/done.json")
    assert f"plans/{1:032}/done.json" not in place.records("plans/")


def test_deletion_that_was_killed_is_gone_on_with_first(place):
    place.join(1, when=1)
    name = place.put(place.ours([Row(1, 1)]), date="2025-01-01")
    place.leave(1, when=20)
    plan = place.job().plan().plans[0].removeprefix("memory://platform/")
    data = json.loads(place.platform.read(plan))
    assert data["files"][0]["name"] == name
    place.platform.create(plan.replace("plan.json", "begun.json"), b"{}")

    report = place.purge()

    assert place.names() == [name]
    assert report.waits == [
        f"{GARDEN}: 1 objects wait: a deletion that was killed has to go on;"
        " run `rally delete`"
    ]
    place.delete()
    assert Plans(place.platform).unfinished() == []
    assert place.told()[place.withdrawals().withdrawals[0].document_id] == [
        ("deletion", 1)
    ]
    assert place.purge().exit_status == 0


def test_leftovers_of_runs_go_and_those_of_live_ones_stay(place):
    run = {"run": "f" * 32}
    old = [
        at(place, 3, f"results/compact/{'a' * 32}.json"),
        at(place, 3, f"results/delete/{'b' * 32}.json"),
        at(
            place,
            3,
            "leases/study=a/document=b/date=2026-01-01.json",
            json.dumps(run).encode(),
        ),
    ]
    kept = [
        at(place, 1, f"results/purge/{'c' * 32}.json"),
        at(place, 1, f"results/audit/{'d' * 32}.json"),
    ]
    report = place.purge()
    names = [info.name for info in place.platform.list()]
    assert not set(old) & set(names)
    assert set(kept) <= set(names)
    assert gone(report) == {("", "(leftovers)", "temporary"): (3, 0)}


def test_receipts_list_states_holds_and_events_never_go(place):
    place.now = datetime(2036, 1, 1, tzinfo=UTC)
    names = [
        at(place, 3000, name)
        for name in ("receipts/000000000001.json", "receipts/anchor.json")
    ]
    place.join(1, when=1)
    before = place.records()
    place.purge(limits=Limits(plan_days=0, temporary_days=0, dead_letter_days=0))
    assert set(names) <= set(before) == set(place.records())


@pytest.mark.parametrize("ours", [(GARDEN,), (GARDEN, HOUSE), (GARDEN, POND, HOUSE)])
def test_events_of_others_in_one_object_stay(place, ours):
    """An object of the log holds events of any scope."""
    place.join(1, POND)
    events = list(read_events(place.platform))
    mixed = [
        events[0]._replace(scope=scope, document_id=document_id(number))
        for number, scope in enumerate(ours)
    ]
    write_events(place.platform, mixed, "1")
    place.conclude()

    report = place.purge()

    assert sorted(read_events(place.platform)) == sorted([*events, *mixed[1:]])
    assert gone(report)[GARDEN, "(events)", "concluded"] == (1, 1)


def test_reader_of_the_log_misses_nothing_while_events_are_taken_out(place):
    """What remains of an object is listed under a name that was passed already."""
    place.join(1, POND)
    event = next(read_events(place.platform))
    day = 86_400_000_000
    for number in range(20):
        more = event._replace(
            document_id=document_id(number),
            submission_timestamp=event.submission_timestamp + number * day,
        )
        write_events(place.platform, [more._replace(scope=GARDEN), more], "1")
    place.conclude()
    expected = {each for each in read_events(place.platform) if each.scope == POND}

    reader = read_events(place.platform)
    found = [next(reader) for _ in range(5)]
    place.purge()
    found += reader

    assert {each for each in found if each.scope == POND} == expected


def test_half_written_files_of_killed_writers_go(tmp_path, registry):
    place = PurgePlace(registry, tmp_path / "place")
    local = LocalStore(str(tmp_path / "platform"))
    place.stores.platform = local
    for info in place.platform.list():
        local.create(info.name, place.platform.read(info.name))
    place.platform = local
    left = tmp_path / "platform" / "states" / ".rally-tmp-1"
    left.parent.mkdir()
    left.write_bytes(b"half")
    place.now = datetime.now(UTC) + timedelta(days=1)
    place.purge()
    assert left.exists()
    place.now = datetime.now(UTC) + timedelta(days=4)
    place.purge()
    assert not left.exists()
