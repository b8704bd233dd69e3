"""Files of other programs, and of strangers: what the command makes of each."""

import base64
import gzip
import json
import os

import pytest

from pipelines import cli
from rally.dead_letters import list_dead_letters, read_sealed
from rally.envelope import Envelope
from rally.outcomes import FailureReason
from rally.storage.objectstore.open_store import open_store
from tests.support.bombs import bombs
from tests.support.message_files import make_blocks_file
from tests.support.world import (
    GARDEN,
    SENT,
    Message,
    document_id,
    rally_id,
    stored_events,
    stored_ids,
    write_avro,
    write_lines,
)


@pytest.fixture
def ingest(world, store, capsys):
    """Runs the command over files; status, and what it says on standard error."""

    def run(*paths):
        inputs = ",".join(map(str, paths))
        status = cli.main(["ingest", *world.options(store), f"--input={inputs}"])
        return status, capsys.readouterr().err

    return run


def sealed(store):
    """Every sealed dead letter."""
    platform = open_store(f"{store}/platform")
    return [
        letter
        for _, info in list_dead_letters(platform)
        for letter in read_sealed(platform.read(info.name))
    ]


def as_pulled(message):
    """A message as `gcloud pubsub subscriptions pull --format=json` prints it."""
    data = base64.urlsafe_b64encode(message.body).decode().rstrip("=")
    return {
        "ackId": "x",
        "message": {"attributes": dict(message.attributes), "data": data},
    }


@pytest.mark.parametrize("indent", [None, 2], ids=["one line", "many lines"])
def test_messages_that_somebody_pulled_are_stored(
    world, ingest, store, tmp_path, indent
):
    path = tmp_path / "pulled.json"
    messages = [as_pulled(world.visit(1, number)) for number in range(3)]
    text = json.dumps(messages, indent=indent)
    path.write_text(text, encoding="utf-8-sig")

    assert ingest(path) == (0, "")

    assert [number for _, number in stored_ids(store)] == [
        document_id(number) for number in range(3)
    ]


def test_withdrawal_is_heard_whatever_attributes_nobody_keeps(
    world, ingest, store, tmp_path
):
    """Four people, and what other tools have made of attributes."""
    odd = [
        {},
        {"content_length": 1467},
        {"proxy_detected": None},
        {"user_agent": "cut \ud83c", "args": {"v": [4]}},
    ]
    lines = []
    for person, attributes in enumerate(odd, 1):
        clear = {"rally.id": rally_id(person)}
        message = world.message(f"{GARDEN}/study-unenrollment/1", clear, person)
        line = json.loads(message.gcp_line())
        line["attributeMap"] |= attributes
        lines.append(json.dumps(line))
    path = tmp_path / "in.ndjson"
    path.write_text("\n".join(lines))

    assert ingest(path) == (0, "")

    assert {event.participant for event in stored_events(store)} == {
        world.platform_pseudonym(person) for person in range(1, 5)
    }


def test_withdrawal_whose_body_is_no_base64_is_kept_as_one(
    world, ingest, store, tmp_path
):
    message = world.message(f"{GARDEN}/study-unenrollment/1", {}, 1)
    line = json.loads(message.gcp_line()) | {"payload": "no base64: *"}
    path = tmp_path / "in.ndjson"
    path.write_text(json.dumps(line))

    assert ingest(path) == (0, "")

    (letter,) = world.dead_letters(store)
    assert letter.reason is FailureReason.INVALID_BODY
    assert letter.envelope.payload == b"no base64: *"
    (place,) = [p for p, _ in list_dead_letters(open_store(f"{store}/platform"))]
    assert (place.study, place.kind) == (GARDEN, "withdrawal")


CODEC = (
    "its codec is none of null, deflate, bzip2, xz, snappy, zstandard; rewrite it with"
    " one of these"
)
OTHER = (
    "its schema is not that of a Cloud Storage subscription with message metadata; have"
    " the subscription write metadata, or leave the file out"
)
NO_FIELDS = {"type": "record", "name": "r", "fields": []}
REFUSED = {
    "codec": (make_blocks_file("lz4", []), CODEC),
    "schema": (make_blocks_file("null", [], NO_FIELDS), OTHER),
    "UTF-16": (
        '{"data": ""}'.encode("utf-16"),
        "is neither text in UTF-8, nor gzip of such, nor Avro; convert it, or leave it"
        " out",
    ),
    "cut off": (
        b'[{"ackId": "x", "mess',
        "begins as one document of JSON and is none; mend it, or make lines of it:"
        " jq -c '.[]'",
    ),
}


