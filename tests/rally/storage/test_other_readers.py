"""Our files are read by fastavro and by the Avro project's own library."""

import io
import json

import fastavro
import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader
from hypothesis import given
from hypothesis import strategies as st

from rally.storage.container import encode_container
from rally.storage.header import read_header
from tests.rally.storage.header_checksums import seal_of

SYNC = bytes(range(16))
ENTRIES = {"rally.content": "ab" * 32, "rally.version": "1.2.3 \u00fc"}
NAMES = {"avro.schema", "avro.codec", "rally.rows", "rally.checksum", "rally.header"}
INDEX = {"rally.index", "rally.row_lengths"}

people = st.lists(
    st.tuples(
        st.integers(0, 2**128 - 1),
        st.one_of(
            st.binary(max_size=40),
            st.builds(bytes.__mul__, st.binary(max_size=3), st.integers(0, 30_000)),
        ),
    ),
    max_size=30,
)


def by_fastavro(data):
    """Entries and rows."""
    reader = fastavro.reader(io.BytesIO(data))
    return {k: v.encode() for k, v in reader.metadata.items()}, list(reader)


def by_avro(data):
    """Entries and rows."""
    with DataFileReader(io.BytesIO(data), DatumReader()) as reader:
        return dict(reader.meta), list(reader)


READERS = pytest.mark.parametrize("read", [by_fastavro, by_avro])


@READERS
@given(people, st.booleans())
def test_any_file_reads_the_same_elsewhere(
    read, schema, make_row, make_record, people, indexed
):
    rows = [make_row(*person) for person in people]
    data = encode_container(schema, rows, ENTRIES, SYNC, indexed=indexed)
    entries, found = read(data)
    assert found == [make_record(*person) for person in people]
    assert entries == read_header(data).entries
    assert set(entries) == NAMES | set(ENTRIES) | (INDEX if indexed else set())
    assert entries["rally.header"] == seal_of(entries, SYNC)


@READERS
def test_file_of_many_blocks_reads_the_same_elsewhere(
    read, schema, make_row, make_record
):
    payloads = [b"%d" % n * 30_000 for n in range(10)]
    rows = [make_row(n, payload) for n, payload in enumerate(payloads)]
    data = encode_container(schema, rows, ENTRIES, SYNC, indexed=True)
    entries, found = read(data)
    assert len(read_header(data).blocks) > 3
    assert found == [make_record(n, payload) for n, payload in enumerate(payloads)]
    assert json.loads(entries["avro.schema"]) == json.loads(schema)
    assert entries["avro.codec"] == b"deflate"
