"""`rally person show|export|fetch|destroy`, as whoever answers people types them."""

import io
import json
import stat

import pyrage
import pytest

from pipelines.cli import main
from rally.access.records import archive_name
from rally.events import Event, EventKind, write_events
from rally.keys.platform_keys import PlatformKeys
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder, row_schema
from rally.storage.container import encode_container
from rally.storage.layout import Partition, new_file
from rally.storage.objectstore.open_store import open_store
from rally.times import parse_time, to_micros
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.access_cases import (
    CASE,
    approved_case,
    open_case,
    refuse_case,
    verify_case,
)
from tests.support.person_copies import files_of, lines
from tests.support.world import GARDEN, World, document_id, rally_id

ANN, BEN, NOBODY = 1, 2, 9
LATER = "aaaa0000"
SENT = parse_time("2026-05-20T10:00:00Z")
OWN = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


class Counter:
    """A counter at which people are answered; Ann and Ben have two rows each."""

    def __init__(self, world, store, monkeypatch, capsys):
        self._monkeypatch, self._capsys = monkeypatch, capsys
        self.options = world.options(store)
        self.store = open_store(store)
        self.platform = open_store(f"{store}/platform")
        uri = f"{world.keys}/platform"
        keys = PlatformKeys.open(uri, pseudonyms=[PLATFORM, GARDEN])
        named = {name: keys.prf(name) for name in (PLATFORM, GARDEN)}
        self.pseudonyms = Pseudonyms(named)
        self._store_rows(Registry.load(world.studies))

    def participant(self, person):
        return self.pseudonyms.of_platform(rally_id(person))

    def _store_rows(self, registry):
        document = registry.studies[GARDEN].documents["visit.1"]
        rows, events = [], []
        for number, person in enumerate((ANN, BEN, ANN, BEN)):
            own = self.pseudonyms.of_study(GARDEN, self.participant(person))
            payload = {"rally.id": own, "page": f"mark-{person}", "count": number}
            micros = to_micros(SENT) + number
            rows.append(
                RowEncoder(document).encode(
                    own, document_id(number), micros, None, None, payload
                )
            )
            events.append(
                Event(
                    EventKind.JOINED,
                    GARDEN,
                    self.participant(person),
                    micros - 10,
                    None,
                    document_id(100 + person),
                    f"{GARDEN}/study-enrollment.1",
                )
            )
        entries = {"rally.schema": document.schema.fingerprint, "rally.list": "0"}
        data = encode_container(
            row_schema(document.schema), sorted(rows), entries, b"s" * 16, indexed=True
        )
        name = new_file(Partition(GARDEN, "visit.1", "2026-05-20"), "a")
        assert self.store.create(name, data)
        write_events(self.platform, events, "1")

    def person(self, command, *words, given=ANN):
        """Types a command with somebody's id on standard input."""
        text = f"{rally_id(given)}\n" if isinstance(given, int) else given
        stdin = io.TextIOWrapper(io.BytesIO(text.encode()))
        self._monkeypatch.setattr("sys.stdin", stdin)
        status = main(["person", command, *self.options, *words])
        told = self._capsys.readouterr()
        return status, told.out, told.err

    def archives(self):
        return [each.name for each in self.platform.list("cases/")]


@pytest.fixture
def counter(world, tmp_path, monkeypatch, capsys):
    return Counter(world, str(tmp_path / "store"), monkeypatch, capsys)


def ask(counter, person=ANN, **options):
    """A case that is approved, for Ann's own key."""
    options = {"to": str(OWN.to_public()), **options}
    approved_case(counter.platform, counter.participant(person), **options)


def test_show_tells_numbers_and_no_content(counter):
    ask(counter)
    status, out, err = counter.person("show", CASE[:4])
    assert (status, err) == (0, "")
    assert out.splitlines()[:3] == [
        *(f"case            {CASE}", "state           approved", "rows            2")
    ]
    assert "2026-05-20T09:59:59Z  joined  rally-garden" in out
    assert "rally-garden  visit.1" in out
    assert "mark-" not in out
    assert counter.participant(ANN) not in out


