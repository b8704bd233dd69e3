"""Ingest with everything on Cloud Storage: pings, keys, studies and the store."""

import pytest

from pipelines import cli
from rally.storage.last_runs import FOLDER
from rally.storage.objectstore.open_store import open_store
from tests.support.world import (
    GARDEN,
    Message,
    World,
    contents,
    document_id,
    rally_id,
    stored_events,
    stored_ids,
    write_avro,
)

pytestmark = pytest.mark.integration

SUMMARY = """\
STUDY         DOCUMENT              OUTCOME              PINGS
rally-garden  study-unenrollment.1  left                     1
rally-garden  visit.1               failed invalid body      1
rally-garden  visit.1               stored                   4
"""


def upload(folder, uri):
    """Copies a local folder to objects of the same names."""
    store = open_store(uri)
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith(".rally-"):
            store.create(path.relative_to(folder).as_posix(), path.read_bytes())
    return uri


@pytest.fixture
def world(tmp_path):
    return World(tmp_path / "world")


@pytest.fixture
def bucket(gcs_bucket):
    return f"gs://{gcs_bucket}"


@pytest.fixture
def argv(world, bucket, tmp_path):
    """The command that reads and writes nothing but objects."""
    inputs = tmp_path / "inputs"
    (inputs / "hour=1").mkdir(parents=True)
    visits = [world.visit(person, person) for person in range(4)]
    left = world.message(f"{GARDEN}/study-unenrollment/1", {"rally.id": rally_id(1)}, 8)
    lines = [*visits[:2], left, visits[1]._replace(body=b"")]
    text = "".join(f"{Message.gcp_line(message)}\n" for message in lines)
    (inputs / "hour=1" / "a.ndjson").write_text(text)
    write_avro(inputs / "hour=1" / "b.avro", visits[2:])
    (inputs / "other.txt").write_text("not asked for")
    options = {
        "input": upload(inputs, f"{bucket}/in") + "/**/*.*[no]",
        "keys": upload(world.root / "keys", f"{bucket}/keys"),
        "studies": upload(world.root / "studies", f"{bucket}/studies"),
        "store": f"{bucket}/store",
        "as_of": "2026-06-01",
    }
    world.make_stores(options["store"])
    return ["ingest", *(f"--{name}={value}" for name, value in options.items())]


def test_everything_on_cloud_storage(argv, world, bucket, capsys):
    assert cli.main(argv) == 0
    assert capsys.readouterr() == (SUMMARY, "")

    store = f"{bucket}/store"
    expected = {(world.pseudonym(person), document_id(person)) for person in range(4)}
    assert set(stored_ids(store)) == expected
    assert len(stored_events(store)) == 1
    (letter,) = world.dead_letters(store)
    assert letter.envelope.payload == b""


def objects(store):
    """Names, sizes and generations, but of the notes that every run writes."""
    return [
        info
        for info in open_store(store).list()
        if not info.name.startswith(f"platform/{FOLDER}")
    ]


def test_second_run_on_cloud_storage_changes_nothing(argv, bucket, capsys):
    assert cli.main(argv) == 0
    once = contents(f"{bucket}/store")
    before = objects(f"{bucket}/store")

    assert cli.main(argv) == 0

    assert contents(f"{bucket}/store") == once
    assert objects(f"{bucket}/store") == before
    assert capsys.readouterr() == (SUMMARY + SUMMARY, "")


def test_rows_are_the_same_on_cloud_storage_and_here(argv, world, bucket, tmp_path):
    here = str(tmp_path / "store")
    world.make_stores(here)

    assert cli.main(argv) == cli.main([*argv, f"--store={here}"]) == 0

    def data(store):
        objects = contents(store)
        return {name: objects[name] for name in objects if name.startswith("data/")}

    assert data(here) == data(f"{bucket}/store")


WRONG = {
    "no match": (
        "--input={bucket}/in/*.none",
        "--input {bucket}/in/*.none: matches no file",
    ),
    "no bucket to read": (
        "--input=gs://not-{name}/in",
        "--input gs://not-{name}/in: cannot be listed (there is no such bucket)",
    ),
    "no bucket to write": (
        "--store=gs://not-{name}",
        "gs://not-{name}/platform: is not a platform: it has no rally-store.json; is it"
        " mounted? Correct --platform, or make it one by `rally init`",
    ),
    "no keys": (
        "--keys={bucket}/in",
        "{bucket}/in/platform/pseudonym.platform.keyset.json: is missing; is this the"
        " key folder? If it is, restore the key: a new one does not know what this one"
        " made",
    ),
    "no studies": (
        "--studies={bucket}/none",
        "{bucket}/none: holds no study; give the folder of the registry",
    ),
    "no platform keys": (
        "--platform_keys={bucket}/none",
        "{bucket}/none/pseudonym.platform.keyset.json: is missing; is this the key"
        " folder? If it is, restore the key: a new one does not know what this one"
        " made",
    ),
}


@pytest.mark.parametrize(("option", "message"), WRONG.values(), ids=WRONG)
def test_wrong_place_is_told_first_and_status_2(option, message, argv, bucket, capsys):
    """The server that stands in for the cloud answers nobody who asks for rights."""
    names = {"bucket": bucket, "name": bucket.removeprefix("gs://")}

    assert cli.main([*argv, option.format(**names)]) == 2

    out, errors = capsys.readouterr()
    assert out == ""
    assert errors.startswith(f"rally: {message.format(**names)}")
    assert all(line.startswith("rally: ") for line in errors.splitlines())
