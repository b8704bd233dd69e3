"""`rally status`: what a screen says of an empty platform, and where all is wrong."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipelines import cli
from rally.access.asks import AskDay
from rally.commands.status import _blocks, _tables
from rally.dead_letters import LetterKind
from rally.keys.names import Job
from rally.registry.approval_deadlines import ClosedDocument
from rally.registry.expunges import ExpungeOrder
from rally.registry.registry import Registry
from rally.registry.transitions import StudyState
from rally.releases.awaited_signatures import AwaitedSignature
from rally.status.advice import find_matters, list_commands
from rally.status.old_views import OldView
from rally.status.state import (
    MOST_HEADERS,
    Expiring,
    Letters,
    PlatformState,
    StudyGlance,
    Waiting,
    _count_rows,
    read_state,
)
from rally.storage.last_runs import LastRun, begin_run, write_run
from rally.storage.objectstore.interface import ObjectInfo
from rally.tables import to_json, to_text
from rally.withdrawal.withdrawal_list import OrderReceipts, WithdrawalList
from tests.support.access_cases import open_case
from tests.support.expunges import order_expunge
from tests.support.people import job_key
from tests.support.reviews import sign_reviews
from tests.support.stores import make_stores, mark_stores, publish, replace_key

NOW = datetime(2026, 5, 26, 6, 10, tzinfo=UTC)
STUDIES = "tests/studies"


@pytest.fixture
def stores(tmp_path):
    """A platform that `rally init` has made, and where reviews are signed."""
    stores = make_stores(tmp_path / "store", tmp_path / "keys")
    sign_reviews(stores.platform, Registry.load(STUDIES))
    return stores


def status(tmp_path, *words):
    store = f"--store={tmp_path}/store"
    time = "--as_of=2020-05-26T06:10:00Z"
    return cli.main(["status", store, f"--studies={STUDIES}", time, *words])


def test_empty_platform_asks_for_pings(stores, tmp_path, capsys):
    assert status(tmp_path) == 0
    assert capsys.readouterr() == (
        f"""\
Rally  {tmp_path}/store  26 May 06:10

No job has run yet.

STUDY            STATE       ROWS  NEXT DATE
rally-study-bar  collecting     0  collects through 2021-12-31
rally-study-foo  collecting     0  collects through 2021-12-31
study-bar        collecting     0  collects through 2021-12-31
study-foo        collecting     0  collects through 2021-12-31

