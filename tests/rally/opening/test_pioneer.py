import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import DocumentName
from rally.errors import PingFailed
from rally.opening.pioneer import PioneerEnvelope, identifier_name, parse_pioneer
from rally.outcomes import FailureReason

PAYLOAD = {
    "encryptedData": "a.b.c.d.e",
    "encryptionKeyId": "core",
    "pioneerId": "f59c3d8c-8385-de40-be5d-c08fe0983d97",
    "schemaNamespace": "pioneer-core",
    "schemaName": "demographic-survey",
    "schemaVersion": 1,
    "studyName": "pioneer-core",
}
BODY = {"type": "pioneer-study", "version": 4, "id": "x", "payload": PAYLOAD}


def body(**changes):
    """An envelope with changed members of its payload; None leaves one out."""
    payload = {k: v for k, v in {**PAYLOAD, **changes}.items() if v is not None}
    return {**BODY, "payload": payload}


def test_pioneer_envelope_is_read():
    assert parse_pioneer(BODY) == PioneerEnvelope(
        "a.b.c.d.e",
        "core",
        DocumentName("pioneer-core", "demographic-survey", 1),
        "f59c3d8c-8385-de40-be5d-c08fe0983d97",
    )


@pytest.mark.parametrize("identifier", [None, "", 5, "not an id", ["x"]])
def test_pioneer_envelope_leaves_the_id_to_be_judged(identifier):
    """A missing or malformed id is a failure of its own: validating's."""
    assert parse_pioneer(body(pioneerId=identifier)).identifier == identifier


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"payload": PAYLOAD},
        {**BODY, "type": "main"},
        {**BODY, "type": None},
        {**BODY, "version": 3},
        {**BODY, "version": "4"},
        {**BODY, "payload": None},
        {**BODY, "payload": []},
        {**BODY, "payload": "text"},
        *(
            body(**{name: wrong})
            for name in (
                "encryptedData",
                "encryptionKeyId",
                "schemaNamespace",
                "schemaName",
            )
            for wrong in (None, "", 5, ["x"], {})
        ),
        *(body(schemaVersion=wrong) for wrong in (None, 0, -1, True, 1.0, "1", [])),
    ],
)
def test_pioneer_envelope_of_any_other_shape_fails(value):
    with pytest.raises(PingFailed) as caught:
        parse_pioneer(value)
    assert caught.value.reason is FailureReason.INVALID_BODY


@given(
    st.dictionaries(
        st.sampled_from([*PAYLOAD]),
        st.none() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_pioneer_envelope_of_any_payload_is_read_or_fails(payload):
    try:
        found = parse_pioneer({**BODY, "payload": payload}).document.version
    except PingFailed as failed:
        found = failed.reason
    assert found in (FailureReason.INVALID_BODY, payload.get("schemaVersion"))


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("rally-zero-one", "rallyId"),
        ("pioneer-core", "pioneerId"),
        ("rally", "pioneerId"),
        ("not-rally-x", "pioneerId"),
    ],
)
def test_pioneer_id_goes_where_the_decoder_puts_it(namespace, name):
    assert identifier_name(namespace) == name
