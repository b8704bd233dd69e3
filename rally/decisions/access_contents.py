"""What people decide on a person's request for a copy of their data, as typed records.

A case is known by an id that was drawn at random. Its subject is a hash that nobody can
compute without the platform's pseudonym key and the person's id (rally.access.cases).
"""

from enum import StrEnum
from typing import NamedTuple

CASE_DIGITS = 8
"""Hexadecimal digits of a case's id."""


class VerificationMeans(StrEnum):
    """Evidence that a request is the person's own.

    PING: their own client asked, with a key of the first enrolment in Rally that was
    ever heard of them. ACCOUNT: the account service authenticated them again.
    ATTESTATION: people vouch for it, two of them.
    """

    PING = "ping"
    ACCOUNT = "account"
    ATTESTATION = "attestation"


class AccessOpening(NamedTuple):
    """Somebody asks for a copy of their data.

    Attributes:
        case: Id of the case, drawn at random.
        subject: SHA-256 in hex that stands for the person in this case alone.
        wants_leaving: Whether they leave once they have their copy.
        recipient: The age public key that alone opens the copy; None where generated
            words do.
    """

    case: str
    subject: str
    wants_leaving: bool
    recipient: str | None


class AccessVerification(NamedTuple):
    """Somebody says that the request of a case is the person's own.

    Attributes:
        case: Id of the case.
        means: Evidence of it.
        evidence: SHA-256 in hex of what was looked at.
        note: Reason; an attestation has one.
    """

    case: str
    means: VerificationMeans
    evidence: str
    note: str


class AccessDecision(NamedTuple):
    """A case is approved, or refused.

    Attributes:
        case: Id of the case.
        note: Reason.
    """

    case: str
    note: str
