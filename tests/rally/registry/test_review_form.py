"""Forms of reviews: what they ask, and what is read back of a completed one."""

import re
from dataclasses import replace
from datetime import date

import pytest

from rally.decisions.contents import CoveredSchema
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.registry.collected_fields import OPEN
from rally.registry.registry import SHIPPED, Registry
from rally.registry.review_files import draft_review, placeholder_review, rest_on
from rally.registry.review_form import read_form, write_form
from rally.registry.review_parsing import read_review
from rally.registry.reviews import Recipient

PLACE = Place("form.md")
DAY = date(2022, 3, 10)
READERS = (
    Recipient("bees@example.org", "MOU 8 | annex", date(2023, 12, 31)),
    Recipient("birds@example.org", "2026-7", date(2023, 6, 30)),
)
NAMESPACE, DOCUMENT = "rally-zero-one", "measurements.1"


@pytest.fixture(scope="module")
def study():
    return Registry.load(SHIPPED).studies[NAMESPACE]


@pytest.fixture(scope="module")
def covers(study):
    fingerprint = study.documents[DOCUMENT].schema.fingerprint
    return [CoveredSchema(DOCUMENT, fingerprint, DAY, date(2023, 3, 9), 90, DAY)]


@pytest.fixture
def draft(study, covers):
    draft = draft_review("r1", study, covers, "ada", "owen", DAY)
    return replace(draft, request=draft.request._replace(recipients=READERS))


def read(text):
    return read_review(PLACE, "r1", read_form(PLACE, text))


def test_completed_form_is_the_record_that_it_was_made_of(study, covers):
    review = placeholder_review("r1", study, covers, DAY)
    expected = replace(review, public=None, permanent=None)
    assert read(write_form(study, review)) == expected


def test_form_shows_each_field_and_leaves_to_people_what_they_know(study, draft):
    form = write_form(study, draft)
    fields = study.documents[DOCUMENT].schema.fields
    assert len(re.findall("^[|] /", form, re.MULTILINE)) == len(fields)
    assert "| /origin | 3 | Website that was visited" in form
    review = read(form)
    assert review == draft
    assert review.request.recipients == READERS
    assert review.covers[0].retention_days == 90
    assert review.request.analysis_until == date(2023, 12, 31)
    questions = [each.rpartition(".")[2] for each in review.open]
    assert questions == ["1", "2", "3", "4", "6", "10", "11"]
    assert review.steward is review.sign_offs is None


def test_answers_may_have_several_lines_and_vertical_bars(study, draft):
    form = write_form(study, draft)
    before = "### 1. Which questions shall the data answer?\n\nTODO"
    answer = before.replace("TODO", "How people read;\n\nand what | they\nkeep.")
    assert before in form
    review = read(form.replace(before, answer))
    assert review.request.answers[0] == "How people read; and what | they keep."


def test_renewal_and_change_have_forms_of_their_own(study, covers, draft):
    renewal = rest_on(draft, "r0", is_renewal=True)
    form = write_form(study, renewal)
    assert "Renews: r0" in form
    assert re.findall("^### (.*)[?]", form, re.MULTILINE)[:3] == [
        "1. Which review is renewed",
        "2. Until when shall the data be collected",
        "3. Why was the time so far not enough",
    ]
    assert read(form) == renewal
    assert renewal.request.answers == ("r0", "Until 2023-03-09.", OPEN)
    assert renewal.open == ("request.answers.3",)
    change = rest_on(draft, "r0", is_renewal=False)
    form = write_form(study, change)
    assert "Incremental: r0" in form
    assert "### " not in form
    assert read(form) == change
    assert change.open == ()
    made = placeholder_review("r1", study, covers, DAY).steward
    made = replace(change, steward=made._replace(answers=()))
    assert read(write_form(study, made)) == made


def test_part_without_a_result_is_not_there(study, covers):
    review = placeholder_review("r1", study, covers, DAY)
    form = write_form(study, review)
    head, privacy, rest = form.partition("### privacy")
    rest = rest.replace("Result: +", "Result: TODO + or -", 1)
    found = read(head + privacy + rest)
    assert [*found.sign_offs] == ["data", "legal", "security"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("## Covers", "## Cover"), "form.md: has no section Covers; it is no form"),
        (("## Review", "## Request"), 'form.md: "Request" stands twice; keep one'),
        (("Requester: ada", "Requester: Ada L"), "form.md: request.requester: must be"),
        (("Date: 2022-03-10", "Date: 2022-02-30"), "form.md: request.date: must be a"),
        (("| 2023-03-09 |", "| 2021-01-01 |"), "form.md: covers.0.until: must not be"),
        (("| 90 |", "| 9 weeks |"), "form.md: covers.0.retention_days: must be"),
        (("| 2023-12-31 |", "| - |"), "form.md: request.recipients.0.until: is"),
        (("| 2023-12-31 |", "|"), "form.md: request.recipients.0.until: is missing"),
        (("Conclusion: 2023-12-31", "Conclusion: soon"),
         "form.md: request.analysis_until: must be a date"),
        (("## Recipients", "## Readers"), "form.md: has no section Recipients; it is"),
        (("### 12. ", "### 13. "), "form.md: request.answers.13: is no question"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_form_is_told_by_its_place(study, draft, change, fault):
    form = write_form(study, draft)
    assert change[0] in form
    with pytest.raises(ConfigurationError) as caught:
        read(form.replace(*change, 1))
    assert str(caught.value).startswith(fault)


def test_text_that_is_no_form_is_one_line():
    with pytest.raises(ConfigurationError) as caught:
        read_form(PLACE, "hello")
    assert "\n" not in str(caught.value)
