"""`rally.read`: a table of a study's store, for whoever has the right to that alone."""

from datetime import date, datetime, timedelta, timezone

import pytest

import rally
from rally.errors import ConfigurationError
from rally.keys.names import Job
from rally.storage.layout import Stores, view_file
from tests.rally.compaction.memory_study import (
    STUDY,
    VISIT,
    MemoryStudy,
    Row,
    load_registry,
)
from tests.rally.dataset.views import KEY, publish_view
from tests.support.people import job_key
from tests.support.stores import mark_stores

FAR_AWAY = datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5)))  # none in UTC
ROWS = [Row(0, 1, 0, 5, "a"), Row(5, 2, 1, 6, "b"), Row(15, 3, 2, 7, "c")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Options of `rally.read` for a store of three people, of whom the second left."""
    tmp_path = tmp_path_factory.mktemp("place")
    studies = tmp_path / "studies"
    stores = mark_stores(tmp_path / "store", tmp_path / "platform")
    study = MemoryStudy(load_registry(studies), stores)
    study.add(*ROWS)
    publish_view(stores)
    (tmp_path / "view_key.json").write_text(KEY.public)
    return {
        "store": str(tmp_path / "store"),
        "study": STUDY,
        "document": VISIT,
        "view_key": tmp_path / "view_key.json",
        "studies": str(studies),
    }


def pages(place, **how):
    table = rally.read(**place, **how).read_all()
    return sorted(table.column("page").to_pylist())


def test_table_is_read_without_those_who_left(place):
    assert pages(place) == ["a", "c"]
    assert pages(place | {"document": "visit"}) == ["a", "c"]  # its newest version
    assert pages(place, since="2026-05-19") == ["c"]
    assert pages(place, filters=[("page", "==", "a")], columns=["page"]) == ["a"]


def test_batches_come_one_by_one(place):
    reader = rally.read(**place, columns=["page"])

    assert reader.schema.names == ["page"]
    assert sum(batch.num_rows for batch in reader) == 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"study": "rally-nobody"}, "rally-nobody: is no study of the registry"),
        ({"document": "visit.2"}, "visit.2: is no document of rally-grove; it has"),
        ({"since": "yesterday"}, "since: must be a date such as 2022-03-10"),
        ({"columns": ["page", "pages"]}, "pages: is no column"),
        ({"filters": [("pages", "==", 1)]}, "filters: pages: is no column"),
        ({"filters": [("page", "==", 1)]}, "filters: page: its values are string"),
        ({"filters": [("page", "is", "a")]}, "filters: page: the operator is one of"),
        ({"filters": [("page", "in", "a")]}, "`in` and `not in` take a list"),
        ({"filters": [("page", "==", 2**70)]}, "filters: page: its values are string"),
        (
            {"filters": [("submission_timestamp", ">", 2**70)]},
            "its values are timestamp",
        ),
        ({"filters": [("page", "in", [{}, "a"])]}, "filters: page: its values are"),
        ({"filters": [[("page", "==", "a")], []]}, "a list of conditions is empty"),
        ({"columns": ["page", "page"]}, "page: is named twice in columns"),
        ({"columns": []}, "columns: names none; leave it out"),
        ({"columns": "page"}, "columns: are a list of names"),
        ({"columns": 5}, "columns: are a list of names"),
        ({"columns": [["page"]]}, "['page']: is no column"),
        ({"filters": 5}, "filters: are a list of conditions"),
        ({"filters": "page"}, "filters: are a list of conditions"),
        (
            {"filters": [("submission_timestamp", "==", FAR_AWAY)]},
            "filters: submission_timestamp: its values are timestamp",
        ),
        (
            {"since": date(2027, 1, 1), "until": "2026-01-01"},
            "since: 2027-01-01 is after until, 2026-01-01",
        ),
        ({"since": "today", "until": "now"}, "(and 1 more)"),
        ({"columns": [], "filters": 5}, "all are read (and 1 more)"),
        ({"filters": ["page"]}, "filters: a condition is a column, an operator and"),
        ({"store": "nowhere"}, "nowhere: is not a store: it has no rally-store.json"),
    ],
    ids=str,
)
def test_mistakes_are_told_in_one_line(place, change, words):
    with pytest.raises(ConfigurationError) as error:
        rally.read(**place | change)

    assert words in str(error.value)
    assert "\n" not in str(error.value)


def test_old_view_forged_view_and_none_are_refused(place):
    platform = place["view_key"].parent / "platform"
    stores = Stores(place["store"], str(platform))

    publish_view(stores, age=timedelta(hours=49))
    with pytest.raises(ConfigurationError, match="rally delete"):
        rally.read(**place)
    publish_view(stores, key=job_key(Job.PURGE))
    with pytest.raises(ConfigurationError, match="is not as deletion published it"):
        rally.read(**place)
    store = stores.of(STUDY)
    store.delete(*store.stat(view_file(STUDY))[::2])
    with pytest.raises(ConfigurationError, match="is missing"):
        rally.read(**place)
    publish_view(stores)
    assert pages(place) == ["a", "c"]


def test_other_names_are_not_in_the_package():
    with pytest.raises(AttributeError, match="has no attribute 'write'"):
        rally.write  # noqa: B018
