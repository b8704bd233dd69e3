"""Reads the results of workers, and checks them against what was distributed.

    results/<job>/<id>.json    a line a record: [place, digest of the record, result]

An object is what a launcher can read on every runner. Its folder is the job's own: no
other account may write there. The launcher trusts its content no further than that: it
has to answer each record, once, in its place, and nothing else.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rally.errors import CorruptFile
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
)

FOLDER = "results/"

MOST_BYTES = 1024 * 1024 * 1024
"""Most bytes of one object: the launcher has it in memory, as its worker had."""


class WrongResults(CorruptFile):
    """The results do not answer the records that were distributed; one line."""


def name_results(job: str) -> str:
    """Makes a new name for the results of one step.

    Args:
        job: job of the step, whose account may write there.
    """
    return f"{FOLDER}{job}/{uuid.uuid4().hex}.json"


def digest(work: bytes) -> str:
    """Computes the digest of a record's pickled bytes: 32 hexadecimal digits."""
    return hashlib.sha256(work).hexdigest()[:32]


def answer(place: int, work: bytes, result: Any) -> bytes:
    """Encodes the line with a record's result.

    Args:
        place: place of the record in the sequence.
        work: record as it was distributed, pickled.
        result: value that JSON can hold.
    """
    return json.dumps([place, digest(work), result]).encode() + b"\n"


def take_results(platform: ObjectStore, name: str, digests: Sequence[str]) -> list[Any]:
    """Reads the results in the order of the records, and removes their object.

    Args:
        platform: the platform's store.
        name: name of the object.
        digests: digests of the records, in their order.

    Raises:
        WrongResults: the object is gone, changes while it is read, is too large, or
            answers other records than these. It stays, for a person to look at.
    """
    where = f"{platform.uri.rstrip('/')}/{name}"
    try:
        info = platform.stat(name)
        if info is None:
            raise ObjectNotFound(name)
        if info.size > MOST_BYTES:
            raise WrongResults(f"{where}: is larger than results of workers can be")
        with platform.open(name, info.generation) as snapshot:
            results = list(_answers(snapshot.read(0, info.size), digests))
        platform.delete(name, info.generation)
    except ObjectNotFound:
        raise WrongResults(f"{where}: results of workers are gone") from None
    except GenerationMismatch:
        what = "results of workers changed while they were read"
        raise WrongResults(f"{where}: {what}") from None
    except _NoAnswer:
        what = "does not answer the works that were distributed; see who writes there"
        raise WrongResults(f"{where}: {what}") from None
    return results


@contextmanager
def read_strictly(step: str) -> Iterator[None]:
    """Raises WrongResults where a result in its context is malformed.

    Args:
        step: name of the step, for the message.

    Raises:
        WrongResults: reading raised an error of a malformed result.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise WrongResults(f"step {step}: a result is not as workers give it") from None


def as_text(value: object) -> str:
    """Returns a value of a worker's result that is a text. Raises TypeError if not."""
    if type(value) is not str:
        raise TypeError(f"a {type(value).__name__} in the place of a text")
    return value


def as_number(value: object) -> int:
    """Returns a value of a worker's result that is an int. Raises TypeError if not."""
    if type(value) is not int:
        raise TypeError(f"a {type(value).__name__} in the place of a whole number")
    return value


class _NoAnswer(Exception):
    """A line is malformed, or of another record, or one is missing."""


def _answers(data: bytes, digests: Sequence[str]) -> Iterator[Any]:
    lines = data.splitlines()
    if len(lines) != len(digests):
        raise _NoAnswer
    for place, line in enumerate(lines):
        try:
            parsed = json.loads(line)
        except (ValueError, RecursionError):
            raise _NoAnswer from None
        is_answer = isinstance(parsed, list) and len(parsed) == 3
        if not is_answer or parsed[:2] != [place, digests[place]]:
            raise _NoAnswer
        yield parsed[2]
