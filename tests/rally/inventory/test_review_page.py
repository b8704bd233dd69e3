"""The page of a data review, and what documents say of theirs."""

import json
from dataclasses import replace
from datetime import date

import pytest

from rally.decisions.contents import CoveredSchema, ReviewResult, Risk, Role
from rally.inventory.site import make_site
from rally.registry.review_files import QUESTIONS, REVIEW_QUESTIONS
from rally.registry.reviews import (
    Announcement,
    Escalation,
    Exemption,
    Notice,
    Permanence,
    Position,
    Recipient,
    Request,
    Review,
    SignOff,
    StewardReview,
)
from tests.rally.inventory.pages import facts, parse, tables, words
from tests.rally.inventory.samples import STREAM, inventory_of, stream

JOURNEY = stream().documents["user-journey.1"]
DAY = date(2022, 7, 1)
COVERED = CoveredSchema(
    "user-journey.1",
    JOURNEY.schema.fingerprint,
    date(2022, 7, 12),
    date(2023, 3, 27),
    1_000,
    date(2022, 7, 26),
)
READERS = (
    Recipient("birds@example.org", "2026-7", date(2024, 3, 27)),
    Recipient("<b>@example.org", "MOU 8", date(2023, 3, 27)),
)
REQUEST = Request(
    "jo",
    "max",
    DAY,
    None,
    tuple(f"answer {n}" for n in range(1, 13)),
    READERS,
    date(2024, 3, 27),
)
REVIEW = Review(
    id="r3",
    request=REQUEST,
    covers=(
        COVERED,
        COVERED._replace(
            document="gone.1", last=None, retention_days=None, report_until=None
        ),
    ),
    steward=StewardReview(
        "ann", DAY, ReviewResult.APPROVE, "as asked", tuple("abcdefgh")
    ),
    sign_offs={
        Role.LEGAL: SignOff("lea", DAY, ReviewResult.REFUSE, Risk.HIGH, "nothing yet")
    },
    announcement=Announcement("https://example.org/told", DAY),
    notice=Notice("https://example.org/notice", "ab" * 32),
    public=Announcement("https://bugs.example.org/3", DAY),
    exemptions=(Exemption("browsing-beside-id", "only websites are kept"),),
    permanent=Permanence("max", "the law"),
    escalations=(
        Escalation("lea", "is it lawful?", (Position("jo", "yes"),), "vic", "no", DAY),
    ),
)


def site_of(*reviews):
    return make_site(inventory_of(stream(reviews=reviews)))


def page_of(review):
    return parse(site_of(review)[f"{STREAM}/reviews/{review.id}.html"])


def test_review_tells_who_asked_and_who_answered_what():
    page = page_of(REVIEW)
    told = facts(page)
    expected = {
        "Asked for by": "jo",
        "Answers for the data": "max",
        "Asked for on": "1 July 2022",
        "May be read by": "birds@example.org, under 2026-7, until 27 March 2024; "
            "<b>@example.org, under MOU 8, until 27 March 2023",
        "At the end, by": "27 March 2024",
        "People were told": "Announcement of 1 July 2022 at example.org",
        "Under": "Privacy notice at example.org" + "ab" * 32,
        "Elsewhere": "Review, public since 1 July 2022, at bugs.example.org",
        "Kept without an end by": "max: the law",
        "Data steward": "ann",
        "Answer": "approved on 1 July 2022",
        "Reason": "as asked",
        "Web addresses or stored content beside a persistent id":
            "only websites are kept",
        "Question": "is it lawful?",
        "Position": "jo: yes",
        "Decided by": "vic",
        "Decision": "no",
    }  # fmt: skip
    assert {name: told[name] for name in expected} == expected
    for number, question in enumerate(QUESTIONS, 1):
        # The last questions of both forms are the same, and the later one counts.
        if question not in REVIEW_QUESTIONS:
            assert told[f"{number}. {question}"] == f"answer {number}"
    assert tables(page)["Sign-offs"][1] == [
        "Legal",
        "lea",
        "refused on 1 July 2022",
        "high",
        "nothing yet",
    ]
    assert [row[:3] for row in tables(page)["What it covers"][1:]] == [
        ["user-journey.1", "12 July 2022", "27 March 2023"],
        ["gone.1", "12 July 2022", "no end"],
    ]
    assert tables(page)["How long rows stay"][1:] == [
        ["user-journey.1", "1,000 days"],
        ["gone.1", "to the end"],
    ]


def test_request_that_nobody_answered_is_told():
    page = page_of(Review(id="r1", request=REQUEST, covers=(COVERED,)))
    assert "Nobody has answered it yet." in words(page)
    assert [words(each) for each in page.iter("h2")] == [
        "In short",
        "What it covers",
        "How long rows stay",
        "What was asked",
        "What the data steward answered",
    ]


def test_renewal_names_what_it_renews():
    renewal = Request("jo", "max", DAY, "r3", ("r3", "2024", "more to learn"))
    page = page_of(replace(REVIEW, id="r4", request=renewal))
    told = facts(page)
    assert told["Renews"] == "Review r3"
    assert told["3. Why was the time so far not enough?"] == "more to learn"


def test_document_links_its_reviews_and_says_when_it_may_be_collected():
    document = parse(site_of(*stream().reviews)[f"{STREAM}/user-journey.1.html"])
    assert facts(document)["May be collected"] == (
        "from 12 July 2022 through 27 March 2023"
    )
    assert facts(document)["Highest category"] == (
        "●●●● 4 Highly sensitiveRaised from 3: web addresses or stored content beside "
        "a persistent id."
    )
    links = [words(each) for each in document.iter("li")]
    assert "Review 2022-07-12-2, asked for on 12 July 2022" in links


@pytest.mark.parametrize("reviews", [(), (replace(REVIEW, steward=None),)])
def test_document_that_nobody_approved_says_so(reviews):
    page = parse(site_of(*reviews)[f"{STREAM}/user-journey.1.html"])
    told = facts(page)["May be collected"]
    assert told == "never: no review that counts covers it, so nothing is taken"
    assert ("No review of it is public yet." in words(page)) is not bool(reviews)


def test_review_is_told_to_machines():
    (study,) = json.loads(site_of(REVIEW)["inventory.json"])["studies"]
    (review,) = study["reviews"]
    assert review == {
        "id": "r3",
        "renews": None,
        "incremental_to": None,
        "requester": "jo",
        "owner": "max",
        "asked": "2022-07-01",
        "covers": [
            {
                "document": name,
                "fingerprint": JOURNEY.schema.fingerprint,
                "from": "2022-07-12",
                "until": until,
                "retention_days": days,
                "report_until": reported,
            }
            for name, until, days, reported in (
                ("user-journey.1", "2023-03-27", 1_000, "2022-07-26"),
                ("gone.1", None, None, None),
            )
        ],
        "recipients": [
            {
                "group": "birds@example.org",
                "agreement": "2026-7",
                "until": "2024-03-27",
            },
            {"group": "<b>@example.org", "agreement": "MOU 8", "until": "2023-03-27"},
        ],
        "analysis_until": "2024-03-27",
        "steward": {"by": "ann", "on": "2022-07-01", "result": "+"},
        "sign_offs": {
            "legal": {"by": "lea", "on": "2022-07-01", "result": "-", "risk": "high"}
        },
        "public": "https://bugs.example.org/3",
    }
