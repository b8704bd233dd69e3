"""Decisions on reviews: who may take them, and what they must say."""

from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest

from rally.decisions.chain import EntryStatus
from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    DecisionKind,
    ReviewDecision,
    ReviewImport,
    ReviewResult,
    ReviewSignature,
    Risk,
    Role,
    Suspension,
)
from rally.decisions.entry import decode, encode, entry_name
from rally.decisions.notice_contents import (
    ChangedSchema,
    NoticeKind,
    NoticePublication,
)
from rally.decisions.verifying import read_chain
from rally.decisions.writing import decide
from rally.errors import ConfigurationError
from tests.rally.decisions.signed_entries import NOW, append_entry
from tests.support.people import signer

COVERS = (
    CoveredSchema("visit.1", "1" * 64, date(2026, 6, 1), date(2026, 12, 31)),
    CoveredSchema("joined.1", "2" * 64, date(2026, 6, 1), None),
)
SIGNATURE = ReviewSignature(
    *("rally-x", "r1", "0" * 64, Role.STEWARD, ReviewResult.APPROVE, COVERS),
    *(Risk.MEDIUM, "hashed"),
)
IMPORT = ReviewImport("rally-x", "r1", "0" * 64, COVERS, "https://example.org/", "")
REVIEW = ReviewDecision("rally-x", "r1", "still needed")
DOCUMENT = Suspension("rally-x", "visit.1", "a leak")

CHANGE = NoticePublication(
    *("rally-x", NoticeKind.CHANGED, "r1", "https://example.org/"),
    *(date(2026, 6, 1), "0" * 64, None, (ChangedSchema("visit.1", "1" * 64),)),
)

TELL = DecisionKind.PUBLISH_NOTICE
SIGN, ATTEST = DecisionKind.SIGN_REVIEW, DecisionKind.IMPORT_REVIEW
CONFIRM, WITHDRAW = DecisionKind.CONFIRM_REVIEW, DecisionKind.WITHDRAW_REVIEW
SUSPEND, RELEASE = DecisionKind.SUSPEND, DecisionKind.RELEASE


def last(store):
    record = read_chain(store).records[-1]
    return record.status, record.why


MAY = [
    *((area.value, SIGN, SIGNATURE._replace(area=area)) for area in REVIEW_AREAS),
    ("steward", SIGN, SIGNATURE._replace(result=ReviewResult.REFUSE)),
    ("registrar", ATTEST, IMPORT),
    ("author", CONFIRM, REVIEW),
    *((area.value, WITHDRAW, REVIEW) for area in REVIEW_AREAS),
    ("stop", SUSPEND, DOCUMENT),
    ("decide", SUSPEND, DOCUMENT),
    ("decide", RELEASE, DOCUMENT),
    ("decide", TELL, CHANGE),
    ("decide", TELL, CHANGE._replace(kind=NoticeKind.REVIEW, changes=())),
]


@pytest.mark.parametrize(("by", "kind", "content"), MAY)
def test_decision_of_who_may_take_it_counts_and_is_read_back(
    platform, by, kind, content
):
    entry = decide(platform, signer(by), kind, content, NOW)
    assert last(platform) == (EntryStatus.COUNTS, "")
    assert list(read_chain(platform).of(kind)) == [entry]
    assert decode(encode(entry), "entry") == entry
    assert entry.content == content


AREAS = "data or legal or privacy or security or steward"
MAY_NOT = [
    *(
        (by.value, SIGN, SIGNATURE._replace(area=area),
         f"{by} may not sign for that; it takes the role {area}")
        for by, area in pairwise((*REVIEW_AREAS, REVIEW_AREAS[0]))
    ),
    *(
        (by, SIGN, SIGNATURE, f"{by} may not decide that; it takes the role {AREAS}")
        for by in ("decide", "stop", "registrar", "author", "owner-1", "service")
    ),
    *(
        (by, ATTEST, IMPORT, f"{by} may not decide that; it takes the role registrar")
        for by in ("steward", "author", "decide", "owner-1")
    ),
    ("steward", CONFIRM, REVIEW,
     "steward may not decide that; it takes the role author"),
    ("author", WITHDRAW, REVIEW,
     f"author may not decide that; it takes the role {AREAS}"),
    ("steward", SUSPEND, DOCUMENT,
     "steward may not decide that; it takes the role decide or stop"),
    ("stop", RELEASE, DOCUMENT, "stop may not decide that; it takes the role decide"),
]  # fmt: skip


