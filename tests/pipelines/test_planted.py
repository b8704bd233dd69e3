"""Another process writes into the answers of purge's workers, as they come back."""

import subprocess
import sys

import pytest

from pipelines import cli
from pipelines.lifecycle import finish
from tests.support.world import (
    GARDEN,
    HOUSE,
    document_id,
    rally_id,
    stored_ids,
    write_lines,
)

pytestmark = pytest.mark.slow("jobs")

JUNE = "2026-05-31T10:00:00Z"
AS_OF = "--as_of=2026-10-01"


def messages(world):
    """Persons 1 and 2 are enrolled, and 9 is not; two days of visits."""
    garden = f"{GARDEN}/study-enrollment/1"
    return [
        world.message(f"{HOUSE}/enrollment/1", {"rally.id": rally_id(1)}, 1),
        world.message(garden, {"rally.id": rally_id(1)}, 2),
        world.message(garden, {"rally.id": rally_id(2)}, 3),
        *(world.visit(1, 4), world.visit(9, 5)),
        *(world.visit(2, 6, sent=JUNE), world.visit(9, 7, sent=JUNE)),
    ]


def enrolled(world):
    """The rows that nothing may take: within their retention, and of the enrolled."""
    numbers = {(1, 2), (2, 3), (1, 4), (2, 6)}
    own = {(world.pseudonym(person), document_id(n)) for person, n in numbers}
    return own | {(world.platform_pseudonym(1), document_id(1))}


SAID = {
    # The file is read again: the rows of it that were to go are not all that it has.
    "own": ".avro: changed meanwhile",
    "all": "rally: step search: a result is about another partition; ",
}


@pytest.mark.parametrize("kind", SAID)
def test_lines_that_are_planted_in_a_race_take_nobodys_rows(
    world, store, tmp_path, capsys, monkeypatch, kind
):
    path = write_lines(tmp_path / "in.ndjson", messages(world))
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    monkeypatch.setattr("rally.retention.search_tasks._PARTITIONS", 1)

    with subprocess.Popen(
        [sys.executable, "-m", "tests.pipelines.planter", store, kind],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as planter:  # fmt: skip
        assert planter.stdout.readline() == "ready\n"

        def lose_the_race(pipeline):
            finish(pipeline)
            assert planter.stdout.readline() == "planted\n"

        with monkeypatch.context() as patch:
            patch.setattr("pipelines.run_step.finish", lose_the_race)
            status = cli.main(["purge", *world.options(store), AS_OF])
        planter.stdin.close()
    _, errors = capsys.readouterr()

    assert enrolled(world) <= set(stored_ids(store))
    assert (status, SAID[kind] in errors) == (1, True)

    assert cli.main(["purge", *world.options(store), AS_OF]) == 0
    assert set(stored_ids(store)) == enrolled(world)
