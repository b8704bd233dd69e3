"""Tests of the keys that open pings: rotation, binding, and what stops a load."""

import base64
import json
import pickle
import shutil
from pathlib import Path

import pytest
import tink
from tink import hybrid

from rally.errors import ConfigurationError
from rally.keys import administration, jwk, keysets
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.ping_keys import PingKeys

CONTEXT = b"/submit/rally-one/visit/1/6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10"
HYBRIDS = ["hpke", "ecies", "xwing"]


def sealer(folder, namespace="rally-one"):
    text = administration.public_keyset(folder, namespace)
    return keysets.parse_public(text).primitive(hybrid.HybridEncrypt)


@pytest.mark.parametrize("template", HYBRIDS)
def test_hybrid_opens_what_was_sealed_to_its_public_keyset(folder, template):
    administration.create(folder, "rally-one", template)
    sealed = sealer(folder).encrypt(b"clear", CONTEXT)
    keys = PingKeys.load(folder.uri)
    assert keys.hybrid("rally-one").decrypt(sealed, CONTEXT) == b"clear"
    with pytest.raises(tink.TinkError):
        keys.hybrid("rally-one").decrypt(sealed, CONTEXT + b"0")
    assert keys.hybrid("rally-two") is None


def generations(folder, templates):
    """(sealer, loaded keys) after the creation and after each rotation."""
    administration.create(folder, "rally-one", templates[0])
    yield sealer(folder), PingKeys.load(folder.uri)
    for template in templates[1:]:
        administration.rotate(folder, "rally-one", template)
        yield sealer(folder), PingKeys.load(folder.uri)


ROTATIONS = {
    "hpke": ["hpke", None, None],
    "ecies": ["ecies", None, None],
    "xwing": ["xwing", None, None],
    "hpke-to-xwing": ["hpke", "xwing", None],
}
# Who opens what, keys loaded after n rotations (down) by what sealed (across).
OPENS = [[True, False, False], [True, True, False], [True, True, True]]


@pytest.mark.parametrize("templates", ROTATIONS.values(), ids=ROTATIONS)
def test_rotated_keyset_opens_old_and_new(folder, templates):
    sealers, loaded = zip(*generations(folder, templates), strict=True)
    sealed = [made.encrypt(b"clear", CONTEXT) for made in sealers]
    assert [[opens(keys, text) for text in sealed] for keys in loaded] == OPENS


def opens(keys, sealed):
    try:
        return keys.hybrid("rally-one").decrypt(sealed, CONTEXT) == b"clear"
    except tink.TinkError:
        return False


def test_rotated_jwks_are_newest_first(folder):
    administration.create(folder, "rally-one", "jwk")
    first = administration.public_jwk(folder, "rally-one")["kid"]
    administration.rotate(folder, "rally-one")
    second = administration.public_jwk(folder, "rally-one")["kid"]
    keys = PingKeys.load(folder.uri).jwks("rally-one")
    assert [key.thumbprint for key in keys] == [second, first]


def test_pioneer_key_opens_only_the_namespaces_it_was_imported_for(two_namespaces):
    one, other = jwk.generate(), jwk.generate()
    for namespace, key, key_id in (
        ("rally-one", one, "k1"),
        ("rally-one", other, "k1"),
        ("pioneer-core", one, "k2"),
    ):
        named = jwk.EcPrivateKey(key.key, key.thumbprint, key_id)
        administration.import_jwk(two_namespaces, namespace, named)
    keys = PingKeys.load(two_namespaces.uri)
    found = {
        (key_id, namespace): [k.thumbprint for k in keys.pioneer(key_id, namespace)]
        for key_id in ("k1", "k2", "k3")
        for namespace in ("rally-one", "rally-two", "pioneer-core")
    }
    assert {pair: thumbs for pair, thumbs in found.items() if thumbs} == {
        ("k1", "rally-one"): [other.thumbprint, one.thumbprint],
        ("k2", "pioneer-core"): [one.thumbprint],
    }
    assert len(keys.jwks("rally-one")) == 1
    assert keys.jwks("pioneer-core") == ()
    assert keys.jwks("rally-none") == ()


def test_importing_twice_changes_nothing(folder):
    key = jwk.generate()
    for _ in range(2):
        administration.import_jwk(folder, "rally-one", key)
    assert len(PingKeys.load(folder.uri).jwks("rally-one")) == 1


