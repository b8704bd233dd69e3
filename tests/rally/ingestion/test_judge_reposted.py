"""A JWE is known by its bytes: whoever submits it again cannot make another ping of it.

Tink pings are bound to their path, and known by the document id in it.
"""

import base64
import gzip
import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.envelope import parse_timestamp
from rally.events import RALLY, EventKind
from rally.ingestion.outcome import Outcome
from rally.ingestion.routes import Label
from rally.outcomes import FailureReason, RefusalReason
from rally.times import to_micros
from rally.validation.pseudonyms import Pseudonyms
from tests.rally.withdrawal.lists import joined, left, make_list

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
SOMEBODY_ELSE = "d286f4ba-6713-4d3d-b955-8eaeede6846d"
ANOTHER = "11d6f1cd-70b6-4d70-9a4b-4a9d0b8a8e05"
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SENT, LATER = "2022-06-01T12:00:00.000000Z", "2022-06-01T13:00:00.000000Z"
MICROS = to_micros(parse_timestamp(SENT))


def jwe_of(envelope):
    payload = json.loads(gzip.decompress(envelope.payload))["payload"]
    assert type(payload) is str
    return payload


def escaped(text):
    return "".join(f"\\u{ord(each):04x}" for each in text).encode()


SAME_PING = {
    "as it was": lambda jwe: json.dumps({"payload": jwe}).encode(),
    "packed": lambda jwe: gzip.compress(json.dumps({"payload": jwe}).encode()),
    "packed otherwise": lambda jwe: gzip.compress(
        json.dumps({"payload": jwe}).encode(), 1, mtime=5
    ),
    "white space": lambda jwe: b' {\n"payload"\t: "' + jwe.encode() + b'" } \n',
    "escapes": lambda jwe: b'{"payload": "' + escaped(jwe) + b'"}',
    "an escaped name": lambda jwe: b'{"\\u0070ayload": "' + jwe.encode() + b'"}',
    "a name twice": lambda jwe: b'{"payload": "x", "payload": "' + jwe.encode() + b'"}',
}
"""Bodies that open to the same clear text."""

_PARTS = {"header": 0, "iv": 2, "ciphertext": 3, "tag": 4}


def loose(part):
    """The last character with bits set that mean nothing, where it has any."""
    if len(part) % 4 == 0:
        return part + "="
    return part[:-1] + ALPHABET[ALPHABET.index(part[-1]) + 1]


def respelled(part):
    """The header with other white space in its JSON."""
    text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    try:
        text = json.dumps(json.loads(text), separators=(" , ", " : ")).encode()
    except ValueError:
        text += b"\0"
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


NO_PING = {
    "padding": lambda part: part + "=" * (-len(part) % 4 or 4),
    "loose bits": loose,
    "a space": lambda part: part + " ",
    "a line feed": lambda part: part[:4] + "\n" + part[4:],
    "standard base64": lambda part: part[:-1] + "+",
    "more of it": lambda part: part + "AAAA",
    "another spelling": respelled,
}


@pytest.mark.parametrize("body", SAME_PING.values(), ids=SAME_PING)
def test_a_body_that_opens_is_the_same_ping_however_it_is_written(
    small_rally, payload, body
):
    first = small_rally.seal_glean("rally-x", "joined.1", payload())
    again = first._replace(
        payload=body(jwe_of(first)), uri=f"/submit/rally-x/left/1/{ANOTHER}?a=b"
    )
    events = [small_rally.judge(each).event for each in (first, again)]
    assert [each.kind for each in events] == [EventKind.JOINED, EventKind.LEFT]
    assert events[0].document_id == events[1].document_id
    moved = again._replace(uri=f"/submit/rally-x/visit/1/{ANOTHER}")
    row = small_rally.decode_row(small_rally.judge(moved))
    assert row["document_id"] == events[0].document_id
    assert uuid.UUID(row["document_id"]).version == 8
    assert ANOTHER not in repr((events, row))


