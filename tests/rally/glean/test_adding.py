import json

import pytest

from rally.commands.studies import COMMAND
from rally.errors import ConfigurationError, faults_of
from rally.glean.kept_words import keep_words, leaves, open_fields
from rally.glean.schema_text import schema_text
from rally.names import NAMESPACE_RULE
from rally.parser import Parser
from rally.plain_yaml import read_yaml
from tests.rally.glean.conftest import DEFINITIONS
from tests.rally.glean.test_reading import (
    METRICS,
    OCCASIONS,
    PINGS,
    SENT,
    VISIT,
    metric,
    page,
)


@pytest.fixture
def rally(capsys, tmp_path):
    """Runs `rally studies …`; gives the status and the lines that it says."""

    def run(*words):
        parser = Parser("rally")
        COMMAND.add_to(parser.add_subparsers(), "rally")
        args = parser.parse_args(["studies", *map(str, words)])
        capsys.readouterr()
        try:
            status = args.handler(args)
            said = capsys.readouterr().out.splitlines()
        except ConfigurationError as error:
            status, said = 2, faults_of(error)
        return status, [each.replace(f"{tmp_path}/", "") for each in said]

    return run


@pytest.fixture
def studies(rally, tmp_path):
    """A registry with a new study."""
    folder = tmp_path / "studies"
    folder.mkdir()
    assert rally("new", "rally-birds", "--studies", folder)[0] == 0
    return folder


@pytest.fixture
def add(rally, studies, tmp_path):
    """Adds definitions of a page; gives the status and what is said."""

    def run(metrics, pings=VISIT):
        files = {"metrics": METRICS + metrics, "pings": PINGS + pings}
        for name, text in files.items():
            (tmp_path / f"{name}.yaml").write_text(text)
        given = (f"--{name}={tmp_path / name}.yaml" for name in files)
        return rally("add", "rally-birds", "--studies", studies, *given)

    return run


