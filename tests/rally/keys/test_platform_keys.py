"""Tests of the platform's keys: who opens what, what is never rotated, races."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tink
from tink.proto import tink_pb2

from rally.errors import ConfigurationError
from rally.keys import administration, keysets, names
from rally.keys.folder import KeyFolder
from rally.keys.platform_administration import (
    create_purpose,
    destroy_pseudonym,
    ensure_platform_keys,
    rotate_purpose,
)
from rally.keys.platform_keys import PUBLIC_FILE, PlatformKeys
from rally.keys.signing import Verifier, read_public

ALL = [
    "pseudonym.platform",
    "pseudonym.rally-one",
    "signing.copy",
    "signing.delete",
    "signing.purge",
    "signing.release",
    "dead-letter.private",
    "dead-letter.public",
]


@pytest.fixture
def uri(tmp_path):
    """A folder with every platform key, of one study."""
    path = str(tmp_path / "platform")
    assert ensure_platform_keys(path, ["rally-one"]) == ALL
    return path


def contents(uri):
    return {path.name: path.read_bytes() for path in Path(uri).glob("[!.]*")}


def test_pseudonym_function_is_stable_and_differs_by_namespace(uri):
    both = [names.PLATFORM, "rally-one"]
    keys = PlatformKeys.open(uri, pseudonyms=both)
    outputs = [keys.prf(name).compute(b"id") for name in both]
    assert [len(output) for output in outputs] == [16, 16]
    assert outputs[0] != outputs[1]
    again = PlatformKeys.open(uri, pseudonyms=both)
    assert [again.prf(name).compute(b"id") for name in both] == outputs


def test_sealer_cannot_open_and_opener_does(uri):
    ingest = PlatformKeys.open(uri, seal=True)
    sealed = ingest.dead_letter_sealer().encrypt(b"envelope", b"context")
    with pytest.raises(LookupError, match=r"dead-letter\.private"):
        ingest.dead_letter_opener()
    replay = PlatformKeys.open(uri, open_dead_letters=True)
    assert replay.dead_letter_opener().decrypt(sealed, b"context") == b"envelope"


def test_job_has_only_what_it_named(uri):
    keys = PlatformKeys.open(uri, signing=[names.Job.DELETE])
    signature = keys.signer(names.Job.DELETE).sign(b"list")
    public = read_public(KeyFolder(uri), "signing.delete")
    assert Verifier(public).is_signed(signature, b"list")
    for use in (
        lambda: keys.signer(names.Job.PURGE),
        lambda: keys.prf(names.PLATFORM),
        keys.dead_letter_sealer,
        keys.dead_letter_opener,
    ):
        with pytest.raises(LookupError, match="did not open"):
            use()


@pytest.mark.parametrize("purpose", ALL[:-1])
def test_job_needs_no_file_that_it_did_not_name(uri, purpose):
    for other in set(ALL) - {purpose, "dead-letter.public"}:
        (Path(uri) / f"{other}.keyset.json").unlink()
    namespace = purpose.removeprefix("pseudonym.")
    PlatformKeys.open(
        uri,
        pseudonyms=[namespace] if names.is_pseudonym(purpose) else [],
        signing=[job for job in names.Job if names.signing(job) == purpose],
        seal=True,
        open_dead_letters=purpose == names.DEAD_LETTER_PRIVATE,
    )


def test_sealing_needs_no_kek(uri):
    for name in set(contents(uri)) - {PUBLIC_FILE}:
        (Path(uri) / name).unlink()
    assert PlatformKeys.open(uri, seal=True).dead_letter_sealer()


def test_pseudonym_keyset_of_two_keys_stops_the_job(uri):
    folder = KeyFolder(uri)
    keyset = keysets._to_proto(folder.read_keyset("pseudonym.rally-one"))
    other = keysets._to_proto(keysets.generate("prf")).key[0]
    other.status = tink_pb2.DISABLED
    keyset.key.append(other)
    text = folder.seal_keyset("pseudonym.rally-one", keysets._from_proto(keyset))
    (Path(uri) / "pseudonym.rally-one.keyset.json").write_bytes(text)
    with pytest.raises(ConfigurationError, match="one HMAC PRF key and no more"):
        PlatformKeys.open(uri, pseudonyms=["rally-one"])


@pytest.mark.parametrize("purpose", ["pseudonym.platform", "pseudonym.rally-one"])
def test_pseudonym_is_never_rotated(uri, purpose):
    before = contents(uri)
    with pytest.raises(ConfigurationError, match="never rotated"):
        rotate_purpose(KeyFolder(uri), purpose)
    with pytest.raises(ConfigurationError, match="is not rotated"):
        administration.rotate_keyset(KeyFolder(uri), purpose)
    assert contents(uri) == before


def test_public_keyset_is_rotated_with_the_private_one(uri):
    with pytest.raises(ConfigurationError, match=r"rotate dead-letter\.private"):
        rotate_purpose(KeyFolder(uri), names.DEAD_LETTER_PUBLIC)
    (Path(uri) / PUBLIC_FILE).unlink()
    rotate_purpose(KeyFolder(uri), names.DEAD_LETTER_PRIVATE)
    keys = PlatformKeys.open(uri, seal=True, open_dead_letters=True)
    dead_letters(keys)(keys)


def dead_letters(keys):
    sealed = keys.dead_letter_sealer().encrypt(b"x", b"")
    return lambda later: later.dead_letter_opener().decrypt(sealed, b"")


def test_rotated_dead_letter_key_serves_old_and_new(uri):
    def opened():
        return PlatformKeys.open(uri, seal=True, open_dead_letters=True)

    first = opened()
    old = dead_letters(first)
    rotate_purpose(KeyFolder(uri), names.DEAD_LETTER_PRIVATE)
    new = dead_letters(opened())
    for check in (old, new):
        check(opened())
    old(first)
    with pytest.raises(tink.TinkError):
        new(first)


def test_one_purpose_is_not_another(uri):
    path = Path(uri)
    swapped = (path / "signing.purge.keyset.json").read_bytes()
    (path / "signing.delete.keyset.json").write_bytes(swapped)
    with pytest.raises(ConfigurationError, match=r"signing\.delete\.keyset\.json"):
        PlatformKeys.open(uri, signing=[names.Job.DELETE])


def test_private_keyset_as_public_is_refused_unseen(uri):
    clear = keysets.serialise_clear(keysets.generate("hpke"))
    (Path(uri) / PUBLIC_FILE).write_text(clear)
    with pytest.raises(
        ConfigurationError, match=r"dead-letter\.public\.json"
    ) as caught:
        PlatformKeys.open(uri, seal=True)
    assert clear[60:100] not in str(caught.value)


def test_keys_are_never_pickled_or_shown(uri):
    keys = PlatformKeys.open(uri, pseudonyms=[names.PLATFORM])
    for held in (keys, keys.prf(names.PLATFORM)):
        assert repr(held) == f"<{type(held).__name__}>"
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(held)


def test_ensure_makes_only_what_is_missing(uri):
    before = contents(uri)
    assert ensure_platform_keys(uri, ["rally-one"]) == []
    assert contents(uri) == before
    assert ensure_platform_keys(uri, ["rally-two"]) == ["pseudonym.rally-two"]
    assert before.items() < contents(uri).items()


def test_ensure_publishes_what_a_killed_run_did_not(uri):
    (Path(uri) / PUBLIC_FILE).unlink()
    assert ensure_platform_keys(uri, ["rally-one"]) == ["dead-letter.public"]
    keys = PlatformKeys.open(uri, seal=True, open_dead_letters=True)
    dead_letters(keys)(keys)


def test_ensure_makes_no_private_keyset_beside_a_public_one(uri):
    (Path(uri) / "dead-letter.private.keyset.json").unlink()
    assert ensure_platform_keys(uri, ["rally-one"]) == []


def test_ensure_does_not_replace_a_lost_platform_pseudonym(uri):
    (Path(uri) / "pseudonym.platform.keyset.json").unlink()
    with pytest.raises(ConfigurationError, match="restore it"):
        ensure_platform_keys(uri, ["rally-one"])


def test_ensure_asks_of_what_is_missing_only(uri):
    asked = []
    ensure_platform_keys(uri, ["rally-one"], asked.append)
    (Path(uri) / "signing.purge.public.json").unlink()
    made = ensure_platform_keys(uri, ["rally-one"], asked.append)
    assert (made, asked) == (["signing.purge"], ["signing.purge"])
    ensure_platform_keys(uri, ["rally-one", "rally-two"], asked.append)
    assert asked == ["signing.purge", "rally-two"]


def test_ensure_makes_no_key_beside_one_that_is_lost(uri):
    before = contents(uri)
    with pytest.raises(ConfigurationError, match=r"of pseudonym\.rally-two, though"):
        ensure_platform_keys(
            uri, ["rally-one", "rally-two", "rally-three"], lambda n: n == "rally-two"
        )
    assert contents(uri) == before


def test_ensure_takes_no_racer_s_key_for_a_lost_one(tmp_path):
    """Another process makes the keys, and stores under them, after our first look."""

    def in_use(_):
        ensure_platform_keys(str(tmp_path), ["rally-one"])
        return True

    assert ensure_platform_keys(str(tmp_path), ["rally-one"], in_use) == []
    assert PlatformKeys.open(str(tmp_path), pseudonyms=["platform", "rally-one"])


@pytest.mark.parametrize("name", ["kek.json", "kek.keyset.json"])
def test_ensure_does_not_replace_a_lost_kek(uri, name):
    (Path(uri) / name).unlink()
    with pytest.raises(ConfigurationError, match="restore it"):
        ensure_platform_keys(uri, ["rally-two"])
    assert not (Path(uri) / name).exists()


def test_ensure_leaves_a_folder_under_another_kek_alone(tmp_path):
    (tmp_path / "kek.json").write_text('{"kek_uri": "gcp-kms://projects/p"}')
    before = contents(tmp_path)
    asked = []
    with pytest.raises(ConfigurationError) as caught:
        ensure_platform_keys(str(tmp_path), ["rally-one"], asked.append)
    assert asked == []
    options = " ".join(f"--purpose {purpose}" for purpose in ALL)
    assert f"`rally keys create --platform_keys {tmp_path} {options}`" in str(
        caught.value
    )
    assert contents(tmp_path) == before


def test_threads_that_race_end_with_the_same_keys(tmp_path):
    path = str(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(
            pool.map(lambda _: ensure_platform_keys(path, ["rally-one"]), [0] * 8)
        )
    assert sorted(purpose for part in made for purpose in part) == sorted(ALL)
    keys = PlatformKeys.open(path, seal=True, open_dead_letters=True)
    dead_letters(keys)(keys)


RACER = """
import sys
from rally.keys.platform_administration import ensure_platform_keys
from rally.keys.platform_keys import PlatformKeys
sys.stdin.read()
ensure_platform_keys(sys.argv[1], ["rally-one"])
keys = PlatformKeys.open(sys.argv[1], pseudonyms=["platform", "rally-one"],
    signing=["delete", "purge"], seal=True, open_dead_letters=True)
