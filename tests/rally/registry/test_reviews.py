"""Records of data reviews: what they say, what is wrong with them, what is signed."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from rally.decisions.contents import (
    REVIEW_AREAS,
    CoveredSchema,
    ReviewResult,
    Risk,
    Role,
)
from rally.errors import ConfigurationError, faults_of
from rally.fields import Place
from rally.plain_yaml import read_yaml
from rally.registry.categories import RULES
from rally.registry.collected_fields import OPEN
from rally.registry.review_files import dump_review
from rally.registry.review_parsing import read_review
from rally.registry.reviews import (
    RENEWAL_QUESTIONS,
    REQUEST_QUESTIONS,
    REVIEW_QUESTIONS,
    Announcement,
    Escalation,
    Exemption,
    Notice,
    Permanence,
    Position,
    Request,
    Review,
    SignOff,
    StewardReview,
)

FILE = "r1.yaml"
PAGE = "1" * 64
NOTICE = "2" * 64

GOOD = f"""\
request:
  requester: ann
  owner: bob
  date: 2026-01-10
  answers: {{1: one, 2: two, 3: three, 4: four, 5: five, 6: six, 7: seven, 8: eight,
            9: nine, 10: ten, 11: eleven, 12: twelve}}
covers:
- document: visit.1
  fingerprint: "{PAGE}"
  from: 2026-02-01
  until: 2026-12-31
- document: joined.1
  fingerprint: "{NOTICE}"
  from: 2026-02-01
review:
  by: sue
  date: 2026-01-11
  result: +
  reason: It is needed.
  answers: {{1: a, 2: b, 3: c, 4: d, 5: e, 6: f, 7: g, 8: h}}
sign_offs:
  privacy: {{by: pip, date: 2026-01-12, result: +, risk: medium, mitigations: hashed}}
  data: {{by: dan, date: 2026-01-13, result: +, risk: low, mitigations: none}}
  legal: {{by: liz, date: 2026-01-14, result: "-", risk: high, mitigations: none}}
  security: {{by: sam, date: 2026-01-15, result: +, risk: low, mitigations: sealed}}
announcement: {{where: "https://example.org/news", date: 2026-01-20}}
notice: {{where: "https://example.org/notice", sha256: "{NOTICE}"}}
public: {{where: "https://example.org/review", date: 2026-01-21}}
permanent: {{person: bob, reason: Who joined is asked for.}}
exemptions:
- {{rule: browsing-beside-id, reason: Pages are of one site.}}
escalations:
- raised_by: pip
  question: Are pages needed?
  positions:
  - {{by: ann, position: They are.}}
  - {{by: pip, position: They are not.}}
  decided_by: the board
  decision: They are.
  date: 2026-01-16
