"""`rally receipts`, as an operator types it and reads it."""

import io
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines.cli import main
from rally.commands.receipts import COMMAND, read_before
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError
from rally.keys.folder import KeyFolder
from rally.keys.names import Job
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
from rally.parser import Parser
from rally.receipts.chain import append
from rally.receipts.changes import changes_name, write_changes
from rally.receipts.receipt import number_in, receipt_name
from rally.storage.layout import Stores
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList
from tests.rally.receipts.examples import (
    FILE,
    FOO,
    GONE,
    LEFT,
    RECEIPT,
    add_with_changes,
    made,
    request,
)
from tests.support.stores import found_platform, keys_in, mark_stores, publish

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"
ID = "6a3d2f10-9b7c-4e21-8d55-0f1e2d3c4b5a"
OTHER = "7b4e3021-0c8d-4f32-9e66-1a2f3e4d5c6b"
NOBODY = "8c5f4132-1d9e-4a43-8f77-2b3a4f5e6d7c"
MINUTE = 60_000_000
GONE_FROM = ((FILE, 5), (GONE, 1))
OPTIONS = ("--store={store}", "--keys={keys}")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The folder of platform keys below that of ping keys."""
    uri = str(tmp_path_factory.mktemp("keys"))
    ensure_platform_keys(f"{uri}/platform", [])
    return uri


@pytest.fixture(scope="module")
def opened(keys):
    """What deletion opens of them."""
    return PlatformKeys.open(
        f"{keys}/platform", pseudonyms=[PLATFORM], signing=[Job.DELETE]
    )


@pytest.fixture
def founded(keys, tmp_path):
    """The platform's store, with the jobs' keys of the folder."""
    found_platform(
        Stores(f"{tmp_path}/store", None).platform,
        keys_in(KeyFolder(f"{keys}/platform")),
    )
    return mark_stores(tmp_path / "store").platform


@pytest.fixture
def platform(founded, opened):
    """Two people's requests, two receipts of the first, and none of the second."""
    store, people = founded, Pseudonyms({PLATFORM: opened.prf(PLATFORM)})
    files = [replace(each, requests={request(1): rows}) for each, rows in GONE_FROM]
    named = write_changes(store, 1, files)
    add(store, opened, request=request(1), sections=RECEIPT.sections, changes=named)
    add(store, opened, request=request(2), scope=FOO, sections=())
    requests = (
        _withdrawal(1, people.of_platform(ID), "rally", (1,)),
        _withdrawal(2, people.of_platform(ID), FOO, (2,)),
        _withdrawal(3, people.of_platform(OTHER), FOO, (), MINUTE),
    )
    publish(store, WithdrawalList(1, requests), opened.signer(Job.DELETE))
    return store


def add(store, opened, **changes):
    """Appends a receipt, as deletion does."""
    key = opened.signer(Job.DELETE)
    append(store, read_chain(store), key, made(**changes))


@pytest.fixture
def rally(keys, tmp_path, capsys, monkeypatch):
    """Runs `rally receipts …` on the test studies; returns status and output."""

    def run(*words, standard_input=b""):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(standard_input)))
        places = {"store": f"{tmp_path}/store", "keys": keys, "studies": TEST_STUDIES}
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(
            ["receipts", *(each.format(**places) for each in words)]
        )
        return args.handler(args), capsys.readouterr().out

    return run


def _withdrawal(number, participant, scope, receipts, later=0):
    return Withdrawal(
        request=request(number),
        participant=participant,
        deletion_id=None,
        scope=scope,
        time=LEFT + later,
        received=LEFT + later,
        document_id="d",
        signal="s",
        receipts=receipts,
    )


def refused(rally, *words, **options):
    with pytest.raises(ConfigurationError) as caught:
        rally(*words, **options)
    return str(caught.value)


def show(rally, text, *words):
    return rally(
        "show", "--studies={studies}", *OPTIONS, *words, standard_input=text.encode()
    )


OF_OTHER = """\
You left rally-study-foo on 1 June 2021 at 12:31 UTC.

    We are working on it. There is no receipt yet.
"""
OF_FIRST = """\
You left Rally on 1 June 2021 at 12:30 UTC.

    rally-study-foo: 6 records of yours were deleted. On 3 June 2021 at 04:05
    UTC we read again all that is stored, and found nothing of yours from
    before you left.

    rally-study-bar: The study had ended when you left, and your records stay
    as they are while its results are worked out. They are deleted when the
    study is concluded, by 31 December 2022 at the latest.

    Where our files are stored, copies of deleted files are kept for a time.
    The last of them is gone after 10 June 2021.

    If you ask us about this, please quote receipt 1.

You left rally-study-foo on 1 June 2021 at 12:30 UTC.

    Where our files are stored, copies of deleted files are kept for a time.
    The last of them is gone after 10 June 2021.

    If you ask us about this, please quote receipt 2.
"""


