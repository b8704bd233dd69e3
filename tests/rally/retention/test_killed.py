"""A purge that is killed anywhere is made good by a plain one: the same end."""

import random

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY, read_events, write_events
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Killed, Row, document_id
from tests.rally.deletion.test_killed import MUTATIONS, count

pytestmark = pytest.mark.slow("kills")

VERSIONED = {"versioned": True, "platform": {"versioned": True}}


def furnish(place):
    """One study is concluded, of another some has expired, and some is nobody's."""
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND), (4, POND)):
        place.join(
            person, study, when=-400 - person, document=document_id(person),
            signal=f"{HOUSE}/enrollment.1",
        )  # fmt: skip
    event = next(read_events(place.platform))
    others = [event._replace(scope=each, document_id=document_id(50 + number))
              for number, each in enumerate((GARDEN, POND, RALLY))]  # fmt: skip
    write_events(place.platform, others, "1")
    joined = [Row(person, person, 1) for person in range(1, 5)]
    place.put(place.ours(joined, HOUSE), "joined", HOUSE, "2026-05-02")
    place.put(place.ours(joined[:2], HOUSE), "garden", HOUSE, "2026-05-02")
    place.put(place.ours([Row(1, 100), Row(2, 101)]), "a")
    place.put(place.ours([Row(1, 102)]), "b", date="2026-05-12")
    place.put(place.ours([Row(3, 103), Row(9, 104), Row(4, 105)], POND), "c", POND)
    place.put(place.foreign([Row(9, 106), Row(4, 107)], POND), "d", POND)
    place.put(place.ours([Row(9, 108)], POND), "e", POND)
    place.put(place.ours([Row(3, 109)], POND), "f", POND, "2025-01-01")
    for number, (study, kind) in enumerate(
        (
            (GARDEN, LetterKind.PING),
            (POND, LetterKind.PING),
            (POND, LetterKind.WITHDRAWAL),
        )
    ):
        folder = LetterPlace(study, kind, f"2026-01-{number + 1:02}").folder
        place.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")
    place.platform.create(f"plans/{1:032}/plan.json", b"{}")
    place.conclude()


def kill(place, die_before):
    count(place, die_before)
    with pytest.raises(Killed):
        place.purge()
    place.bury()
    return count(place)


def rest(place):
    """How it ends; without generations, and the plans of runs that were killed."""
    return {
        "rows": {study: place.numbers(study) for study in (GARDEN, POND, HOUSE)},
        "files": place.names(),
        "records": [name for name in place.records() if "purge.ndjson" not in name],
        "events": sorted(set(read_events(place.platform))),
        "old": [each.name for store in (place.data, place.platform)
                for each in store.old_copies("") if "leases/" not in each.name],
        "keys": place.key_files(),
    }  # fmt: skip


def ends_well(make_place):
    place = make_place(**VERSIONED)
    furnish(place)
    names = count(place)
    report = place.purge()
    assert [*report.problems] == []
    return rest(place), names


def test_run_ends_as_it_should(make_place):
    end, names = ends_well(make_place)
    assert end["rows"] == {GARDEN: [], POND: [103, 105, 107], HOUSE: [3, 4]}
    assert {each.scope for each in end["events"]} == {POND, RALLY}
    assert end["old"] == []
    assert not [name for name in end["keys"] if GARDEN in name]
    assert [name for name in names if "withdrawals/" in name] == []


def test_killed_before_any_change_and_run_again_ends_the_same(make_place):
    expected, names = ends_well(make_place)
    assert len(names) > 40
    for number in range(1, len(names) + 1):
        place = make_place(**VERSIONED)
        furnish(place)
        kill(place, number)
        report = place.purge(run="2" * 32)
        assert [*report.problems] == [], names[number - 1]
        assert rest(place) == expected, names[number - 1]


@pytest.mark.parametrize("seed", range(10))
def test_killed_again_and_again_ends_the_same(make_place, seed):
    expected, _ = ends_well(make_place)
    numbers = random.Random(seed)
    place = make_place(**VERSIONED)
    furnish(place)
    for run in range(200):
        count(place, die_before=numbers.randint(3, 20))
        try:
            report = place.purge(run=f"{run:032}")
            break
        except Killed:
            place.bury()
    assert [*report.problems] == []
    assert rest(place) == expected


def test_key_files_may_go_one_by_one(make_place, monkeypatch):
    """A kill between two of them leaves the rest for the next run."""
    expected, _ = ends_well(make_place)
    from rally.keys.folder import KeyFolder

    forget = KeyFolder.forget
    for number in range(3):
        place, left = make_place(**VERSIONED), [number]

        def die(folder, name, left=left):
            if not left[0]:
                raise Killed
            left[0] -= 1
            return forget(folder, name)

        furnish(place)
        monkeypatch.setattr(KeyFolder, "forget", die)
        with pytest.raises(Killed):
            place.purge()
        monkeypatch.setattr(KeyFolder, "forget", forget)
        place.bury()
        assert len([key for key in place.key_files() if GARDEN in key]) == 3 - number
        assert place.purge(run="2" * 32).exit_status == 0
        assert rest(place) == expected


def test_run_after_a_good_one_changes_nothing(make_place):
    place = make_place(**VERSIONED)
    furnish(place)
    place.purge()
    before = place.everything()
    names = count(place)
    report = place.purge()
    assert [name for name in names if "leases/" not in name] == []
    assert place.everything() == before
    assert (report.plan, report.done, report.exit_status) == ("", {}, 0)


@pytest.mark.parametrize("operation", MUTATIONS)
def test_store_that_refuses_is_named_and_made_good(make_place, operation):
    expected, _ = ends_well(make_place)
    place = make_place(**VERSIONED)
    furnish(place)

    def refuse(done, name):
        if done == operation and name.startswith("data/"):
            raise OSError(5, "Input/output error")

    place.data.fault = refuse
    report = place.purge()
    assert report.exit_status == (operation != "create")
    place.data.fault = lambda *_: None
    assert place.purge().exit_status == 0
    assert rest(place) == expected
