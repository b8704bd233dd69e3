"""The fold of consents, in any order and with copies."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.consent.fold import (
    Consent,
    ConsentState,
    Evidence,
    PersonInStudy,
    StudyTerms,
    fields_named,
    fold_consent,
)
from rally.consent.records import ConsentChoice, ConsentPurpose
from rally.registry.notices import ConsentNotice, NoticeName
from tests.rally.consent.test_records import DAY, GIVEN, TIME

ONE, TWO = NoticeName("1", "a" * 64), NoticeName("2", "b" * 64)
DEMOGRAPHICS, STUDY = ConsentPurpose.DEMOGRAPHICS, ConsentPurpose.STUDY
REFUSED = GIVEN._replace(choice=ConsentChoice.REFUSED, document_id="r")
TAKEN_BACK = GIVEN._replace(choice=ConsentChoice.WITHDRAWN, document_id="w")
EXPLICIT, INFERRED = Evidence.EXPLICIT, Evidence.INFERRED


def notice(name=ONE, language="en", days=None, since=date(2024, 1, 1)):
    return ConsentNotice(
        version=name.version,
        since=since,
        where="https://example.org",
        sha256=name.sha256,
        language=language,
        lasts_days=days,
    )


TERMS = StudyTerms((notice(),))
LASTS = StudyTerms((notice(days=10),))


def at(record, days, **changes):
    time = TIME + days * DAY
    return record._replace(at=time, submission_timestamp=time, **changes)


def fold(records=(), joined=(), left=(), *, terms=TERMS, purpose=DEMOGRAPHICS,
         field="age", days=100):  # fmt: skip
    joined = [TIME + each * DAY for each in joined]
    left = [TIME + each * DAY for each in left]
    person = PersonInStudy(records, joined, left)
    found = fold_consent(person, terms, purpose, field, TIME + days * DAY)
    return found and (found.state.value, (found.since - TIME) / DAY, found.notice)


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        ({}, None),
        ({"joined": [0]}, None),
        ({"records": [at(GIVEN, 0)]}, ("given", 0, ONE)),
        ({"records": [at(GIVEN, 0)], "field": "income"}, None),
        ({"records": [at(GIVEN, 0)], "field": ""}, None),
        ({"records": [at(GIVEN, 0, fields=())], "field": "age"}, ("given", 0, ONE)),
        ({"records": [at(GIVEN, 0)], "purpose": STUDY}, None),
        ({"records": [at(GIVEN, 3)], "days": 2}, None),
        ({"records": [at(GIVEN, 0), at(REFUSED, 1)]}, ("refused", 1, ONE)),
        ({"records": [at(GIVEN, 1), at(REFUSED, 0)]}, ("given", 1, ONE)),
        ({"records": [at(GIVEN, 1), at(REFUSED, 1)]}, ("refused", 1, ONE)),
        ({"records": [at(REFUSED, 1), at(TAKEN_BACK, 1)]}, ("withdrawn", 1, ONE)),
        ({"records": [at(GIVEN, 1)], "left": [0]}, ("withdrawn", 0, ONE)),
        ({"records": [at(GIVEN, 23)], "joined": [0], "left": [20]},
         ("withdrawn", 20, ONE)),
        ({"records": [at(GIVEN, 23)], "joined": [0, 20], "left": [9, 20]},
         ("withdrawn", 20, ONE)),
        ({"records": [at(GIVEN, 23)], "joined": [0, 22], "left": [20]},
         ("given", 23, ONE)),
        ({"records": [at(GIVEN, 23)], "joined": [0, 24], "left": [20]},
         ("given", 23, ONE)),
        ({"records": [at(GIVEN, 23)], "joined": [0, 24], "left": [20], "days": 23},
         ("withdrawn", 20, ONE)),
        ({"records": [at(REFUSED, 23)], "joined": [0], "left": [20]},
         ("refused", 23, ONE)),
        ({"records": [at(GIVEN, 1)], "left": [1]}, ("withdrawn", 1, ONE)),
        ({"records": [at(GIVEN, 1)], "left": [5, 7]}, ("withdrawn", 5, ONE)),
        ({"records": [at(GIVEN, 1)], "joined": [0, 1], "left": [0, 5, 7]},
         ("withdrawn", 5, ONE)),
        ({"records": [at(GIVEN, 1)], "left": [5], "days": 4}, ("given", 1, ONE)),
        ({"records": [at(REFUSED, 1)], "left": [5]}, ("refused", 1, ONE)),
        ({"records": [at(GIVEN, 1)], "terms": LASTS}, ("expired", 11, ONE)),
        ({"records": [at(GIVEN, 1)], "terms": LASTS, "days": 10}, ("given", 1, ONE)),
        ({"records": [at(GIVEN, 1)], "terms": LASTS, "left": [4]},
         ("withdrawn", 4, ONE)),
        ({"records": [at(GIVEN, 1)], "terms": LASTS, "left": [40]},
         ("expired", 11, ONE)),
        ({"records": [at(GIVEN, 1)], "terms": StudyTerms((notice(),), TIME + 5 * DAY)},
         ("expired", 5, ONE)),
        ({"records": [at(GIVEN, 9)], "terms": StudyTerms((notice(),), TIME + 5 * DAY)},
         ("expired", 9, ONE)),
        ({"records": [at(GIVEN, 1, notice=TWO)]}, ("given", 1, None)),
        ({"records": [at(GIVEN, 1, notice=None)]}, ("given", 1, None)),
        ({"joined": [2, 4], "purpose": STUDY, "field": ""}, ("given", 4, ONE)),
        ({"joined": [2], "left": [3], "purpose": STUDY}, ("withdrawn", 3, ONE)),
        ({"joined": [2, 4], "left": [3], "purpose": STUDY}, ("given", 4, ONE)),
    ],
)  # fmt: skip
def test_newest_choice_decides_and_ends(arguments, found):
    assert fold(**arguments) == found


def test_evidence_of_joining_is_inferred_and_of_a_record_explicit():
    person = PersonInStudy([at(GIVEN, 0, purpose=STUDY, fields=())], [TIME])
    explicit = Consent(ConsentState.GIVEN, TIME, EXPLICIT, ONE)
    assert fold_consent(person, TERMS, STUDY, "", TIME) == explicit
    inferred = Consent(ConsentState.GIVEN, TIME, INFERRED, ONE)
    assert fold_consent(PersonInStudy((), [TIME]), TERMS, STUDY, "", TIME) == inferred


def test_nobody_knows_which_language_was_read_by_who_joined():
    terms = StudyTerms((notice(), notice(TWO._replace(version="1"), "de")))
    assert fold(joined=[0], terms=terms, purpose=STUDY) == (
        "given", 0, NoticeName("1", "")
    )  # fmt: skip


def test_what_opens_is_given_and_has_a_known_notice():
    for terms, opens in ((TERMS, True), (StudyTerms(), False), (LASTS, False)):
        person = PersonInStudy([at(GIVEN, 0)])
        found = fold_consent(person, terms, DEMOGRAPHICS, "age", TIME + 50 * DAY)
        assert found.opens is opens


def test_copy_that_is_sent_later_gives_nothing_back():
    given, copy = at(GIVEN, 0), at(GIVEN, 9)
    assert fold([given, at(TAKEN_BACK, 5), copy]) == ("withdrawn", 5, ONE)
    assert fold([copy, at(TAKEN_BACK, 5), given]) == ("withdrawn", 5, ONE)


def test_fields_are_those_that_records_name():
    assert fields_named([GIVEN, at(REFUSED, 1, fields=("income",), purpose=STUDY),
                         at(GIVEN, 2, fields=())]) == {
        DEMOGRAPHICS: ["", "age", "gender"], STUDY: ["income"],
    }  # fmt: skip


choices = st.builds(
    lambda choice, day, fields, document: GIVEN._replace(
        choice=choice, at=TIME + day * DAY, submission_timestamp=TIME + day * DAY,
        fields=fields, document_id=document,
    ),
    st.sampled_from(ConsentChoice),
    st.integers(0, 20),
    st.sampled_from([(), ("age",), ("age", "gender"), ("gender",)]),
    st.uuids().map(str),
)  # fmt: skip
days = st.lists(st.integers(0, 20), max_size=4)


@given(st.lists(choices, max_size=6), days, days, st.integers(0, 25), st.randoms())
def test_order_and_copies_change_nothing(
    records, joined, left, now, chance: random.Random
):
    again = [each._replace(submission_timestamp=each.submission_timestamp + DAY)
             for each in records]  # fmt: skip
    mixed = [*records, *again, *records]
    chance.shuffle(mixed)
    for field in ("age", "gender"):
        asked = {"field": field, "days": now, "terms": LASTS}
        events = [chance.sample(each, len(each)) for each in (joined, left)]
        assert fold(mixed, *events, **asked) == fold(records, joined, left, **asked)


@given(st.lists(choices, max_size=6), days, days, st.integers(0, 25))
def test_what_opens_was_given_last_and_neither_left_nor_ended(
    records, joined, left, now
):
    """The rule once more, day by day: what a person would say of it."""
    expected, since = None, None
    for day in range(now + 1):
        said = [
            each.choice
            for each in records
            if each.at == TIME + day * DAY and (not each.fields or "age" in each.fields)
        ]
        if said:
            expected, since = max(said, key=list(ConsentChoice).index), day
    if expected is ConsentChoice.GIVEN:
        later = [day for day in left if since <= day <= now]
        before = [day for day in left if day <= since]
        if before and not {*range(max(before) + 1, now + 1)} & {*joined}:
            expected, since = ConsentChoice.WITHDRAWN, max(before)
        elif later and min(later) <= since + 10:
            expected, since = ConsentChoice.WITHDRAWN, min(later)
        elif now >= since + 10:
            expected, since = "expired", since + 10
    found = fold(records, joined, left, terms=LASTS, days=now)
    assert (found and found[:2]) == (expected and (expected, since))
