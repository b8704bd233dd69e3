"""`rally person show|export|fetch|destroy`, as whoever answers people types them."""

import json
import stat

import pyrage
import pytest

from rally.storage.layout import Partition, new_file
from tests.rally.commands.copy_counter import ANN, BEN, OWN
from tests.support.access_cases import CASE, open_case, refuse_case, verify_case
from tests.support.person_copies import files_of, lines
from tests.support.world import GARDEN, rally_id

NOBODY = 9
LATER = "aaaa0000"


def test_show_tells_numbers_and_no_content(counter):
    counter.ask()
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
    counter.ask()
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
    counter.ask()
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
    assert counter.objects() == [
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
    counter.ask(to=None)
    _, out, _ = counter.person("export", CASE)
    words, *_ = out.splitlines()
    file = tmp_path / "copy.age"
    counter.person("fetch", CASE, f"--out={file}")
    assert files_of(pyrage.passphrase.decrypt(file.read_bytes(), words))


def test_a_killed_fetch_goes_on_and_no_other_file_is_replaced(counter, tmp_path):
    counter.ask()
    counter.person("export", CASE)
    file, other = tmp_path / "copy.age", tmp_path / "other"
    file.write_bytes(counter.archive())
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
        counter.ask()
    else:
        open_case(counter.platform, counter.participant(ANN))
    if state in ("verified", "refused"):
        verify_case(counter.platform)
    if state == "refused":
        refuse_case(counter.platform)
    assert counter.person("export", CASE, given=given) == (2, "", f"rally: {said}\n")
    assert counter.objects() == []


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
    counter.ask()
    name = new_file(Partition(GARDEN, "visit.1", "2026-05-21"), "bad")
    good = new_file(Partition(GARDEN, "visit.1", "2026-05-20"), "a")
    counter.store.create(name, counter.store.read(good)[:-30])
    status, out, err = counter.person("export", CASE)
    assert (status, out) == (2, "")
    assert err.startswith(f"rally: {name}: ")
    status, out, err = counter.person("show", CASE)
    assert status == 1
    assert "rows of the person may be in it" in err
    assert counter.objects() == []


def test_destroy_removes_what_is_due_and_nothing_else(counter):
    counter.ask()
    counter.person("export", CASE)
    assert counter.person("destroy", given="") == (0, "No copy is due.\n", "")
    refuse_case(counter.platform)
    assert counter.person("destroy", given="") == (
        0,
        f"destroyed the copy of case {CASE}: refused\n",
        "",
    )
    assert counter.archives() == []
    assert counter.person("destroy", given="") == (0, "No copy is due.\n", "")


def test_copy_that_cannot_be_destroyed_keeps_no_other(counter, tmp_path):
    counter.ask()
    counter.ask(BEN, case=LATER)
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
    counter.ask()
    soon, file = "--as_of=2199-12-31T00:00Z", tmp_path / "copy.age"
    said = (2, "", "rally: --as_of: is in the future; leave it out\n")
    assert counter.person("export", CASE, soon) == said
    assert counter.objects() == []
    assert counter.person("export", CASE)[0] == 0
    made = counter.objects()
    assert counter.person("fetch", CASE, f"--out={file}", soon) == said
    assert counter.person("destroy", soon, given="") == said
    early = "--as_of=2026-05-31T23:00Z"
    assert counter.person("fetch", CASE, f"--out={file}", early) == (
        2,
        "",
        "rally: --as_of: is before the copy was made; leave it out\n",
    )
    assert (counter.objects(), file.exists()) == (made, False)
    assert counter.person("fetch", CASE, f"--out={file}")[0] == 0
