"""The demo shows what became of real pings and of who left, and leaves it there."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from pipelines.demo import command
from pipelines.demo.clients import NEWS
from pipelines.demo.ledger import Ledger
from pipelines.demo.scene import Scene
from rally.audit.findings import Check

pytestmark = pytest.mark.slow("lives")

VECTORS = Path(__file__).parents[2] / "vectors"
PINGS = Path(command.__file__).parent / "pings"

BECAME = """\
STUDY            DOCUMENT              STORED  REFUSED  FAILED  WHY, AND WHO CAME \
OR LEFT
rally-core       deletion-request.1         0        0       0  left 3
rally-core       demographics.1            61        0       0  -
rally-core       enrollment.1              63        0       0  joined 63
rally-core       study-enrollment.1        63        0       0  joined 63
rally-core       study-unenrollment.1       0        0       0  left 1
rally-core       uninstall-deletion.1       0        0       0  left 1
rally-demo-news  page-visit.1           2,400        3       5  decryption failed 1, \
invalid id 1, not encrypted 1, schema mismatch 2, before start 1, do not track 1, \
private browsing 1
rally-demo-news  study-enrollment.1        60        1       0  joined 60, country 1
rally-demo-news  unknown                    0        0       1  unknown document 1
rally-lab-study  deletion-request.1         0        0       0  left 1
rally-lab-study  measurements.1             1        1       0  automation 1
rally-lab-study  no-id.1                    0        0       1  invalid id 1
rally-lab-study  page-visit.1               1        0       0  -
rally-lab-study  study-enrollment.1         1        0       0  joined 1
study-bar        deletion-request.1         0        0       0  left 2
study-bar        pioneer-enrollment.1       1        0       2  schema mismatch 1, \
unreadable enrolment 1, joined 1
study-bar        test.1                     1        0       0  -
study-foo        test.1                     1        0       0  -
unknown          unknown                    0        0       3  unknown namespace 3
"""


LEAVING = """\
In the evening two of the made-up people leave: one the study, one Rally. The add-on of
the second loses what it should have told each study; this is all that arrives:

STUDY            DOCUMENT            STORED  REFUSED  FAILED  WHY, AND WHO CAME OR LEFT
rally-core       deletion-request.1       0        0       0  left 1
rally-demo-news  deletion-request.1       0        0       0  left 1

The day after, `rally compact` and `rally delete` run. Some real clients had left, too.

STUDY            ROWS BEFORE  OF WHO LEFT  ROWS AFTER  OF WHO LEFT
rally-core               187           11         176            0
rally-demo-news        2,460           82       2,378            0
rally-lab-study            3            3           0            0
study-bar                  2            2           0            0
study-foo                  1            0           1            0

Compacted: 2,653 rows, sorted by person, in buckets.
Deleted: 98 rows of 4 studies, and who left is refused from now on.
Verified: 2,555 rows read, in 9 files; no trace of who left.
All other rows are what they were.

What the one who left Rally may be told, by `rally receipts show`:

You left Rally on 22 November 2026 at 18:00 UTC.
"""

RETURNING = """`rally receipts verify` says: All receipts are there and true.

A day later, pages arrive that the two had read before they left. A study's extension
does not know that its person has left Rally, and goes on. And the one who left the
study joins it again, and reads on:

STUDY            DOCUMENT            STORED  REFUSED  FAILED  WHY, AND WHO CAME OR LEFT
rally-core       study-enrollment.1       1        0       0  joined 1
rally-demo-news  page-visit.1             0        6       4  left 4, withdrawn 6
rally-demo-news  study-enrollment.1       1        0       0  joined 1

`left` is parked: an enrolment may yet arrive. Hers did, and `rally delete` admits it;
so `rally replay --reason left` stores her pages. Of who left Rally nothing is stored.

STUDY            DOCUMENT      STORED  REFUSED  FAILED  WHY, AND WHO CAME OR LEFT
rally-demo-news  page-visit.1       3        0       1  left 1

"""


RELEASING = """\
$ rally releases show rally-demo-news reading-time
rally-demo-news/reading-time: For how long do people read news?

