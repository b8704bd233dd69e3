"""Cases of people who ask for a copy, as people of a test platform decide on them."""

from datetime import UTC, datetime

from rally.access.cases import subject_of
from rally.access.records import Built, Destroyed, DestroyedFor, Fetched, write_record
from rally.decisions.access_contents import (
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.age_recipient import _ALPHABET, _checksum, _expand
from rally.decisions.contents import DecisionKind
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.keys.names import Job
from tests.support.people import job_key, signer

CASE = "3f07c2aa"
OPENED = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVIDENCE = "e" * 64
ARCHIVE = "a" * 64
RECIPIENT = "age1325g8ucj8x73w0p0vv9mvn609ht20pqvkdmdfmygjcz7xca6fgnqlg84vl"
"""A public key of age, whose private half nobody kept."""


def put_case(platform, kind, content, by, when=OPENED):
    """Somebody signs an entry, which counts for a case or does not."""
    return decide(platform, signer(by), kind, content, when)


def open_case(
    platform, participant, by="decide", case=CASE, when=OPENED, leaves=False, to=None
):
    """A case of a person, by their platform pseudonym."""
    content = AccessOpening(case, subject_of(case, participant), leaves, to)
    return put_case(platform, DecisionKind.OPEN_CASE, content, by, when)


def verify_case(
    platform,
    by="service",
    means=VerificationMeans.ACCOUNT,
    note="",
    case=CASE,
    when=OPENED,
):
    """Somebody says that a case is the person's own."""
    content = AccessVerification(case, means, EVIDENCE, note)
    return put_case(platform, DecisionKind.VERIFY_CASE, content, by, when)


def approve_case(platform, by="decide-2", case=CASE, when=OPENED):
    """Somebody approves a case."""
    content = AccessDecision(case, "")
    return put_case(platform, DecisionKind.APPROVE_CASE, content, by, when)


def refuse_case(platform, by="decide-2", case=CASE, when=OPENED):
    """Somebody refuses a case."""
    content = AccessDecision(case, "is somebody else")
    return put_case(platform, DecisionKind.REFUSE_CASE, content, by, when)


def approved_case(platform, participant, case=CASE, when=OPENED, **options):
    """A case of which a copy may be made."""
    open_case(platform, participant, case=case, when=when, **options)
    verify_case(platform, case=case, when=when)
    return approve_case(platform, case=case, when=when)


def put_record(platform, record, key=None):
    """The job writes what became of a copy; whether it was not there."""
    chain = read_chain(platform)
    return write_record(platform, chain, key or job_key(Job.COPY), record)


def built(at=OPENED, case=CASE):
    """A copy that was made."""
    return Built(case, at, ARCHIVE, 41)


def fetched(at=OPENED, case=CASE):
    """A copy that was handed out."""
    return Fetched(case, at, ARCHIVE)


def destroyed(at=OPENED, case=CASE, why=DestroyedFor.FETCHED):
    """A copy that was removed."""
    return Destroyed(case, at, ARCHIVE, why)


def make_recipient(content):
    """A public key of age that begins with letters of Bech32's alphabet.

    Args:
        content: its first letters; others of them are left out.
    """
    digits = [at for each in content if (at := _ALPHABET.find(each)) >= 0]
    digits = [*digits, *([0] * 52)][:52]
    digits[-1] &= 0b10000
    zeros = [0] * 6
    remainder = _checksum([*_expand("age"), *digits, *zeros]) ^ 1
    check = [remainder >> 5 * (5 - index) & 31 for index in range(6)]
    return "age1" + "".join(_ALPHABET[each] for each in digits + check)
