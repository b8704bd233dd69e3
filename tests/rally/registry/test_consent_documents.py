"""Documents of consents: each part has its place in the schema."""

import pytest

from rally.registry.study import ConsentPlaces, Means
from tests.rally.registry.test_registry import STUDY

PARTS = ("purpose", "choice", "version", "hash", "time")
TEXT = ["null", "string"]
AGREED = {
    "type": "record",
    "name": "agreed",
    "participant": "/id",
    "fields": [
        {"name": "id", "type": "string"},
        *({"name": each, "type": TEXT, "default": None} for each in PARTS),
        {"name": "fields", "type": {"type": "map", "values": "boolean"}},
        {"name": "count", "type": {"type": "map", "values": "int"}},
    ],
}
PLACES = {
    "purpose": "/purpose",
    "choice": "/choice",
    "notice_version": "/version",
    "notice_sha256": "/hash",
    "time": "/time",
}
ALL = PLACES | {"fields": "/fields"}
ENTRY = {"means": "consents", "purpose": "what people agree to", "consent": ALL}
AT = "documents.agreed.1"


@pytest.fixture
def agreed(folder):
    """The folder with a document of consents, as a test changes its entry."""
    folder.schemas["agreed.1"] = AGREED

    def write(**changes):
        entry = ENTRY | changes
        given = {name: each for name, each in entry.items() if each is not None}
        folder.set("documents agreed.1", given)
        return folder

    return write


def test_document_says_where_each_part_is(agreed):
    document = agreed().load().studies["rally-x"].documents["agreed.1"]
    assert document.means is Means.CONSENTS
    assert document.consent == ConsentPlaces(
        purpose="/purpose", choice="/choice", notice_version="/version",
        notice_sha256="/hash", fields="/fields", time="/time",
    )  # fmt: skip
    document = agreed(consent=PLACES).load().studies["rally-x"].documents["agreed.1"]
    assert document.consent == ConsentPlaces(
        purpose="/purpose", choice="/choice", notice_version="/version",
        notice_sha256="/hash", time="/time",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"consent": None}, ".consent: is missing; say where each part"),
        ({"means": "joins"}, ".consent: is for consents only; remove it"),
        ({"consent": {}}, ".consent.purpose: is missing; add it"),
        (
            {"consent": {k: v for k, v in ALL.items() if k != "time"}},
            ".consent.time: is missing; add it",
        ),
        ({"consent": ALL | {"choice": "choice"}}, ".consent.choice: must be a JSON"),
        ({"consent": ALL | {"who": "/id"}}, ".consent.who: is not known; remove it"),
        ({"consent": ALL | {"time": "/when"}}, ".consent.time: /when is no string of"),
        (
            {"consent": ALL | {"choice": "/fields"}},
            ".consent.choice: /fields is no",
        ),
        ({"consent": ALL | {"fields": "/time"}}, ".consent.fields: /time is no map of"),
        ({"consent": ALL | {"fields": "/count"}}, ".consent.fields: /count is no map"),
    ],
)
def test_wrong_entry_is_one_line(agreed, changes, reason):
    assert agreed(**changes).error().startswith(f"{STUDY}: {AT}{reason}")
