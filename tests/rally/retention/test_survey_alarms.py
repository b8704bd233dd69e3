"""What nobody could delete in time is named, and never touched."""

from dataclasses import replace

import pytest

from rally.registry.object_classifier import ObjectClassifier, Region, overlapping
from rally.registry.registry import Registry
from rally.storage.objectstore.interface import ObjectInfo
from tests.support.memory_deployment import Row
from tests.support.world import GARDEN, HOUSE, POND

FOLDER = f"data/study={GARDEN}/document=visit.1"


@pytest.mark.parametrize(
    ("name", "region"),
    [
        (f"{FOLDER}/date=2020-02-29/bucket=new/a.avro", Region.FILE),
        (f"{FOLDER}/date=2020-02-29/bucket=1-0/compacted-0123456789ab.avro",
         Region.FILE),
        ("platform/events/date=2020-01-01/a.avro", Region.UNREGISTERED_COPY),
        ("data/study=rally-weed/document=visit.1/date=2020-01-01/bucket=new/a.avro",
         Region.UNKNOWN_STUDY),
        (f"data/study={GARDEN}/document=visit.2/date=2020-01-01/bucket=new/a.avro",
         Region.UNKNOWN_DOCUMENT),
        (f"{FOLDER}/bucket=new/a.avro", Region.NO_DATE),
        (f"{FOLDER}/date=2021-02-29/bucket=new/a.avro", Region.NO_DATE),
        (f"{FOLDER}/date=20-01-01/bucket=new/a.avro", Region.NO_DATE),
        (f"{FOLDER}/date=9999-12-31/bucket=new/a.avro", Region.NO_DATE),
        (f"{FOLDER}/date=0001-01-01/bucket=new/a.avro", Region.NO_DATE),
        (f"{FOLDER}/date=2020-01-01/a.avro", Region.UNREGISTERED_COPY),
        (f"{FOLDER}/date=2020-01-01/bucket=mine/a.avro", Region.UNREGISTERED_COPY),
        (f"{FOLDER}/date=2020-01-01/bucket=new/a.parquet", Region.UNREGISTERED_COPY),
        (f"{FOLDER}/date=2020-01-01/bucket=new/b/a.avro", Region.UNREGISTERED_COPY),
        (f"data/study={GARDEN}/copy.avro", Region.UNREGISTERED_COPY),
        (f"views/study={GARDEN}/withdrawn.json", Region.VIEW),
        (f"views/study={GARDEN}/people.csv", Region.UNREGISTERED_COPY),
        (f"views/study={HOUSE}/withdrawn.json", Region.UNREGISTERED_COPY),
        ("views/study=rally-nobodys/withdrawn.json", Region.UNKNOWN_STUDY),
        ("views/withdrawn.json", Region.UNREGISTERED_COPY),
        ("copies/a.avro", Region.UNREGISTERED_COPY),
        ("data/all.csv", Region.UNREGISTERED_COPY),
    ],
)  # fmt: skip
def test_place_of_an_object_is_told_by_its_path(deployment, name, region):
    locator = ObjectClassifier(deployment.stores, deployment.registry)
    located = locator.classify(deployment.data, ObjectInfo(name, 1, 1))
    assert located.region is region
    assert located.region.is_alarm is (region not in (Region.FILE, Region.VIEW))
    assert (located.partition is not None) is (region is Region.FILE)


def test_empty_object_that_stands_for_a_folder_is_no_alarm(deployment):
    locator = ObjectClassifier(deployment.stores, deployment.registry)
    located = locator.classify(deployment.data, ObjectInfo(f"{FOLDER}/", 0, 1))
    assert located.region is Region.MARKER
    empty = locator.classify(deployment.data, ObjectInfo(f"{FOLDER}/a.avro", 0, 1))
    assert empty.region.is_alarm


@pytest.mark.parametrize(
    "uri",
    ["memory://test", "memory://test/data/", "memory://test/data/study=x/mine",
     "memory://test/views/mine", "memory://platform/events"],
)  # fmt: skip
def test_researchers_tables_are_not_where_rows_are(deployment, uri):
    """What is theirs has no retention: rows would never go."""
    study = replace(deployment.registry.studies[GARDEN], derived=(uri,))
    registry = Registry(deployment.registry.studies | {GARDEN: study})
    assert overlapping(deployment.stores, deployment.registry) == {}
    assert overlapping(deployment.stores, registry) == {
        GARDEN: f"{GARDEN}: derived: {uri.rstrip('/')}/ is no folder of researchers'"
        " tables alone; name one beside what the platform stores"
    }


def test_alarms_are_named_and_all_else_goes_on(deployment):
    deployment.join(1, when=-1000)
    deployment.put(deployment.indexed_file([Row(1, 1)]), date="2025-01-01")
    foreign = [
        "copies/a.csv",
        f"data/study={GARDEN}/document=visit.9/date=2020-01-01/bucket=new/a.avro",
        "data/study=rally-weed/document=visit.1/date=2020-01-01/bucket=new/a.avro",
    ]
    for name in foreign:
        deployment.data.create(name, b"whatever")

    report = deployment.purge()

    assert deployment.names("") == foreign
    assert report.alarms == [
        f"memory://test/{foreign[1]}: is a document that its study does not have",
        f"memory://test/{foreign[2]}: is a study that no registry knows",
        f"memory://test/{foreign[0]}: is an unregistered copy",
    ]
    assert report.exit_status == 1
    assert len(report.done) == 1


def test_many_alarms_are_counted(deployment):
    for number in range(50):
        deployment.data.create(f"copies/{number:02}", b"x")
    report = deployment.purge()
    assert len(report.alarms) == 21
    assert report.alarms[-1] == "30 others are an unregistered copy"


def test_unknown_study_is_not_concluded_by_its_neighbour(deployment):
    deployment.put(deployment.indexed_file([Row(1, 1)], POND), study=POND)
    deployment.join(1, POND)
    deployment.data.create("data/study=rally-garden-2/a.avro", b"x")
    deployment.conclude()
    deployment.purge()
    assert "data/study=rally-garden-2/a.avro" in deployment.names()
    assert deployment.numbers(POND) == [1]
