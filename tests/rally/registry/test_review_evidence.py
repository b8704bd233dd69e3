"""When a decision on a review was taken, and what outlasts its loss."""

import pytest

from rally.decisions.contents import (
    REVIEW_AREAS,
    DecisionKind,
    ReviewResult,
)
from rally.decisions.entry import Entry, encode, entry_name, sign
from rally.decisions.verifying import read_chain
from rally.keys import keysets
from rally.keys.signing import TinkKey
from rally.registry.intervals import Interval
from rally.registry.review_evidence import restrictions_in
from tests.rally.registry.reviewed_study import (
    END,
    HIGH,
    LOW,
    START,
    STEWARD,
    WHOLE,
    at,
)


def test_decision_that_is_lost_closes_still(study):
    study.sign_all()
    remembered = [
        study.suspend(at("2022-04-01")),
        study.sign(STEWARD, at("2022-04-02"), result=ReviewResult.REFUSE),
        study.withdraw(at("2022-05-01")),
    ]
    assert restrictions_in(read_chain(study.platform)) == remembered
    closed = study.windows()
    for entry in remembered:
        name = entry_name(entry.number)
        study.platform.delete(name, study.platform.stat(name).generation)
    assert study.windows() == {LOW: WHOLE, HIGH: WHOLE}
    approvals = study.approvals(remembered)
    assert {
        name: approvals.windows(study.document(name)) for name in (LOW, HIGH)
    } == closed


def test_time_before_that_of_an_older_entry_is_not_believed(study):
    study.suspend(at("2022-06-01"), HIGH)
    study.sign_all(at("2022-03-01"))
    assert study.windows() == {LOW: (Interval(at("2022-06-01"), END),), HIGH: ()}
    study.release(at("2022-04-01"), HIGH)
    assert study.windows()[HIGH] == (Interval(at("2022-06-01"), END),)


CLOSING = {
    "suspend": lambda study, when: study.suspend(when, HIGH),
    "withdraw": lambda study, when: study.withdraw(when),
    "refuse": lambda study, when: study.sign(STEWARD, when, result=ReviewResult.REFUSE),
}


@pytest.mark.parametrize("close", CLOSING.values(), ids=CLOSING)
def test_what_closes_waits_for_nobodys_clock(study, close):
    """What somebody signed whose clock ran ahead delays approvals alone."""
    study.sign_all()
    study.confirm(at("2022-09-01"))
    close(study, at("2022-04-01"))
    assert study.windows()[HIGH] == (Interval(START, at("2022-04-01")),)
    study.withdraw(at("2022-03-20"))
    assert study.windows()[HIGH] == (Interval(START, at("2022-03-20")),)


def test_entry_that_is_void_moves_no_time(study):
    chain = read_chain(study.platform)
    content = study.suspend(at("2022-01-01"), HIGH).content
    forged = Entry(
        platform=chain.platform,
        number=chain.head.number + 2,
        previous=read_chain(study.platform).head.digest,
        list=0,
        kind=DecisionKind.SUSPEND,
        content=content,
        when=at("2199-01-01"),
        by="stop",
    )
    key = TinkKey(keysets.generate("signature"))
    study.platform.create(entry_name(forged.number), encode(sign(forged, key)))
    study.sign_all()
    assert read_chain(study.platform).records[-len(REVIEW_AREAS) - 1].why
    assert study.windows() == {LOW: WHOLE, HIGH: ()}
