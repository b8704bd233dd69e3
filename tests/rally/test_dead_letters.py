import gzip
import re
from datetime import UTC, datetime, timedelta

import pytest
import tink
from hypothesis import given
from hypothesis import strategies as st
from tink import hybrid, prf

from rally.dead_letters import (
    DeadLetter,
    LetterKind,
    LetterPlace,
    encode_dead_letters,
    list_dead_letters,
    read_sealed,
    seal,
    unseal,
    write_dead_letters,
)
from rally.envelope import Envelope
from rally.errors import CorruptFile
from rally.keys.platform_keys import PseudonymPrf
from rally.outcomes import FailureReason
from rally.storage.header import read_header
from rally.storage.objectstore.local import LocalStore
from rally.times import EARLIEST, LATEST

WITHIN = [each.replace(tzinfo=None) for each in (EARLIEST, LATEST)]
CANARY = b"what-the-person-read"
RALLY_ID = "5f0c1d7e-8a6b-4c3d-9e2f-1a2b3c4d5e6f"
NOON = datetime(2022, 3, 10, 12, 0, 0, 123456, UTC)
PLACE = LetterPlace("rally-one", LetterKind.PING, "2022-03-10")
LETTER = DeadLetter(
    Envelope(
        CANARY,
        uri=f"/submit/rally-one/visit/1/{RALLY_ID}",
        submission_timestamp="2022-03-10T11:59:59.000001Z",
        dnt="1",
        client_agent="Glean.js/canary-agent",
        source_tags="canary-tag",
        debug_id="canary-debug",
        country="CA-canary",
    ),
    FailureReason.SCHEMA_MISMATCH,
    NOON,
    "1.0",
    where="/metrics/string/canary-field wants long",
)
LINE = DeadLetter(
    Envelope(b""), FailureReason.MALFORMED_LINE, NOON, "1.0", "gs://in/a.ndjson:17"
)

text = st.none() | st.text(max_size=9)
letters = st.builds(
    DeadLetter,
    st.builds(Envelope, st.binary(), text, text, text, text, text, text, text),
    st.sampled_from(FailureReason),
    st.datetimes(*WITHIN, timezones=st.just(UTC)),
    st.text(max_size=5),
    text,
    text,
)


@pytest.fixture(scope="module")
def private():
    hybrid.register()
    templates = hybrid.hybrid_key_templates
    return tink.new_keyset_handle(
        templates.DHKEM_X25519_HKDF_SHA256_HKDF_SHA256_AES_256_GCM
    )


@pytest.fixture(scope="module")
def sealer(private):
    return private.public_keyset_handle().primitive(hybrid.HybridEncrypt)


@pytest.fixture(scope="module")
def unsealer(private):
    return private.primitive(hybrid.HybridDecrypt)


def new_prf():
    prf.register()
    handle = tink.new_keyset_handle(prf.prf_key_templates.HMAC_SHA256)
    return PseudonymPrf(handle.primitive(prf.PrfSet).primary())


@pytest.fixture(scope="module")
def name_prf():
    return new_prf()


@pytest.fixture
def platform(tmp_path):
    return LocalStore(str(tmp_path))


@pytest.fixture
def write(platform, sealer, name_prf):
    def write(*letters, place=PLACE, name_prf=name_prf):
        write_dead_letters(platform, place, letters, sealer, name_prf)

    return write


def objects(platform):
    return [info for _, info in list_dead_letters(platform)]


def opened(platform, info, unsealer, place=PLACE):
    sealed = read_sealed(platform.read(info.name))
    return [unseal(each, place, unsealer) for each in sealed]


def test_dead_letters_come_back_as_received(platform, write, unsealer):
    write(LETTER, LINE)
    [info] = objects(platform)
    found = opened(platform, info, unsealer)
    assert sorted(found, key=lambda letter: letter.reason) == [LINE, LETTER]
    assert {type(letter.reason) for letter in found} == {FailureReason}


def test_place_is_in_the_path(platform, write):
    place = LetterPlace("unknown", LetterKind.WITHDRAWAL, "2022-03-11")
    write(LETTER, place=place)
    write(LETTER)
    found = list(list_dead_letters(platform))
    assert [each for each, _ in found] == [PLACE, place]
    assert [info.name.rpartition("/")[0] for _, info in found] == [
        "dead-letters/study=rally-one/kind=ping/date=2022-03-10",
        "dead-letters/study=unknown/kind=withdrawal/date=2022-03-11",
    ]
    assert re.fullmatch("[0-9a-f]{32}.avro", found[0][1].name.rpartition("/")[2])


