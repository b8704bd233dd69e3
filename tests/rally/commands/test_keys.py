"""Tests of `rally keys`: what it prints, what it refuses, and that no secret shows."""

import base64
import gzip
import io
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
import tink
from tink import signature
from tink.proto import aes_gcm_pb2, hpke_pb2

from pipelines import beam_names
from rally.commands import keys as command
from rally.commands.command import options_of
from rally.errors import ConfigurationError
from rally.keys import jwk, keysets
from rally.keys.folder import KeyFolder
from rally.keys.names import Job
from rally.keys.ping_keys import PingKeys
from rally.keys.platform_keys import PlatformKeys
from rally.keys.signing import verifier_of
from rally.parser import Parser

DOCUMENT_ID = "6ed7c6a4-9c4f-4c2e-8a8b-0f6f6f3c2a10"
VISIT = ("--type", "visit", "--version", 1)
PATH = f"/submit/rally-one/visit/1/{DOCUMENT_ID}"


def run(*arguments):
    """Runs `rally keys …` as its parser would."""
    parser = Parser()
    command.COMMAND.add_to(parser.add_subparsers(), "rally")
    args = parser.parse_args(["keys", *map(str, arguments)])
    return args.handler(args)


@pytest.fixture
def uri(tmp_path):
    return str(tmp_path / "keys")


@pytest.fixture
def one(uri):
    return ("--namespace", "rally-one", "--keys", uri)


@pytest.fixture
def jwk_file(tmp_path):
    path = tmp_path / "private.json"
    path.write_text(json.dumps(jwk._private_members(jwk.generate())))
    return path


@pytest.fixture
def typed(monkeypatch):
    """Puts bytes on standard input."""

    def put(data):
        stdin = io.TextIOWrapper(io.BytesIO(data))
        monkeypatch.setattr("sys.stdin", stdin)

    return put


@pytest.mark.parametrize("template", ["hpke", "ecies", "xwing"])
def test_create_and_public(uri, one, template, capsys):
    assert run("create", *one, "--template", template) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        f"made a local KEK in {uri}: for development only",
        f"made a key of rally-one ({template}) in {uri}",
        "pings of rally-one are stored once it has the key of its pseudonyms, too:"
        " `rally init --study rally-one` makes it, once `rally studies check` calls the"
        " study good",
    ]
    assert run("public", *one) == 0
    assert keysets.parse_public(capsys.readouterr().out)
    assert PingKeys.load(uri).hybrid("rally-one")


def test_public_half_of_a_job_s_key_verifies_and_no_other_is_printed(uri, capsys):
    where = ("--platform_keys", uri)
    run("create", "--purpose", "signing.delete", *where)
    capsys.readouterr()
    assert run("public", "--purpose", "signing.delete", *where) == 0
    printed = capsys.readouterr().out
    assert verifier_of(printed)
    assert printed.rstrip() == Path(uri, "signing.delete.public.json").read_text()
    for purposes in (["pseudonym.platform"], ["signing.delete", "signing.purge"]):
        named = [word for each in purposes for word in ("--purpose", each)]
        with pytest.raises(ConfigurationError, match="give one that signs"):
            run("public", *named, *where)


def test_create_jwk_and_public(uri, one, capsys):
    run("create", *one, "--template", "jwk")
    capsys.readouterr()
    assert run("public", *one) == 0
    out = capsys.readouterr().out
    (key,) = PingKeys.load(uri).jwks("rally-one")
    assert json.loads(out) == jwk.public_members(key)
    assert out.count("\n") == 1


def test_import_takes_a_jwk_for_one_namespace(uri, one, jwk_file, capsys):
    assert run("import", *one, "--jwk", jwk_file, "--key_id", "study-one") == 0
    keys = PingKeys.load(uri)
    assert len(keys.pioneer("study-one", "rally-one")) == 1
    assert keys.pioneer("study-one", "rally-two") == ()
    assert capsys.readouterr().out == ""


def test_list_shows_ids_and_roles(uri, one, jwk_file, capsys):
    run("create", *one)
    run("rotate", *one)
    run("create", *one, "--template", "jwk")
    run("import", *one, "--jwk", jwk_file, "--key_id", "study-one")
    run("create", "--keys", uri, "--purpose", "pseudonym.rally-one")
    capsys.readouterr()
    assert run("list", "--keys", uri, "--platform_keys", f"{uri}/platform") == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["OWNER", "KIND", "KEY", "ID", "ROLE"]
    rows = [re.split("  +", line) for line in lines]
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("rally-one", "HpkePrivateKey", "opens"),
        ("rally-one", "HpkePrivateKey", "primary"),
        ("rally-one", "Pioneer JWK", "opens"),
        ("rally-one", "Glean JWK", "primary"),
        ("pseudonym.rally-one", "HmacPrfKey", "primary"),
    ]
    (key,) = PingKeys.load(uri).jwks("rally-one")
    assert [row[2] for row in rows[2:4]] == ["study-one", key.thumbprint]


