"""Tests of KEKs: local ones, which client serves, and what a missing one says."""

import os
import sys
from pathlib import Path

import pytest
import tink
from hypothesis import given
from hypothesis import strategies as st
from tink import aead

from rally.errors import ConfigurationError
from rally.keys import kek, keysets, local_kek
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.kek_file import KekFile
from rally.keys.vault import BoundAead

LOCAL = "local-kek://kek.keyset.json"


def test_local_kek_binds_associated_data(tmp_path):
    uri = local_kek.ensure_local_kek(str(tmp_path))
    primitive = kek.aead_for(uri, str(tmp_path))
    sealed = primitive.encrypt(b"clear", b"a.keyset")
    assert primitive.decrypt(sealed, b"a.keyset") == b"clear"
    with pytest.raises(kek.KekError, match=r"^decryption failed$"):
        primitive.decrypt(sealed, b"b.keyset")


def test_local_kek_is_private_and_made_once(tmp_path):
    assert local_kek.ensure_local_kek(str(tmp_path)) == LOCAL
    path = tmp_path / local_kek.FILE
    before = path.read_bytes()
    assert local_kek.ensure_local_kek(str(tmp_path)) == LOCAL
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_local_kek_that_others_may_read_is_refused(tmp_path):
    local_kek.ensure_local_kek(str(tmp_path))
    os.chmod(tmp_path / local_kek.FILE, 0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        kek.aead_for(LOCAL, str(tmp_path))


def test_local_kek_may_be_elsewhere(tmp_path):
    local_kek.ensure_local_kek(str(tmp_path))
    uri = f"local-kek://{tmp_path / local_kek.FILE}"
    sealed = kek.aead_for(uri, "gs://bucket/keys").encrypt(b"x", b"y")
    assert kek.aead_for(LOCAL, str(tmp_path)).decrypt(sealed, b"y") == b"x"


REFUSED = {
    "unknown-scheme": ("azure-kms://x", "is no KEK"),
    "no-scheme": ("kek.keyset.json", "is no KEK"),
    "local-in-a-bucket": (LOCAL, "not kept in gs://"),
    "local-missing": ("local-kek:///nowhere/kek.json", "cannot be read"),
    "aws-malformed": ("aws-kms://key", r"cannot be used \(malformed\)"),
    "gcp-without-credentials": ("gcp-kms://p", "DefaultCredentialsError"),
    "vault-malformed": ("hcvault:///transit", r"cannot be used \(malformed\)"),
    "vault-elsewhere": ("hcvault://vault:8200/transit/keys/k", "VAULT_ADDR"),
}


@pytest.mark.parametrize(("uri", "why"), REFUSED.values(), ids=REFUSED)
def test_kek_that_does_not_serve_is_refused_in_one_line(uri, why, monkeypatch):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere")
    monkeypatch.setenv("VAULT_ADDR", "http://127.0.0.1:8200")
    with pytest.raises(ConfigurationError, match=why) as caught:
        kek.aead_for(uri, "gs://bucket/keys")
    assert "\n" not in str(caught.value)


def test_vault_token_goes_only_to_the_environment_s_server(monkeypatch):
    monkeypatch.setenv("VAULT_ADDR", "https://vault.example.org:8200")
    monkeypatch.setenv("VAULT_TOKEN", "t")
    assert kek.aead_for("hcvault://vault.example.org:8200/transit/keys/k", "f")
    assert kek.aead_for("hcvault:///transit/keys/k", "f")
    with pytest.raises(ConfigurationError, match="VAULT_ADDR"):
        kek.aead_for("hcvault://elsewhere.example.org:8200/transit/keys/k", "f")


@pytest.mark.parametrize(
    ("uri", "module"),
    [
        ("gcp-kms://projects/p", "tink.integration.gcpkms"),
        ("aws-kms://arn:aws:kms:r:1:key/k", "tink.integration.awskms"),
        ("hcvault:///transit/keys/k", "rally.keys.vault"),
    ],
)
def test_missing_library_is_named(uri, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.delattr(module, raising=False)
    with pytest.raises(ConfigurationError, match="pip install 'rally-pipeline"):
        kek.aead_for(uri, "f")


def raw_aead():
    return keysets.generate("kek").primitive(aead.Aead)


@given(st.binary(), st.binary(), st.binary())
def test_bound_aead_opens_only_with_its_associated_data(clear, data, other):
    bound = BoundAead(raw_aead())
    sealed = bound.encrypt(clear, data)
    assert bound.decrypt(sealed, data) == clear
    if other != data:
        with pytest.raises(tink.TinkError):
            bound.decrypt(sealed, other)


def test_bound_aead_keeps_data_and_plaintext_apart():
    inner = raw_aead()
    bound = BoundAead(inner)
    sealed = bound.encrypt(b"bc", b"a")
    for data in (b"", b"ab", b"abc"):
        with pytest.raises(tink.TinkError):
            bound.decrypt(sealed, data)
    with pytest.raises(tink.TinkError):
        bound.decrypt(inner.encrypt(b"bc", b""), b"")


def test_settled_kek_is_never_changed(tmp_path):
    folder = KeyFolder(str(tmp_path / "keys"))
    second = str(tmp_path / "second")
    own = f"local-kek://{second}/kek.keyset.json"
    local_kek.ensure_local_kek(second)
    assert assign_kek(folder, "namespaces", "rally-one")
    assert not assign_kek(folder, "namespaces", "rally-one")
    assign_kek(folder, "namespaces", "rally-one", own)
    assert folder.kek_file() == KekFile(LOCAL, {"rally-one": own})
    assign_kek(folder, "namespaces", "rally-one", own)
    with pytest.raises(ConfigurationError, match="a KEK is not changed"):
        assign_kek(folder, "namespaces", "rally-one", LOCAL)
    folder.create("rally-two.jwk.json", b"")
    with pytest.raises(ConfigurationError, match="a KEK is not changed"):
        assign_kek(folder, "namespaces", "rally-two", own)
    with pytest.raises(ConfigurationError, match="is no KEK"):
        assign_kek(folder, "namespaces", "rally-three", "nonsense://")
    assert KeyFolder(folder.uri).kek_file() == KekFile(LOCAL, {"rally-one": own})


def test_new_folder_is_not_settled_over_a_lost_kek_file(tmp_path):
    (tmp_path / "rally-one.keyset.json").write_text("{}")
    with pytest.raises(ConfigurationError, match=r"rally-one\.keyset\.json needs it"):
        assign_kek(KeyFolder(str(tmp_path)), "namespaces", "rally-two")
    assert not (tmp_path / local_kek.FILE).exists()


class Bucket(KeyFolder):
    """A folder that is not of this machine, as far as anybody can tell."""

    is_local = False


def test_bucket_needs_a_kek_that_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="name one by --kek"):
        assign_kek(Bucket(str(tmp_path)), "namespaces", "rally-one")
    assert list(tmp_path.iterdir()) == []


def test_kek_file_changed_by_another_is_not_overwritten(tmp_path):
    folder = KeyFolder(str(tmp_path))
    assign_kek(folder, "namespaces", "rally-one")
    stale = folder.kek_file()
    KeyFolder(folder.uri).kek_file()
    Path(tmp_path / "kek.json").write_text('{"kek_uri": "gcp-kms://other"}')
    with pytest.raises(ConfigurationError, match="changed meanwhile"):
        folder.write_kek_file(stale.with_kek("namespaces", "rally-one", LOCAL))