@pytest.mark.parametrize("part", _PARTS.values(), ids=_PARTS)
@pytest.mark.parametrize("spell", NO_PING.values(), ids=NO_PING)
def test_a_jwe_that_is_spelled_otherwise_does_not_open(
    small_rally, payload, part, spell
):
    first = small_rally.seal_glean("rally-x", "joined.1", payload())
    parts = jwe_of(first).split(".")
    parts[part] = spell(parts[part])
    body = json.dumps({"payload": ".".join(parts)}).encode()
    found = small_rally.judge(first._replace(payload=body))
    label = Label("rally-x", "joined.1")
    assert found == Outcome(label, failure=FailureReason.DECRYPTION_FAILED)


@given(data=st.data())
def test_whatever_opens_of_a_changed_jwe_is_the_same_ping(small_rally, payload, data):
    first = small_rally.seal_glean("rally-x", "left.1", payload())
    jwe = jwe_of(first)
    at = data.draw(st.integers(0, len(jwe)))
    text = data.draw(st.sampled_from([*ALPHABET, "=", "+", "/", ".", " ", ""]))
    width = data.draw(st.integers(0, 1))
    changed = jwe[:at] + text + jwe[at + width :]
    body = json.dumps({"payload": changed}).encode()
    found = small_rally.judge(first._replace(payload=body))
    if found.event is None:
        assert found.failure is FailureReason.DECRYPTION_FAILED
    else:
        assert changed == jwe
        assert found == small_rally.judge(first)


def test_two_pings_of_the_same_clear_text_are_two(small_rally, payload):
    sent = [small_rally.seal_glean("rally-x", "left.1", payload()) for _ in range(9)]
    assert len({small_rally.judge(each).event.document_id for each in sent}) == 9


def test_nobody_makes_the_document_id_without_the_key(small_rally, payload):
    first = small_rally.seal_glean("rally-x", "left.1", payload())
    keys = small_rally.platform_keys
    others = Pseudonyms({"platform": keys.prf("rally-x")})
    jwe = jwe_of(first)
    made = {others.of_sealed(jwe), small_rally.judge(first).event.document_id}
    made |= {
        small_rally.pseudonyms.of_platform(jwe),
        small_rally.pseudonyms.of_deletion_id(jwe),
    }
    assert len(made) == 4
    assert small_rally.judge(
        first
    ).event.document_id == small_rally.pseudonyms.of_sealed(jwe)


@pytest.mark.parametrize("namespace", ["rally-x", "rally-hub"])
def test_tink_is_known_by_its_path(small_rally, payload, namespace):
    document = {"rally-x": "left.1", "rally-hub": "deletion-request.1"}[namespace]
    envelope = small_rally.seal_tink(
        namespace, document, payload(), document_id=ANOTHER
    )
    assert small_rally.judge(envelope).event.document_id == ANOTHER
    moved = envelope._replace(uri=envelope.uri[:-1] + "6")
    assert small_rally.judge(moved).failure is FailureReason.DECRYPTION_FAILED


PIONEER_CHANGES = {
    "as it was": ({}, {}),
    "as a withdrawal": ({"schemaName": "deletion-request"}, {}),
    "of another study": ({"schemaNamespace": "pioneer-hub"}, {}),
    "by an alias": ({"schemaNamespace": "y.study@example.edu"}, {}),
    "another person": ({"pioneerId": SOMEBODY_ELSE}, {}),
    "another key's id": ({"encryptionKeyId": "discarded"}, {}),
    "more in it": ({"more": 1}, {"more": [2]}),
}


@pytest.mark.parametrize(
    ("changes", "members"), PIONEER_CHANGES.values(), ids=PIONEER_CHANGES
)
@pytest.mark.parametrize("key_id", ["pioneer-y", "discarded"])
def test_pioneer_is_known_by_its_jwe(small_rally, changes, members, key_id):
    """Opened or not: what is around it is not sealed, and anybody may change it."""
    first = small_rally.seal_pioneer(
        "pioneer-y", "pioneer-enrollment.1", {}, key_id=key_id
    )
    path = f"/submit/telemetry/{ANOTHER}/pioneer-study"
    again = small_rally.change_pioneer(first, changes, **members)._replace(uri=path)
    events = [small_rally.judge(each).event for each in (first, again)]
    assert (
        events[0].document_id
        == events[1].document_id
        == small_rally.document_id_of(first)
    )


