"""What changed from revision to revision."""

import json
from dataclasses import replace

from rally.fields import Place
from rally.inventory.changes import revisions_of
from rally.inventory.site import make_site
from rally.registry.schema_diff import ChangeKind
from rally.registry.schemas import payload_schema
from rally.validation.avro_schema import read_schema
from tests.rally.inventory.pages import parse, tables, words
from tests.rally.inventory.samples import STREAM, inventory_of, stream
from tests.support.schemas import described

PAGE = f"{STREAM}/user-journey.1.html"


def schema_of(*fields):
    schema = described(
        {
            "type": "record",
            "name": "visit",
            "participant": "/id",
            "fields": [{"name": "id", "type": "string"}, *fields],
        }
    )
    return payload_schema(Place("visit.1"), schema, read_schema(schema))


URL = {"name": "url", "type": "string", "doc": "Address of the page", "category": 3}
TITLE = {
    "name": "title",
    "type": ["null", "string"],
    "default": None,
    "doc": "Title of the page",
    "category": 3,
}
SEEN = TITLE | {"name": "seen", "doc": "Time in view", "category": 2}
FIRST = schema_of(URL, TITLE)
SECOND = schema_of(URL | {"category": 4}, TITLE | {"expires": "2027-03-31"}, SEEN)
THIRD = schema_of(TITLE, SEEN)


def site_of(newest, *older):
    study = stream()
    document = study.documents["user-journey.1"]
    revised = replace(document, schema=newest, older=older)
    documents = {document.name: revised}
    return revised, make_site(inventory_of(replace(study, documents=documents)))


def test_each_revision_has_its_changes_the_newest_first():
    document, _ = site_of(THIRD, SECOND, FIRST)
    assert [
        (each.number, each.schema, [(it.kind, it.path) for it in each.changes])
        for each in revisions_of(document)
    ] == [
        (3, THIRD, [(ChangeKind.EXPIRY, "/title"), (ChangeKind.REMOVED, "/url")]),
        (2, SECOND, [(ChangeKind.CATEGORY, "/url"), (ChangeKind.EXPIRY, "/title"),
                     (ChangeKind.ADDED, "/seen")]),
        (1, FIRST, []),
    ]  # fmt: skip


def test_changes_are_told_in_words():
    _, site = site_of(THIRD, SECOND, FIRST)
    told = tables(parse(site[PAGE]))
    head = ["Field", "What changed", "Was", "Is"]
    assert told["Revision 3, against 2"] == [
        head,
        ["Title of the page/title", "Last day of collection", "2027-03-31", "never"],
        ["Address of the page/url", "No longer collected", "string, category 4", "-"],
    ]
    assert told["Revision 2, against 1"] == [
        head,
        ["Address of the page/url", "Category", "3", "4"],
        ["Title of the page/title", "Last day of collection", "never", "2027-03-31"],
        ["Time in view/seen", "Collected from then on", "-", "string, category 2"],
    ]


def test_document_of_one_revision_says_so():
    _, site = site_of(FIRST)
    assert "It is as it was at first." in words(parse(site[PAGE]))


def test_revisions_are_told_to_machines():
    _, site = site_of(SECOND, FIRST)
    (study,) = json.loads(site["inventory.json"])["studies"]
    newest, first = study["documents"][0]["revisions"]
    assert first == {"number": 1, "fingerprint": FIRST.fingerprint, "changes": []}
    assert newest["changes"][0] == {
        "kind": "category",
        "path": "/url",
        "was": "3",
        "now": "4",
    }
