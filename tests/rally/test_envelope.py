import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import (
    LONGEST,
    Address,
    DocumentName,
    Envelope,
    make_envelope,
    parse_address,
    parse_timestamp,
)
from rally.errors import PingFailed
from rally.outcomes import FailureReason
from rally.times import from_micros, to_micros

ID = "65f58083-cefe-4201-832f-0505c3b73d76"
NETWORK = {
    "remote_addr": "203.0.113.7",
    "x_forwarded_for": "203.0.113.7, 198.51.100.1",
    "x_pipeline_proxy": "proxy.example",
    "user_agent": "Mozilla/5.0",
    "host": "incoming.example",
    "args": "v=4",
    "x_foxsec_ip_reputation": "99",
    "X-Forwarded-For": "203.0.113.7",
    "geo_city": "Berkeley",
}


def test_envelope_keeps_the_allow_list_and_nothing_else():
    allowed = {
        "uri": "/submit/a/b/1/" + ID,
        "submission_timestamp": "2022-06-01T00:00:00Z",
        "dnt": "1",
        "x_telemetry_agent": "Glean/1.4.0",
        "x_source_tags": "automation",
        "x_debug_id": "debug",
    }
    envelope = make_envelope(b"body", {**NETWORK, **allowed}, "geo_country")
    assert envelope == Envelope(
        b"body",
        "/submit/a/b/1/" + ID,
        "2022-06-01T00:00:00Z",
        "1",
        "Glean/1.4.0",
        "automation",
        "debug",
        None,
    )


@pytest.mark.parametrize("length", [LONGEST, LONGEST + 1, 1_000_000])
def test_what_a_client_says_of_itself_is_cut_off_where_it_is_long(length):
    said = {"x_telemetry_agent": "\N{SNOWMAN}" * length, "x_source_tags": "a," * length}
    envelope = make_envelope(b"", {**said, "uri": "/" * length}, None)
    assert envelope.client_agent == "\N{SNOWMAN}" * LONGEST
    assert envelope.source_tags == "a," * (LONGEST // 2)
    assert envelope.uri == "/" * length


@pytest.mark.parametrize(
    ("configured", "kept"), [("geo_country", "US"), (None, None), ("other", None)]
)
def test_envelope_keeps_the_country_only_where_it_is_configured(configured, kept):
    envelope = make_envelope(b"", {**NETWORK, "geo_country": "US"}, configured)
    assert envelope == Envelope(b"", country=kept)


@given(st.dictionaries(st.sampled_from([*NETWORK, "uri", "dnt"]), st.text()))
def test_envelope_never_holds_what_the_network_said(attributes):
    envelope = make_envelope(b"", attributes, None)
    assert set(envelope[1:]) <= {None, attributes.get("uri"), attributes.get("dnt")}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        (
            f"/submit/rally-core/study-enrollment/12/{ID.upper()}",
            Address(
                f"/submit/rally-core/study-enrollment/12/{ID.upper()}",
                ID,
                DocumentName("rally-core", "study-enrollment", 12),
            ),
        ),
        (
            f"/submit/rally-core/enrollment/1/{ID}?v=4/../..",
            Address(
                f"/submit/rally-core/enrollment/1/{ID}",
                ID,
                DocumentName("rally-core", "enrollment", 1),
            ),
        ),
        (
            f"/submit/telemetry/{ID}/pioneer-study/Firefox/61.0a1/nightly/2018?v=4",
            Address(
                f"/submit/telemetry/{ID}/pioneer-study/Firefox/61.0a1/nightly/2018", ID
            ),
        ),
        (
            f"/submit/telemetry/{ID}/pioneer-study",
            Address(f"/submit/telemetry/{ID}/pioneer-study", ID),
        ),
    ],
    ids=["glean", "query", "pioneer", "pioneer-short"],
)
def test_address_is_read_from_the_path(uri, expected):
    assert parse_address(uri) == expected


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "/",
        "/submit",
        f"submit/a/b/1/{ID}",
        f"https://incoming.example/submit/a/b/1/{ID}",
        f"/submit/a/b/1/{ID}/",
        f"/submit/a/b/1/{ID}/extra",
        f"/submit//b/1/{ID}",
        f"/submit/a//1/{ID}",
        f"/submit/../b/1/{ID}",
        f"/submit/a/../1/{ID}",
        f"/submit/a/b/../1/{ID}",
        f"/submit/%2e%2e/b/1/{ID}",
        f"/submit/a/%2e%2e/1/{ID}",
        f"/submit/a%2fb/b/1/{ID}",
        f"/submit/study=a/b/1/{ID}",
        f"/submit/a/document=b/1/{ID}",
        f"/submit/a\n/b/1/{ID}",
        f"/submit/a/b\n/1/{ID}",
        f"/submit/a/b/1/{ID}\n",
        f"/submit/a/b/1\n/{ID}",
        f"/submit/a\0/b/1/{ID}",
        f"/submit/A/b/1/{ID}",
        f"/submit/a/B/1/{ID}",
        f"/submit/a_b/c/1/{ID}",
        f"/submit/-a/b/1/{ID}",
        f"/submit/ä/b/1/{ID}",
        f"/submit/{'a' * 101}/b/1/{ID}",
        f"/submit/a/{'b' * 101}/1/{ID}",
        f"/submit/a/b/0/{ID}",
        f"/submit/a/b/01/{ID}",
        f"/submit/a/b/-1/{ID}",
        f"/submit/a/b/1.0/{ID}",
        f"/submit/a/b/x/{ID}",
        f"/submit/a/b/1234567890/{ID}",
        f"/submit/a/b/\u0661/{ID}",
        "/submit/a/b/1/",
        "/submit/a/b/1/..",
        "/submit/a/b/1/65f58083cefe4201832f0505c3b73d76",
        "/submit/a/b/1/65f58083-cefe-4201-832f-0505c3b73d7",
        "/submit/a/b/1/65f58083-cefe-4201-832f-0505c3b73d7g",
        f"/submit/a/b/1/{{{ID}}}",
        f"/submit/telemetry/{ID}/main/Firefox/61.0a1",
        f"/submit/telemetry/{ID}/pioneer-studyx",
        f"/submit/telemetry/{ID}/pioneer-study/Fire\nfox",
        "/submit/telemetry/../pioneer-study",
        f"/submit/telemetry/{ID}?/pioneer-study",
    ],
)
def test_address_refuses_every_other_uri(uri):
    with pytest.raises(PingFailed) as caught:
        parse_address(uri)
    assert caught.value.reason is FailureReason.INVALID_URI


