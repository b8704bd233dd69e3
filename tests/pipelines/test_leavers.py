"""Ingest and replay act on the withdrawal list, and do nothing without it."""

from pathlib import Path

import pytest

from pipelines import cli
from rally.decisions.entry import entry_name
from rally.events import RALLY
from rally.storage.layout import view_file
from rally.storage.marker import NAME, read_marker
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.root import ROOT
from tests.support.stores import mark_stores, save_list, see_list
from tests.support.world import (
    GARDEN,
    HOUSE,
    POND,
    SENT_LATER,
    World,
    contents,
    document_id,
    lists_of_rows,
    rally_id,
    stored_events,
    stored_ids,
    write_lines,
)

EARLIER, LATER = "2026-05-19T10:00:00Z", "2026-05-22T10:00:00Z"


@pytest.fixture
def pings(world, tmp_path):
    """Of one who left the garden and of one who left Rally; and of one who stays."""
    house, garden = f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1"
    return write_lines(
        tmp_path / "in.ndjson",
        [
            world.visit(1, 1),
            world.visit(1, 2, sent=LATER),
            world.visit(2, 3, sent=LATER),
            world.message(f"{POND}/visit/1", visit(1), 4, LATER),
            world.message(f"{POND}/visit/1", visit(2), 5),
            world.message(house, {"rally.id": rally_id(2)}, 6, LATER),
            world.message(garden, {"rally.id": rally_id(1)}, 7, "2026-05-22T09:00:00Z"),
            world.visit(3, 8),
            world.message(
                f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(2)}, 9
            ),
        ],
    )


def visit(person):
    return {"rally.id": rally_id(person), "page": "p", "count": 1}


def run(job, world, store, capsys, *more):
    """Status, output, errors."""
    return cli.main([job, *world.options(store), *more]), *capsys.readouterr()


INGESTED = """\
STUDY         DOCUMENT              OUTCOME            PINGS
rally-garden  study-enrollment.1    joined                 1
rally-garden  study-enrollment.1    stored                 1
rally-garden  study-unenrollment.1  left                   1
rally-garden  visit.1               failed left            2
rally-garden  visit.1               refused withdrawn      1
rally-garden  visit.1               stored                 1
rally-house   enrollment.1          joined                 1
rally-house   enrollment.1          stored                 1
rally-pond    visit.1               refused withdrawn      1
rally-pond    visit.1               stored                 1
"""
REPLAYED = """\
STUDY         DOCUMENT  OUTCOME            PINGS
rally-garden  visit.1   refused withdrawn      1
rally-garden  visit.1   stored                 1

dead letters: 2 removed, 0 kept
"""


def test_who_left_is_refused_or_parked_until_it_is_known_what_they_want(
    world, store, pings, capsys
):
    gone = [world.left(1, GARDEN, SENT_LATER), world.left(2, RALLY, SENT_LATER)]
    world.publish(store, 7, *gone)

    assert run("ingest", world, store, capsys, f"--input={pings}") == (0, INGESTED, "")
    assert lists_of_rows(store) == dict.fromkeys(map(document_id, (4, 6, 7, 8)), 7)
    assert {event.document_id for event in stored_events(store)} == {
        document_id(number) for number in (6, 7, 9)
    }
    assert {letter.envelope.uri[-36:] for letter in world.dead_letters(store)} == {
        document_id(2),
        document_id(3),
    }
    kept = (0, "dead letters: 0 removed, 2 kept\n", "")
    before = contents(store)
    assert run("replay", world, store, capsys, "--reason=invalid_id") == kept
    status, out, errors = run("replay", world, store, capsys, "--reason=left")
    assert (status, out[-len(kept[1]) :], errors) == kept
    assert contents(store) == before

    world.publish(
        store,
        8,
        *gone,
        world.joined(1, GARDEN, "2026-05-22T09:00:00Z"),
        world.left(2, GARDEN, LATER),
    )

    expected = (0, REPLAYED, "")
    assert run("replay", world, store, capsys, "--reason=left") == expected
    assert lists_of_rows(store)[document_id(2)] == 8
    assert len(stored_ids(store)) == 5
    assert world.dead_letters(store) == []


