"""`rally withdrawals`: what people decide on requests."""

from dataclasses import replace

import pytest

from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.verifying import read_chain
from rally.events import RALLY
from rally.receipts.receipt import Stage
from rally.withdrawal.fold import RequestStatus
from tests.rally.commands.office import left
from tests.rally.commands.withdrawals_office import (
    MASS,
    SEPTEMBER,
    STREAM,
    decide,
    hold,
    join,
    on,
    refused,
    show,
)


def statuses(office, now=None):
    after = office.admit(now or on(9, 2), MASS)
    return {each.participant: each.status for each in after.withdrawals}


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


def verify_first(listed):
    first, *others = listed.withdrawals
    return replace(listed, withdrawals=(first.reached(Stage.VERIFIED, 9), *others))


def test_at_once_takes_what_waits_for_others_and_nothing_that_is_verified(office):
    office.receive(left("t", on(4, 5, 2022), STREAM))
    office.receive(left("u", on(4, 5, 2022), STREAM))
    done, waits = office.admit(on(4, 6, 2022), change=verify_first).withdrawals
    assert decide(office, "expedite", f"--request={waits.request}", SEPTEMBER) == (
        0, "at once: 1 withdrawal\n",
    )  # fmt: skip
    one = f"--request={done.request}"
    assert refused(office, "expedite", "--by=decide", one) == (
        f"{one.replace('=', ': ')} is active, and must be held, deferred or not"
        " verified for expedite"
    )


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