def test_verify_says_that_all_is_well(rally, platform):
    assert rally("verify", *OPTIONS) == (0, "All receipts are there and true.\n")


def test_verify_prints_a_line_a_finding(rally, platform):
    folder = Path(platform.uri)
    path = folder / receipt_name(1)
    path.write_bytes(path.read_bytes().replace(b'"scope":"rally"', b'"scope":"all"'))
    (folder / receipt_name(2)).unlink()
    assert rally("verify", *OPTIONS) == (
        1,
        "receipts/000000000001.json: bad signature: is not as deletion signed it\n"
        "receipts/000000000002.json: behind: the withdrawal list knows it, and the last"
        " one here is 1\n",
    )


def test_verify_looks_at_the_files(rally, platform, opened, tmp_path):
    store = open_store(f"{tmp_path}/store")
    store.create(FILE.name, b"as it was")
    change = replace(FILE, generation_before=store.stat(FILE.name).generation)
    key, chain = opened.signer(Job.DELETE), read_chain(platform)
    told = add_with_changes(platform, chain, change, key=key, since=2)
    assert rally("verify", *OPTIONS) == (
        1,
        f"{changes_name(told.changes)}: untrue: {FILE.name}: is said to be rewritten"
        " and stands there as it was\n",
    )


def test_show_tells_all_of_a_person(rally, platform):
    assert show(rally, f"{ID}\n") == (0, OF_FIRST)


@pytest.mark.parametrize(
    "text",
    [ID.upper(), f"\n  {ID.replace('-', '')}\r\n\n"],
    ids=["upper case", "bare"],
)
def test_show_takes_an_id_in_any_form(rally, platform, text):
    assert show(rally, text) == (0, OF_FIRST)


def test_show_tells_of_a_request_without_a_receipt(rally, platform):
    assert show(rally, OTHER) == (0, OF_OTHER)


def test_show_takes_the_ids_of_several_browsers(rally, platform):
    text = f"{ID}\n{NOBODY}\n{OTHER}\n"
    assert show(rally, text) == (0, f"{OF_FIRST}\n{OF_OTHER}")


def test_show_knows_nobody_else(rally, platform):
    assert show(rally, NOBODY) == (1, "No request is known under this id.\n")


def test_show_needs_no_store_but_the_platform(rally, platform, tmp_path):
    words = ("--studies={studies}", "--platform={store}/platform", "--keys={keys}")
    assert rally("show", *words, standard_input=ID.encode()) == (0, OF_FIRST)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "standard input: is empty; write the Rally id, or several, one a line"),
        ("\n \n", "standard input: is empty; write the Rally id, or several, one a"
         " line"),
        (f"{ID}\n{ID}x", "standard input: line 2: is no Rally id; write 32 hexadecimal"
         " digits, with or without hyphens"),
        ("00000000-0000-0000-0000-000000000000", "standard input: line 1: is no Rally"
         " id; write 32 hexadecimal digits, with or without hyphens"),
        ("\udcff", "standard input: line 1: is no Rally id; write 32 hexadecimal"
         " digits, with or without hyphens"),
    ],
    ids=["empty", "blank", "too long", "sentinel", "no text"],
)  # fmt: skip
def test_bad_id_is_one_line_that_does_not_repeat_it(rally, platform, text, message):
    data = text.encode(errors="surrogateescape")
    assert message == refused(
        rally, "show", "--studies={studies}", *OPTIONS, standard_input=data
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("verify", "--keys={keys}"), "--store: is missing; say where the data is"),
        (("verify", "--store={store}"),
         "--platform_keys: is missing; give it, or --keys"),
        (("show", "--keys={keys}"), "--platform: is missing; give it, or --store"),
        (("show", "--store={store}"),
         "--platform_keys: is missing; give it, or --keys"),
        (("verify", "--keys={keys}", "--store=gs://rally-{{study}}"),
         "--store has {study} in it; say with --platform where the platform's own "
         "records go"),
    ],
)  # fmt: skip
def test_wrong_use_is_one_line(rally, platform, words, message):
    assert refused(rally, *words, standard_input=ID.encode()) == message


@pytest.mark.parametrize("command", ["verify", "show"])
def test_nothing_is_said_without_the_list(rally, platform, command):
    (Path(platform.uri) / "withdrawals" / "root.json").unlink()
    message = refused(rally, command, *OPTIONS, standard_input=ID.encode())
    assert message.startswith(
        f"{platform.uri}/withdrawals/root.json: the withdrawal list is missing"
    )


