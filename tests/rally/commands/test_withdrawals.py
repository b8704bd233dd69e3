"""`rally withdrawals`: what it shows, when it exits 1, and what decisions do."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from rally.commands import withdrawals
from rally.dead_letters import DeadLetter, LetterKind, LetterPlace, write_dead_letters
from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.verifying import read_chain
from rally.envelope import Envelope
from rally.errors import ConfigurationError
from rally.events import RALLY, EventKind
from rally.outcomes import FailureReason
from rally.receipts.receipt import Stage
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.storage.objectstore.local import LocalStore
from rally.times import to_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.list_object import LIST
from rally.withdrawal.rules import Rules
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unreadable import count_settled
from tests.rally.commands.office import left
from tests.support.study_decisions import decide_study, hold_rows

STREAM, ZERO_ONE = "rally-attention-stream", "rally-zero-one"
MASS = Rules(hold_above_people=1, hold_above_share=0.0)
SEPTEMBER = "--as_of=2022-09-01"
NOBODY = "Nobody has asked to leave.\n"


def on(month, number, year=2022):
    return datetime(year, month, number, 12, tzinfo=UTC)


def show(office, *words):
    return office.type(withdrawals, "withdrawals", *words)


def decide(office, *words):
    sure = ["--yes"] if words[0] == "settle" else []
    return show(office, *words, *sure, "--by=decide")


def refused(office, *words):
    with pytest.raises(ConfigurationError) as caught:
        show(office, *words)
    return str(caught.value)


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


def hold(office, rules=MASS):
    """Three people leave a study at once and are held; the fourth leaves Rally."""
    join(office, "pqrt")
    office.receive(*(left(who, on(8, 30), STREAM) for who in "pqr"))
    office.receive(left("s", on(8, 29)))
    return office.admit(on(8, 31), rules)


def join(office, people, scope=STREAM):
    """So many people were there long before."""
    office.receive(
        *(left(who, on(6, 1), scope)._replace(
              kind=EventKind.JOINED, document_id=f"joined-{who}-{scope}")
          for who in people)
    )  # fmt: skip


def statuses(office, now=None):
    after = office.admit(now or on(9, 2), MASS)
    return {each.participant: each.status for each in after.withdrawals}


def fail(store, study, day, number):
    """Writes so many dead letters of withdrawals."""

    class Plain:
        def encrypt(self, plaintext, context_info):
            return plaintext

        def compute(self, data):
            return data[-16:]

    letters = [
        DeadLetter(
            Envelope(b"", f"/{day}/{each}"),
            FailureReason.NO_KEY,
            datetime(2022, 1, 1, tzinfo=UTC),
            "1.0",
        )
        for each in range(number)
    ]
    for kind in (LetterKind.PING, LetterKind.WITHDRAWAL):
        write_dead_letters(
            store, LetterPlace(study, kind, day), letters, Plain(), Plain()
        )


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


def place(office, study):
    """Puts a study under a legal hold from the first of September on."""
    days = date(2022, 8, 1), date(2022, 8, 2)
    hold_rows(office.store, study, days, on(9, 1))


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


def test_unreadable_withdrawals_are_shown_by_day(office):
    fail(office.store, STREAM, "2022-08-30", 2)
    fail(office.store, ZERO_ONE, "2022-07-01", 1)
    fail(office.store, "unknown", "2022-07-01", 1)
    assert show(office, SEPTEMBER) == (
        1,
        """\
STUDY                   DAY         UNREADABLE  DEADLINE
rally-attention-stream  2022-08-30           2  2022-09-29
rally-zero-one          2022-07-01           1  2022-07-31
unknown                 2022-07-01           1  -

