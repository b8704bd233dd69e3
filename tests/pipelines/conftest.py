"""The platform that the jobs here run on."""

import pytest

from pipelines import cli
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    World,
    rally_id,
    write_lines,
)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Keys and studies; tests that change these make a world of their own."""
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def store(tmp_path):
    """Where a test stores."""
    return str(tmp_path / "store")


LEFT = "2026-05-25T10:00:00.000000Z"


@pytest.fixture
def lived_in(world, store, tmp_path, capsys):
    """One leaves the garden, one Rally; one stays."""
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    visit = {"page": "p", "count": 1}
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            world.message(garden, {"rally.id": rally_id(1)}, 1),
            world.message(house, {"rally.id": rally_id(2)}, 2),
            world.visit(1, 3),
            world.visit(2, 4),
            world.visit(3, 5),
            world.message(f"{POND}/visit/1", visit | {"rally.id": rally_id(1)}, 6),
            world.message(f"{POND}/visit/1", visit | {"rally.id": rally_id(2)}, 7),
            world.message(
                f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(1)}, 8, LEFT
            ),
            world.message(
                f"{HOUSE}/unenrollment/1", {"rally.id": rally_id(2)}, 9, LEFT
            ),
        ],
    )
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    return store


def delete(world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main(["delete", *world.options(store), *more]), *capsys.readouterr()
