"""A receipt and its bytes."""

import hashlib
import json
import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import ConfigurationError
from rally.receipts.encoding import (
    decode_receipt,
    digest,
    encode_receipt,
    is_sealed,
    read_sealed,
    seal,
)
from rally.receipts.receipt import (
    FIRST,
    NamedChanges,
    Receipt,
    ReceiptReason,
    Section,
    SectionOutcome,
    Stage,
    Verification,
    number_in,
    receipt_name,
)
from rally.times import EARLIEST, LATEST, to_micros
from tests.rally.receipts.examples import KEY, RECEIPT

UUID = re.compile(rb"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PSEUDONYM = "12345678-90ab-8def-8123-4567890abcde"


def hexadecimal(size):
    return st.binary(min_size=size, max_size=size).map(bytes.hex)


whole = st.integers(0, 2**63)
micros = st.integers(to_micros(EARLIEST), to_micros(LATEST))
days = st.dates(EARLIEST.date(), LATEST.date())
names = st.text("abcdef0123456789-", min_size=1, max_size=20)
verifications = st.builds(
    Verification, time=micros, files=whole, rows=whole, list=whole
)
sections = st.builds(
    Section,
    namespace=names,
    outcome=st.sampled_from(SectionOutcome),
    until=st.none() | days,
    files=whole,
    rows=whole,
    verified=st.none() | verifications,
)
receipts = st.builds(
    Receipt,
    number=whole,
    request=hexadecimal(16),
    scope=names,
    received=micros,
    written=micros,
    stages=st.dictionaries(st.sampled_from(Stage), micros),
    sections=st.lists(sections, max_size=3).map(tuple),
    old_copies_until=st.none() | days,
    plan=st.just("") | names,
    list=whole,
    reason=st.sampled_from(ReceiptReason),
    previous=hexadecimal(32),
    signature=st.just(""),
    changes=st.none()
    | st.builds(NamedChanges, first=whole, sha256=hexadecimal(32), size=whole),
)


@given(receipts)
def test_json_says_all_of_a_receipt(decisions, receipt):
    sealed = seal(receipt, KEY)
    assert replace(sealed, signature="") == receipt
    assert decode_receipt(encode_receipt(sealed), "here") == sealed
    assert is_sealed(sealed, decisions)


@given(receipts, st.sampled_from(["scope", "plan", "namespace"]), st.uuids())
def test_no_receipt_holds_an_id_or_a_pseudonym(receipt, where, leaked):
    leaking = {
        "scope": replace(receipt, scope=str(leaked)),
        "plan": replace(receipt, plan=f"plan-{leaked}"),
        "namespace": replace(
            receipt, sections=(Section(str(leaked).upper(), SectionOutcome.NOTHING),)
        ),
    }
    with pytest.raises(ValueError, match="a receipt holds no id and no pseudonym"):
        seal(leaking[where], KEY)


def test_receipt_is_one_line_of_json_without_a_pseudonym():
    sealed = seal(RECEIPT, KEY)
    data = encode_receipt(sealed)
    expected = {
        "changes": {"first": 1, "sha256": "5a" * 32, "size": 1234},
        "expunged": None,
        "list": 4,
        "number": 1,
        "old_copies_until": "2021-06-10",
        "plan": "2021-06-03-0a1b2c",
        "previous": "0" * 64,
        "reason": "deletion",
        "received": 1622550600000000,
        "request": "c0ffeec0ffeec0ffeec0ffeec0ffee00",
        "scope": "rally",
        "signature": sealed.signature,
        "sections": [
            {
                "files": 2,
                "namespace": "rally-study-foo",
                "outcome": "deleted",
                "rows": 6,
                "until": None,
                "verified": {
                    "files": 3,
                    "list": 4,
                    "result": "clean",
                    "rows": 193,
                    "time": 1622693100000000,
                },
            },
            {
                "files": 0,
                "namespace": "rally-study-bar",
                "outcome": "deferred",
                "rows": 0,
                "until": "2022-12-31",
                "verified": None,
            },
        ],
        "stages": {
            "purged": 1622550600000003,
            "requested": 1622550600000000,
            "rewritten": 1622550600000002,
            "suppressed": 1622550600000001,
            "verified": 1622693100000000,
        },
        "written": 1622696400000000,
    }
    text = json.dumps(expected, sort_keys=True, separators=(",", ":"))
    assert data == text.encode() + b"\n"
    assert not UUID.search(data)
    assert digest(data) == hashlib.sha256(data).hexdigest()


def test_pseudonym_is_kept_out():
    with pytest.raises(ValueError, match="no pseudonym") as caught:
        seal(replace(RECEIPT, plan=PSEUDONYM), KEY)
    assert PSEUDONYM not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.pop("plan"), "plan: is missing; add it"),
        (lambda it: it.update(more=1), "more: is not known; remove it or correct its"
         " name"),
        (lambda it: it.update(number=True), "number: must be a whole number of at least"
         " 0"),
        (lambda it: it.update(number=-1), "number: must be a whole number of at least"
         " 0"),
        (lambda it: it.update(written=1.0), "written: must be a whole number of at"
         " least 0"),
        (lambda it: it.update(request="AB" * 16), "request: must be lower-case"
         " hexadecimal digits, all of them"),
        (lambda it: it.update(request="ab"), "request: must be lower-case hexadecimal"
         " digits, all of them"),
        (lambda it: it.update(signature=""), "signature: must be text; write some, in"
         " quotes where YAML needs them"),
        (lambda it: it.update(reason="why"), "reason: must be one of: deletion,"
         " settled, expunge, late"),
        (lambda it: it["stages"].update(done=1), "stages.done: must be one of:"
         " requested, suppressed, rewritten, purged, verified, closed"),
        (lambda it: it.update(old_copies_until="soon"), "old_copies_until: must be a"
         " day such as 2022-03-10, from 2000-01-01 to 2199-12-31"),
        (lambda it: it.update(old_copies_until="20210610"), "old_copies_until: must be"
         " a day such as 2022-03-10, from 2000-01-01 to 2199-12-31"),
        (lambda it: it.update(written=-1), "written: must be a whole number of at"
         " least 0"),
        (lambda it: it.update(written=2**62), "written: must be a time from 2000-01-01"
         " to 2199-12-31, in microseconds"),
        (lambda it: it["sections"][0]["verified"].update(result="well"),
         "sections.0.verified.result: must be one of: clean"),
        (lambda it: it["sections"][0].update(files=None),
         "sections.0.files: must be a whole number of at least 0"),
        (lambda it: it["changes"].update(sha256="ab"),
         "changes.sha256: must be lower-case hexadecimal digits, all of them"),
    ],
)  # fmt: skip
def test_what_is_no_receipt_is_refused(change, message):
    content = json.loads(encode_receipt(seal(RECEIPT, KEY)))
    change(content)
    text = json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"
    with pytest.raises(ConfigurationError) as caught:
        decode_receipt(text.encode(), "here")
    assert str(caught.value) == f"here: {message}"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b",", b", "),
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b'"signature"', b'"signature":"00","signature"'),
    ],
    ids=["spaces", "no end", "two ends", "a key twice"],
)
def test_bytes_outside_the_signature_are_refused(spoil):
    data = spoil(encode_receipt(seal(RECEIPT, KEY)))
    with pytest.raises(ConfigurationError) as caught:
        decode_receipt(data, "here")
    assert str(caught.value) == (
        "here: is not as it was written; restore it from a backup"
    )


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe\x00"])
def test_what_is_not_json_is_refused(data):
    with pytest.raises(ConfigurationError) as caught:
        decode_receipt(data, "here")
    assert str(caught.value) == "here: is not JSON; restore it from a backup"


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2},
        {"scope": "rally-study-foo"},
        {"old_copies_until": date(2021, 6, 11)},
        {"previous": "1" + FIRST[1:]},
        {"stages": {}},
        {"sections": RECEIPT.sections[:1]},
        {"signature": "00"},
        {"signature": "0"},
    ],
    ids=str,
)
def test_mac_covers_everything(decisions, changes):
    sealed = seal(RECEIPT, KEY)
    changed = replace(sealed, **changes)
    assert is_sealed(sealed, decisions)
    assert not is_sealed(changed, decisions)
    with pytest.raises(ConfigurationError) as caught:
        read_sealed(encode_receipt(changed), decisions, changed.number, "here")
    assert str(caught.value) == (
        "here: is not as it was written; run `rally receipts verify`"
    )


def test_names_sort_as_numbers_do():
    assert receipt_name(7) == "receipts/000000000007.json"
    assert sorted(map(receipt_name, (10, 9, 100))) == [*map(receipt_name, (9, 10, 100))]
    assert number_in(receipt_name(123)) == 123
    for other in ("receipts/anchor.json", "receipts/7.json", "x/000000000007.json"):
        assert number_in(other) == 0
