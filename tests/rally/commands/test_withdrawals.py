"""`rally withdrawals`: what it shows, and when it exits 1."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from rally.events import RALLY
from rally.receipts.receipt import Stage
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.times import to_micros
from rally.withdrawal.root import ROOT
from tests.rally.commands.office import left
from tests.rally.commands.withdrawals_office import (
    MASS,
    SEPTEMBER,
    STREAM,
    ZERO_ONE,
    decide,
    fail,
    hold,
    join,
    on,
    place,
    refused,
    show,
)
from tests.support.study_decisions import decide_study

NOBODY = "Nobody has asked to leave.\n"


def reach(*stages, when):
    """What deletion does to everything on the list."""

    def change(published):
        return replace(
            published,
            counter=published.counter + 1,
            withdrawals=tuple(
                replace(each, stages={**each.stages, **dict.fromkeys(stages, when)})
                for each in published.withdrawals
            ),
        )

    return change


def test_nobody_has_left(office):
    assert show(office) == show(office, "list") == (0, NOBODY)


def test_what_ingest_has_written_since_is_shown(office):
    office.receive(left("p", on(8, 30)), left("q", on(8, 20)), left("q", on(8, 31)))
    assert show(office, SEPTEMBER, "--requests") == (
        0,
        """\
SCOPE  STATE      PEOPLE  < 7 DAYS  < 30 DAYS  OLDER  OLDEST      NEXT DEADLINE  LATE
rally  requested       2         1          1      0  2022-08-20  2022-09-19        0

REQUEST  SCOPE  STATE      WAITS FOR  DEADLINE    STAGES
-        rally  requested  -          2022-09-19  requested 2022-08-20
-        rally  requested  -          2022-09-29  requested 2022-08-30
-        rally  requested  -          2022-09-19  requested 2022-08-20
""",
    )
    assert office.list.withdrawals == ()


def states(office, day):
    _, out = show(office, f"--as_of=2022-09-{day:02}", "--json", "--requests")
    return [(each["scope"], each["state"]) for each in json.loads(out)["requests"]]


def test_open_request_under_a_legal_hold_is_blocked_and_its_deadline_runs_on(office):
    office.receive(left("p", on(8, 30), STREAM), left("q", on(8, 30), ZERO_ONE))
    office.receive(left("r", on(8, 30)))
    office.admit(on(8, 31), change=reach(Stage.SUPPRESSED, when=to_micros(on(8, 31))))
    place(office, STREAM)

    blocked = {(STREAM, "blocked"), (ZERO_ONE, "active"), (RALLY, "blocked")}
    assert {each for _, each in states(office, 1)} == {"active"}
    assert set(states(office, 2)) == blocked
    assert show(office, "--as_of=2022-09-28")[0] == 0
    assert show(office, "--as_of=2022-09-30")[0] == 1


def test_request_that_is_done_or_held_is_not_blocked(office):
    office.receive(left("p", on(8, 30), STREAM))
    office.admit(on(8, 31), change=reach(*Stage, when=to_micros(on(8, 31))))
    join(office, "qrs")
    office.receive(*(left(who, on(8, 30), STREAM) for who in "qrs"))
    office.admit(on(8, 31), MASS)
    place(office, STREAM)

    assert {each for _, each in states(office, 2)} == {"closed", "held"}


def test_each_state_is_a_line(office):
    hold(office)
    ghost = left(None, on(8, 1), deletion_id="d", document_id="ghost")
    office.receive(ghost, left("t", on(8, 31), STREAM))
    decide(office, "reject", f"--request={2:032}", SEPTEMBER)
    assert show(office, SEPTEMBER, "--requests") == (
        1,
        """\
SCOPE                   STATE      PEOPLE  < 7 DAYS  < 30 DAYS  OLDER  OLDEST      NEXT DEADLINE  LATE
rally                   active          1         1          0      0  2022-08-29  2022-09-28        0
rally                   requested       1         0          0      1  2022-08-01  2022-08-31        1
rally-attention-stream  held            2         2          0      0  2022-08-30  2022-09-29        0
rally-attention-stream  rejected        1         1          0      0  2022-08-30  -                 0
rally-attention-stream  requested       1         1          0      0  2022-08-31  2022-09-30        0

REQUEST                           SCOPE                   STATE      WAITS FOR              DEADLINE    STAGES
-                                 rally                   requested  -                      2022-08-31  requested 2022-08-01
00000000000000000000000000000001  rally                   active     -                      2022-09-28  requested 2022-08-29
00000000000000000000000000000002  rally-attention-stream  rejected   -                      -           requested 2022-08-30
00000000000000000000000000000003  rally-attention-stream  held       mass until 2022-09-14  2022-09-29  requested 2022-08-30
00000000000000000000000000000004  rally-attention-stream  held       mass until 2022-09-14  2022-09-29  requested 2022-08-30
-                                 rally-attention-stream  requested  -                      2022-09-30  requested 2022-08-31

