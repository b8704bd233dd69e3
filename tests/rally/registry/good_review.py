"""A complete record of a data review, as a file and as what is read of it."""

from datetime import date
from typing import Any

import pytest
import yaml

from rally.decisions.contents import CoveredSchema, ReviewResult, Risk, Role
from rally.errors import ConfigurationError, faults_of
from rally.fields import Place
from rally.plain_yaml import read_yaml
from rally.registry.review_parsing import read_review
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
  recipients:
  - {{group: bees@example.org, agreement: MOU 8, until: 2027-06-30}}
  analysis_until: 2027-12-31
covers:
- document: visit.1
  fingerprint: "{PAGE}"
  from: 2026-02-01
  until: 2026-12-31
  retention_days: 180
  report_until: 2026-02-15
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
    request=Request(
        "ann",
        "bob",
        date(2026, 1, 10),
        None,
        tuple(NUMBERS),
        (Recipient("bees@example.org", "MOU 8", date(2027, 6, 30)),),
        date(2027, 12, 31),
    ),
    covers=(
        CoveredSchema(
            "visit.1",
            PAGE,
            date(2026, 2, 1),
            date(2026, 12, 31),
            180,
            date(2026, 2, 15),
        ),
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