@pytest.mark.parametrize("option", ["--keys", "--platform_keys"])
def test_list_refuses_a_folder_without_keys(uri, option, tmp_path, capsys):
    missing = tmp_path / "nowhere"
    for folder in (missing, tmp_path):
        with pytest.raises(ConfigurationError) as caught:
            run("list", option, folder)
        assert str(caught.value) == f"{folder}: is missing, or holds no keys"
    assert not missing.exists()
    assert capsys.readouterr() == ("", "")


def test_list_shows_one_folder_though_the_other_is_missing(uri, one, capsys):
    run("create", *one)
    capsys.readouterr()
    with pytest.raises(ConfigurationError, match="/platform: is missing"):
        run("list", "--keys", uri, "--platform_keys", f"{uri}/platform")
    assert capsys.readouterr().out.splitlines()[1].startswith("rally-one  HpkeP")


@pytest.mark.parametrize(
    "arguments", [["public", "--namespace", "rally-one"], ["list"]]
)
def test_reader_that_has_gone_is_one_line_and_status_1(uri, one, arguments):
    run("create", *one)
    command = [sys.executable, "-m", "pipelines.cli", "keys", *arguments, "--keys", uri]
    reader, writer = os.pipe()
    os.close(reader)
    try:
        result = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE)
    finally:
        os.close(writer)
    expected = b"rally: standard output: cannot be written (Broken pipe)\n"
    assert (result.returncode, result.stderr) == (1, expected)


def test_platform_folder_is_below_the_keys_by_default(uri):
    run("create", "--keys", f"{uri}/", "--purpose", "signing.delete")
    assert (Path(uri) / "platform/signing.delete.keyset.json").exists()


def test_destroy_needs_yes(uri, one, capsys):
    run("create", *one)
    with pytest.raises(ConfigurationError, match="--yes"):
        run("destroy", *one)
    assert PingKeys.load(uri).hybrid("rally-one")
    assert run("destroy", *one, "--yes") == 0
    with pytest.raises(ConfigurationError, match="holds no key"):
        PingKeys.load(uri)
    assert (Path(uri) / "kek.json").exists()


def test_purposes_are_made_rotated_and_destroyed(uri, capsys):
    platform = ("--platform_keys", uri)
    study = ("--purpose", "pseudonym.rally-one")
    assert run("create", *platform, *study, "--purpose", "signing.delete") == 0
    assert run("rotate", *platform, "--purpose", "signing.delete") == 0
    with pytest.raises(ConfigurationError, match="never rotated"):
        run("rotate", *platform, *study)
    with pytest.raises(ConfigurationError, match="already"):
        run("create", *platform, *study)
    assert PlatformKeys.open(uri, pseudonyms=["rally-one"], signing=[Job.DELETE])
    assert run("destroy", *platform, *study, "--yes") == 0
    assert not PlatformKeys.open(uri, pseudonyms=["rally-one"]).has_prf("rally-one")


def sealed_line(capsys, *arguments):
    capsys.readouterr()
    assert run("seal", *arguments, "--unchecked") == 0
    out = capsys.readouterr().out
    assert out.endswith("}\n")
    assert out.count("\n") == 1
    return json.loads(out)


@pytest.mark.parametrize("zipped", [False, True])
def test_seal_opens_at_its_path_only(uri, one, typed, capsys, zipped):
    run("create", *one)
    typed(b'{"clear": 1}')
    message = sealed_line(
        capsys,
        *(*one, "--type", "visit", "--version", 1, "--document_id", DOCUMENT_ID),
        *("--submission_timestamp", "2022-03-10T00:00:00.000000Z"),
        *(["--gzip"] if zipped else []),
    )
    assert message["attributeMap"] == {
        "uri": PATH,
        "submission_timestamp": "2022-03-10T00:00:00.000000Z",
    }
    body = base64.b64decode(message["payload"], validate=True)
    opener = PingKeys.load(uri).hybrid("rally-one")
    clear = opener.decrypt(body, PATH.encode())
    assert (gzip.decompress(clear) if zipped else clear) == b'{"clear": 1}'
    with pytest.raises(tink.TinkError):
        opener.decrypt(body, PATH.replace("one", "two").encode())


def test_seal_to_a_public_file_needs_no_key_folder(uri, one, tmp_path, typed, capsys):
    run("create", *one)
    capsys.readouterr()
    run("public", *one)
    path = tmp_path / "public.json"
    path.write_text(capsys.readouterr().out)
    typed(b"{}")
    message = sealed_line(
        capsys,
        *("--namespace", "rally-one", "--public", path, "--type", "visit"),
        *("--version", 1),
    )
    uri_path = message["attributeMap"]["uri"]
    assert str(uuid.UUID(uri_path.rpartition("/")[2])) in uri_path
    timestamp = message["attributeMap"]["submission_timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", timestamp)
    opener = PingKeys.load(uri).hybrid("rally-one")
    body = base64.b64decode(message["payload"])
    assert opener.decrypt(body, uri_path.encode()) == b"{}"


