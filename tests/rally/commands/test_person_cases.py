"""`rally person`: two people for each case, and ids on standard input alone."""

import hashlib
import re

import pytest

from pipelines.cli import main
from rally.decisions.access_contents import VerificationMeans
from rally.decisions.entry import entry_name
from rally.decisions.verifying import read_chain
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.rally.commands.case_office import ANN, BOB
from tests.support.access_cases import (
    OPENED,
    RECIPIENT,
    built,
    fetched,
    make_recipient,
    put_record,
)
from tests.support.stores import publish

OTHER = make_recipient("another")
UNKNOWN = "rally: CASE: is no case; `rally person cases` shows them\n"


@pytest.fixture
def office(case_office):
    return case_office


def everything_written(office):
    return b"".join(
        each.name.encode() + office.store.read(each.name)
        for each in office.store.list("")
    )


def test_case_of_one_id_is_opened_and_names_nobody(office):
    status, out, err = office.person("open", by="decide")
    case = re.fullmatch(
        "opened case ([0-9a-f]{8}); `rally person answer \\1` says what would verify"
        " it\n",
        out,
    )[1]
    assert (status, err) == (0, "")
    [found] = office.cases().values()
    assert (found.id, found.state, found.opened.by) == (case, "opened", "decide")
    assert (found.recipient, found.wants_leaving) == (None, False)
    assert found.is_of(office.pseudonym(ANN))
    written = everything_written(office)
    assert ANN.encode() not in written
    assert office.pseudonym(ANN).encode() not in written


def test_case_says_who_leaves_and_which_key_opens_the_copy(office):
    case = office.open("--leaves", f"--recipient={RECIPIENT}")
    found = office.cases()[case]
    assert (found.wants_leaving, found.recipient) == (True, RECIPIENT)


def test_two_people_bring_a_case_to_its_approval(office):
    case = office.open()
    assert office.verify(case, "--account", "--note=by app") == (
        0,
        f"case {case}: is verified; waits for the approval of another than decide and"
        " service\n",
        "",
    )
    assert office.person("approve", case[:4], by="decide-2") == (
        0,
        f"approved case {case}; its copy may be made\n",
        "",
    )
    found = office.cases()[case]
    assert found.state == "approved"
    [verification] = found.verified
    digest = hashlib.sha256(office.statement.read_bytes()).hexdigest()
    assert verification[2:] == (VerificationMeans.ACCOUNT, digest, "by app")


def test_two_people_who_vouch_verify_a_case(office):
    case = office.open()
    vouch = ("--attestation", "--note=her voice")
    assert office.verify(case, *vouch, by="decide")[1] == (
        f"case {case}: waits for a second person who vouches for the person\n"
    )
    assert office.verify(case, *vouch, by="decide-2")[1] == (
        f"case {case}: is verified; waits for the approval of another than decide\n"
    )
    assert office.person("approve", case, by="decide-2")[0] == 0


def test_refusal_ends_a_case_and_needs_no_id(office):
    case = office.open()
    said = office.person("refuse", case, "--note=a lawyer asks", by="stop", given="")
    assert said[0] == 2
    said = office.person("refuse", case, "--note=a lawyer asks", by="decide", given="")
    assert said == (0, f"refused case {case}\n", "")
    assert office.cases()[case].refused.note == "a lawyer asks"
    assert office.open() != case


def test_decisions_on_a_case_are_listed_by_its_id(office, capsys):
    case = office.open()
    office.verify(case)
    main(["decisions", "list", f"--platform={office.store.uri}"])
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[2:] for line in lines if line[2:4] and line[0] in ("2", "3")] == [
        ["decide", "access.open", "case", case, "counts"],
        ["service", "access.verify", "case", case, "counts"],
    ]


def lose_last_decision(office):
    name = entry_name(read_chain(office.store).head.number)
    office.store.delete(name, office.store.stat(name).generation)


def opened(office):
    return office.open()


def verified(office):
    case = office.open()
    office.verify(case)
    return case


def refused(office):
    case = verified(office)
    office.person("refuse", case, "--note=no", by="decide", given="")
    return case


def approved(office):
    case = verified(office)
    office.person("approve", case, by="decide-2")
    return case


def fetched_copy(office):
    case = approved(office)
    put_record(office.store, built(case=case))
    put_record(office.store, fetched(case=case))
    return case


APPROVE = ("approve", "decide-2")
# Who decides what on which case, with which words and ids, and what they are told.
BAD = [
    (verified, "approve", "decide", (), ANN,
     "{case}: was opened by decide; somebody else approves it"),
    (opened, *APPROVE, (), ANN,
     "{case}: is not verified; `rally person verify` says how it can be"),
    (refused, *APPROVE, (), ANN, "{case}: was refused by decide on 2026-06-01"),
    (approved, *APPROVE, (), ANN, "{case}: is approved already"),
    (fetched_copy, "refuse", "decide", ("--note=no",), "",
     "{case}: is over; its copy was fetched"),
    (verified, *APPROVE, (), BOB,
     "standard input: is the id of somebody else than case {case} is of"),
    (verified, *APPROVE, (), f"{ANN}\n{BOB}\n",
     "standard input: has ids of 2 people, and a case is of one; open a case for each"
     " id"),
    (verified, *APPROVE, (), "",
     "standard input: is empty; write the Rally id, or several, one a line"),
    (verified, *APPROVE, (), "ann@example.org",
     "standard input: line 1: is no Rally id; write 32 hexadecimal digits, with or"
     " without hyphens"),
    (verified, "approve", "stop", (), ANN,
     "--by: stop may not decide that; it takes the role decide"),
    (verified, "approve", "service", (), ANN,
     "{case}: was verified by service alone; somebody else approves it"),
    (opened, "refuse", "decide", (), "",
     "--note: is missing; say why the case is refused"),
    (opened, "open", "decide", (), ANN,
     "{case}: is a case of the same person, and is opened since 2026-06-01; go on with"
     " it, or refuse it first"),
    (opened, "open", "decide", (), f"{ANN}\n{BOB}\n",
     "standard input: has ids of 2 people, and a case is of one; open a case for each"
     " id"),
    (opened, "open", "decide", ("--recipient=AGE-SECRET-KEY-1QQQ",), BOB,
     "--recipient: must be an age public key, age1…, as `age-keygen -y` prints it"),
    (opened, "open", "service", (), BOB,
     "--by: service may not decide that; it takes the role decide"),
]  # fmt: skip