def test_missing_receipt_is_said(rally, platform):
    (Path(platform.uri) / receipt_name(1)).unlink()
    assert refused(
        rally, "show", "--studies={studies}", *OPTIONS, standard_input=ID.encode()
    ) == (f"{platform.uri}/{receipt_name(1)}: is missing; restore it from a backup")


def test_module_loads_without_beam_or_avro_or_tink():
    look = "import rally.commands.receipts, sys; print(sorted(sys.modules))"
    found = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    for module in ("apache_beam", "fastavro", "tink"):
        assert f"'{module}'" not in found.stdout


def test_requests_are_told_when_their_receipts_were_purged(rally, platform):
    assert rally("purge", "--before=2022-01-01", "--yes", *OPTIONS) == (
        0,
        "Purged 2 receipts.\n",
    )
    done = "    This is done, so long ago that the receipts are no longer kept.\n"
    assert show(rally, ID) == (
        0,
        f"You left Rally on 1 June 2021 at 12:30 UTC.\n\n{done}\n"
        f"You left rally-study-foo on 1 June 2021 at 12:30 UTC.\n\n{done}",
    )
    assert rally("verify", *OPTIONS)[0] == 0


@pytest.mark.parametrize(
    ("before", "said", "left"),
    [
        ("2021-06-03", "Purged 0 receipts.\n", [1, 2]),
        ("2021-06-04", "Purged 1 receipt.\n", [2]),
        ("2021-06-05", "Purged 2 receipts.\n", []),
    ],
)
def test_purge_says_how_many_went(rally, founded, opened, before, said, left):
    store, day = founded, 86_400_000_000
    for number in (1, 2):  # on 3 and on 4 June
        written = RECEIPT.written + (number - 1) * day
        add(store, opened, request=request(number), written=written)
    assert rally("purge", f"--before={before}", "--yes", *OPTIONS) == (0, said)
    numbers = [number_in(info.name) for info in store.list("receipts/")]
    assert sorted(filter(None, numbers)) == left
    assert rally("purge", f"--before={before}", "--yes", *OPTIONS) == (
        0,
        "Purged 0 receipts.\n",
    )


def test_purge_needs_somebody_who_is_sure(rally, platform):
    message = refused(rally, "purge", "--before=2022-01-01", *OPTIONS)
    assert message.startswith("--yes: is missing; nothing undoes this")
    assert platform.stat(receipt_name(1)) is not None


def test_purge_keeps_all_where_one_was_changed(rally, platform):
    path = Path(platform.uri) / receipt_name(2)
    path.write_bytes(path.read_bytes().replace(b'"reason":"', b'"reason": "'))
    refused(rally, "purge", "--before=2022-01-01", "--yes", *OPTIONS)
    assert platform.stat(receipt_name(1)) is not None


@pytest.mark.parametrize("day", ["2021-06-01", "2021-05-31", "2000-01-01"])
def test_before_is_30_days_back(day):
    assert read_before(day, date(2021, 7, 1)) == date.fromisoformat(day)


@pytest.mark.parametrize("day", ["2021-06-02", "2021-07-01", "2199-12-31"])
def test_before_is_not_closer(day):
    with pytest.raises(ConfigurationError) as caught:
        read_before(day, date(2021, 7, 1))
    assert str(caught.value) == (
        "--before: must be at least 30 days back; today that is 2021-06-01 or earlier"
    )


NO_DATE = "--before: must be a date such as 2022-03-10, from 2000-01-01 to 2199-12-31"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--before="], NO_DATE),
        (["--before=2021-02-30"], NO_DATE),
        (["--before=yesterday"], NO_DATE),
        (["--before=2021-06-04T00:00:00Z"], NO_DATE),
        ([], "the following arguments are required: --before; see --help"),
    ],
    ids=["empty", "no such day", "word", "time", "missing"],
)
def test_purge_with_a_bad_date_is_one_line(platform, tmp_path, capsys, words, message):
    store = f"--store={tmp_path}/store"
    assert main(["receipts", "purge", store, "--keys=unread", *words]) == 2
    assert capsys.readouterr() == ("", f"rally: {message}\n")


def test_purge_refuses_a_day_that_is_too_close(rally, platform):
    today = datetime.now(UTC).date()
    message = refused(rally, "purge", f"--before={today}", *OPTIONS)
    assert message.startswith("--before: must be at least 30 days back")
    assert platform.stat(receipt_name(1)) is not None
