"""`rally rows`: rows on a terminal alone, kept tables, and the data dictionary."""

import io
import json
from contextlib import redirect_stdout

import duckdb
import pytest

from pipelines import cli
from rally.registry.registry import Registry
from rally.storage.marker import NAME
from rally.storage.objectstore.open_store import open_store
from tests.rally.compaction.memory_study import STUDY, MemoryStudy, Row, load_registry
from tests.rally.dataset.views import KEY, publish_view
from tests.support.stores import mark_derived, mark_stores

ROWS = [Row(0, 1, 0, 5, "a"), Row(5, 2, 1, 6, "b"), Row(15, 3, 2, 7, "=c")]


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


class Desk:
    """A researcher of a study of three people, of whom the second left."""

    def __init__(self, folder):
        self.folder, self.tables = folder, folder / "tables"
        stores = mark_stores(folder / "store", folder / "platform")
        self.study = MemoryStudy(self._load_registry(), stores)
        self.files = self.study.add(*ROWS)
        publish_view(stores)
        (folder / "view_key.json").write_text(KEY.public)
        self.tables.mkdir()
        mark_derived(self.tables, STUDY, stores.platform)

    def _load_registry(self):
        studies = self.folder / "studies"
        load_registry(studies)
        with (studies / STUDY / "study.yaml").open("a") as file:
            file.write(f"derived: [{self.tables}]\n")
        return Registry.load(str(studies))

    @property
    def options(self):
        return [
            f"--studies={self.folder / 'studies'}",
            f"--store={self.folder / 'store'}",
            f"--view_key={self.folder / 'view_key.json'}",
        ]

    def run(self, *words, screen=None):
        """Runs the command; returns its status and what a terminal shows."""
        screen = screen or Screen()
        with redirect_stdout(screen):
            status = cli.main(["rows", STUDY, *words, *self.options])
        return status, screen.getvalue()

    def parts(self):
        return sorted(
            each.name for each in open_store(str(self.tables)).list()
            if each.name != NAME
        )  # fmt: skip


@pytest.fixture
def desk(tmp_path):
    return Desk(tmp_path)


def test_terminal_shows_rows_of_those_who_stay(desk, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    words = ["visit.1", "--columns=submission_timestamp,page"]

    assert desk.run(*words) == (
        0,
        "rally-grove visit.1: 2 rows\n\n"
        "submission_timestamp  page\n"
        "2026-05-18T00:00:05Z  a\n"
        "2026-05-20T00:00:07Z  =c\n",
    )
    assert desk.run(*words, "--limit=1", "--since=2026-05-19")[1].startswith(
        "rally-grove visit.1: 1 row; --limit shows more\n"
    )


def test_options_that_cannot_be_are_told_all_at_once(desk, capsys):
    assert desk.run("visit.1", "--columns=page,page,x", "--since=2026-05-20",
                    "--until=2026-05-19") == (2, "")  # fmt: skip
    assert capsys.readouterr().err == (
        "rally: page: is named twice in columns\n"
        "rally: x: is no column; `rally rows --describe` lists them\n"
        "rally: since: 2026-05-20 is after until, 2026-05-19\n"
    )
    assert desk.run("visit.1", "--columns=,") == (2, "")
    assert capsys.readouterr().err == (
        "rally: columns: names none; leave it out, and all are read\n"
    )


def test_rows_leave_by_no_pipe(desk, capsys):
    assert desk.run("visit.1", screen=io.StringIO()) == (2, "")
    assert capsys.readouterr().err == (
        "rally: standard output: is no terminal, and rows do not leave by a pipe or a"
        " file; keep them by --out, in a folder that `derived:` registers\n"
    )


def test_all_that_is_wrong_is_told_at_once(desk, capsys):
    given = ["rows", STUDY, "--describe", "--out=x", "--columns=page"]

    assert cli.main(given) == 2
    assert capsys.readouterr() == (
        "",
        "rally: --describe, --out: are too many; give one of them\n"
        "rally: --columns: is for the terminal; a kept table has all columns, of which"
        " its readers choose\n",
    )
    assert cli.main(["rows", STUDY, "--out=x"]) == 2
    assert capsys.readouterr().err == (
        "rally: --store is required; see --help\n"
        "rally: --view_key is required; see --help\n"
    )


def test_kept_table_is_only_where_the_study_registers_it(desk, capsys):
    assert desk.run(f"--out={desk.folder / 'mine'}")[0] == 2
    assert "/mine is no folder of rally-grove's tables; `derived:`" in (
        capsys.readouterr().err
    )
    (desk.tables / NAME).unlink()
    assert desk.run(f"--out={desk.tables}")[0] == 2
    assert "is not a folder of researchers' tables" in capsys.readouterr().err
    assert desk.parts() == []


@pytest.mark.parametrize("format", ["parquet", "csv", "jsonl"])
def test_kept_table_has_the_rows_that_may_be_read(desk, format):
    status, shown = desk.run("visit.1", f"--out={desk.tables}", f"--format={format}")

    assert (status, shown) == (
        0, f"rally-grove visit.1: 3 parts written, 0 removed; {desk.tables}\n"
    )  # fmt: skip
    glob = desk.tables / "document=visit.1" / "*" / f"*.{format}"
    found = duckdb.sql(f"SELECT page FROM '{glob}' ORDER BY date").fetchall()
    assert found == [("a",), ("'=c" if format == "csv" else "=c",)]


def test_missing_parts_are_written_and_stale_ones_removed(desk):
    out = f"--out={desk.tables}"
    desk.run("visit.1", out)
    before = desk.parts()
    desk.study.add(Row(1, 4, 1, 8, "d"))
    store = desk.study.store
    store.delete(*store.stat(desk.files[0])[::2])
    (desk.tables / "mine.parquet").write_text("a researcher's own")

    assert desk.run("visit.1", out)[1].startswith(
        "rally-grove visit.1: 3 parts written, 3 removed; "
    )
    assert desk.parts()[-1] == "mine.parquet"
    assert not set(before) & set(desk.parts())
    assert desk.run("visit.1", out)[1].startswith(
        "rally-grove visit.1: 0 parts written, 0 removed; "
    )


def test_dictionary_says_what_each_column_is(desk, capsys):
    given = ["rows", STUDY, "visit.1", "--describe", desk.options[0]]

    assert cli.main(given) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == ["## rally-grove visit.1", "", "trees"]
    assert lines[-2:] == [
        "| `id` | string | A field of a test | 1 | A test |  |",
        "| `page` | string | A field of a test | 1 | A test |  |",
    ]
    assert cli.main([*given, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["visit.1"][-1] == {
        "column": "page",
        "type": "string",
        "words": "A field of a test",
        "category": 1,
        "purpose": "A test",
        "expires": None,
        "identifier": False,
    }
