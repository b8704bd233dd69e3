"""Names what can become of a ping: stored, refused or failed, and why.

Both sets of reasons are closed: they are counter names, log fields and parts of dead
letters, so nothing that a ping carries can ever become one.
"""

from collections import Counter
from enum import StrEnum
from typing import NamedTuple


class FailureReason(StrEnum):
    """The reason for a dead letter: the pipeline could not do its part."""

    MALFORMED_LINE = "malformed_line"
    INVALID_TIMESTAMP = "invalid_timestamp"
    INVALID_URI = "invalid_uri"
    UNKNOWN_NAMESPACE = "unknown_namespace"
    UNKNOWN_DOCUMENT = "unknown_document"
    STUDY_UNAVAILABLE = "study_unavailable"
    TOO_LARGE = "too_large"
    INVALID_BODY = "invalid_body"
    NOT_ENCRYPTED = "not_encrypted"
    NO_KEY = "no_key"
    DECRYPTION_FAILED = "decryption_failed"
    INVALID_PAYLOAD = "invalid_payload"
    INVALID_ID = "invalid_id"
    UNKNOWN_STUDY = "unknown_study"
    SCHEMA_MISMATCH = "schema_mismatch"
    UNREADABLE_ENROLMENT = "unreadable_enrolment"
    LEFT = "left"
    REVIEW_LAPSED = "review_lapsed"

    @property
    def step(self) -> str:
        """The step that failed: reading, opening or validating."""
        return _STEPS.get(self, "validating")


_STEPS = {
    FailureReason.MALFORMED_LINE: "reading",
    FailureReason.INVALID_TIMESTAMP: "reading",
    FailureReason.INVALID_URI: "reading",
    FailureReason.UNKNOWN_NAMESPACE: "reading",
    FailureReason.UNKNOWN_DOCUMENT: "reading",
    FailureReason.STUDY_UNAVAILABLE: "reading",
    FailureReason.TOO_LARGE: "opening",
    FailureReason.INVALID_BODY: "opening",
    FailureReason.NOT_ENCRYPTED: "opening",
    FailureReason.NO_KEY: "opening",
    FailureReason.DECRYPTION_FAILED: "opening",
    FailureReason.UNREADABLE_ENROLMENT: "opening",
}


class RefusalReason(StrEnum):
    """The reason for which a ping is not kept: the client, the person or the promise.

    NOT_APPROVED: no review that counts covers its document on its day.

    EXPUNGED: people ordered that nothing of its document is kept of its day.

    REPOSTED: the same ping was an enrolment before, and says nothing new.
    """

    AUTOMATION = "automation"
    PRIVATE_BROWSING = "private_browsing"
    COUNTRY = "country"
    DO_NOT_TRACK = "do_not_track"
    BEFORE_START = "before_start"
    PAUSED = "paused"
    ENDED = "ended"
    NOT_APPROVED = "not_approved"
    EXPIRED = "expired"
    EXPUNGED = "expunged"
    WITHDRAWN = "withdrawn"
    REPOSTED = "reposted"


class MismatchKind(StrEnum):
    """The kind of a schema mismatch."""

    WRONG_VALUE = "wrong_value"
    MISSING = "missing"
    UNDECLARED = "undeclared"


class Mismatch(NamedTuple):
    """A place of a schema that a payload does not fit; it holds nothing of the payload.

    Attributes:
        path: path of the place, from JSON names of the schema: `/metrics/quantity/a.b`,
            with `*` for items of an array and values of a map; "" is the whole payload.
            Of an undeclared field it is the object in which it stands.
        kind: kind of the mismatch.
        wants: type that the schema has there, where the value is not of it.
    """

    path: str
    kind: MismatchKind
    wants: str = ""

    @property
    def words(self) -> str:
        """The mismatch in words: `/metrics/quantity/a.b wants long`."""
        path = self.path or "/"
        match self.kind:
            case MismatchKind.WRONG_VALUE:
                return f"{path} wants {self.wants}"
            case MismatchKind.MISSING:
                return f"{path} is missing"
            case MismatchKind.UNDECLARED:
                return f"undeclared, below {path}"


STORED, REFUSED, FAILED = "stored", "refused", "failed"
JOINED, LEFT, ASKED = "joined", "left", "asked"
CONSENTED = "consented"
"""Counts pings that said what somebody agrees to, or does not."""

LEFT_OUT = "left_out"
"""Counts places of stored pings whose values nobody collects any more, or yet."""


class Count(NamedTuple):
    """The name of one counter, every part of it from the registry or a closed set.

    Attributes:
        study: namespace, or `unknown`.
        document: `<type>.<version>`, or `unknown`.
        outcome: stored, refused, failed, joined, left, asked, consented or left_out.
        reason: reason of a refusal or failure; empty otherwise.
        where: first place of the schema that does not fit, in words, where the schema's
            mismatch is the reason; the place of what was left out; empty otherwise.
    """

    study: str
    document: str
    outcome: str
    reason: str = ""
    where: str = ""

    @property
    def name(self) -> str:
        """The counter's name: its parts but for `where`, joined by "/"."""
        return "/".join(part for part in self[:4] if part)

    @property
    def place_name(self) -> str:
        """The name of the counter by place: study, document and `where`."""
        return f"{self.study}/{self.document}/{self.where}"

    @classmethod
    def parse(cls, name: str) -> "Count":
        """Reads a counter's name; the inverse of `name`."""
        return cls(*name.split("/"))

    @classmethod
    def parse_mismatch(cls, name: str) -> "Count":
        """Reads a counter's name by place; the inverse of `place_name`."""
        study, document, where = name.split("/", 2)
        return cls(study, document, FAILED, FailureReason.SCHEMA_MISMATCH.value, where)

    @classmethod
    def parse_left_out(cls, name: str) -> "Count":
        """Reads a counter's name by place; the inverse of `place_name`."""
        study, document, where = name.split("/", 2)
        return cls(study, document, LEFT_OUT, where=where)


def without_places(counts: Counter[Count]) -> Counter[Count]:
    """Adds up counts of pings that differ in `where` alone."""
    whole: Counter[Count] = Counter()
    for count, number in counts.items():
        if count.outcome != LEFT_OUT:
            whole[count._replace(where="")] += number
    return whole


def mismatches_in(counts: Counter[Count]) -> Counter[Count]:
    """Gives the counts that say where a schema does not fit."""
    return Counter(
        {it: number for it, number in counts.items() if it.where and it.reason}
    )


def left_out_in(counts: Counter[Count]) -> Counter[Count]:
    """Gives the counts that say what was left out of stored pings."""
    return Counter(
        {it: number for it, number in counts.items() if it.outcome == LEFT_OUT}
    )