@pytest.mark.parametrize(("content", "why"), REFUSED.values(), ids=REFUSED)
def test_file_that_cannot_be_read_is_one_line_and_status_2(
    ingest, tmp_path, content, why
):
    path = tmp_path / "input"
    path.write_bytes(content)
    assert ingest(path) == (2, f"rally: --input {path}: {why}\n")


@pytest.mark.parametrize("codec", ["bzip2", "xz", "deflate"])
def test_damaged_block_is_one_dead_letter_and_the_rest_is_stored(
    world, ingest, store, tmp_path, codec
):
    path, marker = tmp_path / "in.avro", bytes(range(16))  # nothing overlaps itself
    messages = [world.visit(1, number) for number in range(9)]
    write_avro(path, messages, codec, sync_interval=1, sync_marker=marker)
    content = bytearray(path.read_bytes())
    at = len(marker.join(content.split(marker)[:4]) + marker)
    content[at + 8 : at + 16] = b"\xff" * 8
    path.write_bytes(content)

    assert ingest(path) == (0, "")

    assert len(stored_ids(store)) == 8
    (letter,) = world.dead_letters(store)
    assert (letter.reason, letter.envelope.payload) == ("malformed_line", b"")
    assert letter.origin == f"{path}:{at}"


def test_junk_is_one_dead_letter(world, ingest, store, tmp_path):
    """A file of another program that has lines, and of messages none."""
    path = tmp_path / "access.log"
    path.write_bytes(b"GET /index.html 203.0.113.7\n" * 50_000)

    assert ingest(path) == (0, "")

    (letter,) = world.dead_letters(store)
    assert letter.origin == f"{path}:0 to {28 * 49_999}"
    assert letter.envelope == Envelope(b"")


def test_file_whose_name_is_no_utf8_has_its_dead_letter(world, ingest, store, tmp_path):
    path = os.fsencode(tmp_path / "caf") + b"\xe9"
    with open(path, "wb") as file:
        file.write(b"no message")

    assert ingest(f"{tmp_path}/caf*") == (0, "")

    (letter,) = world.dead_letters(store)
    assert letter.origin == f"{tmp_path}/caf\\udce9:0"


def test_gzip_of_a_little_is_sealed_as_little(world, ingest, store, tmp_path):
    path = tmp_path / "in.ndjson.gz"
    line = world.visit(1, 1)._replace(body=bytes(20_000_000)).gcp_line().encode()
    path.write_bytes(gzip.compress(gzip.compress(line, mtime=0), mtime=0))
    assert ingest(path)[0] == 2  # as packed twice it is 400 bytes
    path.write_bytes(gzip.compress(line, mtime=0))

    assert ingest(path) == (0, "")

    (letter,) = world.dead_letters(store)
    assert letter.origin == f"{path}:gzip"
    assert sum(map(len, sealed(store))) < 1000


@pytest.mark.slow("volumes")
def test_bombs_are_dead_letters_of_their_own_size(
    world, ingest, store, tmp_path, capsys
):
    sent = [
        made
        for number, bomb in enumerate(bombs().values())
        for made in (
            world.visit(1, number)._replace(body=bomb),
            world.message(f"{GARDEN}/visit/1", bomb, 1000 + number),
            Message(bomb, pioneer_attributes(2000 + number)),
        )
    ]
    path = write_lines(tmp_path / "in.ndjson", sent)

    assert ingest(path) == (0, "")

    letters = sealed(store)
    assert stored_ids(store) == []
    assert len(letters) == len(sent)
    # A kilobyte for the seal and the attributes of each.
    assert sum(map(len, letters)) < sum(len(made.body) + 1000 for made in sent)
    assert cli.main(["replay", *world.options(store)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"dead letters: 0 removed, {len(sent)} kept"
    )


def pioneer_attributes(number):
    path = f"/submit/telemetry/{document_id(number)}/pioneer-study/Firefox/1/release/2"
    return {"uri": path, "submission_timestamp": SENT}
