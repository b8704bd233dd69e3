"""The withdrawal list: who left what and when, and how each request stands.

One object, replaced by generation, counted up, under a MAC. Only deletion admits
requests to it and publishes it; ingest, replay and compaction act on it and fail
closed without it (design: "Withdrawals and deletion"). It holds pseudonyms and the
random ids of requests; receipts hold the latter only.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol

import tink

from rally.errors import ConfigurationError
from rally.storing.container import canonical_json
from rally.storing.objects import GenerationMismatch, ObjectNotFound, ObjectStore
from rally.withdrawing.fold import Left, Person, Standing

FOLDER = "withdrawals/"
LIST = FOLDER + "list.json"
_CONTEXT = b"withdrawal-list\n"


class Mac(Protocol):
    """Computes and verifies tags (Tink Mac, purpose `list-mac`)."""

    def compute_mac(self, data: bytes) -> bytes:
        """The tag of `data`."""

    def verify_mac(self, mac_value: bytes, data: bytes) -> None:
        """Raises TinkError where the tag is not that of `data`."""


class Stage(StrEnum):
    """How far a request is, in this order.

    REQUESTED: received. SUPPRESSED: on the published list. REWRITTEN: no live file
    has its rows. PURGED: nor has any old copy. VERIFIED: that was read and seen.
    CLOSED: nothing can arrive any more that would bring rows back.
    """

    REQUESTED = "requested"
    SUPPRESSED = "suppressed"
    REWRITTEN = "rewritten"
    PURGED = "purged"
    VERIFIED = "verified"
    CLOSED = "closed"


class State(StrEnum):
    """What a request is called in reports, by what it waits for.

    ACTIVE: for deletion to finish. DEFERRED: for a study's conclusion; all else is
    done. HELD: for a person's decision. UNRESOLVED: for the enrolment that says whose
    deletion id it is. REJECTED and CLOSED: for nothing.
    """

    ACTIVE = "active"
    DEFERRED = "deferred"
    HELD = "held"
    UNRESOLVED = "unresolved"
    REJECTED = "rejected"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """One request: one ping (or letter) by which one person left one scope.

    Attributes:
        request: its random id, 32 hexadecimal digits.
        participant: platform pseudonym; None where the deletion id joins to nobody.
        deletion_id: its pseudonym, where the request came with that instead of an id.
        scope: a namespace, or RALLY.
        time: the ping's submission timestamp, microseconds.
        received: when the person first said so: the time of the first of several with
            no enrolment between them. Deferral and deadline go by it.
        document_id: of the ping.
        signal: which ping it was.
        standing: as decided.
        held_for: why it is held: "mass" or "unmatched"; "" where it is not.
        deferred: studies in which it waits for their conclusion, sorted.
        stages: when each was reached, microseconds.
        receipts: numbers of the receipts that tell of it.
        renewed: when deletion last had to begin anew, microseconds: a study was no
            longer waited for, or it became known whose deletion id it was. The deadline
            counts from there; 0 is never.
    """

    request: str
    participant: str | None
    deletion_id: str | None
    scope: str
    time: int
    received: int
    document_id: str
    signal: str
    standing: Standing = Standing.ACTIVE
    held_for: str = ""
    deferred: tuple[str, ...] = ()
    stages: Mapping[Stage, int] = field(default_factory=dict)
    receipts: tuple[int, ...] = ()
    renewed: int = 0

    @property
    def state(self) -> State:
        """What it waits for."""
        if self.standing is Standing.REJECTED:
            return State.REJECTED
        if Stage.CLOSED in self.stages:
            return State.CLOSED
        if self.participant is None:
            return State.UNRESOLVED
        if self.standing is Standing.HELD:
            return State.HELD
        if self.deferred and Stage.VERIFIED in self.stages:
            return State.DEFERRED
        return State.ACTIVE

    @property
    def is_open(self) -> bool:
        """Whether deletion still looks for its rows."""
        return (
            self.participant is not None
            and self.standing is Standing.ACTIVE
            and Stage.CLOSED not in self.stages
        )

    def without(self, stage: Stage) -> "Withdrawal":
        """The same with a stage not reached."""
        stages = {each: time for each, time in self.stages.items() if each != stage}
        return replace(self, stages=stages)

    def reached(self, stage: Stage, time: int) -> "Withdrawal":
        """The same with a stage reached; one that was reached before stays as it is."""
        if stage in self.stages:
            return self
        return replace(self, stages={**self.stages, stage: time})


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment of a person who is on the list.

    Attributes:
        participant: platform pseudonym.
        scope: a namespace, or RALLY.
        time: submission timestamp, microseconds.
        document_id: of the ping.
    """

    participant: str
    scope: str
    time: int
    document_id: str


