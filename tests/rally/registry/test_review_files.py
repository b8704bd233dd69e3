"""Records of reviews are written as they are read."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Risk,
)
from rally.registry.categories import RULES
from rally.registry.collected_fields import OPEN
from rally.registry.review_files import dump_review
from rally.registry.reviews import (
    RENEWAL_QUESTIONS,
    REQUEST_QUESTIONS,
    REVIEW_QUESTIONS,
    Announcement,
    Escalation,
    Exemption,
    Incremental,
    Notice,
    Permanence,
    Position,
    Recipient,
    Request,
    Review,
    SignOff,
    StewardReview,
)
from tests.rally.registry.good_review import REVIEW, read

WORDS = [
    *("+", "-", "no", "null", "~", "2026-01-01", "1", "1.5", "a: b", "- a", "# a", "'"),
    *(
        '"',
        "{a}",
        "[a]",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a",
        "a #b",
        "=",
        "<<",
    ),
    *("yes", " a", "a ", "\\n", "\N{EURO SIGN}", "\N{GRINNING FACE}", "x" * 2000, OPEN),
    *(
        "word " * 30,
        "one: {two}, [three]: 'four' " * 10,
        f"{OPEN}: ask",
        "true",
        "0x1f",
    ),
]
TEXTS = st.sampled_from(WORDS) | st.text(
    st.sampled_from("ab1 :#-'\"{}[],&*!|>%@`?\\~.\N{LATIN SMALL LETTER E WITH ACUTE}"),
    min_size=1,
    max_size=40,
).filter(str.strip)
NAMES = st.sampled_from(["ann", "b", "no", "null", "true", "y", "x-1", "a" * 40, "on"])
IDS = st.sampled_from(
    ["1", "2026-01-10", "no", "r1", "null", "0", "1-2", "0x1f", "1e3"]
)
DAYS = st.dates(date(2000, 1, 1), date(2199, 12, 31))
HEXES = st.sampled_from(["1" * 64, "0" * 64, "e" * 64, "1e" + "0" * 62, "ab" * 32])
PAGES = st.sampled_from(["https://a.b", "https://a.b/#b", "https://a.b/?b=[c]&d=e"])
RECIPIENTS = st.builds(Recipient, NAMES, TEXTS, DAYS)
FORTNIGHT = timedelta(days=14)
ANNOUNCEMENTS = st.builds(Announcement, PAGES, DAYS)


def answers(count):
    return st.lists(TEXTS, min_size=count, max_size=count).map(tuple)


@st.composite
def covered(draw, is_permanent):
    first = draw(DAYS)
    last = draw(st.dates(first, date(2199, 12, 31)))
    return CoveredSchema(
        f"{draw(NAMES)}.{draw(st.sampled_from([1, 20, 999_999_999]))}",
        draw(HEXES),
        first,
        None if is_permanent and draw(st.booleans()) else last,
        draw(st.none() | st.integers(1, 10_000)),
        draw(st.none() | st.dates(first, min(first + FORTNIGHT, date.max))),
    )


@st.composite
def reviews(draw):
    names = draw(st.permutations(["ann", "no", "null", "true", "y", "x-1", "a" * 40]))
    renews = draw(st.none() | IDS)
    count = RENEWAL_QUESTIONS if renews else REQUEST_QUESTIONS
    request = Request(
        *(names[5], names[6], draw(DAYS), renews, draw(answers(count))),
        tuple(draw(st.lists(RECIPIENTS, max_size=2))),
        draw(st.none() | DAYS),
    )
    permanent = draw(st.none() | st.builds(Permanence, NAMES, TEXTS))
    steward = draw(
        st.none()
        | st.builds(
            StewardReview,
            st.just(names[0]),
            DAYS,
            st.sampled_from(ReviewResult),
            TEXTS,
            answers(REVIEW_QUESTIONS),
        )
    )
    signed = draw(st.sets(st.sampled_from(REVIEW_AREAS[1:]), min_size=1))
    sign_offs = {
        area: SignOff(
            names[REVIEW_AREAS.index(area)],
            draw(DAYS),
            draw(st.sampled_from(ReviewResult)),
            draw(st.sampled_from(Risk)),
            draw(TEXTS),
        )
        for area in REVIEW_AREAS
        if area in signed
    }
    escalation = st.builds(
        Escalation,
        *(TEXTS, TEXTS),
        st.lists(st.builds(Position, TEXTS, TEXTS), min_size=1, max_size=3).map(tuple),
        *(TEXTS, TEXTS, DAYS),
    )
    exemption = st.builds(
        Exemption, st.sampled_from([rule.name for rule in RULES]), TEXTS
    )
    incremental = draw(st.none() | st.builds(Incremental, IDS))
    if incremental:
        request = request._replace(renews=None, answers=())
        steward = steward and steward._replace(answers=())
    whole = incremental is None
    return Review(
        id=draw(IDS),
        request=request,
        covers=tuple(
            draw(st.lists(covered(permanent is not None), min_size=1, max_size=3))
        ),
        steward=steward,
        sign_offs=draw(st.sampled_from([None, sign_offs] if whole else [None])),
        announcement=draw(st.none() | ANNOUNCEMENTS),
        notice=draw(st.none() | st.builds(Notice, PAGES, HEXES)),
        public=draw(st.none() | ANNOUNCEMENTS),
        exemptions=tuple(draw(st.lists(exemption, max_size=2 if whole else 0))),
        permanent=permanent,
        escalations=tuple(draw(st.lists(escalation, max_size=2))),
        incremental=incremental,
    )


@settings(max_examples=40, deadline=None)
@given(reviews())
def test_record_that_was_written_is_read_as_it_was(review):
    text = dump_review(review)
    found = read(text, review.id)
    assert found == review
    assert found.digest == review.digest
    assert dump_review(found) == text


def test_good_record_is_written_as_people_read_it():
    text = dump_review(REVIEW)
    assert [line for line in text.splitlines() if line[0] not in " -"] == [
        "request:",
        "covers:",
        "review:",
        "sign_offs:",
        "announcement:",
        "notice:",
        "public:",
        "permanent:",
        "exemptions:",
        "escalations:",
    ]
    assert read(text) == REVIEW
