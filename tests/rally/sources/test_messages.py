"""Messages of a file's ranges, good and bad together."""

import gzip
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.sources.inputs import InputRange
from rally.sources.lines import Malformed
from rally.sources.messages import read_messages
from tests.support.message_files import (
    avro_record,
    envelopes_in,
    make_avro_file,
    malformed_at,
    message_line,
    read_file,
    refusal_of,
)


@pytest.mark.parametrize("end", [b"\n", b"", b"\r\n", b"\n\n \n"])
def test_lines_are_read_good_and_bad_together(file, end):
    lines = [
        message_line(b"1"),
        b"not json",
        b"",
        b"  ",
        message_line(b"2"),
        b"\xff\xfe",
        message_line(b"3"),
    ]
    file.write_bytes(b"\n".join(lines) + end)
    assert read_file(file) == [
        Envelope(b"1", "/u"),
        malformed_at(file, len(lines[0]) + 1),
        Envelope(b"2", "/u"),
        malformed_at(file, len(b"\n".join(lines[:5])) + 1),
        Envelope(b"3", "/u"),
    ]


def test_lines_that_are_no_message_and_follow_one_another_are_one(file):
    junk = [b"{", b"", b"not json", b" ", b"\xff"]
    file.write_bytes(
        b"\n".join([message_line(b"1"), *junk, message_line(b"2"), b"x"] + [b"y"] * 999)
    )
    first = len(message_line(b"1")) + 1
    behind = first + len(b"\n".join(junk)) + 1 + len(message_line(b"2")) + 1
    found = read_file(file)
    assert found == [
        Envelope(b"1", "/u"),
        malformed_at(file, first, first + len(b"\n".join(junk[:4])) + 1),
        Envelope(b"2", "/u"),
        malformed_at(file, behind, behind + 2 * 999),
    ]
    assert found[1].origin == f"{file}:{first} to {first + 14}"
    assert malformed_at(file, 7).origin == f"{file}:7"


FORMS = {
    "lines": b"\n".join([message_line(b"1"), b"junk", message_line(b"2"), b"", b""]),
    "gzip": gzip.compress(message_line(b"1") + b"\n" + message_line(b"2")),
    "document": b"[" + message_line(b"1") + b", " + message_line(b"2") + b"]",
    "Avro": make_avro_file([avro_record(b"1"), avro_record(b"2")]),
}


@pytest.mark.parametrize("form", FORMS)
def test_bytes_of_a_whole_file_are_counted_once(file, form):
    file.write_bytes(FORMS[form])
    counted = list[int]()
    size = file.stat().st_size
    found = list(read_messages(InputRange(str(file), 0, size), None, counted.append))
    assert found == read_file(file)
    assert [each.payload for each in envelopes_in(found)] == [b"1", b"2"]
    assert sum(counted) == size
    assert min(counted) >= 0


def test_bytes_of_ranges_are_those_of_the_file(file):
    lines = [message_line(b"%d" % number) for number in range(9)]
    file.write_bytes(b"\n".join(lines))
    size, counts = file.stat().st_size, list[list[int]]()
    for start, end in itertools.pairwise([0, 7, size // 2, size - 1, size]):
        counts.append([])
        piece = InputRange(str(file), start, end)
        for _ in read_messages(piece, None, counts[-1].append):
            pass
    assert [sum(each) for each in counts] == [
        7, size // 2 - 7, size - 1 - size // 2, 1,
    ]  # fmt: skip
    length = len(lines[0]) + 1
    assert counts[1][:3] == [2 * length - 7, length, length]


LINES = st.lists(
    st.sampled_from(
        [
            message_line(b""),
            message_line(b"1"),
            message_line(b"2" * 30),
            b"",
            b" ",
            b"not json",
            b'{"data": 1}',
        ]
    ),
    max_size=8,
)


@given(LINES, st.booleans(), st.data())
def test_ranges_of_any_cut_have_every_line_once(tmp_path_factory, lines, ended, data):
    file = tmp_path_factory.mktemp("ranges") / "input"
    content = b"\n".join([message_line(b"first"), *lines]) + (b"\n" if ended else b"")
    file.write_bytes(content)
    size = len(content)
    cuts = sorted(data.draw(st.lists(st.integers(0, size), max_size=6)))
    bounds = [0, *cuts, size]
    pieces = [
        message
        for start, end in itertools.pairwise(bounds)
        if end > start
        for message in read_file(file, start, end)
    ]
    assert envelopes_in(pieces) == envelopes_in(read_file(file))
    # A run of what is none has one in each of its pieces.
    places = {message.first for message in pieces if type(message) is Malformed}
    assert {m.first for m in read_file(file) if type(m) is Malformed} <= places


def test_ranges_of_one_byte_have_every_line_once(file):
    file.write_bytes(b"\n".join([message_line(b"1"), b"", b"x", message_line(b"2")]))
    size = file.stat().st_size
    every = [
        found for start in range(size) for found in read_file(file, start, start + 1)
    ]
    assert every == read_file(file)


@given(st.binary())
def test_any_bytes_are_messages_or_malformed(tmp_path_factory, content):
    file = tmp_path_factory.mktemp("any") / "input"
    file.write_bytes(content)
    try:
        for message in read_file(file):
            assert type(message) in (Envelope, Malformed)
    except ConfigurationError:
        assert refusal_of(file)
