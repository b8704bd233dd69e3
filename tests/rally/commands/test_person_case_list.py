"""`rally person cases`: who waits for a copy, with a case or without one."""

import json

import pytest

from rally.access.records import FOLDER
from rally.events import EventKind
from tests.rally.commands.case_office import BOB, NOW
from tests.support.access_cases import make_recipient

OTHER = make_recipient("another")


@pytest.fixture
def office(case_office):
    return case_office


def test_cases_are_listed_with_what_they_wait_for(office):
    first = office.open()
    second = office.open("--leaves", given=BOB, at="2026-06-20T12:00Z")
    office.verify(second, given=BOB, at="2026-06-20T12:00Z")
    status, out, err = office.person("cases", given="", at="2026-06-22T13:00Z")
    assert (status, err) == (0, "")
    assert [line.split(maxsplit=6) for line in out.splitlines()] == [
        ["CASE", "STATE", "ASKED", "OPENED", "DAYS", "LEAVES", "NEXT"],
        [first, "opened", "2026-06-01", "2026-06-01", "21", "no",
         "waits to be verified"],
        [second, "verified", "2026-06-20", "2026-06-20", "2", "yes",
         "is verified; waits for the approval of another than decide and service"],
    ]  # fmt: skip
    _, out, _ = office.person("cases", "--json", given="", at=NOW)
    assert json.loads(out)["cases"][0] == {
        "case": first,
        "state": "opened",
        "asked": "2026-06-01",
        "opened": "2026-06-01",
        "days": 0,
        "wants_leaving": False,
        "next": "waits to be verified",
    }


@pytest.mark.parametrize(("at", "status"), [("2026-07-01T12:00Z", 0),
                                            ("2026-07-01T12:01Z", 1)])  # fmt: skip
def test_case_past_its_thirty_days_is_a_broken_promise(office, at, status):
    case = office.open()
    assert office.person("cases", given="", at=at)[0] == status
    office.person("refuse", case, "--note=no answer", by="decide", given="")
    assert office.person("cases", given="", at=at)[0] == 0


def test_what_stands_in_the_place_of_a_record_is_named(office):
    case = office.open()
    office.store.create(f"{FOLDER}{case}/built.json", b"{}")
    status, out, err = office.person("cases", given="")
    assert (status, "opened" in out) == (1, True)
    assert err == f"rally: {FOLDER}{case}/built.json: record: is missing; add it\n"


def test_people_who_asked_by_a_ping_are_listed_by_day_until_they_have_a_case(office):
    office.receive(
        office.event(EventKind.JOINED, "01-01"),
        office.event(EventKind.ASKED, "05-30"),
        office.event(EventKind.ASKED, "05-31"),
        office.event(EventKind.ASKED, "05-30", given=BOB),
    )
    status, out, err = office.person("cases", given="", at="2026-06-09T12:00Z")
    assert (status, err) == (0, "")
    assert [line.split() for line in out.splitlines()] == [
        ["ASKED", "BY", "A", "PING", "WITHOUT", "A", "CASE", "DAYS"],
        ["2026-05-30", "2", "10"],
    ]
    _, out, _ = office.person("open", by="decide", at="2026-06-09T12:00Z")
    assert out.splitlines()[1:] == [
        "It is the request of a ping of 2026-05-30: answer it by 2026-06-29."
    ]
    _, out, _ = office.person("cases", "--json", given="", at="2026-06-10T12:00Z")
    found = json.loads(out)
    assert found["asks"] == [{"asked": "2026-05-30", "people": 1, "days": 11}]
    (case,) = found["cases"]
    assert (case["asked"], case["opened"]) == ("2026-05-30", "2026-06-09")
    assert case["days"] == 11


@pytest.mark.parametrize(("at", "status"), [("2026-06-29T12:00Z", 0),
                                            ("2026-06-29T12:01Z", 1)])  # fmt: skip
@pytest.mark.parametrize("has_case", [False, True])
def test_ping_that_waits_for_thirty_days_is_a_broken_promise(
    office, has_case, at, status
):
    office.receive(office.event(EventKind.ASKED, "05-30"))
    if has_case:
        office.open()
    assert office.person("cases", given="", at=at)[0] == status