past the deadline of 30 days: 1
""",
    )
    assert show(office, SEPTEMBER, "--deadline_days=90")[0] == 0


def letters(office):
    return sorted(info.name for info in office.store.list("dead-letters/"))


def test_what_can_never_be_read_is_settled_by_name(office):
    fail(office.store, STREAM, "2022-06-30", 2)
    fail(office.store, ZERO_ONE, "2022-07-01", 1)
    status, output = show(office, SEPTEMBER, "--requests")
    name = next(line.split()[0] for line in output.splitlines() if STREAM in line
                and line.startswith("dead-letters/"))  # fmt: skip
    assert (status, letters(office).count(name)) == (1, 1)
    before = letters(office)

    words = f"--dead_letter={name}", "--note=its key is gone", SEPTEMBER
    assert decide(office, "settle", *words) == (
        0, f"{STREAM}: settled: 2 unreadable of 2022-06-30\n",
    )  # fmt: skip

    assert letters(office) == [each for each in before if each != name]
    [entry] = read_chain(office.store).of(Decides.SETTLE)
    assert (entry.by, entry.content.study, entry.content.day) == (
        "decide", STREAM, date(2022, 6, 30),
    )  # fmt: skip
    assert (entry.content.letters, entry.content.note) == (2, "its key is gone")
    assert office.log == []
    status, output = show(office, SEPTEMBER)
    assert (status, output.count("2022-07-01")) == (1, 1)
    assert STREAM not in output


def test_settling_needs_somebody_who_is_sure(office):
    fail(office.store, STREAM, "2022-06-30", 2)
    words = "settle", f"--study={STREAM}", "--day=2022-06-30", "--by=decide", SEPTEMBER
    assert refused(office, *words) == (
        "--yes: is missing; nothing undoes this, and nobody can be asked here"
    )
    assert len(letters(office)) == 2


def test_flood_of_a_day_is_settled_at_once_and_pings_stay(office):
    for each in range(3):
        fail(office.store, STREAM, "2022-06-30", each + 1)
    fail(office.store, STREAM, "2022-07-01", 1)
    status, output = decide(
        office, "settle", f"--study={STREAM}", "--day=2022-06-30", SEPTEMBER
    )
    assert (status, output) == (0, f"{STREAM}: settled: 6 unreadable of 2022-06-30\n")
    kinds = [name.split("/")[2:4] for name in letters(office)]
    assert kinds == [
        *[["kind=ping", "date=2022-06-30"]] * 3,
        ["kind=ping", "date=2022-07-01"],
        ["kind=withdrawal", "date=2022-07-01"],
    ]
    assert settled(office) == {STREAM: 6}


def test_settling_that_was_killed_is_run_again_and_counts_once(office, monkeypatch):
    fail(office.store, STREAM, "2022-06-30", 2)
    words = "settle", f"--study={STREAM}", "--day=2022-06-30"
    with monkeypatch.context() as patched:
        patched.setattr(LocalStore, "delete", refuse)
        with pytest.raises(OSError, match="refused"):
            decide(office, *words, SEPTEMBER)
    assert len(letters(office)) == 2
    assert decide(office, *words, "--as_of=2022-09-02")[0] == 0
    assert len(letters(office)) == 1
    assert len(list(read_chain(office.store).of(Decides.SETTLE))) == 2
    assert settled(office) == {STREAM: 2}


def settled(office):
    return count_settled(office.log, Rulings.read(office.store).settlements)


def refuse(self, name, generation):
    raise OSError(13, "refused")


def test_what_a_legal_hold_keeps_is_not_settled(office):
    fail(office.store, STREAM, "2022-08-01", 2)
    place(office, STREAM)
    message = refused(office, "settle", f"--study={STREAM}", "--day=2022-08-01",
                      "--by=decide", "--as_of=2022-09-02")  # fmt: skip
    assert message.startswith(f"{STREAM} of 2022-08-01: a legal hold of 2022-08-01")
    assert (len(letters(office)), office.log) == (2, [])


def test_settled_event_is_no_request(office):
    fail(office.store, STREAM, "2022-06-30", 2)
    decide(office, "settle", f"--study={STREAM}", "--day=2022-06-30", SEPTEMBER)
    assert office.admit(on(9, 2)).withdrawals == ()
    assert show(office, SEPTEMBER) == (0, NOBODY)


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


@pytest.mark.parametrize(
    ("action", "kind", "expected"),
    [
        ("confirm", Decides.CONFIRM, RequestStatus.ACTIVE),
        ("reject", Decides.REJECT, RequestStatus.REJECTED),
    ],
)
def test_a_scope_is_decided_on_as_a_whole(office, action, kind, expected):
    hold(office)
    office.receive(left("t", on(8, 31), STREAM))
    assert decide(
        office, action, "--study=attentionStream", "--note=a pause", SEPTEMBER
    ) == (0, f"{action}ed: 3 withdrawals\n")
    [entry] = read_chain(office.store).of(kind)
    assert (entry.by, entry.list, entry.content.note) == ("decide", 1, "a pause")
    assert len(entry.content.subjects) == 3
    assert statuses(office) == {
        "p": expected, "q": expected, "r": expected,
        "s": RequestStatus.ACTIVE, "t": RequestStatus.HELD,
    }  # fmt: skip
    assert decide(office, action, f"--study={STREAM}", "--as_of=2022-09-03") == (
        0, f"{action}ed: 1 withdrawal\n",
    )  # fmt: skip
    assert decide(office, action, f"--study={STREAM}", "--as_of=2022-09-04") == (
        0, f"{action}ed: 0 withdrawals\n",
    )  # fmt: skip


def test_rally_is_a_scope_of_its_own(office):
    join(office, "pq")
    office.receive(*(left(who, on(8, 30)) for who in "pq"))
    office.receive(*(left(who, on(8, 30), STREAM) for who in "pq"))
    office.admit(on(8, 31), MASS)
    assert decide(office, "reject", "--all", SEPTEMBER) == (
        0, "rejected: 2 withdrawals\n",
    )  # fmt: skip
    after = office.admit(on(9, 2), MASS)
    assert {(each.scope, each.status) for each in after.withdrawals} == {
        (RALLY, RequestStatus.REJECTED),
        (STREAM, RequestStatus.HELD),
    }


def test_single_requests_are_decided_on(office):
    hold(office)
    ids = [f"--request={number:032}" for number in (2, 4, 2)]
    assert decide(office, "confirm", *ids, SEPTEMBER) == (
        0, "confirmed: 2 withdrawals\n",
    )  # fmt: skip
    assert statuses(office) == {
        "p": RequestStatus.ACTIVE, "q": RequestStatus.HELD, "r": RequestStatus.ACTIVE,
        "s": RequestStatus.ACTIVE,
    }  # fmt: skip


def test_at_once_takes_what_is_deferred_and_what_is_held(office):
    hold(office, replace(MASS, hold_days=1000.0))
    office.receive(left("t", on(4, 5, 2023), STREAM))
    office.admit(on(4, 6, 2023))
    deferred = {each.participant: each.deferred for each in office.list.withdrawals}
    assert deferred["t"] == (STREAM,)
    ids = [f"--request={number:032}" for number in (2, 5)]
    assert decide(office, "expedite", *ids, "--as_of=2023-04-07") == (
        0, "at once: 2 withdrawals\n",
    )  # fmt: skip
    after = office.admit(on(4, 8, 2023)).withdrawals
    assert {
        each.participant: (each.status, each.deferred)
        for each in after
        if each.participant in ("p", "t")
    } == {"p": (RequestStatus.ACTIVE, ()), "t": (RequestStatus.ACTIVE, ())}


def test_a_decision_that_is_not_admitted_yet_is_seen(office):
    hold(office)
    decide(office, "reject", f"--study={STREAM}", SEPTEMBER)
    _, output = show(office, SEPTEMBER)
    assert output.splitlines()[2].split()[:3] == [STREAM, "rejected", "3"]
    assert refused(office, "reject", f"--request={2:032}", "--by=decide") == (
        f"--request: {2:032} is rejected, and must be held for reject"
    )


ONE = f"--request={1:032}"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["confirm", "--all"], "--by: is missing; say who decides"),
        (["confirm", "--all", "--by=decide\a"],
         "--by: must be one line of printable text"),
        (["confirm", "--all", "--by=steward", "--study=rally-core"],
         "--study, --all: are too many; give one of them"),
        (["confirm", "--all", "--by=decide", "--note=two\nlines"],
         "--note: must be one line of printable text"),
        (["confirm", "--by=decide"], "give one of --study, --all and --request"),
        (["confirm", "--by=decide", "--all", ONE],
         "give one of --study, --all and --request"),
        (["confirm", "--by=decide", "--all", f"--study={STREAM}"],
         "--study, --all: are too many; give one of them"),
        (["expedite", "--by=decide", "--all"],
         "--request: is missing; expedite is for one by one"),
        (["confirm", "--by=decide", ONE],
         f"--request: {1:032} is active, and must be held for confirm"),
        (["expedite", "--by=decide", ONE],
         f"--request: {1:032} is active, and must be held or deferred for expedite"),
        (["reject", "--by=decide", f"--request={2:032}", "--request=somebodys-id"],
         "--request: the list has no such request; `rally withdrawals --requests` shows"
         " them"),
        (["reject", "--by=decide", "--request=-"],
         "--request: the list has no such request; `rally withdrawals --requests` shows"
         " them"),
        (["reject", "--by=decide", "--all", "--as_of=soon"],
         "--as_of: must be a date and time such as 2022-03-10T12:00:00Z,"
         " from 2000-01-01 to 2199-12-31"),
        (["reject", "--by=decide", "--study=rally-core"],
         "--study: rally-core is the platform's own, and to leave it is to leave Rally;"
         " if that is meant, give --all"),
        (["--by=decide"], "--by: is not for list; remove it"),
        (["list", ONE], "--request: is not for list; remove it"),
        (["confirm", "--json", "--all", "--by=decide"],
         "--json: is not for confirm; remove it"),
        (["--deadline_days=0"], "--deadline_days: must be a number above 0 and"
         " at most 36,500; see --help"),
        (["--deadline_days=nan"], "--deadline_days: must be a number above 0 and"
         " at most 36,500; see --help"),
        (["approve"],
         "action: invalid choice: 'approve' (choose from 'list', 'confirm', "
         "'reject', 'expedite', 'settle'); see --help"),
        (["settle", "--by=decide"], "give --dead_letter, or --study and --day"),
        (["settle", "--by=decide", f"--study={STREAM}"],
         "--day: is missing; a study is settled day by day"),
        (["settle", "--by=decide", f"--study={STREAM}", "--day=2022-08-30"],
         "--study, --day: there is no unreadable withdrawal of them"),
        (["settle", "--by=decide", f"--study={STREAM}", "--day=monday"],
         "--day: must be a date such as 2022-03-10, from 2000-01-01 to 2199-12-31"),
        (["settle", "--by=decide", "--dead_letter=somebodys-id"],
         "--dead_letter: there is no unreadable withdrawal of that name; `rally"
         " withdrawals --requests` lists them"),
        (["settle", "--dead_letter=a"], "--by: is missing; say who decides"),
        (["settle", "--by=decide", ONE], "--request: is not for settle; remove it"),
        (["confirm", "--by=decide", "--dead_letter=a", "--all"],
         "--dead_letter: is not for confirm; remove it"),
        (["--day=2022-08-30"], "--day: is not for list; remove it"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_wrong_use_is_one_line_and_decides_nothing(office, words, message):
    hold(office)
    before = office.log, read_chain(office.store).head
    assert refused(office, *words) == message
    assert (office.log, read_chain(office.store).head) == before


def test_without_a_list_nothing_is_shown(office):
    (Path(office.store.uri) / LIST).unlink()
    assert refused(office).startswith(f"{office.store.uri}/{LIST}: the withdrawal list")


def test_a_changed_list_is_not_believed(office):
    path = Path(office.store.uri) / LIST
    path.write_bytes(path.read_bytes().replace(b'"counter":0', b'"counter":1'))
    assert refused(office) == (
        f"{office.store.uri}/{LIST}: is not as deletion published it; restore it from a"
        " backup"
    )


def test_a_damaged_log_is_one_line(office):
    office.receive(left("p", on(8, 30)))
    [path] = (Path(office.store.uri) / EVENTS).rglob("*.avro")
    path.write_bytes(path.read_bytes()[:-1])
    message = refused(office)
    assert message.startswith(f"{office.store.uri}: the event log is damaged (")


def test_a_foreign_object_among_dead_letters_is_for_the_audit_to_name(office):
    office.store.create("dead-letters/notes.txt", b"")
    assert show(office) == (0, NOBODY)


def test_damaged_object_of_withdrawals_counts_as_one(office):
    fail(office.store, STREAM, "2022-07-01", 3)
    [path] = (Path(office.store.uri) / "dead-letters").rglob("kind=withdrawal/*/*")
    path.write_bytes(b"")
    status, output = show(office, SEPTEMBER)
    assert (status, output.splitlines()[1].split()) == (
        1,
        [STREAM, "2022-07-01", "1", "2022-07-31"],
    )