Next: rally ingest
""",
        "",
    )


def test_orders_to_expunge_are_matters_until_they_have_a_receipt(stores):
    days = date(2020, 5, 4), date(2020, 5, 6)
    at = datetime(2020, 5, 7, tzinfo=UTC)
    what = "rally-study-foo", "test.1", days, at
    waiting = order_expunge(stores.platform, *what, approved_by=None)
    order = order_expunge(stores.platform, *what)
    registry = Registry.load(STUDIES)

    def read():
        state = read_state(stores, registry, at, 30)
        return state.orders, state.approvals

    assert read() == ([waiting, order], 0)
    told = OrderReceipts(order.id, (3,))
    replace_key(stores.platform, Job.DELETE, job_key(Job.DELETE))
    publish(stores.platform, WithdrawalList(1, orders=(told,)))
    assert read() == ([waiting], 0)


def test_json_has_all_keys_of_help(stores, tmp_path, capsys):
    assert status(tmp_path, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told.pop("studies")[0] == {
        "study": "rally-study-bar",
        "state": "collecting",
        "rows": 0,
        "rows_are_exact": True,
        "files": 0,
        "next_date": "2021-12-31",
        "next_what": "collects through",
    }
    assert told == {
        "platform": f"{tmp_path}/store",
        "name": None,
        "profile": None,
        "as_of": "2020-05-26T06:10:00Z",
        "jobs": [],
        "waiting": [],
        "dead_letters": [],
        "expiring": [],
        "closed": [],
        "matters": [],
        "concluded_by": None,
        "finished": None,
        "gone": [],
        "next": ["rally ingest"],
    }


def test_what_nobody_signed_waits_for_a_person(tmp_path, capsys):
    make_stores(tmp_path / "store", tmp_path / "keys")
    assert status(tmp_path) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[-7] == (
        "study-bar           test.1: not collected: review 2020-03-15: category 2: not"
        " signed: steward"
    )
    assert shown[-4:] == [
        f"Next: rally studies show {name}"
        for name in ("rally-study-bar", "rally-study-foo", "study-bar", "study-foo")
    ]


def test_person_who_waits_for_their_copy_is_told_after_twenty_days(
    stores, tmp_path, capsys
):
    as_of = datetime(2020, 5, 26, 6, 10, tzinfo=UTC)
    twenty, someone = timedelta(days=20), "00000000-0000-8000-8000-000000000001"
    open_case(stores.platform, someone, when=as_of - twenty)
    assert status(tmp_path) == 0
    late = as_of - twenty - timedelta(seconds=1)
    open_case(stores.platform, someone, case="0" * 8, when=late)
    capsys.readouterr()
    assert status(tmp_path) == 1
    assert capsys.readouterr().out.endswith(
        "\nWAITS FOR A PERSON  WHAT\nplatform            1 person waits for a copy for"
        " more than 20 days\n\nNext: rally person cases\n"
    )


def test_job_that_was_killed_waits_for_a_person(stores, tmp_path, capsys):
    write_run(stores.platform, LastRun("ingest", NOW, "elsewhere", 7))
    assert status(tmp_path) == 0
    assert "ingest  running since 26 May 06:10  -" in capsys.readouterr().out
    own = begin_run("ingest", NOW)
    write_run(stores.platform, LastRun("ingest", NOW, own.host, own.pid, process="1"))
    assert status(tmp_path) == 1
    shown = capsys.readouterr().out
    assert "ingest  killed after 26 May 06:10  -" in shown
    assert shown.endswith("\nNext: rally ingest\n")


@pytest.mark.parametrize(
    ("profile", "words", "title"),
    [
        (
            'name = "production"\nstore = "store"\n',
            [],
            "Rally production  {0}/rally.toml",
        ),
        ('store = "store"\n', [], "Rally  {0}/rally.toml"),
        ('name = "production"\n', ["--store=store"], "Rally  store"),
        ('name = "x"\nstore = "other"\n', ["--store=store"], "Rally  store"),
        (
            'name = "x"\nstore = "store"\nplatform = "other"\n',
            ["--platform=store/platform"],
            "Rally  {0}/store",
        ),
        ('name = "x"\nstore = "store"\n', ["--profile="], "Rally  store"),
    ],
    ids=["named", "nameless", "no store", "other store", "other platform", "refused"],
)
def test_title_is_the_profile_that_names_the_platform(
    stores, tmp_path, monkeypatch, capsys, profile, words, title
):
    studies = f"--studies={Path(STUDIES).absolute()}"
    tmp_path.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RALLY_PROFILE", raising=False)
    path = tmp_path / "rally.toml"
    path.write_text(profile)
    path.chmod(0o644)
    if "--profile=" in words:
        words = [*words, "--store=store"]
    time = "--as_of=2020-05-26T06:10:00Z"
    assert cli.main(["status", studies, time, *words]) == 0
    first = capsys.readouterr().out.partition("\n")[0]
    assert first == f"{title.format(tmp_path)}  26 May 06:10"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--store: is missing; say which platform"),
        (["--store={0}/nowhere"], "{0}/nowhere/platform: is not"),
        (["--store={0}", "--as_of=noon"], "--as_of: must be a date and time such as"),
    ],
)
def test_wrong_options_are_status_2(tmp_path, capsys, words, message):
    mark_stores(tmp_path)
    given = [each.format(tmp_path) for each in words]
    assert cli.main(["status", *given]) == 2
    out, said = capsys.readouterr()
    assert out == ""
    assert said.startswith(f"rally: {message.format(tmp_path)}")
    assert said.count("\n") == 1


def run(job, hours, state=1, **more):
    """How a job went, so many hours ago."""
    time = NOW - timedelta(hours=hours)
    return LastRun(job, time, "elsewhere", 7, time, state, **more)


ORDER = ExpungeOrder(
    8,
    "0" * 32,
    "rally-house",
    "page.1",
    "/url",
    date(2026, 5, 4),
    date(2026, 5, 6),
    "decide",
    "a mistake",
)
WRONG = PlatformState(
    now=NOW,
    runs={
        "ingest": LastRun("ingest", NOW, "elsewhere", 7),
        "delete": run("delete", 1, figures={"faults": 1, "receipts": 0}),
        "replay": run(
            "replay", 2, 0, figures={"failed": 14}, failures={"schema_mismatch": 14}
        ),
        "compact": run("compact", 49, 0),
        "audit": run("audit", 30, figures={"kept": 17, "broken": 2, "unproven": 1}),
    },
    studies=[
        StudyGlance("rally-garden", StudyState.ENDED, 900, 1204311, False),
        StudyGlance("rally-house", StudyState.COLLECTING, 1, 7, True),
        StudyGlance("rally-pond", None),
    ],
    requests=SimpleNamespace(due=[1], late_requests=[1, 1]),
    waiting=[Waiting("rally-garden", 120, date(2026, 6, 9))],
    letters=[
        Letters("rally-garden", LetterKind.PING, 3, date(2026, 5, 1)),
        Letters("rally-garden", LetterKind.WITHDRAWAL, 1, date(2026, 5, 2)),
        Letters("unknown", LetterKind.WITHDRAWAL, 9, date(2026, 5, 2)),
    ],
    expiring=[
        Expiring("rally-garden", "lock for analysis", date(2026, 5, 20)),
        Expiring("rally-house", "access of a@example.org", date(2026, 5, 26)),
        Expiring("rally-house", "visit.1: approval", date(2026, 5, 27), True),
    ],
    closed=[
        ClosedDocument("rally-house", "page.1", ("review r2: is not public", "no more"))
    ],
    approvals=1,
    orders=[ORDER, ORDER._replace(number=9, field=None, approved=NOW)],
    signatures=[
        AwaitedSignature(
            *("rally-house", "recipe weekly: waits for a signature of steward"),
            "rally releases check",
        )
    ],
    overdue_cases=2,
    asks=[AskDay(date(2026, 5, 20), 3), AskDay(date(2026, 5, 22), 1)],
    views=[
        OldView("rally-garden", datetime(2026, 5, 24, 4, tzinfo=UTC)),
        OldView("rally-house", None),
    ],
    faults=2,
    unloadable={"rally-pond": "studies/rally-pond/study.yaml: is not YAML"},
)


def test_screen_where_everything_is_wrong():
    matters = find_matters(WRONG)
    commands = list_commands(WRONG, matters)
    tables = _tables(WRONG, matters)
    assert (
        to_text(*_blocks("Rally  store/", WRONG, tables, commands))
        == """\
