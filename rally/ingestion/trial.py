"""Tries clear pings: what ingest would make of them, without a key and without a trace.

The judge is ingest's own. Two of its parts are stand-ins: an opener that hands it the
clear ping, and one pseudonym for everybody, in which nobody is to be found.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from io import BytesIO
from typing import Any, NamedTuple, cast

import fastavro

from rally.decryption.opener import Opened, Opener
from rally.decryption.pioneer import identifier_name
from rally.envelope import Envelope, make_envelope, parse_timestamp
from rally.fields import raise_all
from rally.ingestion.decisions import Decisions
from rally.ingestion.judge import Judge
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Routes
from rally.outcomes import LEFT_OUT, FailureReason, Mismatch, RefusalReason
from rally.registry.intervals import Interval, last_day
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document, Study
from rally.sources.clear_pings import ClearPing
from rally.storage.writer import NewRow
from rally.validation.avro_schema import read_schema
from rally.validation.mismatches import find_mismatches
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.fold import Leaver

STAND_IN = "00000000-0000-8000-8000-000000000000"
"""Stands in a row that is shown for every pseudonym."""

_DOCUMENT_ID = "00000000-0000-4000-8000-000000000000"
_PIONEER_ID = "00000000-0000-4000-8000-000000000001"
"""Stands for the id that Pioneer's envelope has outside of the payload."""


class FindingKind(StrEnum):
    """Kind of obstacle to storing a ping, or a part of it."""

    MISMATCH = "mismatch"
    REFUSED = "refused"
    FAILED = "failed"
    LEFT_OUT = "left out"


class Finding(NamedTuple):
    """A reason for which a ping, or a part of it, would not be stored.

    Attributes:
        kind: kind of the reason.
        reason: reason of ingest's own closed set.
        detail: description of it; it holds nothing of the ping.
    """

    kind: FindingKind
    reason: str
    detail: str


class Tried(NamedTuple):
    """Outcome that a ping would have.

    Attributes:
        findings: reasons for which it would not be stored; of a mismatch each place.
        row: row that would be stored, decoded, with STAND_IN for pseudonyms and zeros
            for its document id; None of a withdrawal, which leaves no row.
        left_out: places of values that the row would not have.
    """

    findings: tuple[Finding, ...]
    row: Mapping[str, Any] | None
    left_out: tuple[Finding, ...] = ()


