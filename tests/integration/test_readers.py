"""What is stored is read by two readers that nobody here wrote, both of Apache Avro."""

import hashlib
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import avro.datafile
import avro.io
import pytest

from rally.dead_letters import encode_dead_letters, read_sealed
from rally.events import RALLY, Event, EventKind, write_events
from rally.registry.rows import RowEncoder, row_schema
from rally.registry.study import Document, Keep, Means, PayloadSchema
from rally.storage.header import read_header
from rally.storage.layout import Partition, Stores
from rally.storage.writer import RowWriter, Table
from rally.times import from_micros

TOOLS = "1.12.0"
TOOLS_SHA256 = "f8e4d0d945852dc2f91c3bf88f7dcb8cabc00e0fc295bb92e893e54945e08085"
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy"

PARTITION = Partition("rally-one", "visit.1", "2022-03-10")
ROWS = 400
PAYLOAD = {
    "type": "record",
    "name": "visit",
    "fields": [
        {"name": "url", "type": "string"},
        {"name": "title", "type": ["null", "string"], "default": None},
        {"name": "seconds", "type": "long"},
        {"name": "depth", "type": "double"},
        {"name": "active", "type": "boolean"},
        {"name": "kind", "type": {"type": "enum", "name": "k", "symbols": ["A", "B"]}},
        {"name": "tags", "type": {"type": "array", "items": "string"}},
        {"name": "counts", "type": {"type": "map", "values": "int"}},
        {
            "name": "within",
            "type": {
                "type": "record",
                "name": "inner",
                "fields": [{"name": "either", "type": ["long", "string"]}],
            },
        },
    ],
}


def make_payload(number):
    return {
        "url": "https://example.org/" + "\u00fc" * (number % 300),
        "title": None if number % 3 else '\U0001f98a "quoted"\n\u0000',
        "seconds": (-1) ** number * (2**62 + number),
        "depth": number / 8,
        "active": bool(number % 2),
        "kind": "AB"[number % 2],
        "tags": ["x" * n for n in range(number % 4)],
        "counts": {f"k{n}": n - 2 for n in range(number % 4)},
        "within": {"either": number if number % 2 else "text"},
    }


def make_record(number):
    return {
        "participant": f"{number:08x}-0000-8000-8000-000000000000",
        "document_id": f"{number:08x}-0000-4000-8000-000000000000",
        "submission_timestamp": 1_646_916_000_123_456 + number,
        "client_agent": None if number % 2 else "Glean.js/1.4.0",
        "source_tags": None,
        "payload": make_payload(number),
    }


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """The path of a file of rows that the writer wrote."""
    schema = PayloadSchema(PAYLOAD, "/url", None, "f1")
    document = Document(
        *("rally-one", "visit", 1, Means.DATA, (), 180, Keep.ALL, 1, "Tests."),
        schema,
    )
    encoder, root = RowEncoder(document), tmp_path_factory.mktemp("store")
    table = Table(row_schema(document.schema), schema.fingerprint)
    writer = RowWriter(Stores(str(root), None), lambda *_: table, "1.0", lambda: 0)
    rows = [encoder.encode(*make_record(number).values()) for number in range(ROWS)]
    path = root / writer.write(PARTITION, schema.fingerprint, rows[::-1], 0)
    assert len(read_header(path.read_bytes()).blocks) > 1
    return path


@pytest.fixture(scope="module")
def tools():
    """Apache Avro's command line in Java, fetched once into the user's cache."""
    for program in ("java", "mvn"):
        if not shutil.which(program):
            pytest.skip(f"needs Apache Avro's Java tools: there is no {program} here")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(caches) / "rally-tests"
    jar = folder / f"avro-tools-{TOOLS}.jar"
    if not jar.exists():
        _fetch(folder)
    assert hashlib.sha256(jar.read_bytes()).hexdigest() == TOOLS_SHA256
    return ["java", "-jar", str(jar)]


