"""The registry that comes with the software, and the studies that tests add to it."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from rally.studies.pioneer import built_in_documents
from rally.studies.registry import SHIPPED, Registry
from rally.studies.study import Keep, Kind, Means
from rally.studies.transitions import State, States

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture(scope="module")
def shipped():
    return Registry.load(SHIPPED)


def test_shipped_studies_load(shipped):
    assert {
        name: (study.kind, study.starts.isoformat(), str(study.collect_through))
        for name, study in shipped.studies.items()
    } == {
        "pioneer-citp-news-disinfo": (Kind.STUDY, "2020-10-23", "2022-12-31"),
        "pioneer-core": (Kind.PLATFORM, "2020-09-16", "2023-03-27"),
        "pioneer-debug": (Kind.STUDY, "2020-05-07", "2023-03-27"),
        "pioneer-meta": (Kind.PLATFORM, "2020-09-14", "None"),
        "rally-attention-stream": (Kind.STUDY, "2022-07-12", "2023-03-27"),
        "rally-core": (Kind.PLATFORM, "2021-05-18", "2023-03-27"),
        "rally-lab-study": (Kind.STUDY, "2026-10-01", "2027-03-31"),
        "rally-zero-one": (Kind.STUDY, "2021-04-12", "2022-12-31"),
    }


@pytest.mark.parametrize(
    ("alias", "namespace"),
    [
        ("attentionStream", "rally-attention-stream"),
        ("attention-stream@rally.mozilla.org", "rally-attention-stream"),
        ("news.study@princeton.edu", "pioneer-citp-news-disinfo"),
        ("lab-study@rally.mozilla.org", "rally-lab-study"),
        ("rally-study-01@mozilla.org", "rally-zero-one"),
    ],
)
def test_aliases_that_clients_send_resolve(shipped, alias, namespace):
    assert shipped.resolve(alias) is shipped.study(namespace)


def test_who_joins_and_who_leaves_is_declared(shipped):
    core = shipped.study("rally-core").documents
    assert {name: (d.means, d.scope) for name, d in core.items()} == {
        "enrollment.1": (Means.JOINS, ()),
        "demographics.1": (Means.DATA, ()),
        "study-enrollment.1": (
            Means.JOINS,
            (
                "/metrics/string/enrollment.schema_namespace",
                "/metrics/string/enrollment.study_id",
            ),
        ),
        "study-unenrollment.1": (
            Means.LEAVES,
            (
                "/metrics/string/unenrollment.schema_namespace",
                "/metrics/string/unenrollment.study_id",
            ),
        ),
        "unenrollment.1": (Means.LEAVES, ()),
        "deletion-request.1": (Means.LEAVES, ()),
        "uninstall-deletion.1": (Means.LEAVES, ()),
        "events.1": (Means.DATA, ()),
        "onboarding.1": (Means.DATA, ()),
    }
    assert core["demographics.1"].keep is Keep.LATEST


def test_deletion_id_of_pioneer_joins_through_its_enrolment(shipped):
    core = shipped.study("pioneer-core").documents
    request = core["uninstall-deletion.1"]
    assert (request.means, request.schema.participant) == (Means.DELETION_ID, None)
    assert request.schema.deletion_id == "/deletionId"
    assert core["pioneer-enrollment.1"].schema.deletion_id == "/deletionId"


def test_what_pioneer_core_declares_is_what_is_built_in(shipped):
    declared = shipped.study("pioneer-core").documents
    for name, built_in in built_in_documents("pioneer-core").items():
        assert declared[name].means is built_in.means
        assert declared[name].schema.fingerprint == built_in.schema.fingerprint


def test_retention_is_what_was_announced(shipped):
    assert {
        f"{study.namespace}/{document.name}": document.delete_after_days
        for study in shipped.studies.values()
        for document in study.documents.values()
        if document.delete_after_days
    } == {
        "pioneer-citp-news-disinfo/measurements.1": 180,
        "pioneer-citp-news-disinfo/rallymeasurements.1": 180,
        "rally-lab-study/measurements.1": 180,
        "rally-lab-study/page-visit.1": 180,
        "rally-zero-one/measurements.1": 90,
    }


def test_no_schema_takes_what_it_does_not_name(shipped):
    """Beside counts by label, only what Glean and Pioneer key freely is a map."""
    free = {
        path
        for study in shipped.studies.values()
        for document in study.documents.values()
        for path in maps(document.schema.json)
    }
    assert free == {
        *(f"glean.error.invalid_{kind}" for kind in ERRORS),
        "values",  # a distribution's buckets
        "classifierResults",
        "untrackedLinkExposures",
    }


ERRORS = ("value", "label", "state", "overflow", "type")


def maps(schema, name=""):
    """The JSON names of the fields that hold a map."""
    if isinstance(schema, list):
        for branch in schema:
            yield from maps(branch, name)
    elif isinstance(schema, dict) and schema["type"] == "record":
        for field in schema["fields"]:
            yield from maps(field["type"], field.get("json", field["name"]))
    elif isinstance(schema, dict) and schema["type"] == "array":
        yield from maps(schema["items"], name)
    elif isinstance(schema, dict) and schema["type"] == "map":
        yield name


def test_studies_of_the_vectors_collect_when_these_were_made(tmp_path):
    for source in (SHIPPED, TEST_STUDIES):
        shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    registry = Registry.load(str(tmp_path))
    states = States(registry, ())
    for namespace, made in (
        ("rally-core", date(2022, 7, 14)),
        ("rally-lab-study", date(2026, 11, 22)),
        ("pioneer-debug", date(2020, 8, 19)),
        ("study-foo", date(2020, 4, 24)),
        ("study-bar", date(2020, 4, 24)),
        ("rally-study-foo", date(2021, 7, 14)),
        ("rally-study-bar", date(2021, 7, 14)),
    ):
        time = datetime(made.year, made.month, made.day, 12, tzinfo=UTC)
        study = registry.study(namespace)
        assert states.at(study, time) is State.COLLECTING, namespace
        assert all(each.review.approved <= made for each in study.documents.values())
