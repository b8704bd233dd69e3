"""Researchers' own folders go with their study, and with no other."""

import pytest

from rally.dataset.formats import Format
from rally.dataset.kept_parts import part_name
from rally.retention.derived import tables_in
from tests.fakes.memory_store import MemoryStore
from tests.rally.retention.stored_studies import (
    key_files,
    register_folders,
    store_two_studies,
)
from tests.support.stores import mark_derived
from tests.support.world import GARDEN, HOUSE, POND


@pytest.mark.parametrize(
    "uri",
    ["gs://lab/pond", "gs://lab/pond/part", "gs://lab"],
)
def test_folder_that_is_others_too_is_left_to_a_person(deployment, uri):
    register_folders(deployment, GARDEN, uri)
    register_folders(deployment, POND, "gs://lab/pond")
    deployment.derived[uri] = MemoryStore(uri=uri)
    deployment.derived[uri].create("table", b"PAR1")
    deployment.conclude()
    report = deployment.purge()
    assert report.faults[0] == (
        uri, "is another study's, or our own, too; delete what is this study's",
    )  # fmt: skip
    assert len(list(deployment.derived[uri].list())) == 1
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


@pytest.mark.parametrize("uri", ["gs://lab/both", "gs://lab/both/pond", "gs://lab"])
@pytest.mark.parametrize("late", [True, False])
def test_folder_of_a_concluded_study_under_hold_stays_for_it(deployment, uri, late):
    store_two_studies(deployment)
    register_folders(deployment, GARDEN, "gs://lab/both")
    register_folders(deployment, POND, uri)
    for each in ("gs://lab/both", uri):
        deployment.derived[each] = MemoryStore(uri=each)
        deployment.derived[each].create("pond", b"PAR1")
    deployment.conclude()
    deployment.conclude(POND)

    def hold(operation, what):
        if what.endswith("purge.ndjson"):
            deployment.legal_hold(POND, "2026-05-11", "2026-05-11")

    if late:
        deployment.platform.after = hold
    else:
        hold("", "purge.ndjson")
    deployment.purge()
    assert deployment.numbers(POND) == [103]
    assert len(list(deployment.derived["gs://lab/both"].list())) == 1


@pytest.fixture
def with_derived(deployment):
    """The garden's researchers have two tables, one of them out of reach."""
    uris = ("gs://lab/garden", "bq://lab.garden")
    register_folders(deployment, GARDEN, *uris)
    deployment.derived[uris[0]] = MemoryStore(uri=uris[0], versioned=True)
    mark_derived(deployment.derived[uris[0]], GARDEN, deployment.platform)
    deployment.derived[uris[0]].create("table/part-0.parquet", b"PAR1")
    return deployment


def test_stale_parts_of_a_study_that_goes_on_are_removed(with_derived):
    store_two_studies(with_derived)
    table = with_derived.derived["gs://lab/garden"]
    stale = part_name(
        GARDEN, (f"data/study={GARDEN}/gone.avro", 1), "0" * 16, Format.CSV
    )
    table.create(stale.replace("document=/date=", "document=a.1/date=2026-05-11"), b"1")

    assert with_derived.purge().faults == []
    assert [each.name for each in tables_in(table)] == ["table/part-0.parquet"]


def test_derived_folders_go_whole_and_others_are_named(with_derived):
    deployment = with_derived
    store_two_studies(deployment)
    deployment.purge()
    table = deployment.derived["gs://lab/garden"]
    assert len(list(tables_in(table))) == 1
    deployment.conclude()

    report = deployment.purge()

    assert list(tables_in(table)) == []
    assert list(table.old_copies("")) == []
    assert ("bq://lab.garden" in str(report.faults)) is True
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