def _fetch(folder):
    artifact = f"-Dartifact=org.apache.avro:avro-tools:{TOOLS}"
    fetched = subprocess.run(
        ["mvn", "-q", "-B", COPY, artifact, f"-DoutputDirectory={folder}"],
        capture_output=True,
        text=True,
        cwd=Path.home(),
    )
    if fetched.returncode:
        said = (fetched.stdout or fetched.stderr).splitlines()[:1]
        pytest.skip(f"needs Apache Avro's Java tools; mvn says: {said}")


def read_with_java(tools, command, path):
    ran = subprocess.run(
        [*tools, command, str(path)], capture_output=True, text=True, check=True
    )
    return ran.stdout


def read_with_python(data):
    with avro.datafile.DataFileReader(
        io.BytesIO(data), avro.io.DatumReader()
    ) as reader:
        return list(reader)


def in_json(branches, record):
    """Avro's JSON names the branch of a union (specification, "JSON Encoding")."""
    named = dict(record)
    for field, branch in branches.items():
        named[field] = None if record[field] is None else {branch: record[field]}
    return named


def test_apache_avro_for_python_reads_rows(stored):
    expected = [make_record(number) for number in range(ROWS)]
    for record in expected:
        record["submission_timestamp"] = from_micros(record["submission_timestamp"])
    assert read_with_python(stored.read_bytes()) == expected


@pytest.mark.slow("servers")
@pytest.mark.integration
def test_apache_avro_for_java_reads_rows(stored, tools):
    expected = []
    for number in range(ROWS):
        record = in_json(
            {"client_agent": "string", "source_tags": "string"}, make_record(number)
        )
        record["payload"] = in_json({"title": "string"}, record["payload"])
        branch = "long" if number % 2 else "string"
        record["payload"]["within"] = in_json(
            {"either": branch}, record["payload"]["within"]
        )
        expected.append(record)
    lines = read_with_java(tools, "tojson", stored).splitlines()
    assert [json.loads(line) for line in lines] == expected


@pytest.mark.slow("servers")
@pytest.mark.integration
def test_apache_avro_for_java_reads_the_header(stored, tools):
    said = dict(
        line.split("\t", 1)
        for line in read_with_java(tools, "getmeta", stored).splitlines()
    )
    entries = read_header(stored.read_bytes()).entries
    assert said == {name: value.decode() for name, value in entries.items()}


@pytest.mark.slow("servers")
@pytest.mark.integration
def test_both_read_a_file_without_rows_and_one_of_many_blocks(tmp_path, tools):
    for sealed in ([], [bytes([n]) * 50_000 for n in range(128)]):
        data = encode_dead_letters(sealed, "c", "1.0")
        (tmp_path / "file").write_bytes(data)
        assert [row["sealed"] for row in read_with_python(data)] == sealed
        assert read_sealed(data) == sealed
        lines = read_with_java(tools, "tojson", tmp_path / "file").splitlines()
        texts = [json.loads(line)["sealed"] for line in lines if line]
        assert [text.encode("latin-1") for text in texts] == sealed


@pytest.mark.slow("servers")
@pytest.mark.integration
def test_both_read_the_event_log(tmp_path, tools):
    stores = Stores(str(tmp_path), None)
    event = Event(EventKind.LEFT, RALLY, None, 1_646_916_000_123_456, "d", "i", "s")
    write_events(stores.platform, [event], "1.0")
    [info] = stores.platform.list()
    [row] = read_with_python(stores.platform.read(info.name))
    time = datetime(2022, 3, 10, 12, 40, 0, 123456, UTC)
    assert row == event._asdict() | {"submission_timestamp": time}
    line = read_with_java(tools, "tojson", tmp_path / "platform" / info.name)
    branches = {"participant": "string", "deletion_id": "string"}
    assert json.loads(line) == in_json(branches, event._asdict())
