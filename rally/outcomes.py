"""Names what can become of a ping: stored, refused or failed, and why.

Both sets of reasons are closed: they are counter names, log fields and parts of dead
letters, so nothing that a ping carries can ever become one.
"""

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

    REPOSTED: the same ping was an enrolment before, and says nothing new.
    """

    AUTOMATION = "automation"
    PRIVATE_BROWSING = "private_browsing"
    COUNTRY = "country"
    DO_NOT_TRACK = "do_not_track"
    BEFORE_START = "before_start"
    PAUSED = "paused"
    ENDED = "ended"
    OUTSIDE_REVIEW = "outside_review"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"
    REPOSTED = "reposted"


STORED, REFUSED, FAILED = "stored", "refused", "failed"
JOINED, LEFT = "joined", "left"


class Count(NamedTuple):
    """The name of one counter, every part of it from the registry or a closed set.

    Attributes:
        study: namespace, or `unknown`.
        document: `<type>.<version>`, or `unknown`.
        outcome: stored, refused, failed, joined or left.
        reason: reason of a refusal or failure; empty otherwise.
    """

    study: str
    document: str
    outcome: str
    reason: str = ""

    @property
    def name(self) -> str:
        """The counter's name: its parts joined by "/"."""
        return "/".join(part for part in self if part)

    @classmethod
    def parse(cls, name: str) -> "Count":
        """Reads a counter's name; the inverse of `name`."""
        return cls(*name.split("/"))