SECONDS     PEOPLE  PAGES
1 to 200    N ±5    N ±97
200 to 400  N ±5    N ±97
400 to 601  N ±5    N ±97

$ rally releases sign rally-demo-news reading-time --result=+ --by=privacy
rally-demo-news: reading-time, by author: For how long do people read news?
Signed. reading-time may leave: run `rally releases place rally-demo-news reading-time`.
"""


ENDING = """\
In spring the study ends, as its participants had been told, and is locked for analysis.
Somebody who leaves now has to wait for its conclusion:

STUDY            DOCUMENT            STORED  REFUSED  FAILED  WHY, AND WHO CAME OR LEFT
rally-demo-news  deletion-request.1       0        0       0  left 1

Withdrawals that wait for the conclusion: 1.

Two weeks later `rally studies conclude` is decided. `rally delete` settles who waited,
and `rally purge` takes all the rest of the study; and whatever else has had its time,
or has no enrolment:

STUDY            DOCUMENT            WHY GONE     OBJECTS   ROWS
rally-core       study-enrollment.1  concluded          2     58
rally-demo-news  (dead letters)      concluded          2      0
rally-demo-news  (withdrawal view)   concluded          1      0
rally-demo-news  page-visit.1        concluded          5  2,283
rally-demo-news  study-enrollment.1  concluded          2     58
rally-lab-study  (dead letters)      dead letter        1      0
study-bar        (dead letters)      dead letter        1      0
study-foo        test.1              unenrolled         1      1
unknown          (dead letters)      dead letter        2      0

Receipts of who had waited: 1.

In the next night the event log forgets the study, too, and its keys go:

Keys destroyed: rally-demo-news.keyset.json, pseudonym.rally-demo-news.keyset.json.

Three days later `rally audit` reads everything that is left, and all records:

"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Where the demo was, and what it showed."""
    out, shown = tmp_path_factory.mktemp("demo") / "out", io.StringIO()
    with redirect_stdout(shown):
        assert command.main([f"--out={out}"]) == 0
    return out, shown.getvalue()


def became(output: str) -> str:
    """The table of outcomes."""
    return output[output.index("STUDY  ") :].split("\n\n")[0] + "\n"


def test_demo_shows_what_became_of_every_ping(demo):
    out, shown = demo
    began, _, rest = shown.partition("\n\n")
    assert began.startswith("$ rally init ")
    assert "\nmade: withdrawal list 0\nmade: reviews, signed by registrar: " in began
    assert rest.startswith(f"2,677 encrypted pings, most of them made up, are in {out}")
    assert became(shown) == BECAME


def test_demo_makes_a_copy_of_who_leaves_rally_before(demo):
    """Her rows, of which the receipt tells later: 3 of Rally, 41 of the study."""
    out, shown = demo
    told = shown[shown.index("In the afternoon") : shown.index("In the evening")]
    assert "\nIt has 44 rows, all that is held of her. Look at " in told
    assert [line.split()[3] for line in told.splitlines() if line[:1] == "$"] == [
        "open", "verify", "approve", "export", "fetch",
    ]  # fmt: skip
    cases = out / "store/platform/cases"
    assert sorted(path.name for path in cases.glob("*/*[!k]")) == [
        "built.json", "destroyed.json", "fetched.json",
    ]  # fmt: skip
    rows = [path.read_text().splitlines() for path in out.glob("copy/data/*/*.jsonl")]
    assert sum(map(len, rows)) == 44
    assert (out / "copy/index.html").read_text().startswith("<!DOCTYPE html>")


@pytest.mark.skipif(not shutil.which("age"), reason="age is not installed")
def test_copy_of_the_demo_opens_with_the_tool_of_age(demo):
    folder = demo[0] / "copy"
    opened = subprocess.run(
        ["age", "--decrypt", "-i", folder / "key.txt", folder / "copy.zip.age"],
        capture_output=True,
        check=True,
    )
    assert zipfile.ZipFile(io.BytesIO(opened.stdout)).testzip() is None


def test_demo_tells_of_who_left_and_who_came_back(demo):
    _, shown = demo
    assert shown[shown.index("In the evening") :].startswith(LEAVING)
    assert shown[shown.index("`rally receipts verify`") :].startswith(RETURNING)


