"""Text of JSON in lines and documents, packed or not, and of no form at all."""

import gzip
import json
import random

import pytest

from rally.decryption.inflate import most_inflated
from rally.envelope import Envelope
from rally.sources import text_files
from rally.storage.codecs import compress
from tests.support.message_files import (
    MARK,
    envelopes_in,
    malformed_at,
    message_line,
    pull_answer,
    read_file,
    refusal_of,
)


@pytest.mark.parametrize("content", [b"", b"\n", b"\n\n  \n", MARK, MARK + b"\r\n"])
def test_lines_of_an_empty_file_are_none(file, content):
    file.write_bytes(content)
    assert read_file(file) == []


def test_lines_that_are_too_long_are_malformed_and_the_next_are_read(file, monkeypatch):
    monkeypatch.setattr(text_files, "_LONGEST_LINE", 200)
    fits = message_line(b"x" * 90)
    assert 180 < len(fits) < 199
    long = message_line(b"y" * 900)
    file.write_bytes(b"\n".join([fits, long, fits, b"z" * 199, fits, long]))
    first, second = len(fits) + 1, 2 * len(fits) + len(long) + 3
    third = second + 200 + len(fits) + 1
    whole = Envelope(b"x" * 90, "/u")
    assert read_file(file) == [
        whole,
        malformed_at(file, first),
        whole,
        malformed_at(file, second),
        whole,
        malformed_at(file, third),
    ]


@pytest.mark.parametrize("level", [0, 9])
def test_gzip_file_is_read_line_by_line(tmp_path, level):
    file = tmp_path / "archive.ndjson.gz"
    clear = message_line(b"one") + b"\nnot json\n" + message_line(b"two")
    file.write_bytes(gzip.compress(clear, level, mtime=0))
    second = clear.index(b"not json")
    assert read_file(file) == [
        Envelope(b"one", "/u"),
        malformed_at(file, second),
        Envelope(b"two", "/u"),
    ]


@pytest.mark.parametrize(
    "spoil",
    [lambda data: data[:-9], lambda data: data + b"trailing"],
    ids=["cut off", "garbage behind it"],
)
def test_damaged_gzip_file_ends_in_one_malformed_message(tmp_path, spoil):
    file = tmp_path / "archive.ndjson.gz"
    clear = message_line(b"one") + b"\n" + message_line(b"two") + b"\n"
    file.write_bytes(spoil(gzip.compress(clear, mtime=0)))
    *whole, last = read_file(file)
    assert last == malformed_at(file, "gzip")
    assert set(whole) <= {Envelope(b"one", "/u"), Envelope(b"two", "/u")}


TWO = pull_answer([b"1", b"2"])


DOCUMENTS = {
    "as gcloud prints it": json.dumps(TWO, indent=2),
    "on one line": json.dumps(TWO),
    "of Windows": "\ufeff" + json.dumps(TWO, indent=2).replace("\n", "\r\n"),
    "behind empty lines": "\n \n" + json.dumps(TWO, indent="\t") + "\n\n",
    "of messages alone": json.dumps([each["message"] for each in TWO], indent=2),
    "as the service answers": json.dumps({"receivedMessages": TWO}, indent=2),
    "lines": "\n".join(map(json.dumps, TWO)),
    "lines behind a mark": "\ufeff" + "\n".join(map(json.dumps, TWO)),
    "lines, each behind a mark": "\n".join("\ufeff" + json.dumps(m) for m in TWO),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("text", DOCUMENTS.values(), ids=DOCUMENTS)
def test_messages_that_were_pulled_are_read(file, text, pack):
    file.write_bytes(pack(text.encode()))
    assert read_file(file) == [Envelope(b"1", "/u"), Envelope(b"2", "/u")]


@pytest.mark.parametrize("text", ["[]", "[\n]\n", '{\n"receivedMessages": []}'])
def test_nothing_that_was_pulled_is_none(file, text):
    file.write_text(text)
    assert read_file(file) == []


def test_one_object_over_lines_is_one_message(file):
    file.write_text(json.dumps(TWO[0], indent=2))
    assert read_file(file) == [Envelope(b"1", "/u")]


def test_document_is_read_good_and_bad_together(file):
    cut = pull_answer([b"3"], note="\ud83c")
    file.write_text(json.dumps([{}, 5, TWO[0], [], *cut, {"message": "x"}], indent=1))
    assert read_file(file) == [
        malformed_at(file, "message 0", "message 1"),
        Envelope(b"1", "/u"),
        malformed_at(file, "message 3"),
        Envelope(b"3", "/u"),
        malformed_at(file, "message 5"),
    ]


NO_DOCUMENT = (
    "begins as one document of JSON and is none; mend it, or make lines of it: jq -c"
    " '.[]'"
)


TOO_LARGE = "is too large for one document; make lines of it: jq -c '.[]'"


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        (json.dumps(TWO, indent=2)[:-20], NO_DOCUMENT),
        (json.dumps(TWO) + "\n" + json.dumps(TWO), NO_DOCUMENT),
        (json.dumps(TWO[0], indent=2) * 2, NO_DOCUMENT),
        ("[2026-11-22] pulled 2 messages\n", NO_DOCUMENT),
        ("[" * 2000, NO_DOCUMENT),
        ("[" + "[]," * 70_000 + "0]", TOO_LARGE),
    ],
    ids=["cut off", "two arrays", "two objects", "a log", "deep", "crowded"],
)
def test_document_that_is_none_is_one_line(file, text, why, pack):
    file.write_bytes(pack(text.encode()))
    assert refusal_of(file) == why