_NAMES = st.from_regex("[a-z0-9][a-z0-9-]{0,99}", fullmatch=True)


@given(_NAMES, _NAMES, st.integers(1, 999_999_999), st.uuids())
def test_address_round_trips(namespace, document_type, version, document_id):
    path = f"/submit/{namespace}/{document_type}/{version}/{document_id}"
    assert parse_address(path) == Address(
        path, str(document_id), DocumentName(namespace, document_type, version)
    )


@given(st.text() | st.text("/submit.%2e=\n-1aF", max_size=60).map("/submit/".__add__))
def test_address_of_any_text_is_safe_in_a_path_or_fails(uri):
    try:
        found = parse_address(uri)
    except PingFailed as failed:
        found = failed.reason
    if found is not FailureReason.INVALID_URI:
        assert str(uuid.UUID(found.document_id)) == found.document_id
        for name in found.document[:2] if found.document else ():
            assert not set(name) - set("abcdefghijklmnopqrstuvwxyz0123456789-")


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2026-11-22T02:19:51.724000Z", 1795313991724000),
        ("2026-11-22T02:19:51Z", 1795313991000000),
        ("2026-11-22T02:19:51.7Z", 1795313991700000),
        ("2026-11-22T02:19:51.724000999Z", 1795313991724000),
        ("2000-01-01T00:00:00Z", 946684800000000),
        ("2199-12-31T23:59:59.999999999Z", 7258118399999999),
        ("2024-02-29T00:00:00Z", 1709164800000000),
    ],
)
def test_timestamp_is_read_to_the_microsecond(text, micros):
    time = parse_timestamp(text)
    assert time.tzinfo is UTC
    assert to_micros(time) == micros


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "2026-11-22",
        "2026-11-22T02:19:51",
        "2026-11-22T02:19:51.Z",
        "2026-11-22T02:19:51.1234567890Z",
        "2026-11-22T02:19:51+00:00",
        "2026-11-22T02:19:51z",
        "2026-11-22 02:19:51Z",
        "2026-11-22T02:19Z",
        "2026-W47-7T02:19:51Z",
        "2026-13-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "1999-12-31T23:59:59.999999Z",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999999999Z",
        "10000-01-01T00:00:00Z",
        "\u0662026-11-22T02:19:51Z",
        " 2026-11-22T02:19:51Z",
        "2026-11-22T02:19:51Z\n",
        "1795313991",
    ],
)
def test_timestamp_refuses_every_other_text(text):
    with pytest.raises(PingFailed) as caught:
        parse_timestamp(text)
    assert caught.value.reason is FailureReason.INVALID_TIMESTAMP


@given(st.text() | st.from_regex("[0-9TZ:.-]{10,40}"))
def test_timestamp_of_any_text_is_one_or_fails(text):
    try:
        found = parse_timestamp(text)
    except PingFailed as failed:
        found = failed.reason
    if found is not FailureReason.INVALID_TIMESTAMP:
        assert from_micros(to_micros(found)) == found


@given(st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC)))
def test_timestamp_of_the_edge_is_read_as_it_was_sent(time):
    assert parse_timestamp(time.isoformat().replace("+00:00", "Z")) == time


@pytest.mark.parametrize(
    "value",
    ["192.0.2.77", "USA", "U", "", "U1", "US\n", "ÄÖ", "ZZ", "xx", "EU", "AP", "T1"],
)
def test_envelope_takes_only_what_names_a_country(value):
    envelope = make_envelope(b"", {"remote_addr": value}, "remote_addr")
    assert envelope == Envelope(b"")
