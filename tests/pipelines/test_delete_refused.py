"""Deletion as a command: what it refuses, and says in one line."""

import shutil
from pathlib import Path

import pytest

from pipelines import cli
from rally.events import RALLY
from rally.storage.objectstore.open_store import open_store
from rally.withdrawal.list_object import read_list
from rally.withdrawal.root import ROOT
from tests.pipelines.conftest import delete
from tests.support.stores import see_list
from tests.support.world import (
    GARDEN,
    World,
    contents,
    stored_ids,
    write_lines,
)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--hold_above_people=0", "--hold_above_people: must be a whole number from"
         " 1 to 1,000,000,000; see --help"),
        ("--hold_above_people=few", "--hold_above_people: must be a whole number from"
         " 1 to 1,000,000,000; see --help"),
        ("--hold_above_share=2", "--hold_above_share: must be a number from 0 to 1;"
         " see --help"),
        ("--hold_above_share=nan", "--hold_above_share: must be a number from 0 to 1;"
         " see --help"),
        ("--hold_window_hours=0", "--hold_window_hours: must be a number above 0"
         " and at most 876,000; see --help"),
        ("--hold_days=0", "--hold_days: must be a number above 0 and at most 36,500;"
         " see --help"),
        ("--unresolved_days=-1", "--unresolved_days: must be a number above 0 and"
         " at most 36,500; see --help"),
        ("--rewrite_after_days=16", "--rewrite_after_days: must be a number from 0 to"
         " 15; see --help"),
        ("--longest_delay_days=nan", "--longest_delay_days: must be a number above"
         " 0 and at most 36,500; see --help"),
        ("--as_of=tomorrow", None),
        ("--nonsense=1", "--nonsense: no such option; see --help"),
    ],
)  # fmt: skip
def test_bad_option_is_one_line(world, lived_in, capsys, option, message):
    before = contents(lived_in)
    status, out, errors = delete(world, lived_in, capsys, option)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("rally: ")
    if message:
        assert errors == f"rally: {message}\n"
    assert contents(lived_in) == before


def test_store_and_keys_are_required(world, store, capsys):
    assert cli.main(["delete", f"--keys={world.keys}"]) == 2
    assert capsys.readouterr().err.startswith("rally: --store is required")
    assert cli.main(["delete", f"--store={store}"]) == 2
    assert capsys.readouterr().err == (
        "rally: --platform_keys is required, or --keys; see --help\n"
    )


def lose(world, store, tmp_path):
    platform = open_store(f"{store}/platform")
    platform.delete(ROOT, platform.stat(ROOT).generation)


def forge(world, store, tmp_path):
    World(tmp_path / "forger").publish(store, 8)


def edit(world, store, tmp_path):
    path = Path(store) / "platform" / ROOT
    path.write_bytes(path.read_bytes().replace(b'"counter":7', b'"counter":8'))


SPOILT = {
    lose: "the withdrawal list is missing, and who has left is not known without it;"
    " restore it, or let `rally delete --rebuild_list` make it anew from the event log",
    forge: "is not as deletion published it; restore it from a backup",
    edit: "is not as deletion published it; restore it from a backup",
}


@pytest.mark.parametrize(
    ("spoil", "message"), SPOILT.items(), ids=lambda each: getattr(each, "__name__", "")
)
@pytest.mark.parametrize("more", [[], ["--plan_only"]], ids=["run", "plan"])
def test_job_without_the_list_as_it_was_does_nothing(
    world, store, tmp_path, capsys, spoil, message, more
):
    world.publish(store, 7, world.left(9, RALLY))
    path = write_lines(tmp_path / "in.ndjson", [world.visit(1, 1)])
    assert cli.main(["ingest", f"--input={path}", *world.options(store)]) == 0
    capsys.readouterr()
    spoil(world, store, tmp_path)
    before = contents(store)

    found = delete(world, store, capsys, *more)

    where = f"{store}/platform/{ROOT}"
    assert found == (2, "", f"rally: {where}: {message.format(store=store)}\n")
    assert contents(store) == before


