"""Copies are opened by the person's key or words, and by nothing else."""

import math
import shutil
import subprocess

import pyrage
import pytest

from rally.errors import ConfigurationError
from rally.person_copy.encryption import (
    SYLLABLES,
    WORDS,
    encrypt_to_key,
    encrypt_to_words,
    generate_words,
)

ARCHIVE = b"PK an archive" * 1000
AGE = shutil.which("age")


def test_the_persons_key_opens_it_and_no_other():
    own, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    encrypted = encrypt_to_key(ARCHIVE, str(own.to_public()))
    assert encrypted.words == ""
    assert pyrage.decrypt(encrypted.data, [own]) == ARCHIVE
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(encrypted.data, [other])
    assert b"archive" not in encrypted.data


@pytest.mark.slow("passphrases")
def test_the_words_open_it_and_no_others():
    encrypted = encrypt_to_words(ARCHIVE)
    assert pyrage.passphrase.decrypt(encrypted.data, encrypted.words) == ARCHIVE
    with pytest.raises(pyrage.DecryptError):
        pyrage.passphrase.decrypt(encrypted.data, generate_words())


def test_words_are_many_and_easy_to_read_out():
    words = generate_words().split("-")
    assert len(words) == WORDS
    assert all(len(each) == 4 and each[:2] in SYLLABLES for each in words)
    assert len(set(SYLLABLES)) == 80
    assert math.log2(len(SYLLABLES) ** 2) * WORDS >= 64
    assert generate_words() != generate_words()


@pytest.mark.parametrize(
    "recipient", ["", "age1", "ssh-ed25519 AAAA", "age1" + "q" * 58]
)
def test_what_is_no_key_is_refused(recipient):
    with pytest.raises(ConfigurationError) as refused:
        encrypt_to_key(ARCHIVE, recipient)
    assert str(refused.value) == (
        "recipient: is no public key of age; it begins with age1"
    )


@pytest.mark.skipif(AGE is None, reason="this machine has no age")
def test_ages_own_tool_opens_it(tmp_path):
    own = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(f"{own}\n")
    (tmp_path / "a.age").write_bytes(encrypt_to_key(ARCHIVE, str(own.to_public())).data)
    command = [AGE, "--decrypt", "-i", tmp_path / "key", tmp_path / "a.age"]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout == ARCHIVE
