"""Decisions on people's requests for a copy: who may take them, and what they say."""

import pytest

from rally.decisions.access_contents import (
    AccessDecision,
    AccessOpening,
    AccessVerification,
    VerificationMeans,
)
from rally.decisions.chain import EntryStatus
from rally.decisions.contents import DecisionKind
from rally.decisions.entry import decode, encode
from rally.decisions.signers import DEVELOPMENT
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from tests.rally.decisions.signed_entries import NOW, append_entry
from tests.support.access_cases import CASE, EVIDENCE, RECIPIENT
from tests.support.people import signer

OPENING = AccessOpening(CASE, "5" * 64, True, RECIPIENT)
DECISION = AccessDecision(CASE, "by letter")
OPEN, VERIFY = DecisionKind.OPEN_CASE, DecisionKind.VERIFY_CASE
APPROVE, REFUSE = DecisionKind.APPROVE_CASE, DecisionKind.REFUSE_CASE
PING, ACCOUNT, ATTESTATION = VerificationMeans


def verification(means):
    return AccessVerification(CASE, means, EVIDENCE, "known by voice")


DESK = [
    (OPEN, OPENING),
    (OPEN, OPENING._replace(recipient=None, wants_leaving=False)),
    (VERIFY, verification(PING)),
    (VERIFY, verification(ATTESTATION)),
    (APPROVE, DECISION),
    (REFUSE, DECISION),
]
MAY = {
    *((by, *each) for by in ("decide", "decide-2") for each in DESK),
    ("service", VERIFY, verification(ACCOUNT)),
}
ALL = [*DESK, (VERIFY, verification(ACCOUNT))]


@pytest.mark.parametrize(("kind", "content"), ALL)
def test_decision_counts_of_whoever_may_take_it_and_of_nobody_else(
    platform, kind, content
):
    entries = {by: append_entry(platform, by, kind, content) for by in DEVELOPMENT}
    counts = list(read_chain(platform).of(kind))
    assert {each.by for each in counts} == {
        by for by in DEVELOPMENT if (by, kind, content) in MAY
    }
    assert counts == [entries[each.by] for each in counts]
    assert all(decode(encode(each), "entry") == each for each in counts)


@pytest.mark.parametrize(
    ("by", "means", "role"),
    [
        ("decide", ACCOUNT, "service"),
        ("service", PING, "decide"),
        ("service", ATTESTATION, "decide"),
    ],
)
def test_account_is_for_the_service_and_all_else_for_the_desk(
    platform, by, means, role
):
    append_entry(platform, by, VERIFY, verification(means))
    record = read_chain(platform).records[-1]
    assert (record.status, record.why) == (
        EntryStatus.VOID,
        f"{by} may not sign for that; it takes the role {role}",
    )


HEX = "must be lower-case hexadecimal digits, all of them"
BAD = [
    (OPEN, OPENING._replace(case="3f07c2a"), f"case: {HEX}"),
    (OPEN, OPENING._replace(case="3F07C2AA"), f"case: {HEX}"),
    (OPEN, OPENING._replace(subject=CASE), f"subject: {HEX}"),
    (OPEN, OPENING._replace(recipient=RECIPIENT[:-1]),
     "recipient: must be an age public key, age1…, as `age-keygen -y` prints it"),
    (OPEN, OPENING._replace(wants_leaving="yes"),
     "wants_leaving: must be true or false"),
    (VERIFY, verification("passport"),
     "means: must be one of: ping, account, attestation"),
    (VERIFY, verification(PING)._replace(evidence=""),
     "evidence: must be text; write some, in quotes where YAML needs them"),
    (APPROVE, DECISION._replace(case="../../etc"), f"case: {HEX}"),
    (REFUSE, DECISION._replace(note="two\nlines"),
     "note: must be one line of printable text"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "message"), BAD)
def test_decision_that_nobody_could_read_is_not_written(
    platform, kind, content, message
):
    before = read_chain(platform).head
    with pytest.raises(ConfigurationError) as caught:
        decide(platform, signer("decide"), kind, content, NOW)
    assert str(caught.value) == f"{kind}: {message}"
    assert read_chain(platform).head == before