@dataclass(frozen=True, slots=True)
class WithdrawalList:
    """All requests and what later enrolments the same people made.

    Attributes:
        counter: raised at each publication.
        withdrawals: sorted by time and request.
        enrolments: sorted.
    """

    counter: int = 0
    withdrawals: tuple[Withdrawal, ...] = ()
    enrolments: tuple[Enrolment, ...] = ()

    def people(self) -> dict[str, Person]:
        """Who is on it, by platform pseudonym: what the fold needs of each."""
        left: dict[str, dict[str, list[Left]]] = {}
        for each in self.withdrawals:
            if each.participant is not None:
                scopes = left.setdefault(each.participant, {})
                scopes.setdefault(each.scope, []).append(_left(each))
        enrolled: dict[str, list[Enrolment]] = {}
        for enrolment in self.enrolments:
            enrolled.setdefault(enrolment.participant, []).append(enrolment)
        return {
            participant: _person(scopes, enrolled.get(participant, []))
            for participant, scopes in left.items()
        }


def encode_list(withdrawals: WithdrawalList, mac: Mac) -> bytes:
    """The object's bytes: a line with the tag, and a line of JSON under it."""
    body = canonical_json(asdict(withdrawals)).encode()
    return mac.compute_mac(_CONTEXT + body).hex().encode() + b"\n" + body + b"\n"


def decode_list(data: bytes, mac: Mac, where: str) -> WithdrawalList:
    """Checks the tag and reads the list.

    Args:
        data: the object.
        mac: of `list-mac`.
        where: the object's URI, for the message.

    Raises:
        ConfigurationError: it is not as deletion published it.
    """
    tag, _, rest = data.partition(b"\n")
    body = rest.removesuffix(b"\n")
    try:
        mac.verify_mac(bytes.fromhex(tag.decode("ascii")), _CONTEXT + body)
    except (tink.TinkError, ValueError):
        raise ConfigurationError(
            f"{where}: is not as deletion published it; restore it from a backup"
        ) from None
    return _from_json(json.loads(body))


def read_list(platform: ObjectStore, mac: Mac) -> tuple[WithdrawalList, int]:
    """The published list and its object's generation.

    Raises:
        ConfigurationError: there is none, or it is not as it was published.
    """
    where = f"{platform.uri.rstrip('/')}/{LIST}"
    while True:
        info = platform.stat(LIST)
        try:
            if info is None:
                raise ObjectNotFound(LIST)
            with platform.open(LIST, info.generation) as snapshot:
                data = snapshot.read(0, info.size)
        except ObjectNotFound:
            raise ConfigurationError(
                f"{where}: the withdrawal list is missing, and who has left is not"
                " known without it; restore it, or let `rally delete --rebuild_list`"
                " make it anew from the event log"
            ) from None
        except GenerationMismatch:
            continue  # published anew in this moment
        return decode_list(data, mac, where), info.generation


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


def _left(each: Withdrawal) -> Left:
    return Left(each.time, each.standing, frozenset(each.deferred), each.request)


def _person(left: Mapping[str, list[Left]], enrolled: Iterable[Enrolment]) -> Person:
    joined: dict[str, list[int]] = {}
    about: dict[str, set[str]] = {}
    for each in enrolled:
        joined.setdefault(each.scope, []).append(each.time)
        about.setdefault(each.document_id, set()).add(each.scope)
    return Person(
        {scope: tuple(sorted(each, key=_order)) for scope, each in left.items()},
        {scope: tuple(sorted(times)) for scope, times in joined.items()},
        {document_id: frozenset(scopes) for document_id, scopes in about.items()},
    )


def _order(left: Left) -> tuple[int, str]:
    return left.time, left.request


def _from_json(content: Any) -> WithdrawalList:
    return WithdrawalList(
        content["counter"],
        tuple(map(_withdrawal, content["withdrawals"])),
        tuple(Enrolment(**each) for each in content["enrolments"]),
    )


def _withdrawal(content: dict[str, Any]) -> Withdrawal:
    stages = {Stage(stage): time for stage, time in content.pop("stages").items()}
    return Withdrawal(
        standing=Standing(content.pop("standing")),
        deferred=tuple(content.pop("deferred")),
        receipts=tuple(content.pop("receipts")),
        stages=stages,
        **content,
    )
