"""Finds the input files, tells their forms, and divides them into units of work.

A unit of work is a list of ranges of files. Units follow from the sorted listing and
the sizes alone, so a job that runs again over the same files divides them into the same
units, writes the same objects, and stores nothing twice.
"""

import glob
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from fnmatch import fnmatchcase
from functools import cache
from typing import BinaryIO, NamedTuple

from rally.decryption.inflate import GZIP_MAGIC
from rally.errors import ConfigurationError, unusable
from rally.storage.objectstore.open_store import open_store

SPLIT_BYTES = 16 * 1024 * 1024
"""Size of a unit: enough units to keep several workers busy, and few files."""

_WILD = "*?["
_ANY_DEPTH = "**"
_BUFFER = 1024 * 1024

HEAD_BYTES = 512
"""Number of bytes at a file's beginning that tell its form."""

AVRO_MAGIC = b"Obj\x01"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""UTF-8's mark, which Windows writes at the beginning of text."""

_SPACE = b" \t\r\n"
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Bytes that UTF-16, archives and images have, and no text of JSON."""
_JSON = re.compile(rb"[\[{][^\0]")
"""Beginning of JSON that is not UTF-16; a user agent in it may have anything."""


class InputFile(NamedTuple):
    """A file that a glob matched.

    Attributes:
        uri: local path or gs:// URI.
        size: size in bytes.
    """

    uri: str
    size: int


class InputRange(NamedTuple):
    """Part of a file: the messages that begin in [start, end).

    Attributes:
        uri: local path or gs:// URI.
        start: offset in bytes.
        end: offset in bytes.
    """

    uri: str
    start: int
    end: int


Unit = tuple[InputRange, ...]


def match_inputs(pattern: str) -> list[InputFile]:
    """Finds the files that a glob matches, sorted.

    Args:
        pattern: glob, in which `**` works too; commas separate several globs.

    Raises:
        ConfigurationError: a glob matches nothing, or its bucket refuses.
        ConnectionError: the bucket cannot be reached.
    """
    found: dict[str, InputFile] = {}
    for each in filter(None, pattern.split(",")):
        matched = list(_match(each))
        if not matched:
            raise ConfigurationError(f"--input {each}: matches no file")
        found |= {file.uri: file for file in matched}
    if not found:
        raise ConfigurationError("--input is empty; give a file or a glob")
    return sorted(found.values())


def plan_units(
    files: Iterable[InputFile], split_bytes: int = SPLIT_BYTES
) -> list[Unit]:
    """Divides files into units of work of at most `split_bytes`.

    A larger file of lines becomes several equal pieces. A file of another form is one
    unit, whatever its size.

    Raises:
        ConfigurationError: a large file has no form that is served.
    """
    units: list[Unit] = []
    held: list[InputRange] = []
    size = 0
    for piece in _pieces(files, split_bytes):
        length = piece.end - piece.start
        if held and size + length > split_bytes:
            units.append(tuple(held))
            held, size = [], 0
        held.append(piece)
        size += length
    return [*units, tuple(held)] if held else units


def size_of(unit: Unit) -> int:
    """Adds up the bytes of a unit's ranges."""
    return sum(piece.end - piece.start for piece in unit)


def open_input(uri: str) -> BinaryIO:
    """Opens a file for buffered, seekable reading."""
    if uri.startswith("gs://"):
        bucket, name = _split(uri)
        reader = _bucket(bucket).blob(name).open("rb", chunk_size=8 * _BUFFER)
        return io.BufferedReader(reader, _BUFFER)
    return open(uri, "rb", buffering=_BUFFER)