def test_document_that_is_too_large_is_one_line(file, monkeypatch):
    monkeypatch.setattr(text_files, "_LARGEST_DOCUMENT", 500)
    file.write_text(json.dumps(pull_answer([b""]) + pull_answer([bytes(300)])))
    assert refusal_of(file) == TOO_LARGE


@pytest.mark.parametrize("begin", [b"", MARK, b"\n [\n"], ids=repr)
def test_control_characters_at_the_beginning_of_a_file_stop_nothing(file, begin):
    message = b'{"attributes": {"user_agent": "\x1b[2J\0", "uri": "/u"}, "data": "QQ"}'
    file.write_bytes(begin + message + (b"]" if b"[" in begin else b""))
    assert read_file(file) == [Envelope(b"A", "/u")]


NO_TEXT = (
    "is neither text in UTF-8, nor gzip of such, nor Avro; convert it, or leave it out"
)


CONTENTS = {
    "UTF-16": message_line(b"1").decode().encode("utf-16"),
    "UTF-16 without a mark": message_line(b"1").decode().encode("utf-16-be"),
    "UTF-32": message_line(b"1").decode().encode("utf-32"),
    "zip": b"PK\x03\x04" + bytes(20),
    "Parquet": b"PAR1\x15\x04\x15",
    "zstandard": compress("zstandard", message_line(b"1")),
    "xz": compress("xz", message_line(b"1")),
    "bzip2": compress("bzip2", message_line(b"1") * 9),
    "an older Avro": b"Obj\x00" + bytes(20),
}


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_file_of_no_form_is_one_line(file, content, pack):
    file.write_bytes(pack(content))
    assert refusal_of(file) == NO_TEXT


@pytest.mark.parametrize(
    "inner", [gzip.compress(message_line(b"1")), b"Obj\x01"], ids=["gzip", "Avro"]
)
def test_file_that_is_packed_twice_is_one_line(file, inner):
    file.write_bytes(gzip.compress(inner))
    assert refusal_of(file) == "is packed twice; unpack it once"


def test_gzip_of_many_members_is_read(file):
    empty = gzip.compress(b"", mtime=0)
    one, two = (
        gzip.compress(message_line(b"1") + b"\n"),
        gzip.compress(message_line(b"2")),
    )
    file.write_bytes(empty * 1000 + one + empty * 1000 + two + bytes(100))
    assert read_file(file) == [Envelope(b"1", "/u"), Envelope(b"2", "/u")]


GZIP_BOMBS = {
    "a line": (b'{"data": "', b"A" * 12_000_000, b'"}\n'),
    "half a line": (b"A", b"A" * 60_000_000, b""),
    "many lines": (b"", (message_line(b"x" * 300) + b"\n") * 20_000, b""),
    "empty lines": (b"", b"\n" * 3_000_000, b""),
    "junk": (b"", (b"junk " * 50 + b"\n") * 20_000, b""),
    "a document": (b"[", (message_line(b"x" * 300) + b",") * 9000, b"{}]"),
}


@pytest.mark.parametrize("parts", GZIP_BOMBS.values(), ids=GZIP_BOMBS)
def test_gzip_file_inflates_to_what_its_size_may_become_and_no_more(file, parts):
    clear = b"".join(parts)
    file.write_bytes(gzip.compress(clear, 6, mtime=0))
    most = most_inflated(file.stat().st_size)
    assert most < len(clear)
    *whole, last = read_file(file)
    assert last.last == "gzip"
    assert sum(len(message.payload) for message in envelopes_in(whole)) < most


def test_gzip_file_of_distinct_lines_is_read_however_long_it_is(file):
    lines = [message_line(random.Random(n).randbytes(1500)) for n in range(2000)]
    file.write_bytes(gzip.compress(b"\n".join(lines)))
    assert len(envelopes_in(read_file(file))) == len(read_file(file)) == 2000
