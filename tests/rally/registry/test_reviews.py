"""Records of data reviews: what they say, and what is wrong with them."""

from dataclasses import replace
from datetime import date

import pytest
import yaml

from rally.decisions.contents import REVIEW_AREAS
from rally.registry.collected_fields import OPEN
from rally.registry.reviews import REVIEW_QUESTIONS, Incremental, Request, Review
from tests.rally.registry.good_review import (
    GOOD,
    REVIEW,
    changed,
    faults,
    read,
    without_line,
)


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


def test_incremental_change_has_a_note_and_no_answers():
    content = yaml.safe_load(GOOD)
    for path in (("request", "answers"), ("review", "answers")):
        del content[path[0]][path[1]]
    content["incremental"] = {"of": "r0"}
    for name in ("sign_offs", "exemptions"):
        del content[name]
    found = read(yaml.safe_dump(content))
    assert found == replace(
        REVIEW,
        request=REVIEW.request._replace(answers=()),
        steward=REVIEW.steward._replace(answers=()),
        sign_offs=None,
        exemptions=(),
        incremental=Incremental("r0"),
    )
    assert (found.open, found.rests_on) == ((), "r0")
    whole = yaml.safe_load(GOOD)
    whole["incremental"] = {"of": "r0"}
    whole["request"]["renews"] = "r0"
    told = [without_line(each) for each in faults(yaml.safe_dump(whole))]
    unknown = "is not known; remove it or correct its name"
    assert [each for each in told if "answers" in each] == [
        "request.answers: " + unknown,
        "review.answers: " + unknown,
    ]
    del whole["request"]["answers"], whole["review"]["answers"]
    what = "is not for an incremental change; remove it"
    assert [without_line(each) for each in faults(yaml.safe_dump(whole))] == [
        f"request.renews: {what}",
        f"sign_offs: {what}",
        f"exemptions: {what}",
    ]


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
WORD = "must be at most 100 characters without spaces"
NAME = "must be up to 40 lower-case letters, digits and hyphens"
HTTPS = "must be an address such as https://example.org/study"
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
REPORTS = "must be one of the 14 days after from"
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
    ("request recipients", "bees", "must be a list; write [one, two]"),
    ("request recipients 0 group", "the bees", WORD),
    ("request recipients 0 agreement", "", TEXT),
    ("request recipients 0 until", ..., MISSING),
    ("request analysis_until", "2027", DAY),
    ("covers 0 report_until", "2026-02-15", DAY),
    ("covers 0 report_until", date(2026, 2, 16), REPORTS),
    ("covers 0 report_until", date(2026, 1, 31), REPORTS),
    ("covers 0 retention_days", 0, "must be a whole number of at least 1"),
    ("covers 0 retention_days", "180", "must be a whole number of at least 1"),
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
    ("announcement where", "https://ann@example.org/", HTTPS),
    ("announcement where", "https://ex\u0430mple.org/", HTTPS),
    ("public where", "https://localhost/", HTTPS),
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
        "line 25: who: is not known; remove it or correct its name (incremental,"
        " announcement, notice, exemptions, permanent, escalations)",
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
