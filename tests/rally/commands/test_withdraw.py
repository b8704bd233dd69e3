"""`rally withdraw`: what is recorded, what is printed, and that no id stays."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rally.commands import withdraw
from rally.decisions.contents import DecisionKind
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.events import MAIL, RALLY, EventKind, event_name
from rally.registry.transitions import StudyAction
from rally.times import from_micros, to_micros
from tests.support.platform_conclusion import conclude_platform
from tests.support.study_decisions import decide_study

ONE = "6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10"
TWO = "0b1c2d3e-4f50-4172-8394-a5b6c7d8e9f0"
STREAM = "rally-attention-stream"
MAY = ("--received=2022-05-01T12:00Z",)


def type_ids(office, *words, given=f"{ONE}\n"):
    return office.type(withdraw, "withdraw", "--by=decide", *words, given=given)


def refused(office, *words, **changes):
    with pytest.raises(ConfigurationError) as caught:
        type_ids(office, *words, **changes)
    assert office.log == []
    return str(caught.value)


def test_a_letter_is_an_event_like_a_pings(office):
    assert type_ids(office, f"--study={STREAM}", *MAY) == (
        0,
        "recorded 1 withdrawal from rally-attention-stream, received "
        "2022-05-01T12:00:00Z\n",
    )
    [event] = office.log
    [entry] = read_chain(office.store).of(DecisionKind.RECORD_LETTERS)
    assert (entry.by, entry.content.events) == ("decide", (event_name(event),))
    assert event._replace(document_id="") == (
        EventKind.LEFT,
        STREAM,
        office.pseudonym(ONE),
        to_micros(datetime(2022, 5, 1, 12, tzinfo=UTC)),
        None,
        "",
        MAIL,
        None,
    )


def test_several_ids_of_one_person_in_any_spelling(office):
    given = f"\n  {ONE.upper()}  \r\n\n{TWO.replace('-', '')}\n{ONE}\n\n"
    assert type_ids(office, "--all", *MAY, given=given) == (
        0,
        "recorded 2 withdrawals from rally, received 2022-05-01T12:00:00Z\n",
    )
    assert {(event.participant, event.scope) for event in office.log} == {
        (office.pseudonym(ONE), RALLY),
        (office.pseudonym(TWO), RALLY),
    }


def test_a_study_is_found_by_an_alias(office):
    type_ids(office, "--study=attentionStream", *MAY)
    assert [event.scope for event in office.log] == [STREAM]


def test_now_is_when_it_was_received_by_default(office):
    before = datetime.now(UTC)
    type_ids(office, "--all")
    [event] = office.log
    received = from_micros(event.submission_timestamp)
    assert before - timedelta(microseconds=1) <= received <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("again", "expected"),
    [
        (["--all", "--received=2022-05-01T14:00+02:00"], 1),
        (["--all", "--received=2022-05-01T12:00"], 1),
        (["--all", "--received=2022-05-02"], 2),
        ([f"--study={STREAM}", *MAY], 2),
    ],
    ids=["another zone", "without a zone", "another time", "another scope"],
)
def test_recorded_twice_is_one_request(office, again, expected):
    type_ids(office, "--all", *MAY)
    type_ids(office, *again)
    assert len({event.document_id for event in office.log}) == expected
    office.admit(datetime(2022, 6, 1, tzinfo=UTC))
    assert len(office.list.withdrawals) == expected


def test_a_letter_from_another_is_another_request(office):
    type_ids(office, "--all", *MAY, given=f"{ONE}\n{TWO}\n")
    assert len({event.document_id for event in office.log}) == 2


def test_no_id_is_in_the_store(office, tmp_path):
    type_ids(office, "--all", *MAY)
    for path in Path(office.store.uri).rglob("*"):
        for form in (ONE, ONE.replace("-", "")):
            assert form not in path.name
            assert path.is_dir() or form.encode() not in path.read_bytes().lower()


@pytest.mark.parametrize(
    ("words", "given", "message"),
    [
        (["--all"], f"{ONE}\n\nnobody\n{TWO}\n",
         "standard input: line 3: is no Rally id; write 32 hexadecimal digits, with or "
         "without hyphens"),
        (["--all"], b"\xff\xfe\n",
         "standard input: line 1: is no Rally id; write 32 hexadecimal digits, with or "
         "without hyphens"),
        (["--all"], "00000000-0000-0000-0000-000000000000",
         "standard input: line 1: is no Rally id; write 32 hexadecimal digits, with or "
         "without hyphens"),
        (["--all"], "\n \n",
         "standard input: is empty; write the Rally id, or several, one a line"),
        ([], ONE, "--study: is missing; give it, or --all to leave Rally"),
        (["--all", f"--study={STREAM}"], ONE,
         "--study, --all: are too many; give one of them"),
        (["--study=rally-core"], ONE,
         "--study: rally-core is the platform's own, and to leave it is to leave Rally;"
         " if that is meant, give --all"),
        (["--all", "--received=2190-01-01"], ONE,
         "--received: is in the future; say when it came"),
        (["--all", "--received=in May"], ONE,
         "--received: must be a date and time such as 2022-03-10T12:00:00Z,"
         " from 2000-01-01 to 2199-12-31"),
    ],
    ids=["a bad line", "no text", "a sentinel", "no id", "no scope", "two scopes",
         "a platform", "the future", "no time"],
)  # fmt: skip
def test_wrong_use_is_one_line_and_records_nothing(office, words, given, message):
    assert refused(office, *words, given=given) == message


def test_an_unknown_study_is_not_left(office):
    assert refused(office, "--study=rally-zzz").startswith("rally-zzz: no study of ")


def test_a_folder_where_nothing_runs_takes_no_letter(office, tmp_path):
    office.options[0] = f"--store={tmp_path}/typo"
    assert refused(office, "--all") == (
        f"{tmp_path}/typo/platform: is not a platform: it has no rally-store.json; is"
        " it mounted? Correct --platform, or make it one by `rally init`"
    )
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(
    ("kept", "message"),
    [
        (slice(1, 2), "--platform: is missing; give it, or --store"),
        (slice(0, 1), "--platform_keys: is missing; give it, or --keys"),
    ],
    ids=["store", "keys"],
)
def test_places_must_be_named(office, kept, message):
    office.options = office.options[kept]
    with pytest.raises(ConfigurationError) as caught:
        type_ids(office, "--all")
    assert str(caught.value) == message


def test_keys_may_be_named_by_the_folder_above(office):
    office.options[1] = (
        office.options[1].replace("platform_", "").removesuffix("/platform")
    )
    assert type_ids(office, "--all", *MAY)[0] == 0


def test_modules_load_without_beam_or_avro():
    look = (
        "import rally.commands.withdraw, rally.commands.withdrawals, sys;"
        "print(sorted(sys.modules))"
    )
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert "'apache_beam'" not in found.stdout
    assert "'fastavro'" not in found.stdout


def test_nobody_leaves_a_study_that_is_concluded(office):
    at = datetime(2022, 5, 1, 12, tzinfo=UTC)
    decide_study(office.store, STREAM, StudyAction.CONCLUDE, at)

    message = refused(office, f"--study={STREAM}", *MAY)
    assert message.startswith(f"--study: {STREAM} is concluded, ")
    # What came before, and other scopes, are recorded as ever.
    assert type_ids(office, f"--study={STREAM}", "--received=2022-04-30")[0] == 0
    assert type_ids(office, "--all", *MAY)[0] == 0
    assert [event.scope for event in office.log] == [STREAM, RALLY]


def test_nobody_can_leave_a_platform_that_is_concluded(office):
    """Neither before nor after: all of it goes, and no event is left behind."""
    conclude_platform(office.store, datetime(2027, 1, 1, tzinfo=UTC))
    assert "the platform is concluded" in refused(office, "--all", *MAY)
