"""What we cannot do our part for: why, and the label that it is counted under."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decryption.inflate import LIMIT
from rally.envelope import Envelope
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason
from tests.rally.ingestion.failed_pings import failed, mismatched

ID = "65f58083-cefe-4201-832f-0505c3b73d76"


RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"


VISIT = Label("rally-x", "visit.1")


LEFT = Label("rally-x", "left.1", withdrawal=True)


def zipped(data: bytes, level: int = 9) -> bytes:
    """Gzip without a time in it: the same bytes, and the same test, at each run."""
    return gzip.compress(data, level, mtime=0)


def beside_the_id(extra: bytes) -> bytes:
    return b'{"metrics": {"uuid": {"rally.id": "%b"}}, %b}' % (
        RALLY_ID.encode(),
        extra,
    )


@pytest.mark.parametrize(
    ("uri", "label", "reason"),
    [
        (None, Label(), FailureReason.INVALID_URI),
        ("", Label(), FailureReason.INVALID_URI),
        ("/other", Label(), FailureReason.INVALID_URI),
        (f"/submit/rally-x/../1/{ID}", Label(), FailureReason.INVALID_URI),
        (f"/submit/%2e%2e/visit/1/{ID}", Label(), FailureReason.INVALID_URI),
        (f"/submit/rally-x/visit=1/1/{ID}", Label(), FailureReason.INVALID_URI),
        (f"/submit/rally-x/visit\n/1/{ID}", Label(), FailureReason.INVALID_URI),
        ("/submit/rally-x/visit/1/../..", Label(), FailureReason.INVALID_URI),
        ("/submit/rally-x/visit/1/study=a", Label(), FailureReason.INVALID_URI),
        (f"/submit/rally-x/visit/1/{ID}\n", Label(), FailureReason.INVALID_URI),
        (f"/submit/nobody/visit/1/{ID}", Label(), FailureReason.UNKNOWN_NAMESPACE),
        (
            f"/submit/nobody/deletion-request/1/{ID}",
            Label(withdrawal=True),
            FailureReason.UNKNOWN_NAMESPACE,
        ),
        (f"/submit/studyx/visit/1/{ID}", Label(), FailureReason.UNKNOWN_NAMESPACE),
        (
            f"/submit/rally-x/nothing/1/{ID}",
            Label("rally-x"),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            f"/submit/rally-x/visit/2/{ID}",
            Label("rally-x"),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            f"/submit/rally-x/left/2/{ID}",
            Label("rally-x", withdrawal=True),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
        (
            f"/submit/rally-hub/study-unenrollment/7/{ID}",
            Label("rally-hub", withdrawal=True),
            FailureReason.UNKNOWN_DOCUMENT,
        ),
    ],
)
def test_uri_that_leads_nowhere_fails(small_rally, payload, uri, label, reason):
    envelope = small_rally.seal_glean("rally-x", "visit.1", payload())._replace(uri=uri)
    assert small_rally.judge(envelope) == failed(label, reason)


@pytest.mark.parametrize(
    "sent",
    [None, "", "now", "2022-06-01", "2022-06-01T12:00:00", "2022-06-31T12:00:00Z"],
)
@pytest.mark.parametrize(("document", "label"), [("visit.1", VISIT), ("left.1", LEFT)])
def test_timestamp_that_is_none_fails(small_rally, payload, sent, document, label):
    envelope = small_rally.seal_glean(
        "rally-x", document, payload(), submission_timestamp=sent
    )
    assert small_rally.judge(envelope) == failed(label, FailureReason.INVALID_TIMESTAMP)


@pytest.mark.parametrize(
    ("sent", "fails"),
    [
        ("2022-06-02T00:59:59.999999Z", False),
        ("2022-06-02T01:00:00Z", False),
        ("2022-06-02T01:00:00.000001Z", True),
        ("9999-12-31T23:59:59Z", True),
    ],
)
@pytest.mark.parametrize("document", ["visit.1", "left.1", "joined.1"])
def test_timestamp_more_than_an_hour_ahead_fails(
    small_rally, payload, document, sent, fails
):
    envelope = small_rally.seal_glean(
        "rally-x", document, payload(), submission_timestamp=sent
    )
    outcome = small_rally.judge(envelope, as_of="2022-06-02T00:00:00Z")
    label = LEFT if document == "left.1" else Label("rally-x", document)
    if fails:
        assert outcome == failed(label, FailureReason.INVALID_TIMESTAMP)
    else:
        assert (outcome.failure, outcome.refusal) == (None, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", FailureReason.INVALID_BODY),
        (b"text", FailureReason.INVALID_BODY),
        (b"[]", FailureReason.INVALID_BODY),
        (zipped(b'{"payload": "a"}')[:-4], FailureReason.INVALID_BODY),
        (b"[" * 10_000 + b"]" * 10_000, FailureReason.INVALID_BODY),
        (b'{"payload": "\xff"}', FailureReason.INVALID_BODY),
        (b" " * (LIMIT + 1), FailureReason.TOO_LARGE),
        (zipped(bytes(LIMIT + 1), 1), FailureReason.TOO_LARGE),
        (b'{"metrics": {"uuid": {}}}', FailureReason.NOT_ENCRYPTED),
        (b'{"payload": "no jwe"}', FailureReason.DECRYPTION_FAILED),
        (b"\x01" * 80, FailureReason.DECRYPTION_FAILED),
    ],
    ids=lambda value: str(value[:20]) if isinstance(value, bytes) else None,
)
def test_body_that_does_not_open_fails(small_rally, body, reason):
    assert small_rally.judge(small_rally.make_envelope(body)) == failed(VISIT, reason)
    withdrawal = small_rally.make_envelope(body, document="left.1")
    assert small_rally.judge(withdrawal) == failed(LEFT, reason)


def test_ping_sealed_to_another_namespace_fails(small_rally, payload):
    good = small_rally.seal_glean("rally-hub", "enrollment.1", payload())
    moved = good._replace(uri=f"/submit/rally-x/visit/1/{ID}")
    assert small_rally.judge(moved) == failed(VISIT, FailureReason.DECRYPTION_FAILED)


def test_tink_moved_to_another_path_fails_where_a_jwe_does_not(small_rally, payload):
    for seal, expected in [
        (small_rally.seal_tink, FailureReason.DECRYPTION_FAILED),
        (small_rally.seal_glean, None),
    ]:
        sent = seal("rally-x", "visit.1", payload())
        assert small_rally.judge(sent).failure is None
        moved = sent._replace(uri=f"/submit/rally-x/visit/1/{ID[:-1]}0")
        assert small_rally.judge(moved).failure is expected


@pytest.mark.parametrize(
    "identifier",
    [
        None,
        "",
        5,
        [RALLY_ID],
        {"id": RALLY_ID},
        RALLY_ID[:-1],
        RALLY_ID + "0",
        "{" + RALLY_ID + "}",
        "00000000-0000-0000-0000-000000000000",
        "11111111-1111-1111-1111-111111111111",
        "ffffffff-ffff-ffff-ffff-ffffffffffff",
        "0" * 32,
    ],
    ids=repr,
)
@pytest.mark.parametrize("document", ["visit.1", "joined.1", "left.1"])
def test_rally_id_that_is_none_fails(small_rally, payload, document, identifier):
    label = Label("rally-x", document, withdrawal=document == "left.1")
    outcome = small_rally.judge(
        small_rally.seal_glean("rally-x", document, payload(identifier))
    )
    assert outcome == failed(label, FailureReason.INVALID_ID)
    survey = small_rally.seal_pioneer(
        "pioneer-hub", "survey.1", {}, pioneer_id=identifier
    )
    label = Label("pioneer-hub", "survey.1")
    assert small_rally.judge(survey) == failed(label, FailureReason.INVALID_ID)


@pytest.mark.parametrize(
    "clear", [{}, {"metrics": {}}, {"metrics": None}, {"metrics": {"uuid": []}}]
)
@pytest.mark.parametrize("document", ["visit.1", "joined.1", "left.1"])
def test_rally_id_that_is_missing_fails(small_rally, document, clear):
    label = Label("rally-x", document, withdrawal=document == "left.1")
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", document, clear))
    assert outcome == failed(label, FailureReason.INVALID_ID)


@pytest.mark.parametrize(
    ("extra", "where"),
    [
        (b'"unknown": 1', "undeclared, below /"),
        (b'"unknown": null', "undeclared, below /"),
        (b'"nested": {"a": 1, "c": 2}', "undeclared, below /nested"),
        (b'"nested": {}', "/nested/a is missing"),
        (b'"nested": []', "/nested wants record"),
        (b'"url": 5', "/url wants string"),
        (b'"url": ["x"]', "/url wants string"),
        (b'"private": "true"', "/private wants boolean"),
        (b'"private": 0', "/private wants boolean"),
        (b'"count": 1.0', "/count wants long"),
        (b'"count": 1.5', "/count wants long"),
        (b'"count": true', "/count wants long"),
        (b'"count": "1"', "/count wants long"),
        (b'"count": 9223372036854775808', "/count wants long"),
        (b'"count": -9223372036854775809', "/count wants long"),
        (b'"count": 99999999999999999999999999', "/count wants long"),
        (b'"tags": "abc"', "/tags wants array"),
        (b'"tags": {}', "/tags wants array"),
        (b'"tags": [1]', "/tags/* wants string"),
        (b'"tags": [null]', "/tags/* wants string"),
        (b'"extra": []', "/extra wants map"),
        (b'"extra": {"k": 1}', "/extra/* wants string"),
        (b'"tags": ' + b"[" * 1000 + b"]" * 1000, "/tags/* wants string"),
        (b'"\\u0000": 1', "undeclared, below /"),
    ],
    ids=lambda value: str(value[:40]),
)
def test_clear_text_that_its_schema_does_not_declare_fails(small_rally, extra, where):
    clear = beside_the_id(extra)
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
    assert outcome == mismatched(VISIT, outcome)
    assert outcome.where.words == where


@pytest.mark.parametrize(
    "extra",
    [
        b'"url": "\xff"',
        b'"url": NaN',
        b'"count": 1e400',
        b'"tags": ' + b"[" * 10_000 + b"]" * 10_000,
        b'"nested": ' + b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    ],
    ids=lambda extra: str(extra[:20]),
)
def test_clear_text_that_is_no_json_fails(small_rally, extra):
    clear = beside_the_id(extra)
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
    assert outcome == failed(VISIT, FailureReason.INVALID_PAYLOAD)


def test_clear_text_with_a_key_twice_is_stored_with_the_last(small_rally):
    """As JSON.parse of the clients does; the store holds what was checked."""
    clear = (
        '{"metrics": {"uuid": {"rally.id": "x"}}, "url": "first", "url": "last",'
        f' "metrics": {{"uuid": {{"rally.id": "y", "rally.id": "{RALLY_ID}"}}}}}}'
    )
    row = small_rally.decode_row(
        small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear.encode()))
    )
    assert row["payload"]["url"] == "last"


def test_text_that_a_client_cut_through_an_emoji_is_stored(small_rally):
    r"""Every Glean.js before 4.0 cuts by UTF-16 unit; \\ud83c is text of its own."""
    extra = rb'"url": "cut \ud83c", "extra": {"\udf08": "\\ud83c \ud83c\udf08"}'
    row = small_rally.decode_row(
        small_rally.judge(
            small_rally.seal_glean("rally-x", "visit.1", beside_the_id(extra))
        )
    )
    assert row["payload"]["url"] == "cut \ufffd"
    assert row["payload"]["extra"] == {"\ufffd": "\\ud83c \U0001f308"}


def test_clear_text_is_stored_exactly(small_rally, payload):
    others = {
        "private": False,
        "url": "\0 Ünïcödé \U0001f600 \u2028",
        "extra": {"": "", "k": "v"},
        "tags": [],
        "count": -(2**63),
        "rate": 5,
        "nested": {"a": 2**63 - 1},
    }
    row = small_rally.decode_row(
        small_rally.judge(
            small_rally.seal_tink("rally-x", "visit.1", payload(**others))
        )
    )
    pseudonym = row["participant"]
    assert row["payload"] == {
        "metrics": {"uuid": {"rally_id": pseudonym}, "string": None},
        **others,
        "rate": 5.0,
        "nested": {"a": 2**63 - 1, "b": None},
    }


ANY = st.none() | st.text(max_size=50)


@given(
    body=st.binary(max_size=100) | st.binary(max_size=100).map(gzip.compress),
    uri=ANY
    | st.sampled_from(
        [
            f"/submit/rally-x/visit/1/{ID}",
            f"/submit/rally-x/left/1/{ID}",
            f"/submit/rally-hub/study-unenrollment/1/{ID}",
            f"/submit/telemetry/{ID}/pioneer-study",
        ]
    ),
    sent=ANY | st.just("2022-06-01T12:00:00Z"),
    dnt=ANY,
)
def test_any_envelope_is_refused_or_fails(small_rally, body, uri, sent, dnt):
    outcome = small_rally.judge(Envelope(body, uri, sent, dnt))
    assert outcome.row is None
    assert outcome.event is None
    assert (outcome.refusal is None) != (outcome.failure is None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["metrics", "uuid", "rally.id", "string", "namespace", "url"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(clear=JSON)
@pytest.mark.parametrize("document", ["visit.1", "joined.1", "left.1"])
def test_any_clear_text_is_stored_or_fails(small_rally, document, clear):
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", document, clear))
    assert outcome.failure is not None or outcome.row is not None or outcome.event


@given(others=st.dictionaries(st.sampled_from(["url", "tags", "extra", "x"]), JSON))
def test_any_field_beside_the_id_is_stored_or_fails(small_rally, others):
    clear = {"metrics": {"uuid": {"rally.id": RALLY_ID}}, **others}
    outcome = small_rally.judge(small_rally.seal_glean("rally-x", "visit.1", clear))
    if outcome.row is None:
        assert outcome.failure in (
            FailureReason.SCHEMA_MISMATCH,
            FailureReason.INVALID_PAYLOAD,
        )
        is_mismatch = outcome.failure is FailureReason.SCHEMA_MISMATCH
        assert (outcome.where is not None) == is_mismatch
    else:
        payload = small_rally.decode_row(outcome)["payload"]
        assert all(payload[name] == value for name, value in others.items())