"""
NUMBERS = [
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
]
REVIEW = Review(
    id="r1",
    request=Request("ann", "bob", date(2026, 1, 10), None, tuple(NUMBERS)),
    covers=(
        CoveredSchema("visit.1", PAGE, date(2026, 2, 1), date(2026, 12, 31)),
        CoveredSchema("joined.1", NOTICE, date(2026, 2, 1), None),
    ),
    steward=StewardReview(
        "sue",
        date(2026, 1, 11),
        ReviewResult.APPROVE,
        "It is needed.",
        tuple("abcdefgh"),
    ),
    sign_offs={
        Role.PRIVACY: SignOff(
            "pip", date(2026, 1, 12), ReviewResult.APPROVE, Risk.MEDIUM, "hashed"
        ),
        Role.DATA: SignOff(
            "dan", date(2026, 1, 13), ReviewResult.APPROVE, Risk.LOW, "none"
        ),
        Role.LEGAL: SignOff(
            "liz", date(2026, 1, 14), ReviewResult.REFUSE, Risk.HIGH, "none"
        ),
        Role.SECURITY: SignOff(
            "sam", date(2026, 1, 15), ReviewResult.APPROVE, Risk.LOW, "sealed"
        ),
    },
    announcement=Announcement("https://example.org/news", date(2026, 1, 20)),
    notice=Notice("https://example.org/notice", NOTICE),
    public=Announcement("https://example.org/review", date(2026, 1, 21)),
    exemptions=(Exemption("browsing-beside-id", "Pages are of one site."),),
    permanent=Permanence("bob", "Who joined is asked for."),
    escalations=(
        Escalation(
            "pip",
            "Are pages needed?",
            (Position("ann", "They are."), Position("pip", "They are not.")),
            "the board",
            "They are.",
            date(2026, 1, 16),
        ),
    ),
)


def read(text: str, id: str = "r1") -> Review:
    content = read_yaml(FILE, text.encode())
    return read_review(Place(FILE, lines=content.lines), id, content.value)


def faults(text: str, id: str = "r1") -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        read(text, id)
    found = faults_of(caught.value)
    assert all(each.startswith(f"{FILE}: ") for each in found)
    return [each.removeprefix(f"{FILE}: ") for each in found]


def changed(path: str, value: object = ...) -> str:
    """The good record with another entry at a path; ... takes it out."""
    content = yaml.safe_load(GOOD)
    *parents, last = [int(each) if each.isdigit() else each for each in path.split()]
    entry: Any = content
    for name in parents:
        entry = entry[name]
    if value is ...:
        del entry[last]
    else:
        entry[last] = value
    return yaml.safe_dump(content, sort_keys=False)


def without_line(fault: str) -> str:
    first, _, rest = fault.partition(": ")
    return rest if first.startswith("line ") else fault


def test_record_has_all_that_its_file_says():
    assert read(GOOD) == REVIEW
    assert REVIEW.exempt == {"browsing-beside-id"}


def test_request_is_the_least_record():
    content = yaml.safe_load(GOOD)
    least = {name: content[name] for name in ("request", "covers")}
    least["covers"] = least["covers"][:1]
    assert read(yaml.safe_dump(least)) == Review(
        "r1", REVIEW.request, REVIEW.covers[:1]
    )


def test_renewal_answers_three_questions():
    request = {
        **{"requester": "ann", "owner": "bob", "date": date(2026, 1, 10)},
        **{"renews": "r0", "answers": {1: "r0", 2: "a year more", 3: "few joined"}},
    }
    found = read(changed("request", request)).request
    answers = ("r0", "a year more", "few joined")
    assert found == Request("ann", "bob", date(2026, 1, 10), "r0", answers)
    [fault] = faults(changed("request", {**request, "renews": "R 0"}))
    assert without_line(fault) == f"request.renews: {NAME}"
    del request["renews"]
    found = read(changed("request", request))
    assert found.open == tuple(f"request.answers.{number}" for number in range(4, 13))


@pytest.mark.parametrize("said", [..., OPEN, f"{OPEN}: ask legal"])
def test_question_without_an_answer_leaves_the_review_open(said):
    found = read(changed("request answers 3", said))
    assert found.open == ("request.answers.3",)
    assert found.request.answers[2] == (OPEN if said is ... else said)
    found = read(changed("review answers 8", said))
    assert found.open == ("review.answers.8",)


def test_answer_that_mentions_open_questions_is_none():
    assert read(changed("request answers 3", f"No {OPEN} is left.")).open == ()


TEXT = "must be text; write some, in quotes where YAML needs them"
DAY = "must be a date such as 2022-03-10, without quotes"
HEX = "must be lower-case hexadecimal digits, all of them"
NAME = "must be up to 40 lower-case letters, digits and hyphens"
HTTPS = "must be an address that begins with https://"
RESULT = "must be one of: +, -"
MAPPING = "must be a mapping of names to values"
NUMBERED = "must be a mapping of the questions' numbers to answers"
MISSING = "is missing; add it"
DOCUMENT = (
    "must be a document such as visit.1; a document type is of lower-case letters,"
    " digits and hyphens, at most 100, no hyphen first, and a version is a number from"
    " 1 to 999999999"
)
ASKED = "asked for it, or owns it; have somebody else answer"
LATER = "must not be before from"

WRONG = [
    ("request", "ann", MAPPING),
    ("request requester", "Ann", NAME),
    ("request requester", "ann@example.org", NAME),
    ("request owner", None, TEXT),
    ("request date", "2026-01-10", DAY),
    ("request answers", ["one", "two"], NUMBERED),
    ("request answers", "one", NUMBERED),
    ("request answers 3", "", TEXT),
    ("request answers 3", 7, TEXT),
    ("request answers 3", "two\nlines", "must be one line of printable text"),
    ("request answers 3", "x" * 2001, "must be at most 2,000 characters"),
    ("covers", [], "is empty; say which schemas"),
    ("covers", {}, "must be a list; write [one, two]"),
    ("covers 0 document", "visit", DOCUMENT),
    ("covers 0 document", "../visit.1", DOCUMENT),
    ("covers 0 fingerprint", "1" * 63, HEX),
    ("covers 0 fingerprint", "F" * 64, HEX),
    ("covers 0 from", 20260201, DAY),
    ("review by", "Sue Doe", NAME),
    ("review result", "yes", RESULT),
    ("review result", "++", RESULT),
    ("review reason", "", TEXT),
    ("review answers", {}, None),
    ("sign_offs", [], MAPPING),
    ("sign_offs privacy", "pip", MAPPING),
    ("sign_offs privacy risk", "none", "must be one of: low, medium, high"),
    ("sign_offs privacy result", True, RESULT),
    ("sign_offs privacy mitigations", [], TEXT),
    ("announcement where", "http://example.org", HTTPS),
    ("announcement where", "example.org", HTTPS),
    ("announcement where", "javascript:alert(1)", HTTPS),
    ("announcement where", "https://example.org/a b", HTTPS),
    ("notice where", "ftp://example.org", HTTPS),
    ("notice sha256", "2" * 65, HEX),
    ("public where", "HTTPS://example.org", HTTPS),
    ("public date", None, DAY),
    ("permanent person", "everybody else", NAME),
    ("permanent reason", "", TEXT),
    ("exemptions", "browsing-beside-id", "must be a list; write [one, two]"),
    ("exemptions 0 reason", "", TEXT),
    ("escalations 0 positions", "none", "must be a list; write [one, two]"),
    ("escalations 0 date", "soon", DAY),
]


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    WRONG,
    ids=[f"{path}={value!r}"[:60].replace("\n", " ") for path, value, _ in WRONG],
)
def test_wrong_value_is_one_line(path, value, reason):
    text = changed(path, value)
    if reason is None:  # nothing is answered, which is open and no fault
        assert len(read(text).open) == REVIEW_QUESTIONS
        return
    assert [without_line(each) for each in faults(text)] == [
        f"{'.'.join(path.split())}: {reason}"
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("request", "request requester", "request owner", "request date"),
        *("request answers", "covers", "covers 0 document", "covers 0 fingerprint"),
        *("covers 0 from", "review by", "review date", "review result"),
        *("review reason", "review answers", "sign_offs privacy by"),
        *("sign_offs data date", "sign_offs legal result", "sign_offs security risk"),
        *("sign_offs privacy mitigations", "announcement where", "announcement date"),
        *("notice where", "notice sha256", "public where", "public date"),
        *("permanent person", "permanent reason", "exemptions 0 rule"),
        *("exemptions 0 reason", "escalations 0 raised_by", "escalations 0 question"),
        *("escalations 0 positions", "escalations 0 decided_by"),
        *("escalations 0 decision", "escalations 0 date"),
        *("escalations 0 positions 0 by", "escalations 0 positions 1 position"),
    ],
)
def test_missing_value_is_one_line(path):
    assert [without_line(each) for each in faults(changed(path))] == [
        f"{'.'.join(path.split())}: {MISSING}"
    ]


@pytest.mark.parametrize(
    "path",
    [
        *(
            "colour",
            "request colour",
            "covers 0 last",
            "review risk",
            "sign_offs trust",
        ),
        *("sign_offs steward", "sign_offs privacy reason", "announcement reason"),
        *("notice date", "public by", "permanent by", "exemptions 0 by"),
        *("escalations 0 result", "escalations 0 positions 0 date"),
    ],
)
def test_unknown_entry_is_one_line(path):
    [fault] = faults(changed(path, "red"))
    assert without_line(fault).startswith(
        f"{'.'.join(path.split())}: is not known; remove it or correct its name"
    )


@pytest.mark.parametrize("number", [0, 13, -1, "3", "three", True])
def test_answers_stand_under_the_numbers_of_their_questions(number):
    content = yaml.safe_load(GOOD)
    del content["request"]["answers"][1]
    content["request"]["answers"][number] = "an answer"
    assert [without_line(each) for each in faults(yaml.safe_dump(content))] == [
        f"request.answers.{number}: is no question; they are 1 to 12"
    ]


@pytest.mark.parametrize("number", [0, 9, "1"])
def test_steward_answers_eight_questions(number):
    content = yaml.safe_load(GOOD)
    content["review"]["answers"][number] = "an answer"
    assert [without_line(each) for each in faults(yaml.safe_dump(content))] == [
        f"review.answers.{number}: is no question; they are 1 to 8"
    ]


@pytest.mark.parametrize("id", ["R1", "r_1", "", "-r", "r" * 41, "../r1", "r1.yaml"])
def test_name_of_the_file_is_a_name(id):
    assert len(faults(GOOD, id)) == 1


@pytest.mark.parametrize("id", ["1", "2026-01-10", "r" * 40, "a-"])
def test_names_of_files_are_free(id):
    assert read(GOOD, id).id == id


def test_last_day_is_not_before_the_first():
    assert read(changed("covers 0 until", date(2026, 2, 1)))
    text = changed("covers 0 until", date(2026, 1, 31))
    assert [without_line(each) for each in faults(text)] == [f"covers.0.until: {LATER}"]


def test_what_has_no_last_day_is_somebodys():
    missing = (
        "covers.1.until: is missing; say it, or who keeps it for ever, permanent:"
        " {person: …, reason: …}"
    )
    assert [without_line(each) for each in faults(changed("permanent"))] == [missing]


AREAS = [("review", "review.by"), *(
    (f"sign_offs {area}", f"sign_offs.{area}.by") for area in REVIEW_AREAS[1:]
)]  # fmt: skip


@pytest.mark.parametrize("who", ["ann", "bob"])
@pytest.mark.parametrize(("path", "place"), AREAS)
def test_nobody_reviews_what_they_asked_for_or_own(path, place, who):
    assert [without_line(each) for each in faults(changed(f"{path} by", who))] == [
        f"{place}: {ASKED}"
    ]


@pytest.mark.parametrize(
    ("path", "who", "place", "area"),
    [
        ("sign_offs privacy", "sue", "sign_offs.privacy.by", "steward"),
        ("sign_offs data", "pip", "sign_offs.data.by", "privacy"),
        ("sign_offs security", "dan", "sign_offs.security.by", "data"),
        ("review", "sam", "sign_offs.security.by", "steward"),
    ],
)
def test_nobody_answers_for_two_areas(path, who, place, area):
    assert [without_line(each) for each in faults(changed(f"{path} by", who))] == [
        f"{place}: answers for {area}, too; have somebody else answer"
    ]


def test_wrong_sign_off_does_not_hide_who_reviews():
    content = yaml.safe_load(GOOD)
    content["sign_offs"]["privacy"]["risk"] = "none"
    content["review"]["by"] = "ann"
    assert [without_line(each) for each in faults(yaml.safe_dump(content))] == [
        "sign_offs.privacy.risk: must be one of: low, medium, high",
    ]


BAD = """\
request:
  requester: Ann
  owner: bob
  date: soon
  answers:
    1: one
    13: thirteen
