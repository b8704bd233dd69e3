"""The ledger is whole, or nothing is released."""

import json
from dataclasses import replace
from decimal import Decimal
from threading import Thread

import pytest

from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.releases.ledger import NO_END, NO_LEDGER, LedgerEnd, append, read_ledger
from rally.releases.ledger_lines import (
    FOLDER,
    LedgerLine,
    decode,
    encode,
    line_name,
    signed_bytes,
)
from rally.storage.records import is_record
from tests.fakes.memory_store import MemoryStore
from tests.support.ledger_lines import (
    AT,
    LIFE,
    RELEASE,
    STUDY,
    placing,
    put_lines,
    reservation,
    spending,
)
from tests.support.people import job_key, signer
from tests.support.stores import found_platform, replace_key

RESULT = STUDY, RELEASE


def founded():
    store = MemoryStore()
    found_platform(store)
    return store


@pytest.fixture
def platform():
    return founded()


@pytest.fixture
def whole(platform):
    """A platform with a ledger of five lines."""
    put_lines(platform, *LIFE, reservation("survey"), spending("survey"))
    return platform


def read(platform):
    return read_ledger(platform, read_chain(platform))


def overwrite(platform, number, data):
    name = line_name(number)
    platform.replace(name, data, platform.stat(name).generation)


def put_signed(platform, content):
    """A line that the job's key signed, whatever is before it."""
    before = read(platform)
    owner, number = read_chain(platform).platform, before.last + 1
    line = LedgerLine(owner, number, before.digest, AT, content)
    signature = job_key(Job.RELEASE).sign(signed_bytes(line)).hex()
    platform.create(line_name(number), encode(line._replace(signature=signature)))


def remove(platform, number):
    platform.delete(line_name(number), platform.stat(line_name(number)).generation)


def test_ledger_of_a_new_platform_is_empty(platform):
    ledger = read(platform)
    assert (ledger.lines, ledger.last, ledger.faults) == ((), 0, ())
    ledger.check()


def test_lines_are_read_as_they_were_written(platform):
    ledger = put_lines(platform, *LIFE)
    assert [each.content for each in ledger.lines] == [*LIFE]
    assert [each.number for each in ledger.lines] == [1, 2, 3]
    assert ledger.reservations == {RESULT: LIFE[0]}
    assert ledger.spendings == {RESULT: LIFE[1]}
    assert ledger.placings == {RESULT: LIFE[2]}
    ledger.check()


def test_objects_of_the_ledger_are_the_platforms_own():
    assert is_record(line_name(1))
    assert not is_record(f"{FOLDER}1.json")


def test_costs_of_a_study_are_added_exactly(platform):
    costs = [reservation(f"r{number}", "0.1") for number in range(3)]
    ledger = put_lines(platform, *costs, reservation("other", "7", study="rally-pond"))
    assert ledger.reserved_by(STUDY) == Decimal("0.3")
    assert ledger.reserved_by("rally-house") == 0


def test_submitted_file_leaves_without_any_cost(platform):
    ledger = put_lines(platform, placing("table.csv"))
    assert ledger.reserved_by(STUDY) == 0
    ledger.check()


@pytest.mark.parametrize(
    ("before", "line", "why"),
    [
        ((), spending(), "for which nothing was reserved"),
        ((), placing(), "of another result"),
        ((reservation(),), placing(), "of another result"),
        ((reservation(), spending()), placing(sha256="e" * 64), "of another result"),
        ((reservation(),), reservation(rho="0.02"), "for a second time"),
        (LIFE[:2], spending(sha256="e" * 64), "for a second time"),
        (LIFE, placing(), "for a second time"),
    ],
)
def test_line_that_does_not_follow_is_a_fault(platform, before, line, why):
    ledger = put_lines(platform, *before)
    ledger.check()
    with pytest.raises(ValueError, match=why):
        put_lines(platform, line)
    assert read(platform).faults == ()
    put_signed(platform, line)
    [fault] = read(platform).faults
    assert fault.startswith(line_name(len(before) + 1))
    assert why in fault


def test_missing_line_is_a_fault(whole):
    remove(whole, 2)
    faults = read(whole).faults
    assert faults[0] == f"{line_name(2)}: is missing; restore from a backup"
    with pytest.raises(ConfigurationError, match="is missing"):
        put_lines(whole, reservation("next"))


