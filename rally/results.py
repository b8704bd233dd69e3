"""What workers answer, held against the works that were dealt out to them.

    results/<job>/<id>.json    a line a work: [place, digest of the work, result]

An object is what a launcher can read on every runner. Its folder is the job's own: no
other account may write there. What comes back is believed no further than that: it has
to answer each work, once, in its place, and nothing else.
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
"""Of one object: a launcher has it in memory, and so had the worker that wrote it."""


class WrongResults(CorruptFile):
    """What came back does not answer the works that were dealt out; one line."""


def name_results(job: str) -> str:
    """A new name for the results of one step.

    Args:
        job: whose step it is, and whose account may write there.
    """
    return f"{FOLDER}{job}/{uuid.uuid4().hex}.json"


def digest(work: bytes) -> str:
    """Stands for a work, by its pickled bytes: 32 hexadecimal digits."""
    return hashlib.sha256(work).hexdigest()[:32]


def answer(place: int, work: bytes, result: Any) -> bytes:
    """A work's line.

    Args:
        place: of the work in the sequence.
        work: pickled, as it was dealt out.
        result: a value that JSON can tell.
    """
    return json.dumps([place, digest(work), result]).encode() + b"\n"


def take_results(platform: ObjectStore, name: str, digests: Sequence[str]) -> list[Any]:
    """The results in the order of the works; their object is removed.

    Args:
        platform: the platform's store.
        name: of the object.
        digests: of the works, in their order.

    Raises:
        WrongResults: the object is gone, changes while it is read, is too large, or
            answers other works than these. It stays, for a person to look at.
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
        what = "does not answer the works that were dealt out; see who writes there"
        raise WrongResults(f"{where}: {what}") from None
    return results


@contextmanager
def read_strictly(step: str) -> Iterator[None]:
    """Around the reading of results that workers of a step gave.

    Raises:
        WrongResults: in the place of what reading raises where one is malformed.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError):
        raise WrongResults(f"step {step}: a result is not as workers give it") from None


class _NoAnswer(Exception):
    """A line is none, or of another work, or one is missing."""


def _answers(data: bytes, digests: Sequence[str]) -> Iterator[Any]:
    lines = data.splitlines()
    if len(lines) != len(digests):
        raise _NoAnswer
    for place, line in enumerate(lines):
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise _NoAnswer from None
        is_answer = isinstance(told, list) and len(told) == 3
        if not is_answer or told[:2] != [place, digests[place]]:
            raise _NoAnswer
        yield told[2]
