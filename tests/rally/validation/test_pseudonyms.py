import hashlib
import hmac
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.errors import PingFailed
from rally.validation.pseudonyms import IdReplacer, Pseudonyms, stands_in

ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
BARE = ID.replace("-", "")
PSEUDONYM = "0d1f2e3c-4b5a-8978-9695-a4b3c2d1e0f0"
PSEUDONYM_BARE = PSEUDONYM.replace("-", "")


class Hmac:
    """HMAC-SHA256 cut to 16 bytes, as Tink's PRF is defined."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def compute(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, hashlib.sha256)[:16]


def as_uuid(key: bytes, data: str) -> str:
    """The definition, written another way."""
    output = bytearray(hmac.digest(key, data.encode(), hashlib.sha256)[:16])
    output[6] = output[6] & 0x0F | 0x80
    output[8] = output[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(output)))


@pytest.fixture(scope="module")
def pseudonyms():
    keys = {"platform": b"p" * 32, "rally-x": b"x" * 32, "rally-y": b"y" * 32}
    return Pseudonyms({name: Hmac(key) for name, key in keys.items()})


@given(st.uuids().map(str))
def test_pseudonyms_are_the_prfs_of_their_definition(pseudonyms, rally_id):
    platform = pseudonyms.of_platform(rally_id)
    assert platform == as_uuid(b"p" * 32, rally_id)
    for namespace, key in (("rally-x", b"x" * 32), ("rally-y", b"y" * 32)):
        expected = as_uuid(key, platform)
        assert pseudonyms.of_study(namespace, platform) == expected
    deletion = pseudonyms.of_deletion_id(rally_id)
    assert deletion == as_uuid(b"p" * 32, "deletion-id:" + rally_id)
    assert uuid.UUID(platform).version == 8
    assert uuid.UUID(platform).variant == uuid.RFC_4122


def test_pseudonyms_of_one_person_differ_everywhere(pseudonyms):
    platform = pseudonyms.of_platform(ID)
    made = {
        ID,
        platform,
        pseudonyms.of_study("rally-x", platform),
        pseudonyms.of_study("rally-y", platform),
        pseudonyms.of_deletion_id(ID),
    }
    assert len(made) == 5


def test_pseudonyms_of_an_unknown_study_are_refused(pseudonyms):
    with pytest.raises(KeyError):
        pseudonyms.of_study("rally-z", PSEUDONYM)


@pytest.mark.parametrize(
    ("text", "replaced"),
    [
        (ID, PSEUDONYM),
        (ID.upper(), PSEUDONYM),
        (ID.title(), PSEUDONYM),
        (BARE, PSEUDONYM_BARE),
        (BARE.upper(), PSEUDONYM_BARE),
        (
            f"https://example.org/u/{ID}?a={BARE}#x",
            f"https://example.org/u/{PSEUDONYM}?a={PSEUDONYM_BARE}#x",
        ),
        (ID + ID, PSEUDONYM + PSEUDONYM),
        (f"ab{BARE}cd", f"ab{PSEUDONYM_BARE}cd"),
        (f"\0{ID}\n", f"\0{PSEUDONYM}\n"),
        (ID[:-1], ID[:-1]),
        (ID.replace("-", "_"), ID.replace("-", "_")),
        ("", ""),
    ],
)
def test_replacer_replaces_every_form_in_a_text(text, replaced):
    assert IdReplacer(ID, PSEUDONYM).in_text(text) == replaced


def test_replacer_replaces_at_every_depth_and_in_keys():
    value = {
        ID: [ID.upper(), {"k": {BARE: None}}, 5, True, 0.5],
        "url": f"https://e.org/{BARE.upper()}",
        "other": "text",
    }
    assert IdReplacer(ID, PSEUDONYM).in_value(value) == {
        PSEUDONYM: [PSEUDONYM, {"k": {PSEUDONYM_BARE: None}}, 5, True, 0.5],
        "url": f"https://e.org/{PSEUDONYM_BARE}",
        "other": "text",
    }
    assert ID in value  # the value itself is left as it was


@pytest.mark.parametrize(
    "keys",
    [
        (ID, ID.upper()),
        (ID.upper(), "other", ID.title()),
        (BARE, BARE.upper()),
        (f"u={ID}", f"u={ID.upper()}"),
        (ID, PSEUDONYM),
        (PSEUDONYM_BARE, BARE),
        (f"{ID}{ID.upper()}", f"{ID.upper()}{ID}"),
    ],
)
@pytest.mark.parametrize(
    "inside", [lambda it: it, lambda it: {"a": it}, lambda it: [[1], [{"a": it}]]]
)
def test_replacer_drops_no_key(keys, inside):
    value = inside(dict.fromkeys(keys, 1))
    with pytest.raises(PingFailed) as failed:
        IdReplacer(ID, PSEUDONYM).in_value(value)
    assert failed.value.args == ("invalid_id",)


@pytest.mark.parametrize("form", [ID, ID.upper(), BARE, BARE.upper(), ID.title()])
def test_id_is_found_in_every_form(form):
    assert stands_in(ID, b"before" + form.encode() + b"\x00")


@pytest.mark.parametrize("data", [b"", ID[:-1].encode(), ID.replace("-", "_").encode()])
def test_id_is_not_found_where_it_is_not(data):
    assert not stands_in(ID, data)


CASES = st.lists(st.booleans(), min_size=36, max_size=36)


@given(st.uuids(version=4).map(str), CASES, st.booleans(), st.text(), st.text())
def test_replacer_leaves_no_form_of_the_id(identifier, upper, bare, before, after):
    form = "".join(
        letter.upper() if up else letter
        for letter, up in zip(identifier, upper, strict=True)
    )
    text = before + (form.replace("-", "") if bare else form) + after
    assert stands_in(identifier, text.encode("utf-8", "replace"))
    replaced = IdReplacer(identifier, PSEUDONYM).in_value({text: [text]})
    assert not stands_in(identifier, repr(replaced).encode())
    assert replaced.keys() == {replaced_text for (replaced_text,) in replaced.values()}