@pytest.mark.parametrize(("begin", "command", "by", "words", "given", "message"), BAD)
def test_bad_input_is_one_line_and_decides_nothing(
    office, begin, command, by, words, given, message
):
    case = begin(office)
    before = read_chain(office.store).head
    of = () if command == "open" else (case,)
    said = office.person(command, *of, *words, by=by, given=given)
    assert said == (2, "", f"rally: {message.format(case=case)}\n")
    assert read_chain(office.store).head == before


VOUCH = ("--attestation", "--note=her voice")
BAD_VERIFICATIONS = [
    ((), "service", "give one of --ping, --account and --attestation"),
    (("--account", "--attestation"), "service",
     "give one of --ping, --account and --attestation"),
    (("--account",), "decide",
     "--by: decide may not sign for that; it takes the role service"),
    (VOUCH, "service", "--by: service may not sign for that; it takes the role decide"),
    (("--attestation",), "decide",
     "{case}: is attested with a reason only; give --note"),
    (VOUCH, "decide-2", "{case}: was verified so by decide-2 already"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "by", "message"), BAD_VERIFICATIONS)
def test_verification_that_would_count_for_nothing_is_refused(
    office, words, by, message
):
    case = office.open()
    office.verify(case, *VOUCH, by="decide-2")
    before = read_chain(office.store).head
    evidence = f"--evidence={office.statement}"
    said = office.person("verify", case, *words, evidence, by=by)
    assert said == (2, "", f"rally: {message.format(case=case)}\n")
    assert read_chain(office.store).head == before


@pytest.mark.parametrize(
    ("evidence", "message"),
    [
        ([], "is missing; name the file of what was looked at"),
        (["--evidence=/nowhere"], "No such file or directory"),
        (["--evidence=/dev/null"], "must have a byte, and at most 67,108,864"),
        (["--evidence=/dev/zero"], "must have a byte, and at most 67,108,864"),
    ],
)
def test_evidence_is_a_file_that_can_be_read(office, evidence, message):
    case = office.open()
    said = office.person("verify", case, "--account", *evidence, by="service")
    assert said == (2, "", f"rally: --evidence: {message}\n")


@pytest.mark.parametrize("command", ["verify", "approve", "refuse", "answer"])
@pytest.mark.parametrize("word", ["ffffffff", "3f", "", ANN])
def test_unknown_case_is_refused_and_not_repeated(office, command, word):
    case = office.open()
    more = {
        "verify": ["--account", f"--evidence={office.statement}"],
        "refuse": ["--note=no"],
        "answer": ["--inventory=https://example.org/"],
    }
    by = None if command == "answer" else "decide"
    said = office.person(command, word, *more.get(command, []), by=by)
    assert said == (2, "", UNKNOWN)
    assert office.cases()[case].state == "opened"


def test_nothing_is_approved_while_decisions_are_lost(office):
    """The one that is missing may be a refusal."""
    case = verified(office)
    assert office.person("refuse", case, "--note=no", by="decide", given="")[0] == 0
    publish(office.store, WithdrawalList(1))  # which names the refusal
    lose_last_decision(office)
    status, _, err = office.person("approve", case, by="decide-2")
    assert status == 2
    assert err.startswith("rally: decisions/: some that the withdrawal list names are")
    assert office.cases()[case].state == "verified"


def test_copy_that_expired_leaves_room_for_another_case(office):
    case = approved(office)
    put_record(office.store, built(at=OPENED, case=case))
    assert office.person("open", by="decide", at="2026-06-08T11:59Z")[0] == 2
    assert office.person("open", by="decide", at="2026-06-08T12:00Z")[0] == 0


@pytest.mark.parametrize("command", ["open", "verify", "approve", "refuse"])
def test_nothing_is_signed_for_a_time_to_come(office, command):
    case = None if command == "open" else office.open()
    if command == "approve":
        office.verify(case)
    before = office.cases()
    words = {
        "open": [],
        "verify": [case, "--account", f"--evidence={office.statement}"],
        "approve": [case],
        "refuse": [case, "--note=no"],
    }
    by = "service" if command == "verify" else "decide-2"

    def type_it(**at):
        return office.person(command, *words[command], by=by, **at)

    said = "rally: --as_of: is in the future; leave it out\n"
    assert type_it(at="2199-12-31T00:00Z") == (2, "", said)
    assert office.cases() == before
    assert type_it()[0] == 0
    assert office.cases() != before
