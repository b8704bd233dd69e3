"""The withdrawal list as an object: one, replaced by generation, under a MAC.

    the tag of the SHA-256 of all that follows, in hexadecimal digits
    {"counter": …, "enrolments": how many, "receipts": …, "withdrawals": how many}
    a line of JSON for each withdrawal
    a line of JSON for each enrolment

It is read piece by piece, and never believed before its tag is verified: a first pass
hashes it, a second one takes the entries. Who has to judge rows makes an index of it
whose entries take tens of bytes; who publishes it, and who shows it, takes records.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from itertools import chain
from typing import Any, Protocol, TypeVar

import tink

from rally.errors import ConfigurationError
from rally.storing.container import canonical_json
from rally.storing.objects import (
    GenerationMismatch,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
    StrayInTheWay,
)
from rally.withdrawing.fold import Standing
from rally.withdrawing.people_index import PeopleBuilder, PeopleIndex
from rally.withdrawing.withdrawal_list import (
    Enrolment,
    Stage,
    Withdrawal,
    WithdrawalList,
)

FOLDER = "withdrawals/"
LIST = FOLDER + "list.json"
_CONTEXT = b"withdrawal-list\n"
_PIECE = 1024 * 1024
_RESTORE = "take it away, and restore the withdrawal list from a backup"

T = TypeVar("T")


class Mac(Protocol):
    """Computes and verifies tags (Tink Mac, purpose `list-mac`)."""

    def compute_mac(self, data: bytes) -> bytes:
        """The tag of `data`."""

    def verify_mac(self, mac_value: bytes, data: bytes) -> None:
        """Raises TinkError where the tag is not that of `data`."""


def encode_list(withdrawals: WithdrawalList, mac: Mac) -> bytes:
    """The object's bytes."""
    head: dict[str, Any] = {
        "counter": withdrawals.counter,
        "enrolments": len(withdrawals.enrolments),
        "receipts": withdrawals.receipts,
        "withdrawals": len(withdrawals.withdrawals),
    }
    lines = chain(
        [head],
        (_values(each) for each in withdrawals.withdrawals),
        (_values(each) for each in withdrawals.enrolments),
    )
    body = b"".join(canonical_json(each).encode() + b"\n" for each in lines)
    tag = mac.compute_mac(_CONTEXT + hashlib.sha256(body).digest())
    return tag.hex().encode() + b"\n" + body


def read_list(platform: ObjectStore, mac: Mac) -> tuple[WithdrawalList, int]:
    """The published list, of records, and its object's generation.

    Raises:
        ConfigurationError: there is none, or it is not as it was published.
    """
    return _read(platform, mac, _read_records)


def read_people(platform: ObjectStore, mac: Mac) -> tuple[PeopleIndex, int]:
    """Who is on the published list, as an index, and its object's generation.

    Raises:
        ConfigurationError: there is none, or it is not as it was published.
    """
    return _read(platform, mac, _read_index)


def publish_list(
    platform: ObjectStore, withdrawals: WithdrawalList, mac: Mac, generation: int | None
) -> int:
    """Publishes a list in the place of a generation (None: of none); the new one.

    Raises:
        GenerationMismatch: somebody else published since.
    """
    data = encode_list(withdrawals, mac)
    if generation is not None:
        return platform.replace(LIST, data, generation)
    if not platform.create(LIST, data):
        raise GenerationMismatch(LIST)
    info = platform.stat(LIST)
    if info is None:
        raise GenerationMismatch(LIST)
    return info.generation


def _read(
    platform: ObjectStore, mac: Mac, take: Callable[[Iterator[dict[str, Any]]], T]
) -> tuple[T, int]:
    """What the verified lines of the published list make, and its generation."""
    while True:
        try:
            with _opened(platform) as snapshot:
                lines = _verified(snapshot, mac, platform)
                return take(lines), snapshot.info.generation
        except GenerationMismatch:
            continue  # published anew in this moment


@contextmanager
def _opened(platform: ObjectStore) -> Iterator[Snapshot]:
    """The object as it is now, to be read. Raises ConfigurationError, if it is gone."""
    try:
        with platform.open(LIST) as snapshot:
            yield snapshot
    except StrayInTheWay as error:
        where = f"{platform.uri.rstrip('/')}/{error.stray.name}"
        raise ConfigurationError(f"{where}: {error.strerror}; {_RESTORE}") from None
    except ObjectNotFound:
        if platform.has_folder(f"{LIST}/"):
            raise ConfigurationError(
                f"{_where(platform)}: is a folder; {_RESTORE}"
            ) from None
        raise ConfigurationError(
            f"{_where(platform)}: the withdrawal list is missing, and who has left is"
            " not known without it; restore it, or let `rally delete --rebuild_list`"
            " make it anew from the event log"
        ) from None


def _verified(
    snapshot: Snapshot, mac: Mac, platform: ObjectStore
) -> Iterator[dict[str, Any]]:
    """The lines, of which the first one is the head; only once the tag is verified.

    Raises:
        ConfigurationError: it is not as deletion published it.
    """
    digest, tag = hashlib.sha256(), b""
    for number, line in enumerate(_lines(snapshot)):
        if number:
            digest.update(line)
        else:
            tag = line
    try:
        told = bytes.fromhex(tag.decode("ascii").removesuffix("\n"))
        mac.verify_mac(told, _CONTEXT + digest.digest())
    except (tink.TinkError, ValueError):
        raise ConfigurationError(
            f"{_where(platform)}: is not as deletion published it; restore it from a"
            " backup"
        ) from None
    lines = _lines(snapshot)
    next(lines)
    return map(json.loads, lines)


def _lines(snapshot: Snapshot) -> Iterator[bytes]:
    """The object's lines with their ends, of which the last one may have none."""
    rest, start = list[bytes](), 0
    while piece := snapshot.read(start, min(_PIECE, snapshot.info.size - start)):
        start += len(piece)
        *whole, last = piece.split(b"\n")
        for each in whole:
            yield b"".join((*rest, each, b"\n"))
            rest.clear()
        rest.append(last)
    if last := b"".join(rest):
        yield last


def _read_records(lines: Iterator[dict[str, Any]]) -> WithdrawalList:
    head = next(lines)
    withdrawals = tuple(_withdrawal(next(lines)) for _ in range(head["withdrawals"]))
    enrolments = tuple(Enrolment(**each) for each in lines)
    return WithdrawalList(head["counter"], withdrawals, enrolments, head["receipts"])


def _read_index(lines: Iterator[dict[str, Any]]) -> PeopleIndex:
    head, builder = next(lines), PeopleBuilder()
    for _ in range(head["withdrawals"]):
        each = next(lines)
        if each["participant"] is not None:
            terms = Standing(each["standing"]), frozenset(each["deferred"])
            builder.leave(
                each["participant"], each["scope"], each["time"], each["request"], terms
            )
    for each in lines:
        builder.join(**each)
    return builder.build(head["counter"])


def _withdrawal(content: dict[str, Any]) -> Withdrawal:
    stages = {Stage(stage): time for stage, time in content.pop("stages").items()}
    return Withdrawal(
        standing=Standing(content.pop("standing")),
        deferred=tuple(content.pop("deferred")),
        receipts=tuple(content.pop("receipts")),
        stages=stages,
        **content,
    )


def _values(entry: Withdrawal | Enrolment) -> dict[str, Any]:
    return {each.name: getattr(entry, each.name) for each in fields(entry)}


def _where(platform: ObjectStore) -> str:
    return f"{platform.uri.rstrip('/')}/{LIST}"