def test_pioneers_enrolment_as_an_uninstallation_is_the_same_ping(small_rally):
    """Its deletion id is sealed; whose envelope is around it does not matter."""
    clear = {"deletionId": ANOTHER}
    first = small_rally.seal_pioneer("pioneer-hub", "pioneer-enrollment.1", clear)
    changes = {"schemaName": "uninstall-deletion", "pioneerId": SOMEBODY_ELSE}
    again = small_rally.change_pioneer(first, changes)
    events = [small_rally.judge(each).event for each in (first, again)]
    assert [each.kind for each in events] == [EventKind.JOINED, EventKind.LEFT]
    assert events[0].document_id == events[1].document_id
    assert events[0].deletion_id == events[1].deletion_id


def test_pioneer_without_a_jwe_is_known_by_its_path(small_rally):
    for wrong in (..., None, "", 5):
        envelope = small_rally.seal_pioneer(
            "pioneer-y", "deletion-request.1", {}, document_id=ANOTHER
        )
        changed = small_rally.change_pioneer(envelope, {"encryptedData": wrong})
        assert small_rally.judge(changed).event.document_id == ANOTHER


SUBMITTED = {
    "at its own path": ("rally-hub", "study-enrollment.1"),
    "as one in Rally": ("rally-hub", "enrollment.1"),
}


@pytest.mark.parametrize(("namespace", "document"), SUBMITTED.values(), ids=SUBMITTED)
def test_a_later_copy_of_an_enrolment_is_counted_and_does_nothing(
    small_rally, payload, namespace, document
):
    clear = payload(string={"namespace": "rally-x"})
    first = small_rally.seal_glean("rally-hub", "study-enrollment.1", clear)
    me, document_id = (
        small_rally.pseudonyms.of_platform(RALLY_ID),
        small_rally.document_id_of(first),
    )
    known = make_list(
        1,
        left(me, "rally-x", MICROS + 1),
        left(me, RALLY, MICROS + 1),
        joined(me, "rally-x", MICROS, document_id),
    )
    path = document.replace(".", "/")
    again = first._replace(
        uri=f"/submit/{namespace}/{path}/{ANOTHER}", submission_timestamp=LATER
    )
    expected = Outcome(Label(namespace, document), refusal=RefusalReason.REPOSTED)
    assert small_rally.judge(again, withdrawals=known) == expected
    new = small_rally.seal_glean(namespace, document, clear, submission_timestamp=LATER)
    assert small_rally.judge(new, withdrawals=known).event is not None


def test_a_copy_of_an_enrolment_as_data_is_counted_and_not_stored(small_rally, payload):
    first = small_rally.seal_glean("rally-x", "joined.1", payload())
    me = small_rally.pseudonyms.of_platform(RALLY_ID)
    known = make_list(
        1,
        left(me, "rally-x", MICROS - 9),
        joined(me, "rally-x", MICROS, small_rally.document_id_of(first)),
    )
    again = first._replace(
        uri=f"/submit/rally-x/visit/1/{ANOTHER}", submission_timestamp=LATER
    )
    label = Label("rally-x", "visit.1")
    expected = Outcome(label, refusal=RefusalReason.REPOSTED)
    assert small_rally.judge(again, withdrawals=known) == expected
    assert (
        small_rally.judge(first, withdrawals=known).row is not None
    )  # it came again, whole


def test_a_copy_as_a_withdrawal_is_heard_whatever_the_list_knows(small_rally, payload):
    """Deletion holds it: only the log has all copies."""
    first = small_rally.seal_glean("rally-x", "joined.1", payload())
    me = small_rally.pseudonyms.of_platform(RALLY_ID)
    known = make_list(
        1,
        left(me, RALLY, MICROS - 9),
        joined(me, "rally-x", MICROS, small_rally.document_id_of(first)),
    )
    again = first._replace(
        uri=f"/submit/rally-x/left/1/{ANOTHER}", submission_timestamp=LATER
    )
    event = small_rally.judge(again, withdrawals=known).event
    assert (event.kind, event.scope) == (EventKind.LEFT, "rally-x")