def test_nothing_of_the_ping_is_outside_the_seal(platform, write):
    write(LETTER, LETTER._replace(origin="gs://canary/line"))
    [info] = objects(platform)
    data = platform.read(info.name)
    clear = b"".join([data, info.name.encode(), *read_sealed(data)]).lower()
    sealed = [value for value in LETTER.envelope if isinstance(value, str)]
    assert len(sealed) == 7
    for value in (*sealed, RALLY_ID, RALLY_ID.replace("-", "")):
        if len(value) > 1:  # "1" is in every file
            assert value.lower().encode() not in clear
    for secret in (
        CANARY,
        gzip.compress(CANARY),
        b"canary",
        b"schema_mismatch",
        b"wants",
    ):
        assert secret not in clear
    entries = read_header(data).entries
    assert set(entries) == {
        *("avro.schema", "avro.codec", "rally.version", "rally.content"),
        *("rally.rows", "rally.checksum", "rally.header"),
    }


def test_same_failures_are_the_same_object_however_often_they_happen(platform, write):
    write(LETTER, LINE)
    before = objects(platform)
    later = NOON + timedelta(hours=1)
    write(LINE._replace(time=later), LETTER._replace(time=later, version="2.0"))
    assert objects(platform) == before


@pytest.mark.parametrize(
    "other",
    [
        LETTER._replace(envelope=LETTER.envelope._replace(payload=b"x")),
        LETTER._replace(envelope=LETTER.envelope._replace(uri=None)),
        LETTER._replace(envelope=LETTER.envelope._replace(country="None")),
        LETTER._replace(reason=FailureReason.NO_KEY),
        LETTER._replace(origin="x"),
    ],
    ids=["payload", "uri", "country", "reason", "origin"],
)
def test_other_failures_are_another_object(platform, write, other):
    write(LETTER)
    write(other)
    write(LETTER, other)
    assert len(objects(platform)) == 3


def test_name_cannot_be_computed_without_the_key(platform, write):
    write(LETTER)
    write(LETTER, name_prf=new_prf())
    assert len(objects(platform)) == 2


def test_sealing_twice_is_not_the_same_bytes(sealer):
    assert seal(LETTER, PLACE, sealer) != seal(LETTER, PLACE, sealer)


@pytest.mark.parametrize(
    "place",
    [PLACE._replace(study="rally-two"), PLACE._replace(kind=LetterKind.WITHDRAWAL)],
    ids=["study", "kind"],
)
def test_seal_opens_at_its_place_alone(sealer, unsealer, place):
    sealed = seal(LETTER, PLACE, sealer)
    assert unseal(sealed, PLACE, unsealer) == LETTER
    assert unseal(sealed, PLACE._replace(day="2022-03-11"), unsealer) == LETTER
    with pytest.raises(tink.TinkError):
        unseal(sealed, place, unsealer)


def test_changed_or_foreign_seal_does_not_open(sealer, unsealer):
    sealed = bytearray(seal(LETTER, PLACE, sealer))
    sealed[-1] ^= 1
    for damaged in (bytes(sealed), bytes(sealed[:-1]), b""):
        with pytest.raises(tink.TinkError):
            unseal(damaged, PLACE, unsealer)


@given(letters)
def test_any_dead_letter_comes_back_equal(sealer, unsealer, letter):
    assert unseal(seal(letter, PLACE, sealer), PLACE, unsealer) == letter


def test_part_of_an_object_is_kept_under_its_name(platform, write, unsealer):
    write(LETTER, LINE)
    [info] = objects(platform)
    content = read_header(platform.read(info.name)).entries["rally.content"].decode()
    sealed = read_sealed(platform.read(info.name))
    kept = [each for each in sealed if unseal(each, PLACE, unsealer) == LINE]
    data = encode_dead_letters(kept, content, "2.0")
    platform.replace(info.name, data, info.generation)
    [after] = objects(platform)
    assert after.name == info.name
    assert opened(platform, after, unsealer) == [LINE]
    write(LETTER, LINE)  # the same failures again: what was replayed stays replayed
    assert objects(platform) == [after]


def test_object_of_sealed_rows_follows_from_them():
    rows = [b"one", b"two" * 100_000]
    data = encode_dead_letters(rows, "c", "1.0")
    assert read_sealed(data) == rows
    assert encode_dead_letters(iter(rows), "c", "1.0") == data
    assert read_sealed(encode_dead_letters([], "c", "1.0")) == []
    with pytest.raises(CorruptFile):
        read_sealed(data[:-1])


@pytest.mark.parametrize(
    "name",
    [
        "dead-letters/README",
        "dead-letters/study=a/kind=ping/date=2022-03-10/README",
        f"dead-letters/study=a/kind=other/date=2022-03-10/{'0' * 32}.avro",
        f"dead-letters/study=a/kind=ping/date=2022-03-10/b/{'0' * 32}.avro",
        f"dead-letters/study=a/kind=ping/date=2022-02-30/{'0' * 32}.avro",
        f"dead-letters/study=a/kind=ping/date=9999-12-31/{'0' * 32}.avro",
    ],
)
def test_foreign_object_among_them_is_left_out(platform, name):
    platform.create(name, b"x")
    assert list(list_dead_letters(platform)) == []


def test_platform_without_dead_letters_lists_none(platform):
    assert list(list_dead_letters(platform)) == []
