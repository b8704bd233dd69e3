"""Ids and addresses that must stand nowhere are read from lines, and never kept."""

import io

import pytest

from rally.audit.forbidden_values import read_forbidden_values
from rally.audit.settings import hash_address
from rally.errors import ConfigurationError
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.memory_deployment import KeylessPrf
from tests.support.world import rally_id

PSEUDONYMS = Pseudonyms({PLATFORM: KeylessPrf(PLATFORM)})


@pytest.mark.parametrize(
    ("text", "people", "addresses"),
    [
        (f"{rally_id(1)}\n", [1], []),
        (f" {rally_id(1).upper()} \r\n\n192.0.2.7", [1], ["192.0.2.7"]),
        ("2001:db8::1\n", [], ["2001:db8::1"]),
    ],
)
def test_forbidden_values_are_read_from_lines(text, people, addresses):
    forbidden = read_forbidden_values(io.BytesIO(text.encode()), PSEUDONYMS)
    assert forbidden.pseudonyms == {PSEUDONYMS.of_platform(rally_id(p)) for p in people}
    assert forbidden.addresses == set(map(hash_address, addresses))
    assert not [each for each in text.split() if each in repr(forbidden)]


@pytest.mark.parametrize("text", ["", "\n\n", "192.0.2.7\nnobody\n"])
def test_lines_that_are_neither_are_refused(text):
    with pytest.raises(ConfigurationError, match="standard input") as error:
        read_forbidden_values(io.BytesIO(text.encode()), PSEUDONYMS)
    assert "nobody" not in str(error.value)
