"""The root: one signed object that names the platform's current list and log files.

    the signature of the SHA-256 of all that follows, in hexadecimal digits
    {"chain": {"digest": …, "number": …}, "counter": …, "layout": …, "log": how many,
     "log_bits": …, "steps": how many}
    {"name": …, "sha256": …, "size": …}     of the list, and then of the requests
    a line of JSON for each pause, resumption, end and conclusion of a study
    a line of JSON for each file of the event log

Deletion alone makes it, under its lease, and swaps it by generation. What it names is
written before, under names that nothing else ever gets, and is verified by its size and
its hash; so nobody sees a list of one day and requests of another. What it no longer
names goes after it is published.

Who verifies it needs the platform's decisions, which name the key, and cannot forge
one. The root in turn says how far the decisions went when it was published; whoever
reads both holds them against it. It remembers what they said of studies, so that a
pause whose entry is lost resumes no collection.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain
from typing import Any, NamedTuple

from rally.decisions.chain import Chain, Head
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.signing import SigningKey
from rally.registry.transitions import StudyAction, Transition
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectHeld,
    ObjectStore,
    Snapshot,
    upsert,
)
from rally.times import from_micros, to_micros
from rally.withdrawal.signed_lines import (
    NotSigned,
    open_signed,
    pieces_of,
    sign_lines,
    verified_lines,
)

FOLDER = "withdrawals/"
ROOT = FOLDER + "root.json"
LISTS = FOLDER + "list/"
REQUESTS = FOLDER + "requests/"
LAYOUT = 1
"""Version of the root, and of all that it names: another one is refused."""

_CONTEXT = b"rally root\n"
_MOST_BYTES = 64 << 20  # some 400,000 files of the log
_RESTORE = "take it away, and restore the withdrawal list from a backup"
_MISSING = (
    "the withdrawal list is missing, and who has left is not known without it; restore"
    " it, or let `rally delete --rebuild_list` make it anew from the event log"
)


class NamedObject(NamedTuple):
    """An object that the root names.

    Attributes:
        name: Name of the object.
        sha256: SHA-256 of its bytes, in hexadecimal digits.
        size: Size in bytes.
    """

    name: str
    sha256: str
    size: int


class LogFile(NamedTuple):
    """A file of the event log, as the root names it.

    Attributes:
        bucket: Number of the bucket; the root says of how many bits.
        name: Name of the object.
        sha256: SHA-256 of its header, in hexadecimal digits.
        size: Size in bytes.
        events: Number of its events, each counted under its first key.
    """

    bucket: int
    name: str
    sha256: str
    size: int
    events: int


class Root(NamedTuple):
    """What a root says.

    Attributes:
        counter: Counter of the withdrawal list, raised at each publication.
        head: End of the decisions when it was published.
        layout: Version of the root and of what it names.
        list: Who has left, to be searched; see rally.withdrawal.people_index.
        requests: The requests; see rally.withdrawal.list_object.
        log_bits: Number of leading bits of a key that are the number of its bucket.
        log: Files of the event log, by bucket.
        steps: Transitions of studies by the decisions of then, without who and why.
    """

    counter: int
    head: Head
    layout: int
    list: NamedObject
    requests: NamedObject
    log_bits: int = 0
    log: tuple[LogFile, ...] = ()
    steps: tuple[Transition, ...] = ()


class PublishedRoot(NamedTuple):
    """A root that was published, and the decisions beside it.

    Attributes:
        root: The root.
        decisions: All decisions that are there, held against its head.
        generation: Generation of its object.
    """

    root: Root
    decisions: Chain
    generation: int


def read_root(platform: ObjectStore) -> PublishedRoot:
    """Reads the root.

    Raises:
        SignedObjectMissing: there is none.
        ConfigurationError: it is not as deletion published it, or of another layout; or
            the platform has no first decision.
        OSError: the platform cannot be read.
    """
    while True:
        try:
            with open_signed(platform, ROOT, _MISSING, _RESTORE) as snapshot:
                # Later than the root: what it names of them is there by now.
                decisions = read_chain(platform)
                root = _read(snapshot, decisions, platform)
                against = decisions.against(root.head)
                return PublishedRoot(root, against, snapshot.info.generation)
        except GenerationMismatch:
            continue  # published anew in this moment


def publish_root(
    platform: ObjectStore, root: Root, key: SigningKey, generation: int | None
) -> int:
    """Publishes a root; what it names is there by then.

    Args:
        platform: The platform's store.
        root: The root.
        key: Deletion's key; of list 0 the founder's.
        generation: Generation that it replaces; None where there is none.

    Returns:
        The new generation.

    Raises:
        GenerationMismatch: somebody else published since.
        OSError: the platform cannot be written, or a KMS does not serve.
    """
    data = _encode(root, key)
    if generation is not None:
        return platform.replace(ROOT, data, generation)
    if not platform.create(ROOT, data):
        raise GenerationMismatch(ROOT)
    info = platform.stat(ROOT)
    if info is None:
        raise GenerationMismatch(ROOT)
    return info.generation


def store_named(
    platform: ObjectStore, folder: str, ending: str, counter: int, data: bytes
) -> NamedObject:
    """Writes an object for a root that is published after it.

    Its name has its counter and its hash. So it is none that a root of now names, and
    who was killed and begins again finds it there.

    Args:
        platform: The platform's store.
        folder: Folder of objects of its kind.
        ending: Ending of the name.
        counter: Counter of the root.
        data: The object's bytes.

    Raises:
        OSError: the platform cannot be written.
        ObjectHeld: other bytes have the name, and a hold forbids to replace them.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = f"{folder}{counter:012d}-{digest[:16]}{ending}"
    if not platform.create(name, data) and platform.read(name) != data:
        upsert(platform, name, data)
    return NamedObject(name, digest, len(data))


