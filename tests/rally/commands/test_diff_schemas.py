"""`rally studies diff` says in words what a schema adds, and what speaks against it."""

import json
import shutil

import pytest

from rally.commands import studies
from rally.errors import ConfigurationError, faults_of
from rally.parser import Parser
from rally.registry.registry import Registry
from tests.support.world import GARDEN, POND, write_studies


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "studies"
    write_studies(folder)
    return folder


@pytest.fixture
def diff(folder, capsys):
    """Types the command; its status and output."""

    def run(*words):
        parser = Parser("rally")
        studies.COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(["studies", "diff", *words, f"--studies={folder}"])
        status = args.handler(args)
        out, errors = capsys.readouterr()
        assert errors == ""
        return status, out

    return run


@pytest.fixture
def draft(folder, tmp_path):
    """Writes what the next schema of the garden's visits could be."""

    def write(change):
        schema = json.loads((folder / GARDEN / "visit.1.avsc").read_text())
        change(schema["fields"])
        path = tmp_path / "draft.avsc"
        path.write_text(json.dumps(schema))
        return str(path)

    return write


def field(name, type_, **more):
    return {"name": name, "type": type_, "doc": "d", "purpose": "p", **more}


def prefix(folder, namespace=GARDEN, document="visit.1"):
    study = Registry.load(str(folder)).studies[namespace]
    return study.documents[document].schema.fingerprint[:12]


def test_differences_are_a_table_and_a_conclusion(diff, draft, folder):
    def change(fields):
        fields[2]["type"] = "double"
        fields.append(field("place", ["null", "string"], category=4, default=None))

    status, out = diff(GARDEN, "visit.1", draft(change))
    title, _, head, *rows = out.splitlines()
    assert status == 0
    assert title.startswith(f"visit.1:1 ({prefix(folder)}) -> /")
    assert head.split() == ["KIND", "PATH", "WAS", "NOW"]
    assert rows == [
        "widens  /count  long  double",
        "adds    /place  -     string, category 4",
        "",
        "not incremental: /place is new and of category 4; the highest was"
        f" {highest(folder)}",
    ]


def highest(folder):
    study = Registry.load(str(folder)).studies[GARDEN]
    return max(each.category for each in study.documents["visit.1"].schema.fields)


def test_incompatible_schema_is_status_1(diff, draft):
    def change(fields):
        fields.append(field("place", "string", category=1))

    status, out = diff(GARDEN, "visit.1", draft(change))
    assert status == 1
    assert out.splitlines()[-2:] == [
        "incremental: no higher category, no new identifier, no later expiry; a review"
        " approves what it adds",
        "not compatible: /place: is new and has no default; older rows need one, such"
        ' as null of ["null", …]',
    ]


@pytest.mark.parametrize("old", ["visit.1", "visit.1:1", "1", "prefix"])
def test_schema_is_named_in_several_ways(diff, folder, old):
    old = prefix(folder) if old == "prefix" else old
    status, out = diff(GARDEN, old, "visit.1")
    name = f"visit.1:1 ({prefix(folder)})"
    assert (status, out.splitlines()) == (
        0,
        [f"{name} -> {name}", "", "nothing differs that a review approves"],
    )


def test_revisions_are_numbered_from_the_oldest(diff, draft, folder, tmp_path):
    older = folder / POND / "revisions/visit.1/1.avsc"
    older.parent.mkdir(parents=True)
    newest = json.loads((folder / POND / "visit.1.avsc").read_text())
    without = {**newest, "fields": newest["fields"][:-1]}
    older.write_text(json.dumps(without))
    try:
        said = [diff(POND, *names) for names in (("1", "2"), ("visit.1:1", "visit.1"))]
        _, back = diff(POND, "visit.1", "1")
        with pytest.raises(ConfigurationError, match="has revisions 1 to 2"):
            diff(POND, "3", "1")
    finally:
        shutil.rmtree(folder / POND / "revisions")
    assert said[0] == said[1]
    status, out = said[0]
    assert status == 0
    assert [line.split()[:2] for line in out.splitlines()[3:5]] == [
        ["adds", "/parts/*/kind"],
        ["adds", "/parts/*/size"],
    ]
    assert "removes  /parts/*/kind" in back


def test_json_has_all_that_people_are_told(diff, draft, folder):
    new = draft(lambda fields: fields.pop())
    status, out = diff(GARDEN, prefix(folder), new, "--json")
    told = json.loads(out)
    assert (status, out.count("\n")) == (0, 1)
    assert told["old"][:12] == prefix(folder)
    assert told["scope"] == "narrowing"
    assert told["incremental"] is True
    assert [(each["kind"], each["path"]) for each in told["changes"]] == [
        ("removes", "/parts/*/kind"),
        ("removes", "/parts/*/size"),
    ]
    assert told["excesses"] == told["faults"] == []


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (("nobody", "1", "2"), "nobody: no study of"),
        ((GARDEN, "visit.1:2", "visit.1"), "2: visit.1 has revisions 1 to 1"),
        ((GARDEN, "visit.1:x", "visit.1"), "x: visit.1 has revisions 1 to 1"),
        ((GARDEN, "walk.1", "visit.1"), "walk.1: is no schema of rally-garden; write"),
        ((GARDEN, "000000000000", "1"), "000000000000: is no schema of rally-garden"),
        ((GARDEN, "1", "2"), "1: is of which document? write a document such as"),
        ((POND, "1", "2"), "2: visit.1 has revisions 1 to 1"),
        ((GARDEN, "visit.1", "nowhere.avsc"), "nowhere.avsc: No such file"),
    ],
)
def test_what_is_no_schema_is_one_line(diff, words, fault):
    with pytest.raises(ConfigurationError) as caught:
        diff(*words)
    (said,) = faults_of(caught.value)
    assert said.startswith(fault)
