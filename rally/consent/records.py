"""Keeps the log of consents, append-only: who agreed to what, or said no.

Records hold platform pseudonyms only. All else in them is of a closed set, or too short
for an id. A record says what one ping said; what counts now, the fold decides
(rally.consent.fold).
"""

import re
from enum import StrEnum
from operator import attrgetter
from typing import Any, NamedTuple

from rally.registry.notices import NoticeName
from rally.storage.append_log import AppendLog, RecordFormat
from rally.storage.layout import CONSENTS
from rally.times import check_time, to_micros

FIELD = re.compile("[a-z][a-z0-9_]{0,29}")
"""Name of something that a person gives or keeps: too short for an id."""

MOST_FIELDS = 100
"""Of one record."""


class ConsentPurpose(StrEnum):
    """What a person is asked to agree to.

    STUDY: to take part in a study, with what its notice says.
    DEMOGRAPHICS: that a study's researchers see some of the demographics beside it.
    """

    STUDY = "study"
    DEMOGRAPHICS = "demographics"


class ConsentChoice(StrEnum):
    """What a person says; the later in this order protects more."""

    GIVEN = "given"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class ConsentRecord(NamedTuple):
    """One choice of a person, as a ping or a letter reported it.

    Attributes:
        choice: Choice.
        study: Namespace of the study that it is about.
        participant: Platform pseudonym.
        purpose: Purpose.
        fields: Fields that it is about, sorted; none is all of the purpose.
        at: Time of the choice, microseconds since 1970: the client's, and not after
            the edge received it; a refusal's is at most a week before.
        submission_timestamp: Time at which the edge received it, microseconds.
        notice: Notice that the person read, as the client names it; None where it
            names none.
        document_id: Document id of the ping.
        signal: Document of the ping, `<namespace>/<type>.<version>`; or MAIL of a
            letter, which counts if a person signed for it.
    """

    choice: ConsentChoice
    study: str
    participant: str
    purpose: ConsentPurpose
    fields: tuple[str, ...]
    at: int
    submission_timestamp: int
    notice: NoticeName | None
    document_id: str
    signal: str


_TIME = {"type": "long", "logicalType": "timestamp-micros"}
_NULLABLE = ["null", "string"]
_SCHEMA = {
    "type": "record",
    "name": "consent",
    "namespace": "rally",
    "fields": [
        {"name": "choice", "type": "string"},
        {"name": "study", "type": "string"},
        {"name": "participant", "type": "string"},
        {"name": "purpose", "type": "string"},
        {"name": "fields", "type": {"type": "array", "items": "string"}},
        {"name": "at", "type": _TIME},
        {"name": "submission_timestamp", "type": _TIME},
        {"name": "notice_version", "type": _NULLABLE, "default": None},
        {"name": "notice_sha256", "type": _NULLABLE, "default": None},
        {"name": "document_id", "type": "string"},
        {"name": "signal", "type": "string"},
    ],
}


def _encode(record: ConsentRecord) -> dict[str, Any]:
    datum = record._asdict()
    notice = datum.pop("notice")
    version, sha256 = notice or (None, None)
    return {**datum, "notice_version": version, "notice_sha256": sha256}


def _decode(row: dict[str, Any]) -> ConsentRecord:
    version, sha256 = row.pop("notice_version"), row.pop("notice_sha256")
    return ConsentRecord(
        notice=None if version is None else NoticeName(version, sha256 or ""),
        choice=ConsentChoice(row.pop("choice")),
        purpose=ConsentPurpose(row.pop("purpose")),
        fields=tuple(row.pop("fields")),
        at=to_micros(check_time(row.pop("at"))),
        submission_timestamp=to_micros(check_time(row.pop("submission_timestamp"))),
        **row,
    )


CONSENT_LOG = AppendLog(
    CONSENTS,
    "consents",
    RecordFormat(_SCHEMA, _encode, _decode, attrgetter("submission_timestamp")),
)
"""Where consents are, and how they are written."""
