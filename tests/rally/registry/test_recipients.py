"""Documents that name a key: requests for a copy, and enrolments in Rally."""

from copy import deepcopy

import pytest

from rally.registry.study import Means
from tests.rally.registry.conftest import JOINED

ASKED = {
    "type": "record",
    "name": "asked",
    "participant": "/id",
    "recipient": "/key",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "key", "type": ["null", "string"], "default": None},
        {"name": "count", "type": "int"},
    ],
}
AT = "schemas/rally-x/{}.avsc"


@pytest.fixture
def platform(folder):
    """The folder of a platform namespace whose clients ask for copies."""
    folder.study |= {"kind": "platform", "documents": {}}
    for name in ("ending_announced", "collect_through", "analysis_until", "access"):
        folder.drop(name)
    folder.set("policy", {"enrolment": "none", "do_not_track": "consent",
                          "private_browsing": "client"})  # fmt: skip
    folder.drop("derived")
    folder.schemas.clear()
    return folder


def add(folder, name, schema, **entry):
    folder.schemas[name] = deepcopy(schema)
    folder.set(f"documents {name}", {"purpose": "a copy", **entry})


def test_request_and_enrolment_in_rally_say_where_the_key_is(platform):
    add(platform, "asked.1", ASKED, means="access-request")
    add(platform, "joined.1", ASKED, means="joins", delete_after_days=9)
    documents = platform.load().studies["rally-x"].documents
    assert {each.schema.recipient for each in documents.values()} == {"/key"}
    assert documents["asked.1"].means is Means.ACCESS_REQUEST


def without(schema, name):
    return {key: value for key, value in schema.items() if key != name}


ONLY = (
    "recipient: is for an access-request, and for joins of Rally as a whole; remove it"
)
WRONG = [
    (without(ASKED, "recipient"), {"means": "access-request"},
     "recipient: is missing; add the JSON pointer to the key in the payload"),
    (ASKED | {"recipient": "key"}, {"means": "access-request"},
     'recipient: must be a JSON pointer; begin it with "/"'),
    (ASKED | {"recipient": "/count"}, {"means": "access-request"},
     "recipient: /count is no string of this schema; correct either"),
    (ASKED | {"recipient": "/none"}, {"means": "joins", "delete_after_days": 9},
     "recipient: /none is no string of this schema; correct either"),
    (ASKED, {"means": "leaves"}, ONLY),
    (ASKED, {"means": "data", "delete_after_days": 9}, ONLY),
    (ASKED, {"means": "joins", "delete_after_days": 9, "scope": ["/key"]}, ONLY),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "entry", "reason"), WRONG)
def test_wrong_place_of_a_key_is_one_line(platform, schema, entry, reason):
    add(platform, "asked.1", schema, **entry)
    assert platform.error() == f"{AT.format('asked.1')}: {reason}"


def test_request_says_of_no_study_that_it_is_about(platform):
    add(platform, "asked.1", ASKED, means="access-request", scope=["/key"])
    assert "scope: is for joins, leaves and consents; remove it" in platform.error()


def test_study_has_no_requests(folder):
    add(folder, "asked.1", ASKED, means="access-request")
    assert folder.error() == (
        f"{AT.format('asked.1')}: an access-request is for the platform's own"
        " namespace; remove it"
    )


def test_enrolment_in_a_study_names_no_key(folder):
    folder.schemas["joined.1"] = JOINED | {"recipient": "/study"}
    assert folder.error() == f"{AT.format('joined.1')}: {ONLY}"
