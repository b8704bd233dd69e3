"""Public keys of age are read strictly, and never repeated in a message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.decisions.age_recipient import age_recipient
from rally.errors import ConfigurationError
from rally.fields import Place
from tests.support.access_cases import RECIPIENT

OTHER = "age12e28mxj6ltzxv80sdz5rmxa4mzme0js7lra2kn9nlpqlwaguvpfq70a2qu"
LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
NO_KEY = "key: must be an age public key, age1…, as `age-keygen -y` prints it"
PLACE = Place("key")


@pytest.mark.parametrize("key", [RECIPIENT, OTHER])
def test_key_that_age_made_is_read(key):
    assert age_recipient(PLACE, key) == key


@pytest.mark.parametrize(
    "value",
    [
        RECIPIENT.upper(),
        RECIPIENT[:-1],
        RECIPIENT + "q",
        RECIPIENT.replace("age1", "bge1"),
        RECIPIENT.replace("age1", "1"),
        RECIPIENT.replace("k", "b"),
        "AGE-SECRET-KEY-1" + "Q" * 58,
        "age1yubikey1" + "q" * 50,
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI",
        "1" * 62,
    ],
)
def test_what_is_no_key_is_refused_and_not_repeated(value):
    with pytest.raises(ConfigurationError) as caught:
        age_recipient(PLACE, value)
    assert str(caught.value) == NO_KEY


def test_each_key_has_one_spelling():
    """The last digit has one bit of the key and four that are zero: here, they are not.

    The checksum is right, so nobody mistyped it.
    """
    other = "age1325g8ucj8x73w0p0vv9mvn609ht20pqvkdmdfmygjcz7xca6fgnpz7nq3d"
    assert other[:55] == RECIPIENT[:55]
    assert not is_key(other)


def is_key(value):
    try:
        return age_recipient(PLACE, value) == value
    except ConfigurationError:
        return False


@given(index=st.integers(4, 61), letter=st.sampled_from(LETTERS))
def test_every_letter_that_is_mistyped_is_noticed(index, letter):
    mistyped = RECIPIENT[:index] + letter + RECIPIENT[index + 1 :]
    assert is_key(mistyped) == (mistyped == RECIPIENT)


@given(st.one_of(st.text(), st.integers(), st.none(), st.booleans()))
def test_any_other_value_is_refused(value):
    assert not is_key(value)
