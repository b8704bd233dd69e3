"""A signed line is read as it was written, and no other spelling of it is."""

import pytest

from rally.decisions.json_line import decode_line
from rally.errors import ConfigurationError
from rally.fields import whole

LINE = b'{"a":1,"b":2}\n'


def read(fields):
    return fields.need("a", whole), fields.need("b", whole)


def encode(found):
    return b'{"a":%d,"b":%d}\n' % found


def test_line_is_read():
    assert decode_line(LINE, "x.json", read, encode) == (1, 2)


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (LINE[:-1], "is not as it was written"),
        (b'{"b":2,"a":1}\n', "is not as it was written"),
        (b'{"a": 1,"b":2}\n', "is not as it was written"),
        (b'{"a":1}\n', "b: is missing; add it"),
        (b'{"a":1,"b":2,"c":3}\n', "c: is not known; remove it or correct its name"),
        (b'{"a":1,"b":"2"}\n', "b: must be a whole number of at least 0"),
    ],
)
def test_what_is_no_such_line_is_refused(data, fault):
    with pytest.raises(ConfigurationError) as caught:
        decode_line(data, "x.json", read, encode)
    assert str(caught.value) == f"x.json: {fault}"
