"""Promises as sentences."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from rally.inventory.wording import (
    say_collected,
    say_do_not_track,
    say_end,
    say_form,
    say_identity,
    say_kept,
    say_leaving,
    say_participants,
    say_period,
    say_private_windows,
    say_windows,
    title,
)
from rally.registry.collected_fields import CollectedField
from rally.registry.intervals import BEGIN, END, Interval
from rally.registry.study import AfterEnd, Keep, KeptBy, Unmatched
from tests.rally.inventory.samples import inventory_of, shipped, stream


def entry_of(study):
    (entry,) = inventory_of(study).studies
    return entry


def with_policy(**changes):
    study = stream()
    return entry_of(replace(study, policy=replace(study.policy, **changes)))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "people in US, 19 years or older, who joined"),
        ({"countries": frozenset({"US", "CA"})},
         "people in CA, US, 19 years or older, who joined"),
        ({"countries": frozenset(), "minimum_age": None},
         "people in any country, who joined"),
        ({"enrolment_required": False, "minimum_age": None},
         "people in US; nothing else than that they join is recorded"),
    ],
)  # fmt: skip
def test_who_takes_part(changes, words):
    assert say_participants(with_policy(**changes)) == words


def test_period_may_have_no_end():
    assert say_period(entry_of(stream())) == "12 July 2022 to 27 March 2023"
    assert say_period(entry_of(stream(collect_through=None))) == (
        "from 12 July 2022, without a date for its end"
    )


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("user-journey.1", {},
         "Kept until the study is concluded, by 27 March 2024, or until its person "
         "leaves."),
        ("user-journey.1", {"delete_after_days": 1095, "keep": Keep.LATEST},
         "Each row is deleted 1,095 days after it was sent, or when its person leaves. "
         "Of each person only the newest row is kept."),
        ("user-journey.1", {"kept_by": KeptBy("Ann", "the law")},
         "Kept until its person leaves. Ann answers for that: the law"),
        ("deletion-request.1", {},
         "Not kept as data. That somebody left is noted under a pseudonym, so that "
         "data which arrives late is refused."),
    ],
)  # fmt: skip
def test_how_long_rows_are_kept(name, changes, words):
    study = stream()
    document = replace(study.documents[name], **changes)
    assert say_kept(entry_of(study), document) == words


@pytest.mark.parametrize(
    ("after_end", "part"),
    [
        (AfterEnd.DEFER, "yours is deleted with everybody's at the conclusion"),
        (AfterEnd.DELETE, "That is so after the study has ended, too."),
    ],
)
def test_leaving_after_the_end_is_what_the_study_says(after_end, part):
    words = list(say_leaving(with_policy(after_end=after_end)))
    assert len(words) == 4
    assert part in words[-1]


def test_request_of_a_stranger_may_wait_for_a_person():
    words = list(say_leaving(with_policy(unmatched_withdrawals=Unmatched.HOLD)))
    assert words[-1].startswith("Where nobody is known to have joined")


def test_leaving_rally_reaches_every_study():
    words = " ".join(say_leaving(entry_of(shipped().studies["rally-core"])))
    assert words.startswith("Who leaves Rally leaves all of its studies.")
    assert "conclusion" not in words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["Participants were to be told of the end by 27 February 2023.",
              "Collection ends with 27 March 2023.",
              "Then the data is analysed. When that is done the study is concluded, by "
              "27 March 2024: all data of all participants is deleted, and so are its "
              "keys."]),
        ({"ending_announced": None, "collect_through": None, "analysis_until": None},
         ["Participants are told of the end before it comes.",
          "Then the data is analysed. When that is done the study is concluded: all "
          "data of all participants is deleted, and so are its keys."]),
    ],
    ids=["dates", "no dates"],
)  # fmt: skip
def test_end_is_told_by_its_dates(changes, words):
    assert list(say_end(entry_of(stream(**changes)))) == words


def test_platform_has_no_end():
    (words,) = say_end(entry_of(shipped().studies["rally-core"]))
    assert words.startswith("This is Rally itself, and not a study")


def test_private_windows_and_do_not_track_are_as_the_policy_says():
    client, told = with_policy(), with_policy(private_browsing="/private")
    assert "unless you let it in" in say_private_windows(client)
    assert "it is refused" in say_private_windows(told)
    consent, refuse = with_policy(), with_policy(refuse_do_not_track=True)
    assert "Joining is the answer" in say_do_not_track(consent)
    assert "is refused, even though you joined" in say_do_not_track(refuse)


def test_rows_are_linked_by_a_pseudonym():
    core = shipped().studies["pioneer-core"].documents
    assert "a pseudonym, which is another one" in say_identity(core["probes.1"])
    assert "removed add-on" in say_identity(core["uninstall-deletion.1"])
    assert title(core["demographic-survey.1"]) == "Demographic survey"


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("user-journey.1", {}, "Yes."),
        ("user-journey.1", {"reviews": ()},
         "No: no review that counts covers the day."),
        ("user-journey.1", {"starts": date(2022, 10, 2)},
         "No: the study is not begun."),
        ("deletion-request.1", {"reviews": ()},
         "Yes: whoever leaves is heard, always."),
        ("pioneer-enrollment.1", {"reviews": ()}, "Yes."),
    ],
)  # fmt: skip
def test_document_says_whether_it_is_collected(name, changes, words):
    study = entry_of(stream(**changes))
    (entry,) = [each for each in study.documents if each.document.name == name]
    assert say_collected(study, entry) == words


def noon(day):
    return datetime(2022, 7, day, 12, tzinfo=UTC)


def night(day):
    return datetime(2022, 7, day, tzinfo=UTC)


@pytest.mark.parametrize(
    ("windows", "words"),
    [
        ([], ""),
        ([(BEGIN, END)], "always"),
        ([(BEGIN, noon(3))], "through 3 July 2022"),
        ([(night(1), night(3)), (night(9), END)],
         "from 1 July 2022 through 2 July 2022; from 9 July 2022"),
        ([(night(1), noon(3)), (noon(3) + timedelta(seconds=1), night(5))],
         "from 1 July 2022 through 4 July 2022"),
        ([(night(1), noon(3)), (night(4), noon(5))],
         "from 1 July 2022 through 5 July 2022"),
        ([(night(1), noon(3)), (noon(4), noon(5))],
         "from 1 July 2022 through 3 July 2022; from 4 July 2022 through 5 July 2022"),
    ],
)  # fmt: skip
def test_windows_are_days(windows, words):
    assert say_windows([Interval(*each) for each in windows]) == words


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ['text, such as "words"']),
        ({"optional": True}, ['text, such as "words"', "may be absent"]),
        ({"type": "level"}, ["one of a fixed list, or a value of a fixed form"]),
        ({"identifier": True, "expires": date(2027, 3, 31)},
         ["text", "an id", "collected through 31 March 2027"]),
    ],
)  # fmt: skip
def test_form_of_a_field(changes, words):
    field = CollectedField("/a", "A text", "string", False, 1, "A test")
    assert list(say_form(field._replace(**changes))) == words