@pytest.mark.slow("jobs")
def test_older_list_that_was_put_back_is_made_good(world, lived_in, capsys):
    """Who left in between is in the log, and the counter goes on from the newest."""
    platform = open_store(f"{lived_in}/platform")
    see_list(platform, 7)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, errors) == (
        1,
        f"rally: {lived_in}/platform/{ROOT}: is list 0, and signed records know of list"
        " 7: an older one was put back; restore the newest, or run `rally delete`,"
        " which makes the next from the event log\n",
    )
    assert "withdrawal list: 9\n" in out
    assert len(read_list(platform).list.withdrawals) == 2
    assert delete(world, lived_in, capsys)[0] == 0


@pytest.mark.parametrize("purpose", ["signing.delete.keyset", "pseudonym.platform"])
def test_platform_key_that_is_missing_is_one_line(
    world, lived_in, tmp_path, capsys, purpose
):
    keys = tmp_path / "keys"
    shutil.copytree(world.keys, keys)
    (file,) = (keys / "platform").glob(f"*{purpose}*")
    file.unlink()
    before = contents(lived_in)

    status, out, errors = delete(world, lived_in, capsys, f"--keys={keys}")

    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert str(file) in errors
    assert contents(lived_in) == before


@pytest.mark.slow("jobs")
def test_faults_are_lines_of_their_own_and_the_status_is_1(world, lived_in, capsys):
    folder = f"data/study={GARDEN}/document=visit.1/date=2026-05-20/bucket=new"
    bad = Path(lived_in) / folder / "bad.avro"
    bad.write_bytes(b"no Avro")
    lost = Path(lived_in) / "data/study=rally-lost/document=a.1/date=2026-05-20"
    lost.mkdir(parents=True)
    (lost / "a.avro").write_bytes(b"rows")

    status, out, errors = delete(world, lived_in, capsys)

    assert status == 1
    assert errors == (
        f"rally: {folder}/bad.avro: damaged (no Avro container file)\n"
        "rally: data/study=rally-lost: is in no registry, so nobody can be deleted"
        " there; register the study or remove the folder\n"
    )
    assert "receipts:" not in out
    assert bad.read_bytes() == b"no Avro"
    assert (lost / "a.avro").read_bytes() == b"rows"
    assert len(stored_pseudonyms(world, lived_in, bad, lost)) == 2


def stored_pseudonyms(world, store, bad, lost):
    """Whose rows there are, once what nobody can read is gone."""
    bad.unlink()
    shutil.rmtree(lost.parents[1])
    return stored_ids(store)


def test_log_that_is_damaged_stops_the_job_in_one_line(world, lived_in, capsys):
    (event, *_) = sorted((Path(lived_in) / "platform/events").rglob("*.avro"))
    event.write_bytes(event.read_bytes()[:-1])
    name = event.relative_to(Path(lived_in) / "platform")
    before = contents(lived_in)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, out) == (1, "")
    assert errors == (
        f"rally: {name}: the checksum differs: bytes are missing or changed; when that"
        " is mended or over, run it again for what is not done\n"
    )
    assert unleased(contents(lived_in)) == unleased(before)


def unleased(found):
    return {name: found[name] for name in found if "/leases/" not in name}


@pytest.mark.slow("jobs")
def test_store_that_cannot_be_listed_stops_the_job_in_one_line(world, lived_in, capsys):
    plans = Path(lived_in) / "platform" / "plans"
    plans.symlink_to(plans)

    status, out, errors = delete(world, lived_in, capsys)

    assert (status, out) == (1, "")
    assert errors == (
        f"rally: {plans}: is a link, which nobody follows or opens; when that is"
        " mended or over, run it again for what is not done\n"
    )
    plans.unlink()
    assert delete(world, lived_in, capsys)[0] == 0