def test_keys_are_never_pickled_or_shown(two_namespaces):
    keys = PingKeys.load(two_namespaces.uri)
    for held in (keys, two_namespaces, *keys.jwks("rally-one")):
        assert repr(held) == f"<{type(held).__name__}>"
        with pytest.raises(TypeError):
            pickle.dumps(held)
    with pytest.raises(TypeError):
        pickle.dumps(keys.hybrid("rally-one"))


def swap(path: Path, kind: str) -> str:
    shutil.copy(path / f"rally-two.{kind}.json", path / f"rally-one.{kind}.json")
    return f"rally-one.{kind}.json"


def overwrite(path: Path, name: str, text: str) -> str:
    (path / name).write_text(text)
    return name


def forget(path: Path, name: str) -> str:
    (path / name).unlink()
    return name


def other_kek(path: Path) -> str:
    other = str(path.parent / "other")
    assign_kek(KeyFolder(other), "namespaces", "any")
    shutil.copy(f"{other}/kek.keyset.json", path)
    return "rally-one.keyset.json"


def sealed_jwk_set(path: Path, clear: bytes) -> str:
    opened = KeyFolder(str(path))
    sealed = opened._aead("rally-one").encrypt(clear, b"rally-one.jwk")
    text = json.dumps({"encrypted_jwk_set": base64.b64encode(sealed).decode()})
    return overwrite(path, "rally-one.jwk.json", text)


def other_kind(path: Path) -> str:
    opened = KeyFolder(str(path))
    text = opened.seal_keyset("rally-one", keysets.generate("prf")).decode()
    return overwrite(path, "rally-one.keyset.json", text)


BROKEN = {
    "keyset-of-another-namespace": lambda path: swap(path, "keyset"),
    "jwk-of-another-namespace": lambda path: swap(path, "jwk"),
    "another-kek": other_kek,
    "no-kek": lambda path: forget(path, "kek.keyset.json"),
    "no-kek-file": lambda path: forget(path, "kek.json"),
    "malformed-kek-file": lambda path: overwrite(path, "kek.json", "[]"),
    "kek-file-with-more": lambda path: overwrite(
        path, "kek.json", '{"kek_uri": "local-kek://kek.keyset.json", "key": "x"}'
    ),
    "kek-file-of-numbers": lambda path: overwrite(
        path, "kek.json", '{"kek_uri": "local-kek://kek.keyset.json", "purposes": [1]}'
    ),
    "malformed-keyset": lambda path: overwrite(path, "rally-one.keyset.json", "{"),
    "empty-keyset": lambda path: overwrite(path, "rally-one.keyset.json", "{}"),
    "keyset-of-another-kind": other_kind,
    "malformed-jwk": lambda path: overwrite(path, "rally-one.jwk.json", "null"),
    "jwk-not-base64": lambda path: overwrite(
        path, "rally-one.jwk.json", '{"encrypted_jwk_set": "*"}'
    ),
    "jwk-set-of-nothing": lambda path: sealed_jwk_set(path, b"5"),
    "jwk-on-another-curve": lambda path: sealed_jwk_set(
        path, b'{"keys": [{"kty": "EC", "crv": "P-521"}]}'
    ),
    "bad-namespace": lambda path: overwrite(path, "Rally One.keyset.json", "{}"),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_load_stops_and_names_the_file(two_namespaces, damage):
    path = Path(two_namespaces.uri)
    name = damage(path)
    with pytest.raises(ConfigurationError) as caught:
        PingKeys.load(str(path))
    assert str(caught.value).startswith(f"{path / name}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_load_stops_at_a_folder_that_is_missing_or_empty(tmp_path, folder):
    with pytest.raises(ConfigurationError, match=r"kek\.json: is missing"):
        PingKeys.load(str(tmp_path / "nowhere"))
    with pytest.raises(ConfigurationError, match="holds no key"):
        PingKeys.load(folder.uri)
    with pytest.raises(ConfigurationError, match=r"kek\.json: is missing"):
        PingKeys.load(str(Path(folder.uri) / "kek.json"))


def test_platform_folder_below_is_not_looked_at(two_namespaces):
    below = Path(two_namespaces.uri) / "platform"
    below.mkdir()
    (below / "signing.delete.keyset.json").write_text("{}")
    assert PingKeys.load(two_namespaces.uri).hybrid("rally-one")
