"""Pings that real clients sent, held against what is made of their definitions."""

import copy
import io

import fastavro
import pytest

from rally.errors import PingFailed
from rally.glean.reading import read_definitions
from rally.validation.encoder import compile_encoder
from tests.rally.glean.conftest import schemas_of, vectors
from tests.rally.glean.test_reading import ID, METRICS, PINGS, VISIT

VECTORS = {name: (folder, ping, content) for name, folder, ping, content in vectors()}


def fits(schema, content):
    try:
        compile_encoder(schema)(content)
    except PingFailed:
        return False
    return True


def json_of(schema, datum):
    """What fastavro reads, by JSON names and without what is null."""
    if isinstance(schema, list):
        others = [each for each in schema if each != "null"]
        kinds = {"record": dict, "map": dict, "array": list}
        for each in others:
            kind = each["type"] if isinstance(each, dict) else each
            if isinstance(datum, kinds.get(kind, object)):
                return json_of(each, datum)
    if isinstance(schema, dict) and schema["type"] == "record":
        return {
            field.get("json", field["name"]): json_of(
                field["type"], datum[field["name"]]
            )
            for field in schema["fields"]
            if datum[field["name"]] is not None
        }
    if isinstance(schema, dict) and schema["type"] == "array":
        return [json_of(schema["items"], each) for each in datum]
    if isinstance(schema, dict) and schema["type"] == "map":
        return {key: json_of(schema["values"], each) for key, each in datum.items()}
    return datum


def read_back(schema, content):
    """A ping as JSON again, of its row as fastavro reads it."""
    stream = io.BytesIO(compile_encoder(schema)(content))
    datum = fastavro.schemaless_reader(stream, fastavro.parse_schema(schema), None)
    assert not stream.read()
    return json_of(schema, datum)


@pytest.mark.parametrize("name", VECTORS)
def test_each_recorded_ping_comes_back_from_what_its_definitions_make(schemas, name):
    folder, ping, content = VECTORS[name]
    assert read_back(schemas[folder][ping], content) == content


def changed(name, path, new):
    """A vector in which what stands at a path has more, or other, entries."""
    folder, ping, content = VECTORS[name]
    made = copy.deepcopy(content)
    place = made
    for step in path:
        place = place[step]
    place.update(new)
    return folder, ping, made