sealed = keys.dead_letter_sealer().encrypt(b"x", b"")
assert keys.dead_letter_opener().decrypt(sealed, b"") == b"x"
print(keys.prf("platform").compute(b"id").hex())
"""


def test_processes_that_race_end_with_the_same_keys(tmp_path):
    command = [sys.executable, "-c", RACER, str(tmp_path / "platform")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    racers = [subprocess.Popen(command, **pipes) for _ in range(3)]
    for racer in racers:
        racer.stdin.close()
    outputs = [racer.stdout.read() for racer in racers]
    assert [racer.wait() for racer in racers] == [0, 0, 0]
    assert len(set(outputs)) == 1
    for racer in racers:
        racer.stdout.close()


def test_study_s_pseudonym_is_destroyed_and_no_other_key(uri):
    folder = KeyFolder(uri)
    before = contents(uri)
    for purpose in ["pseudonym.platform", *ALL[2:]]:
        with pytest.raises(ConfigurationError, match="not destroyed"):
            destroy_pseudonym(folder, purpose)
    with pytest.raises(ConfigurationError, match="holds no key"):
        destroy_pseudonym(folder, "pseudonym.rally-two")
    (gone,) = destroy_pseudonym(folder, "pseudonym.rally-one")
    del before[gone]
    assert contents(uri) == before


def test_key_of_a_study_may_be_absent_and_no_other(uri):
    """The study is not used, or was concluded; the platform's own key never is."""
    destroy_pseudonym(KeyFolder(uri), "pseudonym.rally-one")
    both = [names.PLATFORM, "rally-one"]

    keys = PlatformKeys.open(uri, pseudonyms=both)

    assert [keys.has_prf(name) for name in both] == [True, False]
    with pytest.raises(LookupError):
        keys.prf("rally-one")
    (Path(uri) / "pseudonym.platform.keyset.json").unlink()
    with pytest.raises(ConfigurationError, match="is missing"):
        PlatformKeys.open(uri, pseudonyms=both)


def test_purpose_that_exists_is_not_made_again(uri):
    before = contents(uri)
    made = [create_purpose(KeyFolder(uri), purpose) for purpose in ALL]
    assert not any(made)
    assert contents(uri) == before


@pytest.mark.parametrize(
    "purpose",
    ["mac", "pseudonym.", "pseudonym.Rally One", "pseudonym.kek", "pseudonym.a/b", ""],
)
def test_unknown_purpose_is_refused(purpose):
    with pytest.raises(ConfigurationError):
        names.check_purpose(purpose)
