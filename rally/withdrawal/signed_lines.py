"""Signed lines: the form of what deletion publishes, lines of JSON under one signature.

    the signature of the context and the SHA-256 of all that follows, in hexadecimal
    a line of JSON: the head
    a line of JSON for each entry

Nothing of it is parsed before the signature is verified but the head, which is short: a
first pass hashes the bytes, a second one takes the lines.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rally.bounded_json import parse_json
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.storage.container import canonical_json
from rally.storage.objectstore.interface import (
    ObjectNotFound,
    ObjectStore,
    Snapshot,
    StrayInTheWay,
)

_PIECE = 1024 * 1024
_MOST_SIGNATURE = 1024  # hexadecimal digits; Ed25519 and Tink's prefix take 138
_MOST_HEAD = 1024  # bytes of the line that is parsed before the signature is verified

Accepts = Callable[[Any, str, bytes], bool]
"""Tells whether a signature counts.

Args: the head as parsed JSON, the signature in hexadecimal, and the data that was
signed. It may raise KeyError, TypeError or ValueError of what is no head.
"""


class SignedObjectMissing(ConfigurationError):
    """The object is not there."""


class NotSigned(ValueError):
    """The bytes are not as somebody signed them whose signature counts."""


def sign_lines(context: bytes, lines: Iterable[Any], key: SigningKey) -> bytes:
    """Encodes lines and signs them.

    Args:
        context: Words that say what is signed, so that it counts as nothing else.
        lines: The head and the entries, as JSON values.
        key: Private key of the signer.

    Raises:
        OSError: a KMS does not serve.
    """
    body = b"".join(canonical_json(each).encode() + b"\n" for each in lines)
    signature = key.sign(context + hashlib.sha256(body).digest())
    return signature.hex().encode() + b"\n" + body


@contextmanager
def open_signed(
    store: ObjectStore, name: str, missing: str, remedy: str
) -> Iterator[Snapshot]:
    """Opens the object as it is now.

    Args:
        store: Store that has it.
        name: Name of the object.
        missing: Words for the message where it is not there.
        remedy: What to do about something else in its place.

    Raises:
        SignedObjectMissing: it is not there.
        ConfigurationError: something else is in its place.
        OSError: the store cannot be read.
    """
    where = f"{store.uri.rstrip('/')}/{name}"
    try:
        with store.open(name) as snapshot:
            yield snapshot
    except StrayInTheWay as error:
        at = f"{store.uri.rstrip('/')}/{error.stray.name}"
        raise ConfigurationError(f"{at}: {error.strerror}; {remedy}") from None
    except ObjectNotFound:
        if store.has_folder(f"{name}/"):
            raise ConfigurationError(f"{where}: is a folder; {remedy}") from None
        raise SignedObjectMissing(f"{where}: {missing}") from None


def verified_lines(
    snapshot: Snapshot, context: bytes, accepts: Accepts
) -> Iterator[Any]:
    """Verifies the signature, and then gives the lines: the head, and each entry.

    Args:
        snapshot: The object at one generation.
        context: Words that say what was signed.
        accepts: Tells whether the signature counts.

    Raises:
        NotSigned: it does not, or there is none.
    """
    size = min(_MOST_SIGNATURE + _MOST_HEAD, snapshot.info.size)
    signature, newline, rest = snapshot.read(0, size).partition(b"\n")
    head, end, _ = rest.partition(b"\n")
    if not newline or not end:
        raise NotSigned
    begin = len(signature) + 1
    digest = hashlib.sha256()
    for piece in pieces_of(snapshot, begin):
        digest.update(piece)
    try:
        text, data = signature.decode("ascii"), context + digest.digest()
        is_signed = accepts(parse_json(head), text, data)
    except (KeyError, TypeError, ValueError):
        raise NotSigned from None
    if not is_signed:
        raise NotSigned
    return parsed_lines(pieces_of(snapshot, begin))


def pieces_of(snapshot: Snapshot, start: int = 0) -> Iterator[bytes]:
    """Yields the bytes from an offset on."""
    size = snapshot.info.size
    while start < size and (piece := snapshot.read(start, min(_PIECE, size - start))):
        start += len(piece)
        yield piece


def parsed_lines(pieces: Iterable[bytes]) -> Iterator[Any]:
    """Yields lines of JSON that were verified before, parsed."""
    return map(json.loads, _lines(pieces))


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yields lines without their ends."""
    rest = list[bytes]()
    for piece in pieces:
        first, *others = piece.split(b"\n")
        rest.append(first)
        for each in others:
            yield b"".join(rest)
            rest = [each]
    if last := b"".join(rest):
        yield last
