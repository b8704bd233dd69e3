"""Reads what somebody agrees to, or does not, out of an opened ping.

A refusal counts always: where its fields cannot be read, of the whole purpose. What is
given counts only while the study may collect it. Words of strangers do not come so far:
each part is of a closed set, or too short for an id. A ping that gives something and
says anything else fails, and so does any whose purpose or choice is of no such set.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from rally.consent.records import (
    FIELD,
    MOST_FIELDS,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.errors import PingFailed
from rally.events import RALLY
from rally.ingestion.outcome import Outcome
from rally.ingestion.ping import OpenedPing, Sender
from rally.outcomes import FailureReason, Mismatch, MismatchKind, RefusalReason
from rally.registry.notices import VERSION, NoticeName
from rally.registry.policy import refused_by_person, refused_by_tag
from rally.registry.study import ConsentPlaces
from rally.storage.container import canonical_json
from rally.times import InvalidTime, parse_time, to_micros
from rally.validation.pointers import look_up, parse_pointer
from rally.validation.pseudonyms import stands_in

_Part = TypeVar("_Part")
_SHA256 = re.compile("[0-9a-f]{64}")
_EARLIEST = timedelta(days=7)
"""How long before its ping a refusal may have been made, by a client's clock."""


@dataclass(frozen=True, slots=True)
class _Read:
    """The parts of a choice, as a ping has them.

    Attributes:
        purpose: Purpose.
        choice: Choice.
        fields: Fields with whether the choice is about each; None without any.
        notice: Notice that was read.
        at: Time that the client says, UTC; None where it says none.
    """

    purpose: ConsentPurpose
    choice: ConsentChoice
    fields: Mapping[str, bool] | None
    notice: NoticeName | None
    at: datetime | None


def judge_consents(
    opened: OpenedPing,
    study: str,
    sender: Sender,
    broken_promise: RefusalReason | None,
) -> Outcome:
    """Decides what becomes of a ping that says what somebody agrees to.

    Args:
        opened: Opened ping.
        study: Namespace of the study that it is about; RALLY is none.
        sender: Person who sent it, with the platform's pseudonym.
        broken_promise: Reason for which the study takes no data of that time, if any.

    Raises:
        PingFailed: a part is missing, or is nothing that a consent can say; or it is
            about no study.
    """
    if study == RALLY:
        raise PingFailed(FailureReason.UNKNOWN_STUDY)
    records = _make_records(opened, study, sender)
    kept = [each for each in records if each.choice is not ConsentChoice.GIVEN]
    route, refusal = opened.route, None
    if len(kept) < len(records):
        refusal = (
            refused_by_tag(route.study, opened.envelope)
            or broken_promise
            or refused_by_person(route.private, opened.clear)
        )
    return Outcome(
        route.label, consents=tuple(kept if refusal else records), refusal=refusal
    )


def _make_records(
    opened: OpenedPing, study: str, sender: Sender
) -> list[ConsentRecord]:
    """Makes the records of a ping: of fields, one of those named and one of the rest.

    Of what is given, the other fields are refused. What is refused or taken back
    without a field is the whole purpose, and so it is where a part holds the sender's
    id.
    """
    places = opened.route.document.consent
    assert places
    read = _read(opened, places)
    records = _records_of(read, opened, study, sender)
    text = canonical_json(records).encode()
    if not any(stands_in(each, text) for each in sender.pseudonyms()):
        return records
    if read.choice is ConsentChoice.GIVEN:
        raise PingFailed(FailureReason.INVALID_ID)
    whole = replace(read, fields=None, notice=None)
    return _records_of(whole, opened, study, sender)


def _records_of(
    read: _Read, opened: OpenedPing, study: str, sender: Sender
) -> list[ConsentRecord]:
    named = sorted(name for name, is_meant in (read.fields or {}).items() if is_meant)
    others = sorted((read.fields or {}).keys() - {*named})
    choices = [(read.choice, tuple(named))]
    if read.choice is ConsentChoice.GIVEN and read.fields is not None:
        choices = [(read.choice, tuple(named))] if named else []
        if others or not named:
            choices.append((ConsentChoice.REFUSED, tuple(others)))
    pseudonyms, document_id = sender.pseudonyms(), opened.document_id
    label = opened.route.label
    return [
        ConsentRecord(
            choice,
            study,
            sender.participant,
            read.purpose,
            fields,
            _choose_time(choice, read.at, opened.sent),
            opened.micros,
            read.notice,
            pseudonyms.get(document_id, document_id),
            f"{label.study}/{label.document}",
        )
        for choice, fields in choices
    ]


