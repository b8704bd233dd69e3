"""What a person is told."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from rally.receipts.receipt import (
    ReceiptReason,
    Section,
    SectionOutcome,
    Verification,
)
from rally.registry.registry import SHIPPED, Registry
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.statement import render, render_rest
from rally.withdrawal.withdrawal_list import Withdrawal
from tests.rally.receipts.examples import BAR, DEFERRED, FOO, RECEIPT, micros

TEST_STUDIES = str(Path(__file__).resolve().parents[2] / "studies")
PERSON = "12345678-90ab-8def-8123-4567890abcde"


@pytest.fixture(scope="module")
def registry():
    return Registry.load(TEST_STUDIES)


def deleted(namespace, rows, verified="2021-06-03T04:05"):
    seen = Verification(micros(verified), 1, 5, 4) if verified else None
    outcome = SectionOutcome.DELETED if rows else SectionOutcome.NOTHING
    return Section(namespace, outcome, files=bool(rows), rows=rows, verified=seen)


def withdrawal(scope="rally", **changes):
    time = micros("2021-06-01T12:30")
    fields = dict(request="a" * 32, participant=PERSON, deletion_id=None, scope=scope,
                  time=time, received=time, document_id="d", signal="s")  # fmt: skip
    return Withdrawal(**(fields | changes))


def test_all_is_told(registry):
    sections = (deleted(FOO, 1204), DEFERRED, deleted("study-bar", 0))
    receipt = replace(RECEIPT, number=3, sections=sections)
    assert (
        render([receipt], registry)
        == """\
You left Rally on 1 June 2021 at 12:30 UTC.

    rally-study-foo: 1,204 records of yours were deleted. On 3 June 2021 at
    04:05 UTC we read again all that is stored, and found nothing of yours
    from before you left.

    rally-study-bar: The study had ended when you left, and your records stay
    as they are while its results are worked out. They are deleted when the
    study is concluded, by 31 December 2022 at the latest.

    study-bar: No records of yours were found. On 3 June 2021 at 04:05 UTC we
    read again all that is stored, and found nothing of yours from before you
    left.

    Where our files are stored, copies of deleted files are kept for a time.
    The last of them is gone after 10 June 2021.

    If you ask us about this, please quote receipt 3.
"""
    )


def test_studies_have_the_names_that_people_know():
    registry = Registry.load(SHIPPED)
    sections = (deleted("rally-core", 1), deleted("rally-attention-stream", 0))
    receipt = replace(RECEIPT, sections=sections, old_copies_until=None)
    assert (
        render([receipt], registry)
        == """\
You left Rally on 1 June 2021 at 12:30 UTC.

    Rally: 1 record of yours was deleted. On 3 June 2021 at 04:05 UTC we read
    again all that is stored, and found nothing of yours from before you left.

    Attention Stream: No records of yours were found. On 3 June 2021 at 04:05
    UTC we read again all that is stored, and found nothing of yours from
    before you left.

    If you ask us about this, please quote receipt 1.
"""
    )


def test_study_that_is_no_longer_in_the_registry_is_told(registry):
    receipt = replace(
        RECEIPT, scope="old", sections=(deleted("old", 2, None),), old_copies_until=None
    )
    assert (
        render([receipt], registry)
        == """\
You left old on 1 June 2021 at 12:30 UTC.

    old: 2 records of yours were deleted. We have not checked this yet.

    If you ask us about this, please quote receipt 1.
"""
    )


def test_later_receipts_count(registry):
    """Deferred at first, then settled; and more rows that came late."""
    first = replace(RECEIPT, number=3, sections=(deleted(FOO, 2), DEFERRED))
    settled = replace(
        RECEIPT,
        number=9,
        reason=ReceiptReason.SETTLED,
        sections=(deleted(BAR, 40, "2023-01-02T03:04"),),
        old_copies_until=None,
    )
    late = replace(
        RECEIPT,
        number=7,
        reason=ReceiptReason.LATE,
        sections=(deleted(FOO, 1, "2021-07-01T00:00"),),
        old_copies_until=None,
    )
    assert (
        render([settled, first, late], registry)
        == """\
You left Rally on 1 June 2021 at 12:30 UTC.

    rally-study-foo: 3 records of yours were deleted. On 1 July 2021 at 00:00
    UTC we read again all that is stored, and found nothing of yours from
    before you left.

    rally-study-bar: 40 records of yours were deleted. On 2 January 2023 at
    03:04 UTC we read again all that is stored, and found nothing of yours
    from before you left.

    Where our files are stored, copies of deleted files are kept for a time.
    The last of them is gone after 10 June 2021.

    If you ask us about this, please quote receipts 3, 7 and 9.
"""
    )


def test_deferred_with_rows_that_went_and_without_a_day(registry):
    section = replace(deleted(BAR, 2), outcome=SectionOutcome.DEFERRED)
    receipt = replace(RECEIPT, sections=(section,), old_copies_until=None)
    assert (
        render([receipt], registry)
        == """\
You left Rally on 1 June 2021 at 12:30 UTC.

    rally-study-bar: 2 records of yours were deleted. The study had ended when
    you left, and your other records stay as they are while its results are
    worked out. They are deleted when the study is concluded.

    If you ask us about this, please quote receipt 1.
