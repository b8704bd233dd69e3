"""Tests of making, rotating and destroying keys: nothing else is touched."""

from pathlib import Path

import pytest
from tink.proto import hpke_pb2, tink_pb2

from rally.errors import ConfigurationError
from rally.keys import administration, jwk, keysets
from rally.keys.folder import KeyFolder


def contents(folder):
    return {path.name: path.read_bytes() for path in Path(folder.uri).glob("[!.]*")}


def test_key_that_exists_is_not_made_again(two_namespaces):
    before = contents(two_namespaces)
    for template in ("hpke", "jwk"):
        with pytest.raises(ConfigurationError, match="rally keys rotate"):
            administration.create(two_namespaces, "rally-one", template)
    assert contents(two_namespaces) == before


def test_rotation_touches_one_file(two_namespaces):
    before = contents(two_namespaces)
    administration.rotate(two_namespaces, "rally-one", "jwk")
    after = contents(two_namespaces)
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"rally-one.jwk.json"}
    assert before.keys() == after.keys()


def test_rotation_of_two_kinds_asks_which(two_namespaces):
    with pytest.raises(ConfigurationError, match="--template"):
        administration.rotate(two_namespaces, "rally-one")


def test_rotation_keeps_the_parameters_of_the_key(folder):
    administration.create(folder, "rally-one", "xwing")
    administration.rotate(folder, "rally-one")
    keyset = keysets._to_proto(folder.read_keyset("rally-one"))
    kems = [
        hpke_pb2.HpkePrivateKey.FromString(key.key_data.value).public_key.params.kem
        for key in keyset.key
    ]
    assert kems == [hpke_pb2.X_WING, hpke_pb2.X_WING]


def test_rotation_does_not_overwrite_another_s(folder):
    administration.create(folder, "rally-one", "hpke")

    class Slow(KeyFolder):
        def seal_keyset(self, owner, handle):
            administration.rotate(KeyFolder(self.uri), owner)
            return super().seal_keyset(owner, handle)

    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        administration.rotate(Slow(folder.uri), "rally-one")
    assert len(administration.ping_rows(folder)) == 2


def test_rotation_makes_no_glean_key_beside_pioneer_s(folder):
    key = jwk.generate()
    pioneer = jwk.EcPrivateKey(key.key, key.thumbprint, "k1")
    administration.import_jwk(folder, "pioneer-core", pioneer)
    with pytest.raises(ConfigurationError, match="import Pioneer's next key"):
        administration.rotate(folder, "pioneer-core")
    with pytest.raises(ConfigurationError, match="Pioneer keys only"):
        administration.public_jwk(folder, "pioneer-core")
    administration.create(folder, "pioneer-core", "jwk")
    rows = [(row.kind, row.role) for row in administration.ping_rows(folder)]
    assert rows == [("Glean JWK", "primary"), ("Pioneer JWK", "opens")]


def test_listing_shows_disabled_keys_and_stops_at_a_malformed_file(folder):
    administration.create(folder, "rally-one", "hpke")
    administration.rotate(folder, "rally-one")
    keyset = keysets._to_proto(folder.read_keyset("rally-one"))
    keyset.key[0].status = tink_pb2.DISABLED
    path = Path(folder.uri) / "rally-one.keyset.json"
    path.write_bytes(folder.seal_keyset("rally-one", keysets._from_proto(keyset)))
    roles = [row.role for row in administration.ping_rows(folder)]
    assert roles == ["disabled", "primary"]
    path.write_text("{")
    with pytest.raises(ConfigurationError, match=r"rally-one\.keyset\.json: is no"):
        administration.ping_rows(folder)


def test_destruction_takes_one_namespace(two_namespaces):
    before = contents(two_namespaces)
    gone = administration.destroy(two_namespaces, "rally-one")
    assert gone == ["rally-one.keyset.json", "rally-one.jwk.json"]
    assert contents(two_namespaces) == {
        name: data for name, data in before.items() if name not in gone
    }
    with pytest.raises(ConfigurationError, match="holds no key of rally-one"):
        administration.destroy(two_namespaces, "rally-one")


def test_public_halves_hold_nothing_private(two_namespaces):
    (key,) = two_namespaces.read_jwks("rally-one")
    private = jwk._private_members(key)
    public = administration.public_jwk(two_namespaces, "rally-one")
    assert public == {
        **{name: private[name] for name in ("kty", "crv", "x", "y")},
        "kid": key.thumbprint,
    }
    text = administration.public_keyset(two_namespaces, "rally-one")
    assert keysets.parse_public(text)


@pytest.mark.parametrize("namespace", ["", "A", "a/b", "..", "kek", "platform", "a.b"])
def test_namespace_that_cannot_name_a_file_is_refused(folder, namespace):
    with pytest.raises(ConfigurationError, match="a namespace is of"):
        administration.destroy(folder, namespace)