def test_one_fault_names_all_that_is_missing(platform):
    platform.create(line_name(10**11), b"")
    assert read(platform).faults == (
        f"{line_name(1)}: is missing, as are all up to 99999999999;"
        " restore from a backup",
        f"{line_name(10**11)}: is not JSON",
    )


def test_line_that_somebody_else_signed_is_a_fault(platform):
    chain, key = read_chain(platform), job_key(Job.DELETE)
    with pytest.raises(ConfigurationError, match=r"signing\.release"):
        append(platform, chain, key, lambda _: LIFE[0], AT)
    other = founded()
    put_lines(other, LIFE[0])
    line = decode(other.read(line_name(1)), "")
    forged = line._replace(content=reservation(rho="0.001"))
    platform.create(line_name(1), encode(forged))
    assert read(platform).faults == (
        f"{line_name(1)}: is not signed by the job that makes releases",
    )


def test_line_of_another_platform_is_a_fault(platform):
    other = founded()
    put_lines(other, LIFE[0])
    platform.create(line_name(1), other.read(line_name(1)))
    assert ["another place" in each for each in read(platform).faults] == [True]


def test_line_in_another_place_is_a_fault(whole):
    first, fourth = whole.read(line_name(1)), whole.read(line_name(4))
    overwrite(whole, 1, fourth)
    overwrite(whole, 4, first)
    said = " ".join(read(whole).faults)
    assert f"{line_name(1)}: is a line of another place" in said
    assert f"{line_name(4)}: is a line of another place" in said


def test_changed_line_is_a_fault(whole):
    content = json.loads(whole.read(line_name(1)))
    content["content"]["rho"] = "0.001"
    data = json.dumps(content, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    overwrite(whole, 1, data)
    said = " ".join(read(whole).faults)
    assert f"{line_name(1)}: is not signed" in said
    assert f"{line_name(2)}: names other lines before it" in said


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is not JSON"),
        (b"{}", "is missing"),
        (b" " * 300_000, "is too long"),
        (b'{"kind":"void"}', "must be one of: reserved, spent, placed"),
    ],
)
def test_object_that_is_no_line_is_a_fault(platform, data, why):
    platform.create(line_name(1), data)
    [fault] = read(platform).faults
    assert why in fault
    with pytest.raises(ConfigurationError):
        read(platform).check()


def test_spaces_in_a_line_are_a_fault(whole):
    overwrite(whole, 5, whole.read(line_name(5)).replace(b'{"at":', b'{"at": '))
    assert "not as it was written" in read(whole).faults[0]


def test_line_that_an_older_key_signed_counts(platform):
    put_lines(platform, LIFE[0])
    new = signer("stop").key
    replace_key(platform, Job.RELEASE, new)
    ledger = put_lines(platform, LIFE[1], key=new)
    assert (len(ledger.lines), ledger.faults) == (2, ())


def test_of_two_writers_each_has_a_number(platform):
    """The second one looks again, and decides by what the first one wrote."""
    chain, key, seen = read_chain(platform), job_key(Job.RELEASE), []

    def first_of_another(ledger):
        if not seen:
            put_lines(platform, reservation("other"))
        seen.append(len(ledger.lines))
        return LIFE[0] if RESULT not in ledger.reservations else None

    ledger = append(platform, chain, key, first_of_another, AT)
    assert seen == [0, 1, 2]
    assert [line.content.release for line in ledger.lines] == ["other", RELEASE]


def test_many_writers_make_one_line_of_each_kind(platform):
    chain, key = read_chain(platform), job_key(Job.RELEASE)

    def reserve():
        append(
            platform,
            chain,
            key,
            lambda ledger: None if RESULT in ledger.reservations else LIFE[0],
            AT,
        )

    threads = [Thread(target=reserve) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.content for each in read(platform).lines] == [LIFE[0]]


def test_ledger_holds_what_somebody_has_seen_of_it(platform):
    first = put_lines(platform, reservation())
    whole = put_lines(platform, reservation("survey"), reservation("third"))
    for ledger, seen, is_held in (
        (whole, first.end, True),
        (whole, whole.end, True),
        (first, NO_END, True),
        (first, whole.end, False),
        (whole, LedgerEnd(1, "f" * 64), False),
        (whole, LedgerEnd(whole.last, first.digest), False),
        (replace(whole, faults=("?",)), first.end, False),
    ):
        assert ledger.holds(seen) is is_held
    assert (first.end.number, NO_LEDGER.end) == (1, NO_END)
    assert replace(whole, faults=("?",)).end == NO_END
