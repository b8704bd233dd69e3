"""docs/research.md, typed in as it stands, and what a researcher sees."""

import io
import json
import re
import shlex
from contextlib import redirect_stdout

import pytest

from pipelines import cli
from rally.dataset.decoders import make_decoder
from rally.dataset.dictionary import name_type
from rally.dataset.names import name_columns, typed_leaves
from rally.registry.registry import Registry
from rally.validation.avro_schema import read_schema
from tests.rally.compaction.memory_study import STUDY, MemoryStudy, Row, load_registry
from tests.rally.dataset.views import KEY, publish_view
from tests.rally.glean.conftest import definitions_of, schemas_of
from tests.support.named_tests import ROOT
from tests.support.stores import mark_derived, mark_stores

PAGE = (ROOT / "docs" / "research.md").read_text()
TABLES = "/srv/tables/grove"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ROWS = [
    Row(0, 1, 0, 5, "oak"),
    Row(0, 2, 1, 6, "elm"),
    Row(5, 3, 1, 7, "oak"),
    Row(15, 4, 1, 8, "elm"),
]


WORDS = {
    "id": {"doc": "The same pseudonym", "purpose": "To bring a person's rows together"},
    "page": {"doc": "Tree whose page was read", "purpose": "Which trees people know"},
}


class Screen(io.StringIO):
    """A terminal."""

    def isatty(self):
        return True


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """The folder of a researcher of a study that one of three people has left."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    stores = mark_stores(tmp_path / "store", tmp_path / "platform")
    tables = tmp_path / "tables"
    load_registry(tmp_path / "studies")
    describe(tmp_path / "studies" / STUDY, tables)
    study = MemoryStudy(Registry.load("studies"), stores)
    study.add(*ROWS)
    publish_view(stores)
    (tmp_path / "view_key.json").write_text(KEY.public)
    tables.mkdir()
    mark_derived(tables, STUDY, stores.platform)
    return tmp_path


def describe(study, tables):
    """Registers the folder of tables, and says what the fields are."""
    with (study / "study.yaml").open("a") as file:
        file.write(f"derived: [{tables}]\n")
    schema = json.loads((study / "visit.1.avsc").read_text())
    for field in schema["fields"]:
        field |= WORDS[field["name"]]
    (study / "visit.1.avsc").write_text(json.dumps(schema))


def blocks():
    """Commands and programs of the page, each with what is shown after it."""
    found = BLOCK.findall(PAGE)
    for (kind, text), (after, shown) in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "console":
            for step in text.replace("\\\n", "").split("$ ")[1:]:
                command, _, output = step.partition("\n")
                yield command, output
        if kind == "python":
            yield text, shown if after == "text" else ""


def typed(text):
    if text.startswith("rally "):
        assert cli.main(shlex.split(text)[1:]) == 0
    else:
        exec(text, {})  # the page is ours


def test_page_is_what_a_researcher_sees(desk):
    wrong = []
    for text, expected in blocks():
        screen = Screen()
        with redirect_stdout(screen):
            typed(text.replace(TABLES, str(desk / "tables")))
        shown = screen.getvalue().replace(str(desk / "tables"), TABLES)
        lines = [each.rstrip() for each in shown.strip().splitlines()]
        if lines != [each.rstrip() for each in expected.strip().splitlines()]:
            wrong.append((text, shown, expected))
    assert wrong == [], "\n".join(f"{each[0]}\n{each[1]}" for each in wrong)


def test_table_of_glean_types_is_what_columns_are_called():
    type_ = read_schema(schemas_of(definitions_of("kinds"))["everything"])
    types = dict(typed_leaves(type_))
    made = dict[str, dict[str, None]]()
    for path, name in name_columns([type_]).items():
        if path[0] == "metrics" and path[1] != "object":
            inside = name.removeprefix(path[2])
            short = name_type(make_decoder(types[path]).type)
            made.setdefault(path[1], {})[f"`page_load{inside}` {short}"] = None
    said = dict[str, str]()
    for kinds, columns in re.findall(r"^\| (`.*`) \| (`page_load.*) \|$", PAGE, re.M):
        said |= dict.fromkeys(re.findall(r"`(\w+)`", kinds), columns)
    assert said == {kind: "; ".join(columns) for kind, columns in made.items()}
