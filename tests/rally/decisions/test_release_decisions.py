"""Decisions on results that leave: who may take them, and what they must say."""

import pytest

from rally.decisions.chain import EntryStatus
from rally.decisions.contents import DecisionKind, ReviewResult, Role
from rally.decisions.entry import decode, encode
from rally.decisions.release_contents import (
    Allotment,
    RecipeSignature,
    ResultSignature,
    Submission,
)
from rally.decisions.signers import DEVELOPMENT
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.errors import ConfigurationError
from tests.rally.decisions.signed_entries import NOW, append_entry
from tests.support.people import signer

ALLOT, SIGN_RECIPE = DecisionKind.ALLOT_BUDGET, DecisionKind.SIGN_RECIPE
SUBMIT, SIGN_RESULT = DecisionKind.SUBMIT_RESULT, DecisionKind.SIGN_RESULT

BUDGET = Allotment("rally-x", "0.5", "agreed with the ethics board")
BY_STEWARD = RecipeSignature(
    *("rally-x", "weekly", "0" * 64, Role.STEWARD, ReviewResult.APPROVE, "")
)
BY_PRIVACY = BY_STEWARD._replace(area=Role.PRIVACY, result=ReviewResult.REFUSE)
FILE = Submission("rally-x", "table.csv", "1" * 64, 2048, "a regression's table")
RESULT = ResultSignature(
    *("rally-x", "weekly.2026-06-01", "2" * 64, ReviewResult.APPROVE, "")
)

MAY = {
    (ALLOT, BUDGET): {"decide", "decide-2"},
    (SIGN_RECIPE, BY_STEWARD): {"steward"},
    (SIGN_RECIPE, BY_PRIVACY): {"privacy"},
    (SUBMIT, FILE): {"author"},
    (SIGN_RESULT, RESULT): {"steward", "privacy", "decide", "decide-2"},
    (SIGN_RESULT, RESULT._replace(release="table.csv")): {
        *("steward", "privacy", "decide", "decide-2")
    },
}


@pytest.mark.parametrize(("kind", "content"), MAY)
def test_decision_is_of_whoever_may_take_it_and_of_nobody_else(platform, kind, content):
    entries = {by: append_entry(platform, by, kind, content) for by in DEVELOPMENT}
    records = [each for each in read_chain(platform).records if each.entry.kind is kind]
    good = [each for each in records if each.status is not EntryStatus.VOID]
    assert {each.entry.by for each in good} == MAY[kind, content]
    assert all(each.entry == entries[each.entry.by] for each in records)
    assert all(decode(encode(each), "entry") == each for each in entries.values())


def test_budget_counts_when_somebody_approved_it_for_privacy(platform):
    entry = decide(platform, signer("decide"), ALLOT, BUDGET, NOW)
    assert list(read_chain(platform).of(ALLOT)) == []
    for by, why in [
        ("decide-2", "decide-2 may not decide that; it takes the role privacy"),
        ("owner-1", "owner-1 may not decide that; it takes the role privacy"),
    ]:
        with pytest.raises(ConfigurationError) as caught:
            approve(platform, signer(by), entry.number, NOW)
        assert str(caught.value) == f"--by: {why}"
    approve(platform, signer("privacy"), entry.number, NOW)
    assert list(read_chain(platform).of(ALLOT)) == [entry]


NAMES = "must be a result such as weekly, weekly.2026-06-01 or a.csv"
LOSS = "must be a decimal number above 0 and below 1,000, such as 0.0175"
HEX = "must be lower-case hexadecimal digits, all of them"
BAD = [
    *(
        (ALLOT, BUDGET._replace(rho=rho), f"rho: {LOSS}")
        for rho in ("0", "0.000", "-1", "1e-3", "1000", ".5", "1/2", "0.1234567891")
    ),
    (ALLOT, BUDGET._replace(namespace="Rally X"), "namespace: must be a namespace"),
    (SIGN_RECIPE, BY_STEWARD._replace(area=Role.LEGAL),
     "area: must be one of: steward, privacy"),
    (SIGN_RECIPE, BY_STEWARD._replace(recipe="weekly.2026-06-01"),
     "recipe: must be up to 40 lower-case letters, digits and hyphens"),
    (SIGN_RECIPE, BY_STEWARD._replace(fingerprint="0"), f"fingerprint: {HEX}"),
    (SIGN_RECIPE, BY_STEWARD._replace(result="?"), "result: must be one of: +, -"),
    (SUBMIT, FILE._replace(name="../table.csv"), f"name: {NAMES}"),
    *(
        (SUBMIT, FILE._replace(name=name),
         "name: must have a suffix of letters, as table.csv has")
        for name in ("weekly", "weekly.2026-06-01")
    ),
    (SUBMIT, FILE._replace(size=0), "size: must be a whole number of at least 1"),
    (SUBMIT, FILE._replace(reason=""),
     "reason: must be text; write some, in quotes where YAML needs them"),
    (SIGN_RESULT, RESULT._replace(release="weekly/x"), f"release: {NAMES}"),
    (SIGN_RESULT, RESULT._replace(note="two\nlines"),
     "note: must be one line of printable text"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "message"), BAD)
def test_decision_that_nobody_could_read_is_not_written(
    platform, kind, content, message
):
    before = read_chain(platform).head
    with pytest.raises(ConfigurationError) as caught:
        decide(platform, signer("steward"), kind, content, NOW)
    assert str(caught.value) == f"{kind}: {message}"
    assert read_chain(platform).head == before
