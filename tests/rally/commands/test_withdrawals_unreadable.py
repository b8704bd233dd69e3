"""`rally withdrawals`: those that nobody can read, and who settles them."""

from datetime import date
from pathlib import Path

import pytest

from rally.decisions.contents import DecisionKind as Decides
from rally.decisions.verifying import read_chain
from rally.storage.objectstore.local import LocalStore
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unreadable import count_settled
from tests.rally.commands.withdrawals_office import (
    SEPTEMBER,
    STREAM,
    ZERO_ONE,
    decide,
    fail,
    on,
    place,
    refused,
    show,
)

NOBODY = "Nobody has asked to leave.\n"


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