def test_stores_by_study_have_one_list(world, store, pings, tmp_path, capsys):
    world.publish(store, 7, world.left(1, GARDEN), world.left(1, POND, LATER))
    by_study, platform = f"{tmp_path}/of/{{study}}", f"{store}/platform"
    more = [f"--platform={platform}", f"--input={pings}"]
    world.make_stores(by_study, platform)

    status, out, errors = run("ingest", world, by_study, capsys, *more)

    assert (status, errors) == (0, "")
    assert "rally-pond    visit.1               refused withdrawn      1\n" in out
    assert set(lists_of_rows(f"{tmp_path}/of/{GARDEN}").values()) == {7}


def test_first_job_works_under_list_0(world, store, pings, capsys):
    assert run("replay", world, store, capsys) == (0, "no dead letters\n", "")
    before = contents(store)
    lists = {f"platform/{each}" for each in save_list(open_store(f"{store}/platform"))}
    made = {f"platform/{NAME}", *lists}
    decided = {name for name in before if name.startswith("platform/decisions/")}
    assert f"platform/{entry_name(1)}" in decided
    views = {view_file(study) for study in (GARDEN, POND)}
    assert set(before) - decided == {*made, *views, NAME}

    assert run("ingest", world, store, capsys, f"--input={pings}")[0] == 0

    assert contents(store)[f"platform/{ROOT}"] == before[f"platform/{ROOT}"]
    assert set(lists_of_rows(store).values()) == {0}


@pytest.fixture
def used(world, store, pings, capsys):
    """A store with rows that were written under list 7."""
    world.publish(store, 7, world.left(9, GARDEN))
    assert run("ingest", world, store, capsys, f"--input={pings}")[0] == 0
    return store


def lose(world, store, tmp_path):
    platform = open_store(f"{store}/platform")
    platform.delete(ROOT, platform.stat(ROOT).generation)


def put_back(world, store, tmp_path):
    world.publish(store, 6)
    see_list(open_store(f"{store}/platform"), 7)


def forge(world, store, tmp_path):
    World(tmp_path / "forger").publish(store, 8)


def edit(world, store, tmp_path):
    path = Path(store) / "platform" / ROOT
    path.write_bytes(path.read_bytes().replace(b'"counter":7', b'"counter":8'))


SPOILT = {
    lose: "the withdrawal list is missing, and who has left is not known without it;"
    " restore it, or let `rally delete --rebuild_list` make it anew from the event log",
    put_back: "is list 6, and signed records know of list 7: an older one was put back;"
    " restore the newest, or run `rally delete`, which makes the next from the event"
    " log",
    forge: "is not as deletion published it; restore it from a backup",
    edit: "is not as deletion published it; restore it from a backup",
}


@pytest.mark.parametrize("job", ["ingest", "replay"])
@pytest.mark.parametrize(
    ("spoil", "message"), SPOILT.items(), ids=lambda each: getattr(each, "__name__", "")
)
def test_job_without_the_newest_list_reads_nothing(
    world, used, tmp_path, capsys, job, spoil, message
):
    spoil(world, used, tmp_path)
    before = contents(used)
    more = [f"--input={tmp_path}/none*"] if job == "ingest" else []

    found = run(job, world, used, capsys, *more)

    where = f"{used}/platform/{ROOT}"
    expected = f"rally: {where}: {message.format(store=used)}\n"
    assert found == (2, "", expected)
    assert contents(used) == before


def test_another_platform_beside_the_store_is_refused(world, used, tmp_path, capsys):
    """It has no list that knows who left."""
    other = f"{tmp_path}/other/platform"
    mark_stores(f"{tmp_path}/other")
    ids = [read_marker(open_store(each)).platform for each in (used, other)]

    found = run("replay", world, used, capsys, f"--platform={other}")

    assert found == (
        2,
        "",
        f"rally: {used}: belongs to platform {ids[0]}, and not to {ids[1]}; correct"
        " --store or --platform\n"
        f"rally: {other}/withdrawals/root.json: the withdrawal list is missing, and who"
        " has left is not known without it; restore it, or let `rally delete"
        " --rebuild_list` make it anew from the event log\n",
    )
