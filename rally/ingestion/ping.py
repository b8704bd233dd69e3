"""One ping whose document is known, and what is made of it: an event, a row."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from rally.decryption.pioneer import BOGUS_KEY_IDS, PioneerEnvelope
from rally.envelope import Address, Envelope
from rally.errors import PingFailed
from rally.events import Event, EventKind
from rally.ingestion.routes import Route
from rally.outcomes import FailureReason
from rally.times import to_micros
from rally.validation.pointers import put
from rally.validation.pseudonyms import IdReplacer, stands_in


class Ping(NamedTuple):
    """A ping whose document is known.

    Attributes:
        route: of its document.
        envelope: as received.
        address: where it was submitted to.
        pioneer: its inner envelope, of Pioneer v2.
        sent: its submission timestamp.
        document_id: of the path, where the ciphertext is bound to it; of what is sealed
            in a JWE, made of the sealed bytes.
    """

    route: Route
    envelope: Envelope
    address: Address
    pioneer: PioneerEnvelope | None
    sent: datetime
    document_id: str

    @property
    def micros(self) -> int:
        """The submission timestamp in microseconds."""
        return to_micros(self.sent)


def make_event(
    kind: EventKind,
    ping: Ping,
    scope: str,
    participant: str | None,
    deletion_id: str | None,
    hidden: Mapping[str, str],
) -> Event:
    """An event of a ping.

    Args:
        kind: joined or left.
        ping: that says so.
        scope: a namespace, or RALLY.
        participant: platform pseudonym, where it is known.
        deletion_id: its pseudonym, where there is one.
        hidden: ids and what stands for each; a client may have made its document id of
            one.
    """
    label, document_id = ping.route.label, ping.document_id
    return Event(
        kind,
        scope,
        participant,
        ping.micros,
        deletion_id,
        hidden.get(document_id, document_id),
        f"{label.study}/{label.document}",
    )


def make_row(
    ping: Ping, clear: dict[str, Any], participant: str, hidden: Mapping[str, str]
) -> bytes:
    """The encoded row, with the pseudonyms wherever the ids stood.

    Args:
        ping: the row's.
        clear: its payload; the participant is replaced in it.
        participant: what the namespace's rows know the person by.
        hidden: ids and what stands for each.

    Raises:
        PingFailed: the payload is not what the schema says, or an id stands where it
            cannot be replaced.
    """
    assert ping.route.participant
    put(clear, ping.route.participant, participant)
    agent, tags = ping.envelope.client_agent, ping.envelope.source_tags
    document_id = ping.document_id
    payload: object = clear
    row = _encode(ping, participant, document_id, agent, tags, payload)
    for identifier, pseudonym in hidden.items():
        if not stands_in(identifier, row):
            continue
        replace = IdReplacer(identifier, pseudonym)
        document_id = replace.in_text(document_id)
        agent = agent and replace.in_text(agent)
        tags = tags and replace.in_text(tags)
        payload = replace.in_value(payload)
        row = _encode(ping, participant, document_id, agent, tags, payload)
        if stands_in(identifier, row):  # across two values: not by chance
            raise PingFailed(FailureReason.INVALID_ID)
    return row


def _encode(
    ping: Ping,
    participant: str,
    document_id: str,
    agent: str | None,
    tags: str | None,
    clear: object,
) -> bytes:
    assert ping.route.encoder
    return ping.route.encoder.encode(
        participant, document_id, ping.micros, agent, tags, clear
    )


def unreadable_enrolment(pioneer: PioneerEnvelope | None) -> FailureReason | None:
    """A dead letter too where a real key should have opened it.

    Its deletion id may still be wanted.
    """
    if pioneer is None or pioneer.key_id in BOGUS_KEY_IDS:
        return None
    return FailureReason.UNREADABLE_ENROLMENT
