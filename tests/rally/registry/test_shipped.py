"""The registry that comes with the software, and the studies that tests add to it."""

import shutil
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from fastavro import parse_schema, schemaless_reader

from rally.registry.approvals import Approvals, Coverage
from rally.registry.categories import SIGNED_CATEGORIES, category_of
from rally.registry.collected_fields import OPEN, without_descriptions
from rally.registry.pioneer import built_in_documents
from rally.registry.registry import SHIPPED, Registry
from rally.registry.study import Keep, Means, StudyKind
from rally.registry.transitions import States, StudyState
from rally.validation.avro_schema import read_schema
from rally.validation.avro_types import Record, Union
from rally.validation.encoder import compile_encoder

TEST_STUDIES = Path(__file__).resolve().parents[2] / "studies"


@pytest.fixture(scope="module")
def shipped():
    return Registry.load(SHIPPED)


def test_shipped_studies_load(shipped):
    assert {
        name: (study.kind, study.starts.isoformat(), str(study.collect_through))
        for name, study in shipped.studies.items()
    } == {
        "pioneer-citp-news-disinfo": (StudyKind.STUDY, "2020-10-23", "2022-12-31"),
        "pioneer-core": (StudyKind.PLATFORM, "2020-09-16", "2023-03-27"),
        "pioneer-debug": (StudyKind.STUDY, "2020-05-07", "2023-03-27"),
        "pioneer-meta": (StudyKind.PLATFORM, "2020-09-14", "None"),
        "rally-attention-stream": (StudyKind.STUDY, "2022-07-12", "2023-03-27"),
        "rally-core": (StudyKind.PLATFORM, "2021-05-18", "2023-03-27"),
        "rally-lab-study": (StudyKind.STUDY, "2026-10-01", "2027-03-31"),
        "rally-zero-one": (StudyKind.STUDY, "2021-04-12", "2022-12-31"),
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
    for name, built_in in built_in_documents(
        "pioneer-core", StudyKind.PLATFORM
    ).items():
        assert declared[name].means is built_in.means
        assert stored_form(declared[name]) == stored_form(built_in)


def stored_form(document):
    return without_descriptions(document.schema.json)


def test_retention_is_what_was_announced(shipped):
    assert {
        f"{study.namespace}/{document.name}": document.delete_after_days
        for study in shipped.studies.values()
        for document in study.documents.values()
        if document.delete_after_days
    } == {
        "pioneer-core/pioneer-enrollment.1": 1095,
        "pioneer-core/demographic-survey.1": 730,
        "pioneer-core/probes.1": 180,
        "pioneer-core/survey.1": 180,
        "rally-core/enrollment.1": 1095,
        "rally-core/study-enrollment.1": 1095,
        "rally-core/demographics.1": 730,
        "rally-core/events.1": 180,
        "rally-core/onboarding.1": 180,
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


def documents_of(registry):
    for study in registry.studies.values():
        for document in study.documents.values():
            yield study, document


def test_every_field_says_what_it_is_in_words_of_its_own(shipped):
    count = 0
    for study, document in documents_of(shipped):
        paths = [field.path for field in document.schema.fields]
        assert len({*paths}) == len(paths) > 0, (study.namespace, document.name)
        for field in document.schema.fields:
            words = (field.doc, field.purpose)
            where = study.namespace, document.name, field.path
            assert all(len(each.split()) > 1 for each in words), where
            assert not any(each.startswith(OPEN) for each in words), where
            count += 1
    assert count > 700


def test_id_of_a_participant_says_that_it_is_one(shipped):
    for study, document in documents_of(shipped):
        schema = document.schema
        ids = {schema.participant, schema.deletion_id} - {None}
        by_path = {field.path: field for field in schema.fields}
        where = study.namespace, document.name
        assert all(by_path[each].identifier for each in ids), where


def test_reviews_cover_every_document_that_ships(shipped):
    approvals = Approvals.of_registry(shipped)
    for study, document in documents_of(shipped):
        where = study.namespace, document.name
        [approval] = approvals.of(document)
        assert approval.faults == (), where
        assert approval.reviews, where
        covered = [
            each
            for review in study.reviews
            for each in review.covers
            if each.document == document.name
        ]
        assert {it.fingerprint for it in covered} == {document.schema.fingerprint}, (
            where
        )
        [window] = approval.windows
        assert window.start.date() == min(each.first for each in covered), where


def test_reviews_that_ship_are_complete_and_say_so_where_they_are_placeholders(
    shipped,
):
    for study in shipped.studies.values():
        assert {each.document for it in study.reviews for each in it.covers} == {
            *study.documents
        }, study.namespace
        for review in study.reviews:
            where = study.namespace, review.id
            answers = (*review.request.answers, *review.steward.answers)
            assert review.open == (), where
            assert any(each.startswith("Placeholder: ") for each in answers), where
            categories = {
                category_of(study, document, document.schema).level
                for document in study.documents.values()
                if document.name in {each.document for each in review.covers}
            }
            needs = bool(categories & {*SIGNED_CATEGORIES})
            assert needs <= bool(review.sign_offs), where


def test_studies_of_the_vectors_collect_when_these_were_made(tmp_path):
    for source in (SHIPPED, TEST_STUDIES):
        shutil.copytree(source, tmp_path, dirs_exist_ok=True)
    registry = Registry.load(str(tmp_path))
    states, approvals = States(registry, ()), Approvals.of_registry(registry)
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
        assert states.at(study, time) is StudyState.COLLECTING, namespace
        for document in study.documents.values():
            assert approvals.coverage(document, time) is Coverage.COVERED, document.name


def least(type_, text):
    """The least value of a type, without optional parts; its texts are all the same."""
    match type_:
        case Record(fields=fields):
            return {
                field.json: least(field.type, text)
                for field in fields
                if not field.may_be_absent
            }
        case Union(branches=branches):
            return least(branches[-1], text)
    return {"string": text, "long": 0}[type_.name]


def payload_of(document, text):
    """A ping of a document that has nothing but what it must have, and one reader's."""
    schema = document.schema.json
    return least(read_schema(schema), text), compile_encoder(schema), schema


GLEAN_DOCUMENTS = [
    (study.namespace, document.name)
    for study in Registry.load(SHIPPED).studies.values()
    for document in study.documents.values()
    if "ping_info" in {field["name"] for field in document.schema.json["fields"]}
]
# By Glean.js 1.0.0, 1.4.0 and 2.0.5 alike, with the process in time zones of the world.
OFFSETS = [
    *("-00:00", "+5.5:00", "+5.75:00", "-3.5:00", "-2.5:00", "-9.5:00", "+13.75:00"),
    *("+14:00", "-05:00", "+05:30"),
]


@pytest.mark.parametrize("offset", OFFSETS)
def test_schemas_take_the_offsets_that_glean_js_writes(shipped, offset):
    assert len(GLEAN_DOCUMENTS) > 20
    for namespace, name in GLEAN_DOCUMENTS:
        document = shipped.study(namespace).documents[name]
        clear, encode, schema = payload_of(document, "any")
        clear["ping_info"] |= {
            "start_time": f"2022-11-30T09:04{offset}",
            "end_time": f"2022-11-30T09:05{offset}",
        }
        clear["client_info"]["first_run_date"] = f"2022-11-30{offset}"
        stored = schemaless_reader(BytesIO(encode(clear)), parse_schema(schema), None)
        assert stored["ping_info"] | clear["ping_info"] == stored["ping_info"]
        assert stored["client_info"]["first_run_date"] == f"2022-11-30{offset}"


@pytest.mark.parametrize("offset", OFFSETS)
@pytest.mark.parametrize(
    "time",
    [
        "2022-11-30T09:04:25.755000000",
        "2022-11-30T09:04:25.755000",
        "2022-11-30T09:04:25.755",
        "2022-11-30T09:04:25",
        "2022-11-30T09:04",
        "2022-11-30T08",
        "2022-11-30",
    ],
)
def test_schemas_take_the_datetimes_that_glean_js_writes(shipped, time, offset):
    document = shipped.study("rally-attention-stream").documents["user-journey.1"]
    clear, encode, schema = payload_of(document, "any")
    name = "user_journey.page_visit_start_date_time"
    clear["metrics"]["datetime"] = {name: time + offset}
    stored = schemaless_reader(BytesIO(encode(clear)), parse_schema(schema), None)
    assert stored["metrics"]["datetime"][name.replace(".", "_")] == time + offset


@pytest.mark.parametrize(
    ("version", "texts"),
    [
        ("0.5.0", ["form_data"]),
        ("before 0.5.0", ["form_data", "tracking_url_long"]),
        ("0.5.2", ["form_data", "raw_request_body"]),
        ("0.5.2, a body that is no form", ["raw_request_body"]),
    ],
)
def test_attention_stream_takes_pixels_of_every_released_version(
    shipped, version, texts
):
    """Metrics as the add-on's own definitions had them at each version's tag."""
    document = shipped.study("rally-attention-stream").documents["tracking-pixel.1"]
    clear, encode, schema = payload_of(document, "any")
    sent = {f"tracking_pixel.{name}": '{"ev":"PageView"}' for name in texts}
    clear["metrics"]["text"] = sent
    stored = schemaless_reader(BytesIO(encode(clear)), parse_schema(schema), None)
    found = {k: v for k, v in stored["metrics"]["text"].items() if v is not None}
    assert found == {name.replace(".", "_"): text for name, text in sent.items()}