def contents(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def complete(path):
    """Writes what is open in a schema, as a person does."""
    text = path.read_text().replace('"category": "TODO"', '"category": 2')
    path.write_text(text.replace('"purpose": "TODO"', '"purpose": "To see"'))


def test_new_study_has_what_clients_join_and_leave_by(studies):
    files = contents(studies)
    assert list(files) == [
        *("rally-birds/deletion-request.1.avsc", "rally-birds/study-enrollment.1.avsc"),
        "rally-birds/study.yaml",
    ]
    for name in list(files)[:2]:
        schema = json.loads(files[name])
        assert files[name] == schema_text(schema)
        assert not open_fields(schema)
        assert schema["participant"] == "/metrics/uuid/rally.id"


def test_new_study_takes_no_name_or_folder_that_is_taken(rally, studies):
    before = contents(studies)
    taken = "is there; add to it by `rally studies add rally-birds`"
    for name, folder, told in (
        ("rally-birds", studies, f"studies/rally-birds: {taken}"),
        ("Birds", studies, NAMESPACE_RULE),
        ("platform", studies, NAMESPACE_RULE),
        ("a", "gs://b/studies", "--studies: must be a folder of this machine here"),
    ):
        assert rally("new", name, "--studies", folder) == (2, [told])
    assert contents(studies) == before


def test_documents_are_added_and_the_rest_of_the_file_stays(studies, add):
    file = studies / "rally-birds" / "study.yaml"
    before = file.read_text()
    assert add(page(metric(), metric("width", data_sensitivity="[interaction]"))) == (
        0,
        [
            "visit.1: new (40 fields, 2 of them open)",
            "Next: write what says TODO in the schemas, then `rally studies check`.",
        ],
    )
    assert (
        file.read_text() == before + "  visit.1:\n    means: data\n    purpose: TODO\n"
    )
    schema = json.loads((studies / "rally-birds" / "visit.1.avsc").read_text())
    said = dict(leaves(schema))
    assert said["/metrics/boolean/page.width"] == {
        "name": "page_width",
        "json": "page.width",
        "doc": "How far",
        "category": 2,
        "purpose": "TODO",
        "type": ["null", "boolean"],
        "default": None,
    }
    assert open_fields(schema) == [
        *("/metrics/boolean/page.depth", "/metrics/boolean/page.width")
    ]


def test_the_same_definitions_change_nothing(studies, add):
    add(page(metric()))
    before = contents(studies)
    assert add(page(metric())) == (
        0,
        ["visit.1: unchanged (39 fields, 1 of them open)", "Nothing changed."],
    )
    assert contents(studies) == before


def test_changed_definitions_make_the_next_revision_of_a_complete_schema(studies, add):
    add(page(metric()))
    path = studies / "rally-birds" / "visit.1.avsc"
    complete(path)
    first = path.read_text()
    status, said = add(page(metric(), metric("width", more="    disabled: false\n")))
    assert (status, said[:2]) == (
        0,
        [
            "visit.1: next revision 2 (40 fields, 1 of them open)",
            "  adds /metrics/boolean/page.width",
        ],
    )
    revisions = studies / "rally-birds" / "revisions" / "visit.1"
    assert contents(revisions) == {"1.avsc": first}
    second = dict(leaves(json.loads(path.read_text())))
    assert second["/metrics/boolean/page.depth"]["purpose"] == "To see"
    assert second["/metrics/boolean/page.width"]["purpose"] == "TODO"
    # What is open was approved by nobody: it is replaced, and is no revision.
    status, said = add(page(metric("length")))
    assert said[:3] == [
        "visit.1: replaced, since something was open (39 fields, 1 of them open)",
        "  adds /metrics/boolean/page.length",
        "  removes /metrics/boolean/page.depth",
    ]
    assert contents(revisions) == {"1.avsc": first}
    complete(path)
    status, said = add(page(metric()))
    assert said[0] == "visit.1: next revision 3 (39 fields, 1 of them open)"
    assert list(contents(revisions)) == ["1.avsc", "2.avsc"]


def test_better_words_alone_are_no_revision(studies, add):
    add(page(metric()))
    path = studies / "rally-birds" / "visit.1.avsc"
    complete(path)
    status, said = add(page(metric(description="How far people read")))
    assert (status, said) == (0, ["visit.1: words changed (39 fields)"])
    assert not (studies / "rally-birds" / "revisions").exists()
    assert "How far people read" in path.read_text()
    assert '"purpose": "To see"' in path.read_text()


def test_a_killed_addition_is_made_again_without_a_revision_twice(studies, add):
    add(page(metric()))
    path = studies / "rally-birds" / "visit.1.avsc"
    complete(path)
    kept = studies / "rally-birds" / "revisions" / "visit.1" / "1.avsc"
    kept.parent.mkdir(parents=True)
    kept.write_text(path.read_text())  # all that was written before the kill
    _, said = add(page(metric("width")))
    assert said[0] == "visit.1: next revision 2 (39 fields, 1 of them open)"
    assert list(contents(kept.parent)) == ["1.avsc"]


def test_nothing_is_written_when_there_is_a_fault(studies, add):
    before = contents(studies)
    status, said = add(page(metric(), metric("width", send_in_pings="[visits]")))
    assert (status, said) == (
        2,
        ["metrics.yaml: line 24: page.width: is sent in visits, which no file defines"],
    )
    assert contents(studies) == before
    (studies / "rally-birds" / "visit.1.avsc").write_text("{")
    (studies / "rally-birds" / "study.yaml").write_text("documents: [a]\n")
    before = contents(studies)
    status, said = add(page(metric()))
    assert (status, said) == (
        2,
        [
            "studies/rally-birds/visit.1.avsc: is not JSON; correct or remove it",
            "studies/rally-birds/study.yaml: documents: must be a mapping of"
            " names to values",
        ],
    )
    assert contents(studies) == before


def test_a_study_that_is_not_there_is_told_how_to_make(studies, add, tmp_path):
    (studies / "rally-birds" / "study.yaml").unlink()
    status, said = add(page(metric()))
    assert (status, said) == (
        2,
        [
            "studies/rally-birds/study.yaml: is missing; make the study by `rally"
            " studies new rally-birds`"
        ],
    )


def test_document_says_when_it_is_sent(studies, add):
    assert add(page(metric()), OCCASIONS)[0] == 0
    documents = read_yaml("", (studies / "rally-birds" / "study.yaml").read_bytes())
    assert documents.value["documents"]["visit.1"] == {
        "means": "data",
        "purpose": "TODO",
        "sent": SENT,
    }


VISIT_ENTRY = "  visit.1:\n    means: data\n    purpose: TODO\n"
WIDE = "documents: # all\n    a.1:\n        means: data\n"
WRITTEN = {
    "none": ("name: Birds\n", f"name: Birds\ndocuments:\n{VISIT_ENTRY}"),
    "empty": (
        "documents: {}\nname: Birds\n",
        f"documents:\n{VISIT_ENTRY}name: Birds\n",
    ),
    "wide": (
        f"{WIDE}    # the last\n\nname: Birds\n",
        f"{WIDE}{VISIT_ENTRY.replace('  ', '    ')}    # the last\n\nname: Birds\n",
    ),
}


@pytest.mark.parametrize("name", WRITTEN)
def test_documents_are_added_in_the_way_the_file_is_written(studies, add, name):
    before, after = WRITTEN[name]
    file = studies / "rally-birds" / "study.yaml"
    file.write_text(before)
    assert add(page(metric()))[0] == 0
    assert file.read_text() == after


def test_a_file_that_is_written_otherwise_is_left_to_its_author(studies, add):
    file = studies / "rally-birds" / "study.yaml"
    file.write_text("documents: {a.1: {means: data}}\n")
    status, said = add(page(metric()))
    assert (status, said) == (
        2,
        [
            "studies/rally-birds/study.yaml: documents: cannot be added to as it"
            " is written; add visit.1 by hand, each with means and purpose, and run"
            " this again"
        ],
    )


def test_words_that_people_wrote_stay_and_none_is_loosened():
    def schema(**says):
        field = {"name": "a", "doc": "x", "type": "string", **says}
        return {"type": "record", "name": "R", "fields": [field]}

    def kept(old, new):
        (field,) = keep_words(schema(**old), schema(**new))["fields"]
        return {name: field[name] for name in field if name not in ("name", "type")}

    written = {"category": 3, "purpose": "p", "benefit": "b", "identifier": True}
    opened = {"category": "TODO", "purpose": "TODO"}
    assert kept(written, opened) == {"doc": "x", **written}
    assert kept(opened, written) == {"doc": "x", **written}
    stricter = {"category": 4, "purpose": "q"}
    assert kept(written, stricter) == {"doc": "x", **written, **stricter}
    looser = {"category": 1, "purpose": "q"}
    assert kept(written, looser)["category"] == 3
    assert list(kept(written, opened)) == [
        *("doc", "category", "purpose", "benefit", "identifier")
    ]


def test_what_is_added_is_what_the_registry_takes(rally, studies):
    lab = DEFINITIONS / "lab"
    files = (f"--metrics={lab}/metrics.yaml", f"--pings={lab}/pings.yaml")
    assert rally("add", "rally-birds", "--studies", studies, *files)[0] == 0
    first = contents(studies)
    assert rally("add", "rally-birds", "--studies", studies, *files)[0] == 0
    assert contents(studies) == first
    status, said = rally("check", "--studies", studies)
    assert status == 2
    told = "\n".join(said)
    assert "documents.page-visit.1.purpose: is still open" in told
    assert "/metrics/url/lab.page_url.purpose: is still open" in told
    assert "name: is still open; write it in the place of TODO" in told
    for path in (studies / "rally-birds").glob("*.avsc"):
        complete(path)
    assert ".avsc" not in "\n".join(rally("check", "--studies", studies)[1])


def test_a_revision_that_readers_could_not_read_with_the_others_is_a_fault(
    studies, add
):
    def read(kind):
        structure = f"{{type: object, properties: {{a: {{type: {kind}}}}}}}"
        return page(metric(type="object", structure=structure))

    add(read("string"))
    path = studies / "rally-birds" / "visit.1.avsc"
    complete(path)
    before = contents(studies)
    status, said = add(read("number"))
    assert (status, len(said)) == (2, 1)
    at = "studies/rally-birds/visit.1.avsc: /metrics/object/page.depth/a"
    assert said[0].startswith(f"{at}: was string of at most")
    assert contents(studies) == before
