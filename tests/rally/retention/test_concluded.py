"""A concluded study goes as a whole, step by step, and then its keys."""

from datetime import timedelta

from rally.storage.objectstore.interface import ObjectHeld
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import day
from tests.rally.retention.furnished import furnish, is_over, keys, letters, scopes
from tests.rally.retention.place import gone


def test_everything_of_it_goes_and_nothing_else(place):
    furnish(place)
    assert place.purge().plan == ""
    place.data.create(f"data/study={GARDEN}/notes.txt", b"somebody's")
    place.conclude()

    report = place.purge()

    assert is_over(place)
    assert gone(report) == {
        (GARDEN, "visit.1", "concluded"): (2, 3),
        (GARDEN, "(no file of ours)", "concluded"): (1, 0),
        (GARDEN, "(dead letters)", "concluded"): (2, 0),
        (GARDEN, "(events)", "concluded"): (2, 2),
        (HOUSE, "enrollment.1", "concluded"): (1, 2),
    }
    assert list(report.problems) == []
    assert [each.rpartition("/")[2] for each in report.destroyed] == [
        f"{GARDEN}.keyset.json", f"{GARDEN}.jwk.json",
        f"pseudonym.{GARDEN}.keyset.json",
    ]  # fmt: skip
    assert "copies that nobody registered" in report.words[-1]


def test_second_run_changes_nothing(place):
    furnish(place)
    place.conclude()
    place.purge()
    before = place.everything()
    report = place.purge()
    assert place.everything() == before
    assert (report.plan, report.destroyed, report.exit_status) == ("", [], 0)


def test_conclusion_that_is_yet_to_come_does_nothing(place):
    furnish(place)
    place.conclude(at=day(31))
    assert place.purge().plan == ""
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


def test_keys_wait_until_soft_delete_has_forgotten(make_place):
    place = make_place(
        soft_delete=timedelta(days=7), platform={"soft_delete": timedelta(days=3)}
    )
    furnish(place)
    place.conclude()

    report = place.purge()

    assert place.names(f"data/study={GARDEN}/") == []
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert {each.why for each in report.remains} == {"soft-deleted"}
    assert f"{GARDEN}: its keys wait for the last old copies" in report.words
    assert [*report.problems] == []

    place.now += timedelta(days=6)
    assert place.purge().destroyed == []
    place.now += timedelta(days=1)
    assert len(place.purge().destroyed) == 3
    assert is_over(place)


def test_keys_wait_for_the_old_copies_of_events_alone(make_place):
    place = make_place(platform={"soft_delete": timedelta(days=3)})
    place.join(1, GARDEN, when=1)
    place.conclude()
    place.purge()
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    place.now += timedelta(days=3)
    place.purge()
    assert place.key_files() == keys(HOUSE, POND)


def test_noncurrent_generations_go_before_the_keys(make_place):
    place = make_place(versioned=True, platform={"versioned": True})
    furnish(place)
    place.conclude()
    place.purge()
    assert is_over(place)
    assert list(place.data.old_copies("")) == []
    for folder in ("events/", "dead-letters/"):
        assert list(place.platform.old_copies(folder)) == []


def test_events_are_purged_of_old_copies_by_a_conclusion_alone(make_place):
    place = make_place(platform={"versioned": True})
    furnish(place)
    info = next(iter(place.platform.list("events/")))
    place.platform.delete(info.name, info.generation)
    place.purge()
    assert [each.name for each in place.platform.old_copies("events/")] == [info.name]


def test_hold_of_the_bucket_keeps_what_follows(place):
    furnish(place)
    place.conclude()
    place.data.hold(place.names(f"data/study={GARDEN}/")[0])
    report = place.purge()
    assert len(letters(place)) == 4
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert report.exit_status == 1
    place.data.hold(place.names(f"data/study={GARDEN}/")[0], on=False)
    assert place.purge().exit_status == 0
    assert is_over(place)


def test_ping_keys_have_to_be_named(place):
    furnish(place)
    place.conclude()
    report = place.purge(ping_keys=None)
    assert report.faults == [
        (GARDEN, "the keys that open its pings were not looked at; give --keys")
    ]
    assert place.key_files() == sorted(
        [*keys(HOUSE, POND), f"keys/{GARDEN}.jwk.json", f"keys/{GARDEN}.keyset.json"]
    )
    assert place.purge().exit_status == 0
    assert is_over(place)


def test_event_that_comes_later_goes_as_well(place):
    furnish(place)
    place.conclude()
    place.purge()
    place.join(4, GARDEN, when=2)
    report = place.purge()
    assert gone(report) == {(GARDEN, "(events)", "concluded"): (1, 1)}
    assert is_over(place)


def test_enrolments_that_cannot_be_written_keep_what_follows(place):
    """What is refused in one step keeps the next from being taken."""
    furnish(place)
    place.conclude()
    name = place.names(f"data/study={HOUSE}/")[0]

    def refuse(operation, what):
        if (operation, what) == ("replace", name):
            raise ObjectHeld(name)

    place.data.fault = refuse
    report = place.purge()
    assert scopes(place).count(GARDEN) == 2
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert report.exit_status == 1


def test_studies_that_are_concluded_together_go_in_one_run(place):
    furnish(place)
    place.conclude()
    place.conclude(POND)
    report = place.purge()
    assert [*report.problems] == []
    assert place.numbers(HOUSE) == [10, 20, 30]
    assert place.key_files() == keys(HOUSE)


def test_enrolments_of_one_of_two_studies_go_while_the_other_waits(place):
    furnish(place)
    place.conclude()
    place.conclude(POND)
    place.data.hold(place.names(f"data/study={POND}/")[0])
    place.purge()
    assert place.numbers(HOUSE) == [10, 20, 30, 31]
    assert place.key_files() == keys(HOUSE, POND)