Rally  store/  26 May 06:10

JOB      ENDED                COUNTED
ingest   running since 06:10  -
delete   05:10 (1)            1 fault
replay   04:10 (0)            14 failed: 14 schema mismatch
compact  24 May 05:10 (0)     -
audit    25 May 00:10 (1)     17 of 20 kept, 2 broken, 1 unproven

STUDY         STATE                     ROWS  NEXT DATE
rally-garden  ended          about 1,204,311  -
rally-house   collecting                   7  -
rally-pond    does not load                0  -

DEAD LETTERS OF  KIND        OBJECTS  OLDEST
rally-garden     ping              3  2026-05-01
rally-garden     withdrawal        1  2026-05-02
unknown          withdrawal        9  2026-05-02

WAITS FOR A PERSON  WHAT
platform            decisions that are void or lost: 2
platform            decisions that wait for a second signature: 1
rally-house         to be expunged, not approved yet: /url of page.1 from 2026-05-04 to\
 2026-05-06
rally-house         to be expunged: page.1 from 2026-05-04 to 2026-05-06
rally-house         recipe weekly: waits for a signature of steward
platform            2 withdrawals past the deadline
platform            2 people wait for a copy for more than 20 days
platform            4 asked for a copy by a ping, without a case, since 2026-05-20
rally-garden        120 held, decide by 2026-06-09
rally-garden        withdrawals that cannot be read: 1 objects
delete              ended with 1
audit               ended with 1
compact             did not run for two days
purge               never ran
rally-pond          does not load
rally-garden        its view of the withdrawal list is of 2026-05-24 04:00
rally-house         no view of the withdrawal list: nobody can read its rows
rally-house         page.1: not collected: review r2: is not public; no more
rally-garden        lock for analysis ended 6 days ago
rally-house         access of a@example.org ends today
rally-house         visit.1: approval ends in 1 day

Next: rally decisions verify
Next: rally decisions list
Next: rally decisions approve 8
Next: rally delete
Next: rally releases check
Next: rally withdrawals --requests
Next: rally person cases
Next: rally replay
Next: rally audit
Next: rally compact
Next: rally purge
Next: rally studies check
Next: rally studies show rally-house
Next: rally studies conclude rally-garden --plan_only
Next: rally studies due"""
    )
    told = json.loads(to_json({**tables, "next": commands}))
    assert told["matters"][8] == {
        "about": "rally-garden",
        "what": "120 held, decide by 2026-06-09",
        "command": "rally withdrawals --requests",
    }
    assert told["waiting"] == [
        {"scope": "rally-garden", "requests": 120, "decide_by": "2026-06-09"}
    ]


def test_only_so_many_headers_are_read_of_many_files():
    """Each file of these has a row a byte, but the store is asked for few."""
    opened = []

    class Store:
        def open(self, name, generation):
            opened.append(name)
            raise_missing(name)

    files = [ObjectInfo(f"{each}", 1, 10) for each in range(5 * MOST_HEADERS)]
    assert _count_rows(Store(), files) == (0, False)
    assert len(opened) == MOST_HEADERS


def raise_missing(name):
    from rally.storage.objectstore.interface import ObjectNotFound

    raise ObjectNotFound(name)