@pytest.mark.parametrize(("by", "kind", "content", "why"), MAY_NOT)
def test_decision_of_who_may_not_take_it_is_void(platform, by, kind, content, why):
    append_entry(platform, by, kind, content)
    assert last(platform) == (EntryStatus.VOID, why)
    assert list(read_chain(platform).of(kind)) == []
    with pytest.raises(ConfigurationError) as caught:
        decide(platform, signer(by), kind, content, NOW)
    assert str(caught.value) == f"--by: {why}"


def test_signature_for_another_area_is_not_the_signers(platform):
    """Whoever changes one word of an entry has not signed it."""
    entry = append_entry(
        platform, "privacy", SIGN, SIGNATURE._replace(area=Role.PRIVACY)
    )
    for number, changes in enumerate(
        [
            {"result": ReviewResult.REFUSE},
            {"request": "1" * 64},
            {"covers": COVERS[:1]},
            {"review": "r2"},
            {"namespace": "rally-y"},
            {"risk": Risk.LOW},
        ],
        1,
    ):
        chain = read_chain(platform)
        forged = replace(
            entry,
            number=entry.number + number,
            previous=chain.head.digest,
            content=entry.content._replace(**changes),
        )
        platform.create(entry_name(forged.number), encode(forged))
        assert last(platform) == (EntryStatus.VOID, "is not signed by privacy")


NAME = "must be up to 40 lower-case letters, digits and hyphens"
HEX = "must be lower-case hexadecimal digits, all of them"
NO_AREA = "must be one of: steward, privacy, data, legal, security"
CHANGES_ALONE = "is for notices of a change, and for these alone"
BAD = [
    (SIGN, SIGNATURE._replace(area=Role.OWNER), f"area: {NO_AREA}"),
    (SIGN, SIGNATURE._replace(area=Role.REGISTRAR), f"area: {NO_AREA}"),
    (SIGN, SIGNATURE._replace(request="0" * 63), f"request: {HEX}"),
    (SIGN, SIGNATURE._replace(review="R 1"), f"review: {NAME}"),
    (SIGN, SIGNATURE._replace(namespace="Rally X"), "namespace: must be a namespace"),
    (SIGN, SIGNATURE._replace(covers=COVERS * 201),
     "covers: must have at most 400 entries"),
    (SIGN, SIGNATURE._replace(note="two\nlines"),
     "note: must be one line of printable text"),
    (SIGN, SIGNATURE._replace(covers=(COVERS[0]._replace(last=date(2026, 5, 31)),)),
     "covers.0.last: must not be before the first day"),
    (SIGN, SIGNATURE._replace(covers=(COVERS[0]._replace(fingerprint="F" * 64),)),
     f"covers.0.fingerprint: {HEX}"),
    (ATTEST, IMPORT._replace(url=""), None),
    (CONFIRM, REVIEW._replace(review="../r1"), f"review: {NAME}"),
    (SUSPEND, DOCUMENT._replace(document="visit"), None),
    (TELL, CHANGE._replace(changes=()), f"changes: {CHANGES_ALONE}"),
    (TELL, CHANGE._replace(kind=NoticeKind.REVIEW), f"changes: {CHANGES_ALONE}"),
    (TELL, CHANGE._replace(changes=CHANGE.changes * 401),
     "changes: must have at most 400 entries"),
    (TELL, CHANGE._replace(changes=(ChangedSchema("visit.1", "F" * 64),)),
     f"changes.0.fingerprint: {HEX}"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "message"), BAD)
def test_decision_that_nobody_could_read_is_not_written(
    platform, kind, content, message
):
    before = read_chain(platform).head
    with pytest.raises(ConfigurationError) as caught:
        decide(platform, signer("steward"), kind, content, NOW)
    if message:
        assert str(caught.value) == f"{kind}: {message}"
    assert read_chain(platform).head == before