def remove_unnamed(platform: ObjectStore, root: Root) -> None:
    """Removes lists and requests that the published root does not name.

    They are of roots before it, or of runs that were killed. Whoever wrote them for a
    root of their counter had read one before this one, and cannot publish any more.
    What has a later counter belongs to whoever publishes next.

    Raises:
        OSError: the platform cannot be listed, or refuses.
    """
    named = {root.list.name, root.requests.name}
    for info in list(platform.list(FOLDER)):
        counter = counter_in(info.name)
        if info.name not in named and 0 <= counter <= root.counter:
            with suppress(GenerationMismatch, ObjectHeld):
                platform.delete(info.name, info.generation)


def counter_in(name: str) -> int:
    """The counter of a list's or requests' object; -1 of any other name."""
    number = name.removeprefix(LISTS).removeprefix(REQUESTS).partition("-")[0]
    return int(number) if number.isascii() and number.isdigit() else -1


def read_named(platform: ObjectStore, named: NamedObject) -> bytes:
    """Reads an object that a root names, at once.

    Raises:
        SignedObjectMissing: it is not there.
        ConfigurationError: it has other bytes.
        GenerationMismatch: it changed in this moment.
        OSError: the platform cannot be read.
    """
    with open_signed(platform, named.name, _MISSING, _RESTORE) as snapshot:
        data = b""
        if snapshot.info.size == named.size:  # else it may be of any size
            data = snapshot.read(0, named.size)
        if hashlib.sha256(data).hexdigest() != named.sha256:
            raise _not_as_published(platform, named.name)
        return data


@contextmanager
def open_named(platform: ObjectStore, named: NamedObject) -> Iterator[Snapshot]:
    """Opens an object that a root names, once all of it is verified.

    Raises as `read_named` does.
    """
    with open_signed(platform, named.name, _MISSING, _RESTORE) as snapshot:
        digest = hashlib.sha256()
        if snapshot.info.size == named.size:
            for piece in pieces_of(snapshot):
                digest.update(piece)
        if digest.hexdigest() != named.sha256:
            raise _not_as_published(platform, named.name)
        yield snapshot


def _encode(root: Root, key: SigningKey) -> bytes:
    first: dict[str, Any] = {
        "chain": root.head._asdict(),
        "counter": root.counter,
        "layout": root.layout,
        "log": len(root.log),
        "log_bits": root.log_bits,
        "steps": len(root.steps),
    }
    lines = chain(
        [first, root.list._asdict(), root.requests._asdict()],
        map(_plain_step, root.steps),
        (each._asdict() for each in root.log),
    )
    return sign_lines(_CONTEXT, lines, key)


def _read(snapshot: Snapshot, decisions: Chain, platform: ObjectStore) -> Root:
    """Raises ConfigurationError where it is not as deletion published it."""

    def accepts(first: Any, signature: str, data: bytes) -> bool:
        return decisions.is_list(_read_head(first)[0], signature, data)

    try:
        if snapshot.info.size > _MOST_BYTES:
            raise NotSigned
        lines = verified_lines(snapshot, _CONTEXT, accepts)
    except NotSigned:
        raise _not_as_published(platform, ROOT) from None
    first = next(lines)
    counter, head = _read_head(first)
    if first["layout"] != LAYOUT:
        raise ConfigurationError(
            f"{_where(platform, ROOT)}: has layout {first['layout']}, and this software"
            f" reads {LAYOUT}; use the one that published it"
        )
    people, requests = (NamedObject(**next(lines)) for _ in range(2))
    steps = tuple(_step(next(lines)) for _ in range(first["steps"]))
    log = tuple(LogFile(**next(lines)) for _ in range(first["log"]))
    return Root(counter, head, LAYOUT, people, requests, first["log_bits"], log, steps)


def _read_head(content: Any) -> tuple[int, Head]:
    """The counter, and how far the decisions went.

    It raises KeyError, TypeError or ValueError of what is no head.
    """
    counter, head = content["counter"], Head(**content["chain"])
    if type(counter) is not int or type(head.number) is not int:
        raise TypeError
    return counter, head


def _plain_step(step: Transition) -> dict[str, Any]:
    return {
        "action": step.action.value,
        "at": to_micros(step.at),
        "namespace": step.namespace,
        "number": step.number,
    }


def _step(content: dict[str, Any]) -> Transition:
    return Transition(
        content["namespace"],
        StudyAction(content["action"]),
        from_micros(content["at"]),
        by="",
        note="",
        number=content["number"],
    )


def _not_as_published(platform: ObjectStore, name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{_where(platform, name)}: is not as deletion published it; restore it from a"
        " backup"
    )


def _where(platform: ObjectStore, name: str) -> str:
    return f"{platform.uri.rstrip('/')}/{name}"
