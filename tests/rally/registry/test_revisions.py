"""A document's schemas under one version: which files they are, and their rules."""

import json
from copy import deepcopy

import pytest

from rally.errors import ConfigurationError, faults_of
from rally.registry import folder as folder_module
from rally.registry.registry import Registry
from tests.rally.registry.conftest import VISIT
from tests.support.schemas import described

OLD = deepcopy(VISIT)
OLDER = {**OLD, "fields": [*OLD["fields"], {"name": "tab", "type": "int"}]}
NEW = {
    **OLD,
    "fields": [
        *OLD["fields"],
        {"name": "page", "type": ["null", "long"], "default": None},
    ],
}
AT = "rally-x/revisions/visit.1"


def revise(folder, *older, newest=NEW):
    """Lays older revisions beside the newest, the first one first."""
    folder.schemas["visit.1"] = newest
    for number, schema in enumerate(older, 1):
        folder.texts[f"{AT}/{number}.avsc"] = json.dumps(described(schema))


def faults(folder):
    uri = folder.write()
    with pytest.raises(ConfigurationError) as caught:
        Registry.load(uri)
    return [each.replace(uri, "schemas") for each in faults_of(caught.value)]


def names(schema):
    return [field["name"] for field in schema.json["fields"]]


def test_a_document_has_all_revisions_the_newest_first(folder):
    revise(folder, OLDER, OLD)
    document = folder.load().studies["rally-x"].documents["visit.1"]
    assert [names(each)[2:] for each in document.revisions] == [["page"], [], ["tab"]]
    assert document.schema is document.revisions[0]
    assert len({each.fingerprint for each in document.revisions}) == 3


def test_a_document_without_older_revisions_has_one(folder):
    document = folder.load().studies["rally-x"].documents["visit.1"]
    assert document.revisions == (document.schema,)


def test_a_schema_that_came_back_is_one_revision(folder):
    revise(folder, NEW, OLD, NEW)
    document = folder.load().studies["rally-x"].documents["visit.1"]
    assert [names(each)[2:] for each in document.revisions] == [["page"], []]


def test_ten_revisions_come_in_the_order_of_their_numbers(folder):
    def with_field(number):
        return described(OLD, purpose=f"purpose {number}")

    revise(folder, *map(with_field, range(1, 12)), newest=with_field(12))
    document = folder.load().studies["rally-x"].documents["visit.1"]
    purposes = [each.fields[-1].purpose for each in document.revisions]
    assert purposes == [f"purpose {number}" for number in range(12, 0, -1)]


@pytest.mark.parametrize(
    "name",
    ["0.avsc", "01.avsc", "x.avsc", "../survey.1/1.avsc", "../1.avsc"],
)
def test_a_schema_of_no_revision_is_told(folder, name):
    path = f"{AT}/{name}".replace("visit.1/../", "")
    folder.texts[path] = json.dumps(described(OLD))
    assert folder.error() == (
        f"schemas/{path}: is no revision of a document of study.yaml; name it"
        " revisions/<document>/<number>.avsc or remove it"
    )


def test_a_gap_in_the_numbers_is_told(folder):
    revise(folder, OLDER, OLD)
    del folder.texts[f"{AT}/1.avsc"]
    assert folder.error() == (
        f"schemas/{AT}/1.avsc: is missing; revisions are numbered from 1 on without a"
        " gap"
    )


def test_too_many_revisions_are_told(folder, monkeypatch):
    monkeypatch.setattr(folder_module, "_MOST_REVISIONS", 1)
    revise(folder, OLDER, OLD)
    assert "has more than 1 older revisions" in folder.error()


def test_faults_of_all_revisions_are_told_at_once(folder):
    nameless = {**OLD, "fields": OLD["fields"][1:]}
    revise(folder, nameless, OLD)
    folder.texts[f"{AT}/2.avsc"] = "{"
    folder.texts[f"{AT}/3.avsc"] = "[]"
    told = faults(folder)
    assert [each.partition(": ")[0] for each in told] == [
        f"schemas/{AT}/3.avsc",
        f"schemas/{AT}/2.avsc",
    ]
    revise(folder, nameless, OLD, OLDER)
    assert faults(folder) == [
        f"schemas/{AT}/1.avsc: participant: /metrics/uuid/rally.id is no string of this"
        " schema; correct either"
    ]


@pytest.mark.parametrize(
    ("newest", "fault"),
    [
        (
            {**OLD, "fields": [*OLD["fields"], {"name": "tab", "type": "string"}]},
            "/tab: was int and is string; keep its type, widen it as Avro allows, or"
            " make a new version of the document",
        ),
        (
            {**OLD, "fields": [*OLD["fields"], {"name": "page", "type": "long"}]},
            "/page: is new and has no default; older rows need one, such as null of"
            ' ["null", …]',
        ),
    ],
    ids=["another type", "no default"],
)
def test_a_revision_that_readers_could_not_join_to_an_older_one_is_told(
    folder, newest, fault
):
    """The newest is held against each: a field may have gone and come back."""
    revise(folder, OLDER, OLD, newest=newest)
    told = f"schemas/rally-x/visit.1.avsc: {fault} (schemas/{AT}/1.avsc)"
    assert told in faults(folder)


def test_a_field_may_go_and_widen(folder):
    wider = {**OLD, "fields": [*OLD["fields"], {"name": "tab", "type": "long"}]}
    revise(folder, OLDER, newest=wider)
    assert folder.faults() == {}
    revise(folder, OLDER, newest=OLD)
    assert folder.faults() == {}