PAGE = next(each for each in VECTORS if "page-visit" in each)
MEASURED = next(each for each in VECTORS if "03.rally-lab-study.measurements" in each)
ASKED = next(each for each in VECTORS if "rally-core.demographics" in each)
KINDS = "71.0.0/everything"
BAD = {
    "section": (PAGE, (), {"extension": {}}),
    "metric": (PAGE, ("metrics", "string"), {"lab.email": "a@example.org"}),
    "metric-type": (PAGE, ("metrics",), {"secret": {"lab.page_title": "a"}}),
    "metric-of-another-ping": (PAGE, ("metrics",), {"counter": {"lab.clicks": 1}}),
    "metric-under-another-type": (
        PAGE,
        ("metrics",),
        {"text": {"lab.page_title": "a"}},
    ),
    "client-id": (
        PAGE,
        ("client_info",),
        {"client_id": "0" * 8 + "-0000-0000-0000-" + "0" * 12},
    ),
    "info": (PAGE, ("ping_info",), {"password": "a"}),
    "reason": (MEASURED, ("ping_info",), {"reason": "because"}),
    "reason-of-a-ping-without": (PAGE, ("ping_info",), {"reason": "scheduled"}),
    "label": (
        MEASURED,
        ("metrics", "labeled_counter", "lab.clicks_by_kind"),
        {"form": 1},
    ),
    "label-of-a-survey": (
        ASKED,
        ("metrics", "labeled_boolean", "user.age"),
        {"19": True},
    ),
    "label-too-long": (
        MEASURED,
        ("metrics", "labeled_boolean", "lab.flags"),
        {"x" * 112: True},
    ),
    "labels-too-many": (
        MEASURED,
        ("metrics", "labeled_boolean", "lab.flags"),
        {f"x{index}": True for index in range(17)},
    ),
    "error-of-no-metric": (
        PAGE,
        ("metrics", "labeled_counter", "glean.error.invalid_overflow"),
        {"my.secret": 1},
    ),
    "extra": (PAGE, ("events", 0, "extra"), {"email": "a@example.org"}),
    "extra-of-another-event": (
        PAGE,
        ("events", 2),
        {"name": "page_left", "extra": {"pos": "1"}},
    ),
    "event": (PAGE, ("events", 2), {"name": "form_sent"}),
    "event-of-another-category": (PAGE, ("events", 2), {"category": "page"}),
    "extra-is-number": (PAGE, ("events", 0, "extra"), {"pos": 1}),
    "extra-is-no-number": (PAGE, ("events", 0, "extra"), {"pos": "first"}),
    "extra-is-no-boolean": (PAGE, ("events", 0, "extra"), {"ad": "maybe"}),
    "extra-too-long": (PAGE, ("events", 0, "extra"), {"href": "x" * 501}),
    "string-too-long": (PAGE, ("metrics", "string"), {"lab.page_title": "x" * 256}),
    "string-too-long-of-wide": (
        PAGE,
        ("metrics", "string"),
        {"lab.page_title": "€" * 101},
    ),
    "string-is-number": (PAGE, ("metrics", "string"), {"lab.page_title": 3}),
    "url-too-long": (PAGE, ("metrics", "url"), {"lab.page_url": "x" * 8193}),
    "text-too-long": (
        PAGE,
        ("metrics", "text"),
        {"lab.page_text": "x" * (200 * 1024 + 1)},
    ),
    "uuid": (PAGE, ("metrics", "uuid"), {"lab.page_id": "a@example.org"}),
    "datetime": (PAGE, ("metrics", "datetime"), {"lab.visit_start": "at noon"}),
    "counter-negative": (MEASURED, ("metrics", "counter"), {"lab.clicks": -1}),
    "counter-too-large": (MEASURED, ("metrics", "counter"), {"lab.clicks": 2**31}),
    "counter-is-fraction": (MEASURED, ("metrics", "counter"), {"lab.clicks": 1.0}),
    "boolean-is-number": (MEASURED, ("metrics", "boolean"), {"lab.is_private": 1}),
    "list-too-long": (
        MEASURED,
        ("metrics", "string_list"),
        {"lab.engines": ["a"] * 101},
    ),
    "list-item-too-long": (
        MEASURED,
        ("metrics", "string_list"),
        {"lab.engines": ["x" * 101]},
    ),
    "timespan-unit": (
        MEASURED,
        ("metrics", "timespan", "lab.active_time"),
        {"time_unit": "hour"},
    ),
    "bucket-is-no-number": (
        MEASURED,
        ("metrics", "custom_distribution", "lab.scroll", "values"),
        {"secret": 1},
    ),
    "buckets-too-many": (
        MEASURED,
        ("metrics", "custom_distribution", "lab.scroll", "values"),
        {str(index): 1 for index in range(103)},
    ),
    "rate": (MEASURED, ("metrics", "rate", "lab.ad_rate"), {"more": 1}),
    "object-part": (KINDS, ("metrics", "object", "all.kinds.obj"), {"more": 1}),
    "object-type": (KINDS, ("metrics", "object", "all.kinds.obj"), {"s": 1}),
    "object-deep": (
        KINDS,
        ("metrics", "object", "all.kinds.obj", "arr", 0),
        {"r": "z"},
    ),
    "dual-key": (
        KINDS,
        ("metrics", "dual_labeled_counter", "all.kinds.dlc"),
        {"k3": {"c1": 1}},
    ),
    "dual-category": (
        KINDS,
        ("metrics", "dual_labeled_counter", "all.kinds.dlc", "k1"),
        {"c3": 1},
    ),
    "capability": (
        "71.0.0/no-info",
        ("metrics",),
        {"string_list": {"glean.ping.uploader_capabilities": ["http"]}},
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_recorded_ping_with_one_thing_that_is_not_declared_does_not_fit(schemas, name):
    vector, path, new = BAD[name]
    folder, ping, content = changed(vector, path, new)
    assert fits(schemas[folder][ping], VECTORS[vector][2])
    assert not fits(schemas[folder][ping], content)


GOOD = {
    "longest-string": (PAGE, ("metrics", "string"), {"lab.page_title": "x" * 255}),
    "longest-of-old-clients": (
        PAGE,
        ("metrics", "string"),
        {"lab.page_title": "€" * 100},
    ),
    "datetime-of-india": (
        PAGE,
        ("metrics", "datetime"),
        {"lab.visit_start": "2026-11-21T18:19:53.893+5.5:00"},
    ),
    "datetime-in-utc": (
        PAGE,
        ("ping_info",),
        {"start_time": "2026-11-21T18:19-00:00"},
    ),
    "timestamp-of-events": (
        PAGE,
        ("events", 2),
        {"extra": {"glean_timestamp": "1795995926650"}},
    ),
    "restarted": (
        PAGE,
        ("events", 2),
        {
            "category": "glean",
            "name": "restarted",
            "extra": {"glean.startup.date": "2026-11-21T18:19-08:00"},
        },
    ),
    "session": (
        PAGE,
        ("events", 2),
        {
            "session": {
                "session_id": "48d11605-b396-4a61-8414-50cf71489a16",
                "session_seq": 1,
                "event_seq": 2,
                "session_sample_rate": 0.5,
            }
        },
    ),
    "experiments": (
        PAGE,
        ("ping_info",),
        {"experiments": {"exp-1": {"branch": "a", "extra": {"enrollment_id": "x"}}}},
    ),
    "other-label": (
        MEASURED,
        ("metrics", "labeled_string", "lab.tags"),
        {"__other__": "x"},
    ),
    "labels-of-any-text": (
        MEASURED,
        ("metrics", "labeled_boolean", "lab.flags"),
        {"label-0 É": True},
    ),
    "old-distribution": (
        MEASURED,
        ("metrics", "memory_distribution", "lab.page_size"),
        {"count": 2},
    ),
    "url-as-typed": (
        PAGE,
        ("metrics", "url"),
        {"lab.page_url": "https://example.org/a b?q=ü"},
    ),
    "capability": (
        "71.0.0/no-info",
        ("metrics",),
        {"string_list": {"glean.ping.uploader_capabilities": ["ohttp"]}},
    ),
    "object": (
        KINDS,
        ("metrics", "object"),
        {
            "all.kinds.obj": {"or": 2, "nested": {"odd name": [[1, 1.5], []]}},
            "all.kinds.list": [1, "a", 1.0],
        },
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_what_other_clients_send_fits_and_comes_back(schemas, name):
    vector, path, new = GOOD[name]
    folder, ping, content = changed(vector, path, new)
    assert read_back(schemas[folder][ping], content) == content


UUID = "48d11605-b396-4a61-8414-50cf71489a16"
INFO = {
    "ping_info": {
        **{"seq": 0, "start_time": "2026-11-21T18:19-08:00"},
        **{"end_time": "2026-11-21T18:19-08:00", "reason": "startup"},
    },
    "client_info": {
        **{"telemetry_sdk_build": "71.0.0", "first_run_date": "2026-11-21-08:00"},
        **{"os": "Linux", "os_version": "6", "architecture": "x64", "app_build": "1"},
        **{"app_display_version": "1.0.0", "client_id": UUID},
    },
}


def test_ping_of_the_sdk_has_its_own_events_and_ids_and_no_other(tmp_path):
    files = {
        "metrics": METRICS + ID.replace("[visit]", "[visit, events]"),
        "pings": PINGS + VISIT,
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    given = ([str(tmp_path / f"{name}.yaml")] for name in files)
    schemas = schemas_of(read_definitions(*given))
    assert list(schemas) == ["events", "visit"]
    started = {
        **{"category": "glean", "name": "session_start", "timestamp": 0},
        "extra": {"session_id": UUID, "session_seq": "1", "sampled_in": "true"},
    }
    ends = {"category": "glean", "name": "session_end", "timestamp": 9}
    ping = {
        "metrics": {
            "uuid": {"rally.id": UUID},
            "string": {"glean.client.annotation.experimentation_id": "exp"},
        },
        "events": [started, {**ends, "extra": {"reason": "timeout"}}],
        **INFO,
    }
    assert read_back(schemas["events"], ping) == ping
    assert not fits(schemas["visit"], ping)
    for bad in (
        {**started, "extra": {"reason": "timeout"}},
        {**ends, "extra": {"sampled_in": "true"}},
        {**ends, "category": "page", "extra": {}},
    ):
        assert not fits(schemas["events"], {**ping, "events": [bad]})
