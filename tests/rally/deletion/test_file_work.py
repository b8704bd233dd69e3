"""What workers answer is held against what they were asked, and a file is not removed
for what was said of it.
"""

import pytest

from rally.deletion.plan import FileOutcome
from rally.results import WrongResults
from tests.support.memory_deployment import Row


@pytest.fixture
def planting(deployment, monkeypatch):
    """Has somebody change what workers answer in a step."""
    real = deployment._run_step

    def change(step, plant):
        def through(settings, name, works, make_step):
            found = real(settings, name, works, make_step)
            return [plant(each) for each in found] if name == step else found

        monkeypatch.setattr(deployment, "_run_step", through)

    return change


@pytest.fixture
def left(deployment):
    """Person 1 has left; a file with a row of theirs, and one that loses nothing."""
    for person in (1, 2):
        deployment.join(person, when=1)
    names = [
        deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "a"),
        deployment.put(deployment.indexed_file([Row(2, 3)]), "b", date="2026-05-12"),
    ]
    deployment.leave(1, when=20)
    return names


def empty(result):
    """As if the file had no row, so that it only had to go."""
    planned = {
        **{name: result[name] for name in ("study", "name")},
        **{"size": 0, "generation": 0, "rows": 0, "removes": 0, "blocks": []},
    }
    return {**result, "planned": planned}


def test_file_that_is_said_to_be_empty_is_read_and_stays(deployment, left, planting):
    def plant(result):
        info = deployment.data.stat(result["name"])
        forged = empty(result)
        forged["planned"] |= {"size": info.size, "generation": info.generation}
        return forged

    planting("find", plant)
    report = deployment.delete()
    assert [deployment.data.stat(name) is not None for name in left] == [True, True]
    assert {each.outcome for each in report.faults} == {FileOutcome.DAMAGED}
    assert {each.detail for each in report.faults} == {
        "it has rows, and was said to have none"
    }


def test_file_that_is_said_to_be_emptied_is_read_and_stays(deployment, left, planting):
    planting("rewrite", lambda found: {**found, "rows_removed": found["rows_before"]})
    report = deployment.delete()
    assert deployment.numbers() == [2, 3]
    assert {each.outcome for each in report.faults} == {FileOutcome.DAMAGED}


OTHERS = {
    "another file": lambda found: {**found, "name": "data/study=x/a.avro"},
    "another study": lambda found: {**found, "study": "rally-pond"},
    "another generation": lambda found: (
        empty(found) if found["planned"] is None else found
    ),
    "text for a number": lambda found: {**found, "rows_before": "2"},
    "an unknown outcome": lambda found: {**found, "outcome": "fine"},
    "an unknown member": lambda found: {**found, "more": 1},
    "a missing member": lambda found: {
        name: value for name, value in found.items() if name != "planned"
    },
    "no result": lambda found: [],
    "true for a number": lambda found: {**found, "requests": {"a": True}},
}


@pytest.mark.parametrize("plant", OTHERS.values(), ids=OTHERS)
def test_answer_that_is_none_stops_the_deletion(deployment, left, planting, plant):
    planting("find", plant)
    with pytest.raises(WrongResults, match=r"^step find: a result is "):
        deployment.delete()
    assert deployment.numbers() == [1, 2, 3]
