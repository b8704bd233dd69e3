"""Holds a ping whose document is known, and makes its event and its row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from rally.decryption.pioneer import BOGUS_KEY_IDS, PioneerEnvelope
from rally.envelope import Address, Envelope
from rally.errors import PingFailed
from rally.events import Event, EventKind
from rally.ingestion.routes import Route
from rally.outcomes import FailureReason
from rally.registry.approvals import Approvals
from rally.registry.expunges import ExpungeOrder, RowExpunge
from rally.registry.rows import RowEncoder
from rally.registry.study import PayloadSchema, Study, StudyKind
from rally.storage.field_eraser import FieldRequired
from rally.times import to_micros
from rally.validation.pointers import look_up, put
from rally.validation.pseudonyms import IdReplacer, Pseudonyms, stands_in

_END_TIME = ("ping_info", "end_time")
"""The place of the time at which Glean's clients ended to collect a ping."""

_DAY_LENGTH = len("2022-03-10")
_LATEST = timedelta(days=7)


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
        is_bound: whether the ciphertext is bound to the path, so that the ping was
            sealed as the document that the path names.
    """

    route: Route
    envelope: Envelope
    sent: datetime
    document_id: str
    clear: dict[str, Any]
    failure: FailureReason | None = None
    is_bound: bool = False

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

    def in_study(self, study: Study, pseudonyms: Pseudonyms) -> "Sender":
        """Gives the person the pseudonyms by which a study's rows know them.

        Args:
            study: study of the rows.
            pseudonyms: pseudonyms, with the study's key.
        """
        if study.kind is StudyKind.PLATFORM:
            return self
        deletion = self.deletion_pseudonym
        return self._replace(
            participant=pseudonyms.of_study(study.namespace, self.participant),
            deletion_pseudonym=deletion
            and pseudonyms.of_study(study.namespace, deletion),
        )


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


class EncodedRow(NamedTuple):
    """A row, and the schema by which it is one.

    Attributes:
        fingerprint: fingerprint of the payload's schema.
        row: Avro binary of the row.
        left_out: places of values that it has not: nobody collects them any more, or
            yet, or people ordered them to be expunged.
    """

    fingerprint: str
    row: bytes
    left_out: frozenset[str]


def make_row(ping: OpenedPing, sender: Sender, approvals: Approvals) -> EncodedRow:
    """Encodes the row of a ping, with a pseudonym wherever an id stood.

    The row has the newest schema that it fits of those that reviews cover at the ping's
    time. Of a ping that fits none, what they do not declare is left out on the days on
    which a review has it counted.

    Args:
        ping: ping of the row; ids in its clear text are replaced in place.
        sender: person who sent it, with the pseudonyms that the namespace's rows have.
        approvals: schemas that are approved at the ping's time; at least one.

    Raises:
        PingFailed: the payload fits no schema, for the reason of the newest; or an id
            stands where it cannot be replaced.
    """
    route = ping.route
    _put_pseudonyms(ping, sender)
    try:
        approved = approvals.covering(route.document, ping.sent)
        return _make_fitting_row(ping, sender, approved)
    except PingFailed as failed:
        if failed.reason is not FailureReason.SCHEMA_MISMATCH:
            raise
        reporting = approvals.reporting(route.document, ping.sent)
        made = _make_reported_row(ping, sender, reporting)
        if made is None:
            raise
        return made


def _put_pseudonyms(ping: OpenedPing, sender: Sender) -> None:
    route, clear = ping.route, ping.clear
    assert route.participant
    if sender.deletion_pseudonym is not None:
        assert route.deletion_id
        put(clear, route.deletion_id, sender.deletion_pseudonym)
    put(clear, route.participant, sender.participant)


def check_enrolment(ping: OpenedPing, sender: Sender) -> None:
    """Checks that a ping is an enrolment, of which no row is made that would say so.

    What is bound to its path is one. What came in a JWE fits one of its document's
    schemas, whatever reviews say of them: anybody may have sent it here.

    Args:
        ping: ping of the enrolment; ids in its clear text are replaced in place.
        sender: person who sent it.

    Raises:
        PingFailed: it fits none, for the reason of one.
    """
    if ping.is_bound:
        return
    _put_pseudonyms(ping, sender)
    failed: PingFailed | None = None
    for encoder in ping.route.encoders.values():
        try:
            encoder.encode("", "", ping.micros, None, None, ping.clear)
            return
        except PingFailed as error:
            failed = error
    if failed:
        raise failed


def hear_without_row(
    joined: Event | None, ping: OpenedPing, sender: Sender, approvals: Approvals
) -> Event | None:
    """Gives the event of an enrolment whose row is not stored; None where it is none.

    What came in a JWE would have to be a row: anybody may have sent it here. Then it is
    known by its row's reason alone, and a replay may yet hear it.

    Args:
        joined: event of the enrolment; None of other pings.
        ping: ping of the enrolment; ids in its clear text are replaced in place.
        sender: person who sent it.
        approvals: schemas that are approved at the ping's time; at least one.
    """
    if joined is None or ping.is_bound:
        return joined
    try:
        make_row(ping, sender, approvals)
    except PingFailed:
        return None
    return joined


def _make_fitting_row(
    ping: OpenedPing, sender: Sender, approved: Iterable[PayloadSchema]
) -> EncodedRow:
    """Encodes a row by the first schema that a ping fits.

    What older schemas had, and the fields that expired, are left out.

    Raises:
        PingFailed: it fits none, for the reason of the first.
    """
    failed: PingFailed | None = None
    for schema in approved:
        encoder = ping.route.encoders[schema.fingerprint]
        payload: object = ping.clear
        expired: Sequence[str] = ()
        if encoder.expires:
            payload, expired = encoder.without_expired(payload, _collected(ping))
        try:
            row = _hide_ids(ping, sender, encoder, payload)
            return EncodedRow(encoder.fingerprint, row, frozenset(expired))
        except PingFailed as error:
            failed = failed or error
        payload, given_up = encoder.without_given_up(payload)
        if given_up:
            try:
                row = _hide_ids(ping, sender, encoder, payload)
            except PingFailed as error:
                failed = error if failed is None else failed
            else:
                left_out = frozenset((*expired, *given_up))
                return EncodedRow(encoder.fingerprint, row, left_out)
    assert failed
    raise failed


def _make_reported_row(
    ping: OpenedPing, sender: Sender, reporting: Iterable[PayloadSchema]
) -> EncodedRow | None:
    """Encodes a row without what its schema does not declare.

    Args:
        ping: ping that fits no schema, with pseudonyms for ids.
        sender: person who sent it.
        reporting: schemas that have what is undeclared counted, the newest first. The
            row has the first that the rest of the ping fits.

    Returns:
        The row; None where the rest of the ping fits no schema either.
    """
    for schema in reporting:
        encoder = ping.route.encoders[schema.fingerprint]
        payload, expired = encoder.without_expired(ping.clear, _collected(ping))
        payload, given_up = encoder.without_given_up(payload)
        payload, undeclared = encoder.without_undeclared(payload)
        if not undeclared:
            continue
        try:
            row = _hide_ids(ping, sender, encoder, payload)
        except PingFailed:
            continue
        left_out = frozenset((*expired, *given_up, *undeclared))
        return EncodedRow(encoder.fingerprint, row, left_out)
    return None


def without_expunged(
    route: Route, made: EncodedRow, orders: Sequence[ExpungeOrder]
) -> EncodedRow | None:
    """Takes fields out of a row, as deletion takes them out of those that are stored.

    Args:
        route: route of the row's document.
        made: the row.
        orders: orders to expunge that are about the document and the day.

    Returns:
        The row without the fields, which count as left out; None where nothing of it
        may be kept, since its schema requires such a field.
    """
    if not orders:
        return made
    try:
        schema = route.encoders[made.fingerprint].row_schema
        expunge = RowExpunge.of(orders, schema)
    except FieldRequired:
        return None
    if expunge is None:
        return made
    row, taken = expunge.take_out(made.row)
    if row is None:
        return None
    places = {each.field for each in orders if each.field and each.id in taken}
    return made._replace(row=row, left_out=made.left_out | places)


def _hide_ids(
    ping: OpenedPing, sender: Sender, encoder: RowEncoder, payload: object
) -> bytes:
    """Encodes a row in which no id of the person stands, in whatever text."""
    envelope, participant = ping.envelope, sender.participant
    agent, tags = envelope.client_agent, envelope.source_tags
    document_id, micros = ping.document_id, ping.micros
    row = encoder.encode(participant, document_id, micros, agent, tags, payload)
    for identifier, pseudonym in sender.pseudonyms().items():
        if not stands_in(identifier, row):
            continue
        replace = IdReplacer(identifier, pseudonym)
        document_id = replace.in_text(document_id)
        agent = agent and replace.in_text(agent)
        tags = tags and replace.in_text(tags)
        payload = replace.in_value(payload)
        row = encoder.encode(participant, document_id, micros, agent, tags, payload)
        if stands_in(identifier, row):  # across two values: not by chance
            raise PingFailed(FailureReason.INVALID_ID)
    return row


def _collected(ping: OpenedPing) -> date:
    """Gives the day up to which a ping was collected, as its client says it.

    A client may be believed so far: not after the ping was sent, and not long before.
    """
    sent = ping.sent.date()
    said = look_up(ping.clear, _END_TIME)
    if not isinstance(said, str):
        return sent
    try:
        day = date.fromisoformat(said[:_DAY_LENGTH])
    except ValueError:
        return sent
    return min(max(day, sent - _LATEST), sent)


def unreadable_enrolment(pioneer: PioneerEnvelope) -> FailureReason | None:
    """Gives the reason for a dead letter beside the row of an unreadable enrolment.

    A real key should have opened it, and its deletion id may still be wanted. None for
    the keys that nobody has.
    """
    if pioneer.key_id in BOGUS_KEY_IDS:
        return None
    return FailureReason.UNREADABLE_ENROLMENT