def _read(opened: OpenedPing, places: ConsentPlaces) -> _Read:
    clear = opened.clear
    purpose = _text(clear, places.purpose)
    if purpose not in set(ConsentPurpose):
        raise _mismatch(places.purpose, " or ".join(ConsentPurpose))
    choice = _text(clear, places.choice)
    if choice not in set(ConsentChoice):
        raise _mismatch(places.choice, " or ".join(ConsentChoice))
    if choice != ConsentChoice.GIVEN:
        return _Read(
            ConsentPurpose(purpose),
            ConsentChoice(choice),
            _read_or_none(_read_fields, clear, places),
            _read_or_none(_read_notice, clear, places),
            _read_or_none(_read_time, clear, places),
        )
    fields, notice = _read_fields(clear, places), _read_notice(clear, places)
    at = _read_time(clear, places)
    if at is None:
        raise _mismatch(places.time, "a time with its zone, of what is given")
    return _Read(ConsentPurpose(purpose), ConsentChoice.GIVEN, fields, notice, at)


def _read_or_none(
    read: Callable[[Mapping[str, object], ConsentPlaces], _Part | None],
    clear: Mapping[str, object],
    places: ConsentPlaces,
) -> _Part | None:
    """Reads a part of a refusal, which counts whether it can be read or not."""
    try:
        return read(clear, places)
    except PingFailed:
        return None


def _read_fields(
    clear: Mapping[str, object], places: ConsentPlaces
) -> Mapping[str, bool] | None:
    """Reads the fields; a client that may name some and names none gives nothing."""
    if places.fields is None:
        return None
    found = look_up(clear, parse_pointer(places.fields))
    if found is None:
        return {}
    wanted = f"at most {MOST_FIELDS} booleans by short names"
    if type(found) is not dict or len(found) > MOST_FIELDS:
        raise _mismatch(places.fields, wanted)
    for name, is_meant in found.items():
        if not FIELD.fullmatch(name) or type(is_meant) is not bool:
            raise _mismatch(places.fields, wanted)
    return found


def _read_notice(
    clear: Mapping[str, object], places: ConsentPlaces
) -> NoticeName | None:
    """Reads which notice was read; None where one of its two parts is missing."""
    version = _text(clear, places.notice_version)
    sha256 = _text(clear, places.notice_sha256)
    if version is None or sha256 is None:
        return None
    if not VERSION.fullmatch(version):
        raise _mismatch(places.notice_version, "a version of 30 characters at most")
    if not _SHA256.fullmatch(sha256):
        raise _mismatch(places.notice_sha256, "64 lower-case hexadecimal digits")
    return NoticeName(version, sha256)


def _read_time(clear: Mapping[str, object], places: ConsentPlaces) -> datetime | None:
    """Reads when somebody chose, by the client's clock; None where it tells no time."""
    said = _text(clear, places.time)
    try:
        return None if said is None else parse_time(said, needs_zone=True)
    except InvalidTime:
        return None


def _choose_time(choice: ConsentChoice, said: datetime | None, sent: datetime) -> int:
    """Gives the time from which a choice counts, microseconds: not after it was sent.

    Clients' clocks are often wrong, so a refusal is not taken for a very old one. What
    is given is as old as its client says: whoever sends the sealed ping again, later,
    must not make it newer than what the person refused since.
    """
    if said is None:
        return to_micros(sent)
    if choice is not ConsentChoice.GIVEN:
        said = max(said, sent - _EARLIEST)
    return to_micros(min(said, sent))


def _text(clear: Mapping[str, object], at: str) -> str | None:
    found = look_up(clear, parse_pointer(at))
    if found is None or isinstance(found, str):
        return found
    raise _mismatch(at, "string")


def _mismatch(at: str, wants: str) -> PingFailed:
    where = Mismatch(at, MismatchKind.WRONG_VALUE, wants)
    return PingFailed(FailureReason.SCHEMA_MISMATCH, where)
