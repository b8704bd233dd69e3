"""A registry, a key or a log that is not as it must be stops ingest at the start."""

import json
import shutil
from pathlib import Path

import pytest

from pipelines import cli
from rally.decisions.entry import entry_name
from rally.keys.local_kek import FILE
from tests.support.schemas import SAYS, described
from tests.support.world import GARDEN, NAMESPACES, VISIT, World, write_lines


@pytest.fixture
def own_world(tmp_path):
    """A platform that a test may spoil."""
    return World(tmp_path / "world")


def edit(path, old, new):
    text = Path(path).read_text()
    assert old in text
    Path(path).write_text(text.replace(old, new, 1))


def spell_wrong(world):
    edit(f"{world.studies}/{GARDEN}/study.yaml", "countries", "countrys")


def say_nothing_of_a_field(world):
    edit(f"{world.studies}/{GARDEN}/visit.1.avsc", f'"doc": "{SAYS["doc"]}", ', "")


def review_oneself(world):
    edit(f"{world.studies}/{GARDEN}/reviews/r1.yaml", "by: steward", "by: requester")


def cut_schema(world):
    edit(f"{world.studies}/{GARDEN}/visit.1.avsc", "}]}", "}]")


def misname_type(world):
    edit(f"{world.studies}/{GARDEN}/visit.1.avsc", '"double"', '"duble"')


def hide_participant(world):
    schema = {name: VISIT[name] for name in VISIT if name != "participant"}
    text = json.dumps(described(schema))
    Path(f"{world.studies}/{GARDEN}/visit.1.avsc").write_text(text)


def lose_schema(world):
    Path(f"{world.studies}/{GARDEN}/visit.1.avsc").unlink()


def exchange_kek(world):
    other = World(world.root / "other")
    shutil.copy(f"{other.keys}/{FILE}", f"{world.keys}/{FILE}")


def rename_keyset(world):
    keyset = f"{world.keys}/{GARDEN}.keyset.json"
    shutil.copy(keyset, f"{world.keys}/{NAMESPACES[1]}.keyset.json")


def lose_platform_pseudonym(world):
    Path(f"{world.keys}/platform/pseudonym.platform.keyset.json").unlink()


def exchange_a_pseudonym(world):
    folder = f"{world.keys}/platform"
    shutil.copy(
        f"{folder}/signing.purge.keyset.json",
        f"{folder}/pseudonym.{GARDEN}.keyset.json",
    )


def refound(world):
    (world.root / "store" / "platform" / entry_name(1)).write_text("{}")


NOT_SERVED = (
    "local-kek://{keys}/kek.keyset.json did not serve it (decryption failed): check"
    " that KEK, the rights to it, and that the file was neither renamed nor damaged"
)
SPOILT_STUDY = {
    spell_wrong: "{studies}/rally-garden/study.yaml: line 14: policy.countrys: is"
    " not known; remove it or correct its name (countries, minimum_age,"
    " unmatched_withdrawals, automation)",
    say_nothing_of_a_field: "{studies}/rally-garden/visit.1.avsc: /rally.id: has no"
    " doc; say it",
    review_oneself: "{studies}/rally-garden/reviews/r1.yaml: line 36: review.by: asked"
    " for it, or owns it; have somebody else answer",
    cut_schema: "{studies}/rally-garden/visit.1.avsc: line 1: is not JSON"
    " (Expecting ',' delimiter); correct it",
    misname_type: "{studies}/rally-garden/visit.1.avsc: schema.seconds[1]: the type"
    " 'duble' is unknown; define it before its use",
    hide_participant: "{studies}/rally-garden/visit.1.avsc: participant: is missing;"
    " add the JSON pointer to the id in the payload",
    lose_schema: "{studies}/rally-garden/study.yaml: line 16: documents.visit.1:"
    " has no schema; add visit.1.avsc beside",
}
SPOILT = {
    exchange_kek: [
        "{keys}/rally-garden.keyset.json: " + NOT_SERVED,
        *(
            f"{{keys}}/platform/pseudonym.{each}.keyset.json: {NOT_SERVED}"
            for each in ("platform", *sorted(NAMESPACES))
        ),
    ],
    rename_keyset: ["{keys}/rally-house.keyset.json: " + NOT_SERVED],
    lose_platform_pseudonym: [
        "{keys}/platform/pseudonym.platform.keyset.json: is missing; is this the key"
        " folder? If it is, restore the key: a new one does not know what this one made"
    ],
    exchange_a_pseudonym: [
        "{keys}/platform/pseudonym.rally-garden.keyset.json: " + NOT_SERVED
    ],
    refound: [
        "{store}/platform/decisions/000000000001.json: is not the decision that this"
        " platform was founded with; restore it from the copy beside the platform's"
        " keys, or correct --platform"
    ],
}


@pytest.mark.parametrize(
    ("spoil", "message"),
    SPOILT_STUDY.items(),
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_ingest_goes_on_without_a_spoilt_study(spoil, message, own_world, capsys):
    store = str(own_world.root / "store")
    pings = write_lines(own_world.root / "in.ndjson", [own_world.visit(1, 1)])
    spoil(own_world)

    status = cli.main(["ingest", f"--input={pings}", *own_world.options(store)])

    out, errors = capsys.readouterr()
    where = {"studies": own_world.studies}
    assert (status, errors) == (1, f"rally: {message.format(**where)}\n")
    assert "rally-garden  unknown   failed study unavailable      1\n" in out
    letters = Path(store).rglob("dead-letters/study=rally-garden/kind=ping/*/*.avro")
    assert len(list(letters)) == 1


@pytest.mark.parametrize("spoil", SPOILT)
def test_ingest_stops_before_it_reads(spoil, own_world, capsys):
    store = str(own_world.root / "store")
    pings = write_lines(own_world.root / "in.ndjson", [own_world.visit(1, 1)])
    options = own_world.options(store)
    spoil(own_world)

    status = cli.main(["ingest", f"--input={pings}", *options])

    out, errors = capsys.readouterr()
    where = {"studies": own_world.studies, "keys": own_world.keys, "store": store}
    lines = [f"rally: {each.format(**where)}" for each in SPOILT[spoil]]
    assert (status, out, errors.splitlines()) == (2, "", lines)
    assert not list(Path(store).rglob("*.avro"))


def test_run_whose_pings_are_all_unknown_asks_for_its_folders(own_world, capsys):
    """A forgotten --studies, that is: what ships knows no garden."""
    store = str(own_world.root / "store")
    pings = write_lines(own_world.root / "in.ndjson", [own_world.visit(1, 1)])
    given = own_world.options(store)
    known = cli.main(["ingest", f"--input={pings}", *given])
    assert (known, capsys.readouterr().err) == (0, "")

    del given[[each.startswith("--studies") for each in given].index(True)]
    status = cli.main(["ingest", f"--input={pings}", *given])
    out, errors = capsys.readouterr()
    assert status == 1
    assert "unknown  unknown   failed unknown namespace      1" in out
    assert errors.splitlines()[-1] == (
        "rally: every ping of this run is unknown (unknown_namespace: 1); is"
        " --studies the right folder? Name it, then `rally replay`"
    )