def test_seal_needs_hybrid_keys_and_a_type_that_is_a_name(uri, one, tmp_path, typed):
    typed(b"{}")
    run("create", *one)
    with pytest.raises(ConfigurationError, match="document type"):
        run("seal", *one, "--type", "a/b", "--version", 1)
    signature.register()
    signing = tink.new_keyset_handle(signature.signature_key_templates.ED25519)
    path = tmp_path / "public.json"
    path.write_text(keysets.serialise_public(signing))
    with pytest.raises(ConfigurationError, match="not of hybrid keys"):
        run("seal", *one, "--public", path, *VISIT, "--unchecked")


REFUSED = {
    "no-namespace": ["create", "--keys", "k"],
    "no-keys": ["create", "--namespace", "rally-one"],
    "no-such-namespace": ["public", "--namespace", "rally-one", "--keys", "k"],
    "bad-namespace": ["create", "--namespace", "../x", "--keys", "k"],
    "bad-purpose": ["create", "--platform_keys", "k", "--purpose", "x"],
    "both-folders": [
        *("create", "--platform_keys", "k", "--purpose", "signing.delete"),
        *("--namespace", "rally-one"),
    ],
    "list-nothing": ["list"],
    "no-jwk-file": [
        *("import", "--namespace", "rally-one", "--keys", "k", "--jwk", "nowhere"),
    ],
    "seal-to-nobody": [
        *("seal", "--namespace", "rally-one", "--type", "visit", "--version", "1"),
    ],
    "seal-to-no-public-file": [
        *("seal", "--namespace", "rally-one", "--type", "visit", "--version", "1"),
        *("--public", "nowhere"),
    ],
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED)
def test_wrong_options_are_refused_in_one_line(arguments, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        run(*arguments)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def secrets_of(uri):
    """Every private byte string of a key folder, raw, and as files spell them."""
    folder = KeyFolder(uri)
    for key in keysets._to_proto(folder.read_keyset("rally-one")).key:
        yield hpke_pb2.HpkePrivateKey.FromString(key.key_data.value).private_key
    for key in folder.read_jwks("rally-one"):
        yield key.key.private_numbers().private_value.to_bytes(32, "big")
    clear = keysets.parse_clear((Path(uri) / "kek.keyset.json").read_text())
    for key in keysets._to_proto(clear).key:
        yield aes_gcm_pb2.AesGcmKey.FromString(key.key_data.value).key_value


def spellings(secret):
    yield secret.hex()
    yield str(int.from_bytes(secret, "big"))
    for data in (secret, b"\0" + secret, b"\0\0" + secret):  # any base64 alignment
        inner = base64.b64encode(data).decode()[4:-4]
        yield inner
        yield inner.translate(str.maketrans("+/", "-_"))


def test_no_secret_shows_anywhere(uri, one, jwk_file, typed, capsys):
    message = ("--type", "visit", "--version", "1", "--unchecked")
    typed(b"{}")
    shown = []
    for arguments in (
        ["create", *one],
        ["create", *one, "--template", "jwk"],
        ["import", *one, "--jwk", jwk_file, "--key_id", "k1"],
        ["rotate", *one, "--template", "hpke"],
        ["rotate", *one, "--template", "jwk"],
        ["public", *one, "--template", "hpke"],
        ["public", *one, "--template", "jwk"],
        ["list", "--keys", uri],
        ["seal", *one, *message],
        ["create", *one],
        ["rotate", *one],
        ["destroy", *one],
    ):
        try:
            run(*arguments)
        except ConfigurationError as error:
            shown.append(f"{error!r}")
    shown.extend(capsys.readouterr())
    everything = "\n".join(shown)
    assert "HpkePublicKey" in everything
    secrets = list(secrets_of(uri))
    assert len(secrets) == 6
    for secret in secrets:
        assert not [text for text in spellings(secret) if text in everything]


def test_help_imports_no_cryptography():
    script = (
        "import sys; from rally.commands import keys; from rally.parser import Parser;"
        "keys.COMMAND.add_to(Parser().add_subparsers(), 'rally');"
        "print({'tink', 'cryptography', 'apache_beam', 'google.cloud.kms'}"
        " & set(sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"


def test_option_names_are_not_beam_s():
    beams = beam_names.VALUES | beam_names.OPTIONAL | beam_names.FLAGS
    assert "runner" in beams
    assert not beams & {each.name for each in options_of(command.COMMAND)}
