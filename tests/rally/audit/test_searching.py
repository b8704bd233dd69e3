"""Raw ids and addresses are found wherever they stand, and nothing else is."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.audit.searching import (
    AddressSearch,
    IdSearch,
    make_searches,
    redact_id_like,
    redact_known_ids,
    search_header,
)
from rally.audit.settings import ForbiddenValues, hash_address, hash_addresses
from rally.audit.tally import Tally
from rally.storage.header import INDEX, ROW_LENGTHS, Header
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.memory_deployment import KeylessPrf

ONE = "a11ce000-0000-4000-8000-0000000000aa"
OTHER = "b0b00000-1111-4222-8333-444444444444"
PSEUDONYMS = Pseudonyms({PLATFORM: KeylessPrf(PLATFORM)})
IDS = IdSearch(KeylessPrf(PLATFORM), [PSEUDONYMS.of_platform(ONE)])

numbers = st.integers(0, 2**128 - 1)
uuids = numbers.map(lambda number: str(uuid.UUID(int=number)))
binary = st.binary(max_size=60)
of_clients = numbers.map(lambda number: str(uuid.UUID(int=number, version=4)))


@given(before=binary, text=uuids, after=binary, upper=st.booleans())
def test_id_is_found_in_any_bytes(before, text, after, upper):
    if text[14] == "8":
        text = text[:14] + "4" + text[15:]
    search = IdSearch(KeylessPrf(PLATFORM), [PSEUDONYMS.of_platform(text)])
    stored = (text.upper() if upper else text).encode()
    assert len(before) in search.find(before + stored + after)


@given(before=binary, text=of_clients, after=binary)
def test_id_without_hyphens_is_found_in_any_bytes(before, text, after):
    search = IdSearch(KeylessPrf(PLATFORM), [PSEUDONYMS.of_platform(text)])
    stored = text.replace("-", "").encode()
    assert len(before) in search.find(before + stored + after)


@given(data=st.lists(st.one_of(binary, uuids.map(str.encode))).map(b"".join))
def test_others_are_not_found(data):
    assert IDS.find(data) == []


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE}",
        f"H{ONE}H{OTHER}",
        f"{OTHER}{ONE}",
        f"0{ONE}0",
        f"{OTHER[:24]}{ONE}",  # begins within what looks like another
        ONE.replace("-", ""),
        f"ffffffff{ONE.replace('-', '')}ffff",
        f"{OTHER}-{ONE.upper()}",
    ],
)
def test_id_is_found_once(text):
    (at,) = IDS.find(text.encode())
    found = text[at:].lower().replace("-", "")
    assert found.startswith(ONE.replace("-", ""))


def test_pseudonym_is_no_id():
    pseudonym = PSEUDONYMS.of_platform(ONE)
    known = {pseudonym, PSEUDONYMS.of_platform(pseudonym)}
    assert IdSearch(KeylessPrf(PLATFORM), known).find(pseudonym.encode()) == []


def test_nobody_is_found_where_nobody_is_known():
    assert IdSearch(KeylessPrf(PLATFORM), []).find(ONE.encode()) == []


ADDRESSES = AddressSearch(hash_addresses(["192.0.2.7", "2001:db8::1"]))


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("192.0.2.7", 0),
        ("from 192.0.2.7.", 5),
        ("192.0.2.7,10.0.0.1", 0),
        ("[2001:db8::1]:80", 1),
        ("is 2001:DB8:0:0::1:", 3),
        ("4192.0.2.7 is where", 1),  # what is before or after may be a length
        ("192.0.2.7012", 0),
        (":2001:db8::1", 1),
        ("82001:db8:0:0:0:0:0:1a", 1),
    ],
)
def test_address_is_found(text, at):
    assert ADDRESSES.find(text.encode()) == [at]


@pytest.mark.parametrize(
    "text",
    ["192.0.2.6", "193.0.2.7", "192.0.2..7", "2001:db9::1", "1.2.3", "::", "1:2:3"],
)
def test_other_addresses_are_not_found(text):
    assert ADDRESSES.find(text.encode()) == []


def test_address_has_one_form():
    assert hash_address("2001:db8::1") == hash_address("2001:0DB8:0::0001")
    assert hash_address("not one") is None


def test_names_are_shown_without_ids():
    digits = ONE.replace("-", "")
    other = OTHER.replace("-", "")
    assert redact_known_ids(f"a/{digits}.avro", IDS, is_whole=True) == "a/….avro"
    assert redact_known_ids(f"a/{other}.avro", IDS, is_whole=True) == f"a/{other}.avro"
    assert (
        redact_known_ids(f"a/{OTHER.upper()}/{other}", IDS, is_whole=True)
        == f"a/…/{other}"
    )
    assert redact_id_like(f"a/{other}.avro") == "a/….avro"
    assert redact_known_ids(f"{OTHER[:24]}4444{ONE}", IDS, is_whole=True) == "…"


def test_digits_that_a_client_makes_are_not_shown_where_not_all_are_known():
    nobody, digits = IdSearch(KeylessPrf(PLATFORM), []), OTHER.replace("-", "")
    assert redact_known_ids(f"a/{digits}.avro", nobody, is_whole=False) == "a/….avro"
    name = f"a/{'0' * 32}.avro"
    assert redact_known_ids(name, nobody, is_whole=False) == name


def test_row_lengths_are_searched_where_there_is_no_index_to_be_held_against():
    searches = make_searches(
        ForbiddenValues(), KeylessPrf(PLATFORM), [PSEUDONYMS.of_platform(ONE)]
    )
    entries = {ROW_LENGTHS: ONE.encode()}
    assert search_header(Tally(), searches, "a", Header(entries, bytes(16), 9))
    entries[INDEX] = b""
    assert not search_header(Tally(), searches, "a", Header(entries, bytes(16), 9))


def test_nobody_is_known_by_what_is_no_pseudonym():
    searches = make_searches(
        ForbiddenValues(), KeylessPrf(PLATFORM), ["nobody", "\udcff" * 36]
    )
    assert searches.ids.find(ONE.encode()) == []


@given(before=binary, text=of_clients, after=binary)
def test_raw_id_is_found_in_any_bytes(before, text, after):
    search = IdSearch(KeylessPrf(PLATFORM), [PSEUDONYMS.of_platform(text)])
    raw = uuid.UUID(text).bytes
    assert search.find_raw(before + raw + after) == [len(before)]
    assert search.find_raw(before + raw[:15]) == []


def test_nobody_has_a_raw_id_where_nobody_is_known():
    assert IdSearch(KeylessPrf(PLATFORM), []).find_raw(uuid.UUID(ONE).bytes) == []
