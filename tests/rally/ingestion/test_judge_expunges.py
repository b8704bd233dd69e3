"""Nothing of a ping is kept that people ordered to be expunged."""

from collections import Counter
from datetime import UTC, date, datetime

import pytest

from rally.ingestion.outcome import Outcome, count_outcome
from rally.outcomes import LEFT_OUT, STORED, Count, RefusalReason
from rally.registry.expunges import ExpungeOrder, Expunges

APPROVED = datetime(2022, 8, 1, tzinfo=UTC)
JUNE = "2022-06-01T23:59:59Z"


def order(field=None, document="visit.1", first=1, last=1):
    return ExpungeOrder(
        7,
        "0" * 32,
        "rally-x",
        document,
        field,
        date(2022, 6, first),
        date(2022, 6, last),
        "decide",
        "",
        "privacy",
        APPROVED,
    )


def judge(rally, clear, *orders, sent=JUNE, document="visit.1"):
    envelope = rally.seal_tink("rally-x", document, clear, submission_timestamp=sent)
    return rally.judge(envelope, expunges=Expunges(orders))


@pytest.mark.parametrize(
    ("changes", "is_kept"),
    [
        ({}, False),
        ({"first": 1, "last": 30}, False),
        ({"first": 2, "last": 30}, True),
        ({"document": "other.1"}, True),
    ],
    ids=["its day", "its month", "from the next day", "another document"],
)
def test_ping_of_ordered_days_is_refused_and_no_other(
    small_rally, payload, changes, is_kept
):
    outcome = judge(small_rally, payload(), order(**changes))
    assert (outcome.refusal is None) is is_kept
    if not is_kept:
        assert outcome == Outcome(outcome.label, refusal=RefusalReason.EXPUNGED)


def test_order_that_waits_refuses_nothing(small_rally, payload):
    envelope = small_rally.seal_tink(
        "rally-x", "visit.1", payload(), submission_timestamp=JUNE
    )
    waiting = Expunges(waiting=(order()._replace(approved_by="", approved=None),))
    assert small_rally.judge(envelope, expunges=waiting).row


def test_field_of_ordered_days_is_left_out_and_counted(small_rally, payload):
    clear = payload(url="u", nested={"a": 1})
    outcome = judge(small_rally, clear, order("/nested"))
    row = small_rally.decode_row(outcome)["payload"]
    assert (row["url"], row["nested"]) == ("u", None)
    counts: Counter[Count] = Counter()
    count_outcome(counts, outcome)
    assert counts == {
        Count("rally-x", "visit.1", STORED): 1,
        Count("rally-x", "visit.1", LEFT_OUT, where="/nested"): 1,
    }


def test_ping_without_the_field_is_stored_as_it_is(small_rally, payload):
    outcome = judge(small_rally, payload(url="u"), order("/nested"))
    assert outcome == judge(small_rally, payload(url="u"))
    assert not outcome.left_out


def test_ping_of_which_the_field_can_not_be_taken_is_refused(small_rally, payload):
    outcome = judge(small_rally, payload(), order("/metrics/uuid/rally.id"))
    assert (outcome.row, outcome.refusal) == (None, RefusalReason.EXPUNGED)