def _pieces(files: Iterable[InputFile], split_bytes: int) -> Iterator[InputRange]:
    for uri, size in files:
        if size <= split_bytes or not _can_be_split(uri):
            yield InputRange(uri, 0, size)
            continue
        pieces = -(-size // split_bytes)
        for piece in range(pieces):
            yield InputRange(uri, size * piece // pieces, size * (piece + 1) // pieces)


def _can_be_split(uri: str) -> bool:
    with open_input(uri) as file:
        return form_of(file.read(HEAD_BYTES), uri) is FileForm.LINES


def _match(pattern: str) -> Iterator[InputFile]:
    if pattern.startswith("gs://"):
        yield from _match_objects(pattern)
        return
    for path in match_paths(pattern):
        if os.path.isfile(path):
            yield InputFile(path, os.path.getsize(path))


def _match_objects(pattern: str) -> Iterator[InputFile]:
    bucket, name = _split(pattern)
    store = open_store(f"gs://{bucket}")
    try:
        for info in store.list(plain_prefix(name)):
            if is_match(info.name, name):
                yield InputFile(f"{store.uri}/{info.name}", info.size)
    except OSError as error:
        what = f"cannot be listed ({error.strerror})"
        raise unusable(f"--input {pattern}", error, what) from None


def plain_prefix(pattern: str) -> str:
    """Gives the prefix of every name that a glob can match."""
    wild = [pattern.index(letter) for letter in _WILD if letter in pattern]
    return pattern[: min(wild)] if wild else pattern


def is_match(name: str, pattern: str) -> bool:
    """Tells whether an object's name matches a glob, in which `**` works too."""
    return _matches(name.split("/"), pattern.split("/"))


def _matches(parts: Sequence[str], patterns: Sequence[str]) -> bool:
    """Matches a glob part by part; "*" does not cross a slash, as in a shell."""
    if not patterns:
        return not parts
    if patterns[0] == "**":
        return any(
            _matches(parts[skip:], patterns[1:]) for skip in range(len(parts) + 1)
        )
    return (
        bool(parts)
        and fnmatchcase(parts[0], patterns[0])
        and _matches(parts[1:], patterns[1:])
    )


def _split(uri: str) -> tuple[str, str]:
    bucket, _, name = uri.removeprefix("gs://").partition("/")
    return bucket, name


@cache
def _bucket(name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - untyped library
    from google.cloud import storage  # slow to import, and seldom needed

    return storage.Client().bucket(name)


def match_paths(pattern: str) -> Iterator[str]:
    """Finds the paths that a glob names, sorted; `**` enters no folder by a link.

    Python's own glob follows links there, and two links to the folder that holds them
    keep it busy for ever. A folder that is named in plain, or by `*`, may be a link. As
    in a shell, no wildcard matches names that begin with a dot.

    Args:
        pattern: glob of paths, in which `**` stands for any number of folders.
    """
    yield from sorted(set(_match_glob(pattern)))


def _match_glob(pattern: str) -> Iterator[str]:
    parts = pattern.split("/")
    if _ANY_DEPTH not in parts:
        yield from glob.iglob(pattern)
        return
    place = parts.index(_ANY_DEPTH)
    for top in glob.iglob("/".join([*parts[:place], ""])) if place else ("",):
        for folder in _folders(top):
            rest = parts[place + 1 :] or ["*"]
            yield from _match_glob(glob.escape(folder) + "/".join(rest))


def _folders(top: str) -> Iterator[str]:
    """Walks a folder and all below it, each with a slash at its end.

    "" is the working folder.
    """
    yield top
    for parent, inner, _ in os.walk(top or "."):
        inner[:] = [each for each in inner if not each.startswith(".")]
        for each in inner:
            folder = os.path.join(parent if top else parent[2:], each)
            if not os.path.islink(folder):
                yield f"{folder}/"


class FileForm(Enum):
    """The form in which a file holds messages."""

    LINES = auto()
    """A message of JSON on each line."""

    DOCUMENT = auto()
    """One document of JSON over many lines, as `gcloud` prints messages that it
    pulled."""

    GZIP = auto()
    """Either of the two, compressed."""

    AVRO = auto()
    """Avro of a Cloud Storage subscription."""


def form_of(head: bytes, uri: str) -> FileForm:
    """Tells the form of a file by its first bytes.

    Args:
        head: first HEAD_BYTES of the file.
        uri: name of the file, for the message.

    Raises:
        ConfigurationError: the file has none of the forms.
    """
    if head.startswith(AVRO_MAGIC):
        return FileForm.AVRO
    if head.startswith(GZIP_MAGIC):
        return FileForm.GZIP
    text = head.removeprefix(BYTE_ORDER_MARK).lstrip(_SPACE)
    if _NO_TEXT.search(head) and not _JSON.match(text):
        raise ConfigurationError(
            f"--input {uri}: is neither text in UTF-8, nor gzip of such, nor Avro;"
            " convert it, or leave it out"
        )
    first_line = text.partition(b"\n")[0].rstrip(_SPACE)
    is_document = text.startswith(b"[") or first_line == b"{"
    return FileForm.DOCUMENT if is_document else FileForm.LINES