class Trial:
    """Judges clear pings of one document; nothing is read and nothing is kept."""

    def __init__(
        self,
        registry: Registry,
        study: Study,
        document: Document,
        decisions: Decisions,
        clock: datetime,
        country_attribute: str,
    ) -> None:
        """Compiles the registry's documents.

        Args:
            registry: registry of the study.
            study: study of the document.
            document: document that the pings are of.
            decisions: people's decisions on its studies and their reviews.
            clock: time of the trial, UTC, at which a ping without a time was sent.
            country_attribute: name of the attribute with the sender's country.

        Raises:
            ConfigurationError: a schema cannot be served.
        """
        self._study, self._document = study, document
        self._country_attribute = country_attribute
        self._opener = _ClearOpener()
        self._decisions = decisions
        self._judge = Judge(
            Routes(registry),
            self._opener,
            Pseudonyms(dict.fromkeys((PLATFORM, *registry.studies), _NobodysPrf())),
            decisions,
            _NobodyLeft(),
            lambda: clock,
        )
        path = f"{document.type}/{document.version}/{_DOCUMENT_ID}"
        self._always = {
            "uri": f"/submit/{study.namespace}/{path}",
            "submission_timestamp": clock.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        }
        self._type = read_schema(document.schema.json)
        self._schemas = {
            each.fingerprint: fastavro.parse_schema(json.loads(row_schema(each)))
            for each in document.revisions
        }

    def judge(self, payload: dict[str, Any], attributes: Mapping[str, object]) -> Tried:
        """Tells what would become of a ping.

        Args:
            payload: clear payload; ids in it are replaced in place.
            attributes: attributes of its message; of absent ones there are defaults.
        """
        identifier = identifier_name(self._study.namespace)
        if self._document.schema.participant == f"/{identifier}":
            payload.setdefault(identifier, _PIONEER_ID)
        self._opener.clear = payload
        said = {**self._always, **attributes, "uri": self._always["uri"]}
        envelope = make_envelope(b"", said, self._country_attribute)
        outcome = self._judge.judge(envelope)
        row = None if outcome.row is None else self._decode(outcome.row)
        left_out = (
            Finding(FindingKind.LEFT_OUT, LEFT_OUT, place)
            for place in sorted(outcome.left_out)
        )
        found = tuple(self._find(outcome, envelope, payload))
        return Tried(found, row, tuple(left_out))

    def _find(
        self, outcome: Outcome, envelope: Envelope, payload: object
    ) -> Iterator[Finding]:
        if outcome.where is not None:
            for place in self._places(outcome.where, payload):
                reason = FailureReason.SCHEMA_MISMATCH
                yield Finding(FindingKind.MISMATCH, reason, place.words)
        elif outcome.failure is FailureReason.REVIEW_LAPSED:
            detail = self._describe(RefusalReason.NOT_APPROVED, envelope)
            yield Finding(FindingKind.REFUSED, outcome.failure, detail)
        elif outcome.failure is not None:
            detail = outcome.failure.replace("_", " ")
            yield Finding(FindingKind.FAILED, outcome.failure, detail)
        elif outcome.refusal is not None:
            detail = self._describe(outcome.refusal, envelope)
            yield Finding(FindingKind.REFUSED, outcome.refusal, detail)

    def _describe(self, reason: RefusalReason, envelope: Envelope) -> str:
        sent = parse_timestamp(envelope.submission_timestamp)
        windows = self._decisions.approvals.windows(self._document)
        return describe_refusal(reason, windows, sent)

    def _places(self, first: Mismatch, payload: object) -> Iterable[Mismatch]:
        """Finds each place that a payload misses, of which ingest counts the first."""
        found = dict.fromkeys(find_mismatches(self._type, payload))
        return found if next(iter(found), None) == first else (first,)

    def _decode(self, row: NewRow) -> Mapping[str, Any]:
        schema = self._schemas[row.fingerprint]
        decoded: Any = fastavro.schemaless_reader(BytesIO(row.row), schema, None)
        return cast(Mapping[str, Any], decoded)


def describe_refusal(
    reason: RefusalReason, windows: Iterable[Interval], sent: datetime
) -> str:
    """Describes a refusal: `approval ended 2026-05-20`.

    Args:
        reason: reason of the refusal.
        windows: times at which the document is approved, in their order.
        sent: time at which the ping was sent.
    """
    if reason is RefusalReason.NOT_APPROVED:
        ended = [each.end for each in windows if each.end <= sent]
        if ended:
            return f"approval ended {last_day(ended[-1])}"
        for each in windows:
            return f"approval begins {each.start.date()}"
    return reason.replace("_", " ")


def check_fit(document: Document, pings: Iterable[ClearPing]) -> None:
    """Checks that pings fit the document's schema.

    Raises:
        ConfigurationError: some do not; each is named with the schema's places.
    """
    type_, name = read_schema(document.schema.json), document.name
    faults = list[str]()
    for ping in pings:
        if found := dict.fromkeys(find_mismatches(type_, ping.payload)):
            places = "; ".join(each.words for each in found)
            what = f"does not fit {document.namespace}/{name}: {places}"
            faults.append(f"{ping.place}: {what}")
    raise_all(faults)


class _ClearOpener(Opener):
    """Opens every body into the clear ping at hand.

    Attributes:
        clear: clear ping.
    """

    def __init__(self) -> None:
        self.clear: dict[str, Any] = {}

    def open(self, body: bytes, namespace: str, path: str) -> Opened:
        return Opened(self.clear)


class _NobodysPrf:
    """Gives the same output, zeros, for everybody."""

    def compute(self, data: bytes) -> bytes:
        return bytes(16)


class _NobodyLeft:
    """A withdrawal list without people."""

    counter = 0

    def people(self) -> Mapping[str, Leaver]:
        return {}
