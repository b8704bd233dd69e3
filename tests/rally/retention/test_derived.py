"""Researchers' own folders go with their study, and with no other."""

import pytest

from rally.retention.derived import tables_in
from tests.fakes.memory_store import MemoryStore
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.retention.furnished import furnish, keys, register
from tests.support.places import mark_derived


@pytest.mark.parametrize(
    "uri",
    ["gs://lab/pond", "gs://lab/pond/part", "gs://lab"],
)
def test_folder_that_is_others_too_is_left_to_a_person(place, uri):
    register(place, GARDEN, uri)
    register(place, POND, "gs://lab/pond")
    place.derived[uri] = MemoryStore(uri=uri)
    place.derived[uri].create("table", b"PAR1")
    place.conclude()
    report = place.purge()
    assert report.faults[0] == (
        uri, "is another study's, or our own, too; delete what is this study's",
    )  # fmt: skip
    assert len(list(place.derived[uri].list())) == 1
    assert place.key_files() == keys(GARDEN, HOUSE, POND)


@pytest.mark.parametrize("uri", ["gs://lab/both", "gs://lab/both/pond", "gs://lab"])
@pytest.mark.parametrize("late", [True, False])
def test_folder_of_a_concluded_study_under_hold_stays_for_it(place, uri, late):
    furnish(place)
    register(place, GARDEN, "gs://lab/both")
    register(place, POND, uri)
    for each in ("gs://lab/both", uri):
        place.derived[each] = MemoryStore(uri=each)
        place.derived[each].create("pond", b"PAR1")
    place.conclude()
    place.conclude(POND)

    def hold(operation, what):
        if what.endswith("purge.ndjson"):
            place.legal_hold(POND, "2026-05-11", "2026-05-11")

    if late:
        place.platform.after = hold
    else:
        hold("", "purge.ndjson")
    place.purge()
    assert place.numbers(POND) == [103]
    assert len(list(place.derived["gs://lab/both"].list())) == 1


@pytest.fixture
def with_derived(place):
    """The garden's researchers have two tables, one of them out of reach."""
    uris = ("gs://lab/garden", "bq://lab.garden")
    register(place, GARDEN, *uris)
    place.derived[uris[0]] = MemoryStore(uri=uris[0], versioned=True)
    mark_derived(place.derived[uris[0]], GARDEN, place.platform)
    place.derived[uris[0]].create("table/part-0.parquet", b"PAR1")
    return place


def test_derived_folders_go_whole_and_others_are_named(with_derived):
    place = with_derived
    furnish(place)
    place.purge()
    table = place.derived["gs://lab/garden"]
    assert len(list(tables_in(table))) == 1
    place.conclude()

    report = place.purge()

    assert list(tables_in(table)) == []
    assert list(table.old_copies("")) == []
    assert ("bq://lab.garden" in str(report.faults)) is True
    assert place.key_files() == keys(GARDEN, HOUSE, POND)