covers:
- document: visit
  fingerprint: beef
  from: 2026-02-01
  until: 2026-01-01
- document: joined.1
review:
  by: bob
  date: 2026-02-30
  result: maybe
  reason: ok
  colour: red
  answers: [a, b]
sign_offs:
  trust: {by: tim}
  legal: {by: liz, date: 2026-01-14, result: +, risk: low, mitigations: none}
public: {where: "http://example.org", date: 2026-01-21}
who: me
"""


def test_every_fault_is_told_at_once_with_its_line():
    assert faults(BAD) == [
        f"line 2: request.requester: {NAME}",
        f"line 4: request.date: {DAY}",
        "line 7: request.answers.13: is no question; they are 1 to 12",
        f"line 9: covers.0.document: {DOCUMENT}",
        f"line 10: covers.0.fingerprint: {HEX}",
        f"line 13: covers.1.fingerprint: {MISSING}",
        f"line 13: covers.1.from: {MISSING}",
        "line 16: review.date: holds what cannot be (day is out of range for month);"
        " correct it",
        f"line 17: review.result: {RESULT}",
        f"line 20: review.answers: {NUMBERED}",
        "line 19: review.colour: is not known; remove it or correct its name",
        "line 22: sign_offs.trust: is not known; remove it or correct its name"
        " (privacy, data, security)",
        f"line 24: public.where: {HTTPS}",
        "line 25: who: is not known; remove it or correct its name (announcement,"
        " notice, exemptions, permanent, escalations)",
    ]


@pytest.mark.parametrize("value", [None, [], "text", 7, {}])
def test_whatever_a_file_holds_it_is_no_traceback(value):
    found = [without_line(each) for each in faults(yaml.safe_dump(value))]
    empty = [f"request: {MISSING}", f"covers: {MISSING}"]
    assert found == (empty if value == {} else [MAPPING])


@pytest.mark.parametrize(
    ("path", "most"), [("covers", 400), ("exemptions", 50), ("escalations", 50)]
)
def test_length_of_a_record_is_bounded(path, most):
    entry = yaml.safe_load(GOOD)[path][0]
    assert read(changed(path, [entry] * most))
    assert [
        without_line(each) for each in faults(changed(path, [entry] * (most + 1)))
    ] == [f"{path}: must have at most {most} entries"]


def test_digest_is_of_what_is_asked_for():
    """What somebody signs: it is the same for ever, on every machine."""
    assert REVIEW.digest == (
        "0845a061a1084fef27edc73106560e166004a067eb2a52fc95e222e7a7d5297a"
    )


DAY_LATER = date(2026, 2, 2)
CHANGES = {
    "id": {"id": "r2"},
    "requester": {"request": REVIEW.request._replace(requester="eve")},
    "owner": {"request": REVIEW.request._replace(owner="eve")},
    "day": {"request": REVIEW.request._replace(on=DAY_LATER)},
    "renews": {"request": REVIEW.request._replace(renews="r0")},
    "answer": {"request": REVIEW.request._replace(answers=("other", *NUMBERS[1:]))},
    "order": {"request": REVIEW.request._replace(answers=tuple(reversed(NUMBERS)))},
    "document": {"covers": (REVIEW.covers[0]._replace(document="visit.2"),)},
    "fingerprint": {"covers": (REVIEW.covers[0]._replace(fingerprint=NOTICE),)},
    "first": {"covers": (REVIEW.covers[0]._replace(first=DAY_LATER),)},
    "last": {"covers": (REVIEW.covers[0]._replace(last=DAY_LATER),)},
    "no end": {"covers": (REVIEW.covers[0]._replace(last=None),)},
    "more": {"covers": (*REVIEW.covers, REVIEW.covers[0])},
    "announced": {"announcement": REVIEW.announcement._replace(on=DAY_LATER)},
    "not announced": {"announcement": None},
    "notice": {"notice": REVIEW.notice._replace(sha256=PAGE)},
    "no notice": {"notice": None},
    "exemption": {"exemptions": ()},
    "why exempt": {"exemptions": (Exemption("browsing-beside-id", "Other."),)},
    "permanent": {"permanent": None},
    "keeper": {"permanent": REVIEW.permanent._replace(person="eve")},
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_whatever_is_asked_for_changes_the_digest(changes):
    assert replace(REVIEW, **changes).digest != REVIEW.digest


@pytest.mark.parametrize(
    "changes",
    [
        {"steward": None},
        {"steward": REVIEW.steward._replace(result=ReviewResult.REFUSE)},
        {"sign_offs": None},
        {"sign_offs": {}},
        {"public": None},
        {"public": Announcement("https://example.org/", DAY_LATER)},
        {"escalations": ()},
        {"open": ("request.answers.1",)},
    ],
    ids=str,
)
def test_answers_of_reviewers_do_not_change_the_digest(changes):
    assert replace(REVIEW, **changes).digest == REVIEW.digest


def test_digests_of_all_changes_differ():
    digests = {replace(REVIEW, **changes).digest for changes in CHANGES.values()}
    assert len(digests) == len(CHANGES)


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
PAGES = st.sampled_from(["https://a", "https://a/#b", "https://a/?b=[c]&d={e}"])
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
    )


@st.composite
def reviews(draw):
    names = draw(st.permutations(["ann", "no", "null", "true", "y", "x-1", "a" * 40]))
    renews = draw(st.none() | IDS)
    count = RENEWAL_QUESTIONS if renews else REQUEST_QUESTIONS
    request = Request(names[5], names[6], draw(DAYS), renews, draw(answers(count)))
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
    open_places = [
        *(
            ("request.answers", number, each)
            for number, each in enumerate(request.answers, 1)
        ),
        *(
            ("review.answers", number, each)
            for number, each in enumerate(steward.answers if steward else (), 1)
        ),
    ]
    return Review(
        id=draw(IDS),
        request=request,
        covers=tuple(
            draw(st.lists(covered(permanent is not None), min_size=1, max_size=3))
        ),
        steward=steward,
        sign_offs=draw(st.sampled_from([None, sign_offs])),
        announcement=draw(st.none() | ANNOUNCEMENTS),
        notice=draw(st.none() | st.builds(Notice, PAGES, HEXES)),
        public=draw(st.none() | ANNOUNCEMENTS),
        exemptions=tuple(draw(st.lists(exemption, max_size=2))),
        permanent=permanent,
        escalations=tuple(draw(st.lists(escalation, max_size=2))),
        open=tuple(
            f"{place}.{number}"
            for place, number, each in open_places
            if each.startswith(OPEN)
        ),
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


def renewing(**renews):
    """Texts of reviews of rally-x, each of which renews another."""
    content = yaml.safe_load(GOOD)
    answers = {1: "x", 2: "y", 3: "z"}
    return {
        f"rally-x/reviews/{name}.yaml": yaml.safe_dump(
            {
                **content,
                "request": {**content["request"], "renews": other, "answers": answers},
            }
            if other
            else content
        )
        for name, other in renews.items()
    }


CIRCLE = "renews itself in a circle; correct it"


@pytest.mark.parametrize(
    ("renews", "expected"),
    [
        ({"a": None, "b": "a", "c": "b"}, {}),
        ({"c": None, "b": "c", "a": "b"}, {}),
        ({"a": None, "b": "a", "c": "a"}, {}),
        ({"a": "a"}, {"a": CIRCLE}),
        ({"a": "b", "b": "a"}, {"a": CIRCLE, "b": CIRCLE}),
        ({"a": "b", "b": "c", "c": "a", "d": None},
         {"a": CIRCLE, "b": CIRCLE, "c": CIRCLE}),
        ({"a": "none"}, {"a": "there is no review none; correct it"}),
        ({"a": None, "b": "none", "c": "b"},
         {"b": "there is no review none; correct it"}),
    ],
    ids=str,
)  # fmt: skip
def test_renewal_is_of_another_review_that_is_there(folder, renews, expected):
    folder.texts |= renewing(**renews)
    uri = folder.write()
    if not expected:
        reviews = folder.load().studies["rally-x"].reviews
        assert {each.id: each.request.renews for each in reviews} == renews
        assert [each.id for each in reviews] == sorted(renews)
        return
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    assert list(faults_of(caught.value)) == [
        f"{uri}/rally-x/reviews/{name}.yaml: request.renews: {what}"
        for name, what in expected.items()
    ]


def test_faults_of_all_records_of_a_study_are_told_at_once(folder):
    folder.texts["rally-x/reviews/a.yaml"] = BAD
    folder.texts["rally-x/reviews/b.yaml"] = "request: {"
    folder.texts["rally-x/reviews/c.yaml"] = GOOD
    folder.texts["rally-x/reviews/d.yaml"] = "request: 1\nrequest: 2\n"
    folder.texts["rally-x/reviews/e.md"] = "a form"
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        folder.load()
    found = [
        each.removeprefix(f"{uri}/rally-x/reviews/") for each in faults_of(caught.value)
    ]
    assert [each.partition(": ")[0] for each in found] == [
        *["a.yaml"] * len(faults(BAD)), "b.yaml", *["d.yaml"] * 3, "e.md",
    ]  # fmt: skip
    assert found[-4:] == [
        'd.yaml: line 2: "request" stands twice; correct it',
        "d.yaml: line 2: request: must be a mapping of names to values",
        f"d.yaml: covers: {MISSING}",
        "e.md: is no review; name it *.yaml, or remove it",
    ]


def test_number_of_reviews_is_bounded(folder):
    for number in range(1001):
        folder.texts[f"rally-x/reviews/r{number}.yaml"] = "{}"
    assert folder.error() == (
        "schemas/rally-x/reviews/: has more than 1,000 reviews; make another study"
    )
