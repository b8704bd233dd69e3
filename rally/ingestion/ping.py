"""Holds a ping whose document is known, and makes its event and its row."""

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
    """A ping whose document is known, still sealed.

    Attributes:
        route: route of its document.
        envelope: envelope as received.
        address: address to which it was submitted.
        pioneer: inner envelope, where it is a ping of Pioneer v2.
        sent: submission timestamp.
    """

    route: Route
    envelope: Envelope
    address: Address
    pioneer: PioneerEnvelope | None
    sent: datetime


class OpenedPing(NamedTuple):
    """A ping whose payload was decrypted.

    Attributes:
        route: route of its document.
        envelope: envelope as received.
        sent: submission timestamp.
        document_id: id from the path, where the ciphertext is bound to the path; a
            pseudonym of the sealed bytes, where it is a JWE.
        clear: JSON object of the payload.
        failure: reason for a dead letter beside the row, where the payload of an
            enrolment does not open.
    """

    route: Route
    envelope: Envelope
    sent: datetime
    document_id: str
    clear: dict[str, Any]
    failure: FailureReason | None = None

    @property
    def micros(self) -> int:
        """The submission timestamp in microseconds."""
        return to_micros(self.sent)


class Sender(NamedTuple):
    """The person who sent a ping, by id and by pseudonym.

    Attributes:
        rally_id: canonical rally id.
        participant: pseudonym of the rally id, the platform's or a study's.
        deletion_id: canonical deletion id, where the payload has one.
        deletion_pseudonym: pseudonym of the deletion id, likewise.
    """

    rally_id: str
    participant: str
    deletion_id: str | None = None
    deletion_pseudonym: str | None = None

    def pseudonyms(self) -> dict[str, str]:
        """Maps each id of the person to its pseudonym."""
        known = {self.rally_id: self.participant}
        if self.deletion_id is None or self.deletion_pseudonym is None:
            return known
        return {self.deletion_id: self.deletion_pseudonym} | known


def make_event(
    kind: EventKind,
    ping: OpenedPing,
    scope: str,
    participant: str | None,
    deletion_id: str | None,
    pseudonyms: Mapping[str, str],
) -> Event:
    """Makes the event of a ping that joins or leaves.

    Args:
        kind: joined or left.
        ping: ping by which the person does it.
        scope: namespace of a study, or RALLY.
        participant: platform pseudonym, where it is known.
        deletion_id: pseudonym of the deletion id, where there is one.
        pseudonyms: the person's ids, each with its pseudonym; a client may have used
            one of them as its document id.
    """
    label, document_id = ping.route.label, ping.document_id
    return Event(
        kind,
        scope,
        participant,
        ping.micros,
        deletion_id,
        pseudonyms.get(document_id, document_id),
        f"{label.study}/{label.document}",
    )


def make_row(ping: OpenedPing, sender: Sender) -> bytes:
    """Encodes the row of a ping, with a pseudonym wherever an id stood.

    Args:
        ping: ping of the row; ids in its clear text are replaced in place.
        sender: person who sent it, with the pseudonyms that the namespace's rows have.

    Raises:
        PingFailed: the payload does not fit its schema, or an id stands where it cannot
            be replaced.
    """
    route, envelope, clear = ping.route, ping.envelope, ping.clear
    assert route.participant
    participant = sender.participant
    if sender.deletion_pseudonym is not None:
        assert route.deletion_id
        put(clear, route.deletion_id, sender.deletion_pseudonym)
    put(clear, route.participant, participant)
    agent, tags = envelope.client_agent, envelope.source_tags
    document_id = ping.document_id
    payload: object = clear
    row = _encode(ping, participant, document_id, agent, tags, payload)
    for identifier, pseudonym in sender.pseudonyms().items():
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
    ping: OpenedPing,
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


def unreadable_enrolment(pioneer: PioneerEnvelope) -> FailureReason | None:
    """Gives the reason for a dead letter beside the row of an unreadable enrolment.

    A real key should have opened it, and its deletion id may still be wanted. None for
    the keys that nobody has.
    """
    if pioneer.key_id in BOGUS_KEY_IDS:
        return None
    return FailureReason.UNREADABLE_ENROLMENT