"""
    )


def test_leaving_told_twice_is_one_and_others_are_others(registry):
    def of(number, scope, received, rows):
        section = deleted(FOO, rows)
        return replace(
            RECEIPT,
            number=number,
            request=f"{number:032x}",
            scope=scope,
            received=micros(received),
            sections=(section,),
            old_copies_until=None,
        )

    receipts = [
        of(1, "rally", "2021-06-02T00:00", 0),
        of(2, FOO, "2021-06-01T23:59", 5),
        of(4, "rally", "2021-06-02T00:00", 1),
    ]
    assert (
        render(receipts, registry)
        == """\
You left rally-study-foo on 1 June 2021 at 23:59 UTC.

    rally-study-foo: 5 records of yours were deleted. On 3 June 2021 at 04:05
    UTC we read again all that is stored, and found nothing of yours from
    before you left.

    If you ask us about this, please quote receipt 2.

You left Rally on 2 June 2021 at 00:00 UTC.

    rally-study-foo: 1 record of yours was deleted. On 3 June 2021 at 04:05
    UTC we read again all that is stored, and found nothing of yours from
    before you left.

    If you ask us about this, please quote receipts 1 and 4.
"""
    )


def test_no_file_plan_or_request_is_told(registry):
    text = render([RECEIPT], registry)
    for word in (RECEIPT.request, RECEIPT.plan, "avro", "12345678", "generation"):
        assert word not in text


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "We are working on it. There is no receipt yet."),
        ({"status": RequestStatus.HELD},
         "One of us has to look at it first. There is no receipt yet."),
        ({"status": RequestStatus.REJECTED},
         "One of us decided that it does not count. Ask us why."),
        ({"receipts": (1, 2)},
         "This is done, so long ago that the receipts are no longer kept."),
    ],
    ids=["active", "held", "rejected", "purged"],
)  # fmt: skip
def test_request_without_a_receipt_is_told(registry, changes, line):
    assert render_rest([withdrawal(FOO, **changes)], [], registry) == (
        f"You left rally-study-foo on 1 June 2021 at 12:30 UTC.\n\n    {line}\n"
    )


def test_rest_leaves_out_what_receipts_tell(registry):
    again = withdrawal(received=RECEIPT.received, time=RECEIPT.received + 5)
    assert render_rest([again], [RECEIPT], registry) == ""
    other = withdrawal(FOO, received=RECEIPT.received)
    later = withdrawal(received=micros("2021-08-01T00:00"))
    assert (
        render_rest([later, again, other, other], [RECEIPT], registry)
        == """\
You left rally-study-foo on 1 June 2021 at 12:30 UTC.

    We are working on it. There is no receipt yet.

You left Rally on 1 August 2021 at 00:00 UTC.

    We are working on it. There is no receipt yet.
"""
    )


def test_studies_of_which_the_same_is_said_are_told_together(registry):
    """In the order of the first; what was deleted is told as each study's."""
    later = deleted("other", 0, "2021-06-04T00:00")
    sections = (
        deleted(FOO, 0),
        deleted(BAR, 1),
        deleted("study-bar", 0),
        later,
        deleted("study-foo", 1),
        deleted("rally-core", 0),
    )
    receipt = replace(RECEIPT, sections=sections, old_copies_until=None)
    assert (
        render([receipt], registry)
        == """\
You left Rally on 1 June 2021 at 12:30 UTC.

    rally-study-foo, study-bar and rally-core: No records of yours were found.
    On 3 June 2021 at 04:05 UTC we read again all that is stored, and found
    nothing of yours from before you left.

    rally-study-bar and study-foo: 1 record of yours was deleted from each. On
    3 June 2021 at 04:05 UTC we read again all that is stored, and found
    nothing of yours from before you left.

    other: No records of yours were found. On 4 June 2021 at 00:00 UTC we read
    again all that is stored, and found nothing of yours from before you left.

    If you ask us about this, please quote receipt 1.
"""
    )


@pytest.mark.parametrize(
    ("rows", "until", "paragraph"),
    [
        (0, "2022-12-31", """\
    rally-study-foo and rally-study-bar: The studies had ended when you left,
    and your records stay as they are while their results are worked out. They
    are deleted when their study is concluded, by 31 December 2022 at the
    latest."""),
        (2, None, """\
    rally-study-foo and rally-study-bar: 2 records of yours were deleted from
    each. The studies had ended when you left, and your other records stay as
    they are while their results are worked out. They are deleted when their
    study is concluded."""),
    ],
    ids=["nothing deleted", "some deleted"],
)  # fmt: skip
def test_deferred_studies_are_told_together(registry, rows, until, paragraph):
    day = date.fromisoformat(until) if until else None
    sections = [
        replace(deleted(each, rows), outcome=SectionOutcome.DEFERRED, until=day)
        for each in (FOO, BAR)
    ]
    other = replace(DEFERRED, namespace="study-bar", until=date(2023, 1, 1))
    receipt = replace(RECEIPT, sections=(*sections, other), old_copies_until=None)
    paragraphs = render([receipt], registry).split("\n\n")
    assert paragraphs[1] == paragraph
    assert len(paragraphs) == 4
