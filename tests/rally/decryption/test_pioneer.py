import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decryption.pioneer import PioneerEnvelope, identifier_name, parse_pioneer
from rally.envelope import DocumentName

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
            for name in ("schemaNamespace", "schemaName")
            for wrong in (None, "", 5, ["x"], {})
        ),
        *(body(schemaVersion=wrong) for wrong in (None, 0, -1, True, 1.0, "1", [])),
    ],
)
def test_pioneer_envelope_that_does_not_say_what_it_is_is_not_valid(value):
    assert not parse_pioneer(value).is_valid


@pytest.mark.parametrize("wrong", [None, "", 5, 1e400, True, ["x"], {}])
def test_pioneer_envelope_keeps_what_of_it_is_legible(wrong):
    names = ("schemaNamespace", "schemaName", "schemaVersion")
    document = DocumentName("pioneer-core", "demographic-survey", 1)
    illegible = ("", "", 0)
    for position, name in enumerate(names):
        expected = list(document)
        expected[position] = illegible[position]
        if name != "schemaVersion" or wrong != 5:
            found = parse_pioneer(body(**{name: wrong}))
            assert found.document == tuple(expected)
            assert found.identifier == PAYLOAD["pioneerId"]
    sealed = parse_pioneer(body(encryptedData=wrong, encryptionKeyId=wrong))
    assert (sealed.jwe, sealed.key_id, sealed.is_valid) == ("", "", True)


@given(
    st.dictionaries(
        st.sampled_from([*PAYLOAD]),
        st.none() | st.integers() | st.text() | st.lists(st.text()),
    )
)
def test_pioneer_envelope_of_any_payload_is_read(payload):
    found = parse_pioneer({**BODY, "payload": payload})
    assert found.document.version in (0, payload.get("schemaVersion"))
    assert found.is_valid == all(found.document)


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