def test_demo_shows_the_receipt_of_who_left_rally(demo):
    _, shown = demo
    receipt = shown.partition("You left Rally")[2].partition("`rally receipts")[0]
    told = " ".join(receipt.split())
    read = (
        "On 23 November 2026 at 13:00 UTC we read again all that is stored, and"
        " found nothing of yours from before you left."
    )
    for study, records in (
        ("Rally", "3 records of yours were deleted."),
        ("Demo News", "41 records of yours were deleted."),
        (
            "Lab Study, Pioneer v2 study-bar and Pioneer v2 study-foo",
            "No records of yours were found.",
        ),
    ):
        assert f"{study}: {records} {read}" in told
    assert told.endswith("If you ask us about this, please quote receipt 10.")


def test_demo_ends_with_the_conclusion_and_an_audit_that_is_kept(demo):
    out, shown = demo
    ending = shown[shown.index("In spring") :]
    assert ending.startswith(ENDING)
    checks = ending[len(ENDING) :].partition("\n\n")[0].splitlines()[1:]
    assert [line.split()[:3] for line in checks] == [
        [check, "kept", "0"] for check in Check
    ]
    assert (
        f"The same as a page to look at, offline: {out}/audit.html\n\n"
        f"Everything is in {out}\n\nA second platform goes on"
    ) in ending
    page = (out / "audit.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert f"{len(Check)} of {len(Check)} promises are kept" in page


def test_demo_releases_a_table_before_the_study_is_concluded(demo):
    out, shown = demo
    told = re.sub(r"[\d,]+ ±(\d+) *( |$)", r"N ±\1\2", shown, flags=re.M)
    told = re.sub(r"N ±5 N", "N ±5    N", told)
    assert RELEASING in told
    assert shown.index("releases show") < shown.index("In spring")
    with (out / f"releases/study={NEWS}/reading-time/table.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["seconds"] for row in rows] == ["1 to 200", "200 to 400", "400 to 601"]
    for row in rows:  # of 58 people who have read 40 pages each, a third in each group
        assert int(row["people"]) == pytest.approx(58, abs=6 * 2.5)
        assert int(row["pages"]) == pytest.approx(58 * 40 / 3, abs=6 * 49 + 60)


def test_demo_leaves_nothing_of_the_study_and_all_of_others(demo):
    out, _ = demo
    scene = Scene(*(out / name for name in Scene._fields))
    ledger = Ledger(scene, "2027-04-23T12:00:00Z")
    rows = ledger.rows()
    of_study = Counter(row.study for row in rows)
    # Enrolments in Rally, demographics, and enrolments in the real clients' studies.
    # Not the one in study-bar: it is the very ciphertext of a withdrawal before it.
    assert of_study == {"rally-core": 118}
    assert ledger.of_who_left(rows) == set()
    left = [path for path in out.glob("store/**/[!.]*") if path.is_file()]
    release = out / f"store/platform/releases/study={NEWS}/reading-time.json"
    assert [path for path in left if NEWS in str(path)] == [release]
    assert [path for path in out.glob("keys/**/*") if NEWS in path.name] == []


def test_demo_without_an_emulator_says_how_to_start_it(monkeypatch, capsys):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    assert command.main(["--streaming"]) == 2
    assert capsys.readouterr().err == (
        "rally: --streaming needs the Pub/Sub emulator: run `gcloud beta emulators"
        " pubsub start --host-port=127.0.0.1:8085` and set"
        " PUBSUB_EMULATOR_HOST=127.0.0.1:8085\n"
    )


def test_demo_leaves_what_is_there_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("all of it")
    assert command.main([f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err == (
        f"rally: --out {tmp_path}: is not empty; name a new folder\n"
    )
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_demo_sends_the_real_pings_of_the_vectors():
    bodies = {
        json.loads(line)["payload"]
        for file in ("glean.ndjson", "pioneer.ndjson")
        for line in (PINGS / file).read_text().splitlines()
    }
    real = {
        json.loads(file.read_text())["data"]
        for file in VECTORS.glob("glean/glean-1.4.0/*/*.pubsub.json")
    }
    assert len(real) == 12
    assert real < bodies
