"""A concluded study goes as a whole, step by step, and then its keys."""

from dataclasses import replace
from datetime import timedelta

import pytest

from rally.dead_letters import Kind, Place
from rally.events import RALLY, read_events
from rally.storing.objects import ObjectHeld
from rally.studies.registry import Registry
from tests.fakes.memory_store import MemoryStore
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deleting.place import Row, day, document_id
from tests.rally.purging.place import gone

KEYS = [
    f"{kind}/{name}"
    for kind, names in (
        ("keys", ["{}.jwk.json", "{}.keyset.json"]),
        ("platform", ["pseudonym.{}.keyset.json"]),
    )
    for name in names
]


def keys(*studies):
    return sorted(name.format(study) for name in KEYS for study in studies)


def furnish(place):
    """Three people in two studies; their enrolments, and dead letters."""
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND)):
        place.join(person, RALLY, when=1, document=document_id(10 * person))
        place.join(
            person, study, when=1, document=document_id(10 * person + 1),
            signal=f"{HOUSE}/enrollment.1",
        )  # fmt: skip
    enrolments = [Row(person, 10 * person + each, 1) for person in (1, 2, 3)
                  for each in (0, 1)]  # fmt: skip
    place.put(place.ours(enrolments, HOUSE), "joined", HOUSE, "2026-05-02")
    place.put(place.ours([Row(1, 100), Row(2, 101)]), "a")
    place.put(place.ours([Row(1, 102)]), "b", date="2026-05-12")
    place.put(place.ours([Row(3, 103)], POND), "c", POND)
    for study, kind in ((GARDEN, Kind.PING), (GARDEN, Kind.WITHDRAWAL),
                        (POND, Kind.PING), (POND, Kind.WITHDRAWAL)):  # fmt: skip
        folder = Place(study, kind, "2026-05-20").folder
        place.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")


def scopes(place):
    return sorted(event.scope for event in read_events(place.platform))


def letters(place):
    return [name.partition("/date=")[0] for name in place.records("dead-letters/")]


def is_over(place):
    """Nothing is left of the garden, and all of the others."""
    assert place.names(f"data/study={GARDEN}/") == []
    assert place.numbers(HOUSE) == [10, 20, 30, 31]
    assert place.numbers(POND) == [103]
    assert scopes(place) == [RALLY, RALLY, RALLY, POND]
    assert letters(place) == [
        f"dead-letters/study={POND}/kind={kind}" for kind in ("ping", "withdrawal")
    ]
    assert place.key_files() == keys(HOUSE, POND)
    return True


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


def test_it_waits_for_deferred_withdrawals_and_their_receipts(place):
    furnish(place)
    place.conclude(at=day(29))
    now, place.now = place.now, day(28)
    place.leave(1, GARDEN, when=27)
    place.delete()
    assert [each.deferred for each in place.withdrawals().withdrawals] == [(GARDEN,)]
    place.now = now

    report = place.purge()

    assert report.waits == [
        f"{GARDEN}: waits for `rally delete`: 1 withdrawals are not settled"
    ]
    assert report.exit_status == 1
    assert (report.plan, place.numbers()) == ("", [100, 101, 102])

    place.delete()
    report = place.purge()

    assert [str(each.reason) for each in place.receipts()] == ["deletion", "settled"]
    assert is_over(place)
    assert [*report.problems] == []
    place.check()


@pytest.mark.parametrize(("when", "waits"), [(26, True), (29, False)])
def test_it_waits_for_who_left_rally_before_it_and_not_for_who_does_later(
    make_place, when, waits
):
    """While a bucket keeps what is deleted, somebody's leaving is always under way."""
    place = make_place(soft_delete=timedelta(days=7))
    furnish(place)
    place.conclude()  # on the 27th day at midnight
    place.leave(3, RALLY, when=when)
    place.delete()
    assert "verified" not in next(iter(place.stages().values()))

    assert bool(place.purge().waits) == waits
    assert bool(place.numbers()) == waits


def test_it_waits_for_somebody_whom_the_list_does_not_know(place):
    furnish(place)
    place.conclude()
    place.leave(1, GARDEN, when=20)
    assert place.purge().waits == [
        f"{GARDEN}: waits for `rally delete`: somebody left whom the list lacks"
    ]
    place.delete()
    assert place.purge().exit_status == 0
    assert place.key_files() == keys(HOUSE, POND)


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


def test_legal_hold_keeps_its_rows_and_all_that_follows(place):
    furnish(place)
    place.data.create(f"data/study={GARDEN}/notes.txt", b"of any day")
    place.conclude()
    place.legal_hold(GARDEN, "2026-05-12", "2026-05-12")

    report = place.purge()

    assert [
        name.rpartition("/")[2] for name in place.names(f"data/study={GARDEN}")
    ] == [
        "b.avro",
        "notes.txt",
    ]
    assert letters(place)[0] == f"dead-letters/study={GARDEN}/kind=ping"
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
    assert len(report.blocked) == 1
    assert [*report.problems] == []


def test_legal_hold_on_the_enrolments_keeps_events_and_keys(place):
    furnish(place)
    place.conclude()
    place.legal_hold(HOUSE, "2026-05-02", "2026-05-02")
    place.purge()
    assert place.names(f"data/study={GARDEN}/") == []
    assert place.numbers(HOUSE) == [10, 11, 20, 21, 30, 31]
    assert scopes(place).count(GARDEN) == 2
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


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


def register(place, study, *uris):
    """Researchers' own folders."""
    studies = dict(place.registry.studies)
    studies[study] = replace(studies[study], derived=uris)
    place.registry = Registry(studies)


@pytest.mark.parametrize(
    "uri",
    ["gs://lab/pond", "gs://lab/pond/part", "gs://lab", "memory://test",
     "memory://test/data/study=rally-pond", "memory://platform/events", "memory://"],
)  # fmt: skip
def test_folder_that_is_others_too_is_left_to_a_person(place, uri):
    register(place, GARDEN, uri)
    register(place, POND, "gs://lab/pond")
    place.derived[uri] = MemoryStore(uri=uri)
    place.derived[uri].create("table", b"PAR1")
    place.conclude()
    report = place.purge()
    assert report.faults[0] == (
        uri, "is another study's, or our own, too; delete what is this study's",
    )  # fmt: skip
    assert len(list(place.derived[uri].list())) == 1
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


@pytest.fixture
def with_derived(place):
    """The garden's researchers have two tables, one of them out of reach."""
    uris = ("gs://lab/garden", "bq://lab.garden")
    register(place, GARDEN, *uris)
    place.derived[uris[0]] = MemoryStore(uri=uris[0], versioned=True)
    place.derived[uris[0]].create("table/part-0.parquet", b"PAR1")
    return place


def test_derived_folders_go_whole_and_others_are_named(with_derived):
    place = with_derived
    furnish(place)
    place.purge()
    table = place.derived["gs://lab/garden"]
    assert len(list(table.list())) == 1
    place.conclude()

    report = place.purge()

    assert list(table.list()) == []
    assert list(table.old_copies("")) == []
    assert ("bq://lab.garden" in str(report.faults)) is True
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