def test_show_in_json(counter):
    ask(counter)
    _, out, _ = counter.person("show", CASE, "--json")
    shown = json.loads(out)
    assert shown["documents"] == [
        {
            "study": GARDEN,
            "document": "visit.1",
            "rows": 2,
            "first": "2026-05-20",
            "last": "2026-05-20",
            "kept_through": "2026-11-16",
            "due": 0,
            "at_conclusion": 0,
            "undecided": 0,
        }
    ]
    assert (shown["rows"], shown["closed"], shown["concluded"]) == (2, [], [])
    assert shown["read"]["files"] == 1


def test_export_and_fetch_hand_the_copy_to_the_persons_key(counter, tmp_path):
    ask(counter)
    status, out, err = counter.person("export", CASE)
    assert (status, err) == (0, "")
    assert out.startswith(f"made the copy of case {CASE}: 2 rows, ")
    assert out.endswith(
        f" hand it out before 2026-06-08 by `rally person fetch {CASE}`\n"
    )
    file = tmp_path / "copy.age"
    assert counter.person("fetch", CASE, f"--out={file}", given="") == (
        0,
        f"handed out the copy of case {CASE}; it is destroyed here\n",
        "",
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    files = files_of(pyrage.decrypt(file.read_bytes(), [OWN]))
    rows = lines(files[f"data/{GARDEN}/visit.1.jsonl"])
    assert [each["sent"] for each in rows] == [
        {"page": "mark-1", "count": 0},
        {"page": "mark-1", "count": 2},
    ]
    assert counter.archives() == [
        f"cases/{CASE}/{each}.json" for each in ("built", "destroyed", "fetched")
    ]
    again = tmp_path / "again.age"
    assert counter.person("fetch", CASE, f"--out={again}") == (
        2,
        "",
        f"rally: case {CASE}: is destroyed; a copy is handed out once, within 7 days\n",
    )
    assert not again.exists()


@pytest.mark.slow("passphrases")
def test_words_are_printed_once_where_there_is_no_key(counter, tmp_path):
    ask(counter, to=None)
    _, out, _ = counter.person("export", CASE)
    words, *_ = out.splitlines()
    file = tmp_path / "copy.age"
    counter.person("fetch", CASE, f"--out={file}")
    assert files_of(pyrage.passphrase.decrypt(file.read_bytes(), words))


def test_a_killed_fetch_goes_on_and_no_other_file_is_replaced(counter, tmp_path):
    ask(counter)
    counter.person("export", CASE)
    file, other = tmp_path / "copy.age", tmp_path / "other"
    file.write_bytes(counter.platform.read(archive_name(CASE)))
    other.write_text("a letter")
    status, _, err = counter.person("fetch", CASE, f"--out={other}")
    assert (status, err) == (
        2,
        f"rally: --out {other}: is there already; name a file that is not\n",
    )
    assert other.read_text() == "a letter"
    assert counter.person("fetch", CASE, f"--out={file}")[0] == 0


REFUSED = {
    "somebody else's id": (
        BEN,
        "approved",
        f"standard input: is the id of somebody else than case {CASE} is of",
    ),
    "an id that nobody knows": (
        NOBODY,
        "approved",
        f"standard input: is the id of somebody else than case {CASE} is of",
    ),
    "ids of two people": (
        f"{rally_id(ANN)}\n{rally_id(BEN)}\n",
        "approved",
        "standard input: has ids of 2 people, and a case is of one; open a case for"
        " each id",
    ),
    "no id": (
        "",
        "approved",
        "standard input: is empty; write the Rally id, or several, one a line",
    ),
    "opened": (ANN, "opened", f"case {CASE}: is opened, and must be approved"),
    "verified": (ANN, "verified", f"case {CASE}: is verified, and must be approved"),
    "refused": (ANN, "refused", f"case {CASE}: is refused, and must be approved"),
}


@pytest.mark.parametrize(("given", "state", "said"), REFUSED.values(), ids=REFUSED)
def test_export_says_in_one_line_why_it_makes_nothing(counter, given, state, said):
    if state == "approved":
        ask(counter)
    else:
        open_case(counter.platform, counter.participant(ANN))
    if state in ("verified", "refused"):
        verify_case(counter.platform)
    if state == "refused":
        refuse_case(counter.platform)
    assert counter.person("export", CASE, given=given) == (2, "", f"rally: {said}\n")
    assert counter.archives() == []


def test_unknown_case_and_case_that_is_not_verified_show_nothing(counter):
    said = "rally: CASE: is no case; `rally person cases` shows them\n"
    assert counter.person("show", "ffffffff") == (2, "", said)
    open_case(counter.platform, counter.participant(ANN))
    status, out, err = counter.person("show", CASE)
    assert (status, out) == (2, "")
    assert err == (
        f"rally: case {CASE}: is opened, and must be verified before anybody looks at"
        " what is held\n"
    )


def test_damaged_file_is_named_and_no_copy_is_made(counter):
    ask(counter)
    name = new_file(Partition(GARDEN, "visit.1", "2026-05-21"), "bad")
    good = new_file(Partition(GARDEN, "visit.1", "2026-05-20"), "a")
    counter.store.create(name, counter.store.read(good)[:-30])
    status, out, err = counter.person("export", CASE)
    assert (status, out) == (2, "")
    assert err.startswith(f"rally: {name}: ")
    status, out, err = counter.person("show", CASE)
    assert status == 1
    assert "rows of the person may be in it" in err
    assert counter.archives() == []


def test_destroy_removes_what_is_due_and_nothing_else(counter):
    ask(counter)
    counter.person("export", CASE)
    assert counter.person("destroy", given="") == (0, "No copy is due.\n", "")
    refuse_case(counter.platform)
    assert counter.person("destroy", given="") == (
        0,
        f"destroyed the copy of case {CASE}: refused\n",
        "",
    )
    assert counter.platform.stat(archive_name(CASE)) is None
    assert counter.person("destroy", given="") == (0, "No copy is due.\n", "")


def test_copy_that_cannot_be_destroyed_keeps_no_other(counter, tmp_path):
    ask(counter)
    ask(counter, BEN, case=LATER)
    for case, person in ((CASE, ANN), (LATER, BEN)):
        assert counter.person("export", case, given=person)[0] == 0
        refuse_case(counter.platform, case=case)
    in_the_way = tmp_path / f"store/platform/cases/{CASE}/destroyed.json"
    in_the_way.mkdir()
    status, out, err = counter.person("destroy", given="")
    assert (status, out) == (1, f"destroyed the copy of case {LATER}: refused\n")
    assert err.startswith(f"rally: case {CASE}: ")
    assert len(err.splitlines()) == 1
    in_the_way.rmdir()
    assert counter.person("destroy", given="") == (
        0,
        f"destroyed the copy of case {CASE}: refused\n",
        "",
    )


def test_no_copy_is_made_fetched_or_destroyed_for_a_time_to_come(counter, tmp_path):
    ask(counter)
    soon, file = "--as_of=2199-12-31T00:00Z", tmp_path / "copy.age"
    said = (2, "", "rally: --as_of: is in the future; leave it out\n")
    assert counter.person("export", CASE, soon) == said
    assert counter.archives() == []
    assert counter.person("export", CASE)[0] == 0
    made = counter.archives()
    assert counter.person("fetch", CASE, f"--out={file}", soon) == said
    assert counter.person("destroy", soon, given="") == said
    early = "--as_of=2026-05-31T23:00Z"
    assert counter.person("fetch", CASE, f"--out={file}", early) == (
        2,
        "",
        "rally: --as_of: is before the copy was made; leave it out\n",
    )
    assert (counter.archives(), file.exists()) == (made, False)
    assert counter.person("fetch", CASE, f"--out={file}")[0] == 0