past the deadline of 30 days: 1
""",  # noqa: E501 - as it is printed
    )


@pytest.mark.parametrize(
    ("now", "days", "expected"),
    [
        (on(9, 29), 30, 0),
        (on(9, 29) + timedelta(seconds=1), 30, 1),
        (on(9, 4), 5, 0),
        (on(9, 4) + timedelta(seconds=1), 5, 1),
        (on(8, 31), 0.5, 1),
    ],
)
def test_past_its_deadline_is_status_1(office, now, days, expected):
    office.receive(left("p", on(8, 30)))
    office.admit(on(8, 31))
    options = [f"--as_of={now.isoformat()}", f"--deadline_days={days}"]
    status, output = show(office, *options)
    assert status == expected
    assert ("past the deadline" in output) == bool(expected)


DONE = (Stage.SUPPRESSED, Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED)


@pytest.mark.parametrize(
    ("stages", "state", "expected"),
    [
        (DONE[:1], "active", 1),
        (DONE[:3], "active", 1),
        (DONE, "active", 0),
        ((*DONE, Stage.CLOSED), "closed", 0),
    ],
    ids=["suppressed", "purged", "verified", "closed"],
)
def test_verified_is_in_time_for_ever(office, stages, state, expected):
    office.receive(left("p", on(8, 30)))
    office.admit(on(8, 31), change=reach(*stages, when=to_micros(on(9, 1))))
    status, output = show(office, "--as_of=2023-09-01")
    assert status == expected
    assert output.splitlines()[1].split()[:3] == ["rally", state, "1"]


def test_held_and_unresolved_run_on(office):
    hold(office)
    office.receive(left(None, on(8, 30), deletion_id="d"))
    office.admit(on(8, 31), MASS)
    status, output = show(office, "--as_of=2022-10-15")
    assert status == 1
    assert "past the deadline of 30 days: 5\n" in output
    assert [line.split()[:2] for line in output.splitlines()[1:4]] == [
        ["rally", "active"],
        ["rally", "unresolved"],
        [STREAM, "held"],
    ]


def test_deferred_waits_for_conclusion(office):
    office.receive(left("p", on(4, 5, 2023), STREAM))
    office.admit(on(4, 6, 2023), change=reach(*DONE, when=to_micros(on(4, 6, 2023))))
    assert show(office, "--as_of=2023-12-01", "--requests") == (
        0,
        """\
SCOPE                   STATE     PEOPLE  < 7 DAYS  < 30 DAYS  OLDER  OLDEST      NEXT DEADLINE  LATE
rally-attention-stream  deferred       1         0          0      1  2023-04-05  -                 0

REQUEST                           SCOPE                   STATE     WAITS FOR               DEADLINE  STAGES
00000000000000000000000000000001  rally-attention-stream  deferred  rally-attention-stream  -         requested 2023-04-05, suppressed 2023-04-06, rewritten 2023-04-06, purged 2023-04-06, verified 2023-04-06
""",  # noqa: E501 - as it is printed
    )
    decide_study(office.store, STREAM, StudyAction.CONCLUDE, on(1, 1, 2024))
    for now, expected in ((on(1, 2, 2024), 0), (on(2, 15, 2024), 1)):
        office.admit(on(1, 2, 2024))
        status, output = show(office, f"--as_of={now.isoformat()}")
        assert status == expected
        assert output.splitlines()[1].split()[1] == "active"
        assert output.splitlines()[1].split()[-2:] == ["2024-02-01", str(expected)]


def test_json_says_the_same(office):
    hold(office)
    fail(office.store, STREAM, "2022-08-30", 2)
    status, output = show(office, SEPTEMBER, "--json")
    content = json.loads(output)
    assert (status, output.count("\n")) == (0, 1)
    assert content == {
        "as_of": "2022-09-01T00:00:00Z",
        "deadline_days": 30.0,
        "late": 0,
        "groups": [
            {
                "scope": "rally",
                "state": "active",
                "people": 1,
                "under_7_days": 1,
                "under_30_days": 0,
                "older": 0,
                "oldest": "2022-08-29T12:00:00Z",
                "next_deadline": "2022-09-28T12:00:00Z",
                "late": 0,
            },
            {
                "scope": STREAM,
                "state": "held",
                "people": 3,
                "under_7_days": 3,
                "under_30_days": 0,
                "older": 0,
                "oldest": "2022-08-30T12:00:00Z",
                "next_deadline": "2022-09-29T12:00:00Z",
                "late": 0,
            },
        ],
        "unreadable": [
            {
                "study": STREAM,
                "day": "2022-08-30",
                "letters": 2,
                "deadline": "2022-09-29T00:00:00Z",
            }
        ],
    }
    _, output = show(office, SEPTEMBER, "--json", "--requests")
    requests = json.loads(output).pop("requests")
    assert len(requests) == 4
    assert requests[1] == {
        "request": f"{2:032}",
        "scope": STREAM,
        "state": "held",
        "received": "2022-08-30T12:00:00Z",
        "deadline": "2022-09-29T12:00:00Z",
        "deferred": [],
        "held_for": "mass",
        "held_until": "2022-09-14T12:00:00Z",
        "stages": {"requested": "2022-08-30T12:00:00Z"},
        "receipts": [],
    }


def test_no_pseudonym_is_shown(office):
    office.receive(left("a-participant", on(8, 30)))
    office.receive(left(None, on(8, 30), deletion_id="a-deletion-id"))
    office.admit(on(8, 31))
    for words in (["--requests"], ["--requests", "--json"]):
        output = show(office, *words)[1]
        assert "a-participant" not in output
        assert "a-deletion-id" not in output


def test_without_a_list_nothing_is_shown(office):
    (Path(office.store.uri) / ROOT).unlink()
    assert refused(office).startswith(f"{office.store.uri}/{ROOT}: the withdrawal list")


def test_a_changed_list_is_not_believed(office):
    path = Path(office.store.uri) / ROOT
    path.write_bytes(path.read_bytes().replace(b'"counter":0', b'"counter":1'))
    assert refused(office) == (
        f"{office.store.uri}/{ROOT}: is not as deletion published it; restore it from a"
        " backup"
    )


def test_a_damaged_log_is_one_line(office):
    office.receive(left("p", on(8, 30)))
    [path] = (Path(office.store.uri) / EVENTS).rglob("*.avro")
    path.write_bytes(path.read_bytes()[:-1])
    message = refused(office)
    assert message.startswith(f"{office.store.uri}: the event log is damaged (")
