"""Files that people name are read as a whole, or refused in one line."""

import re

import pytest

from rally.bounded_files import read_bounded, read_bounded_text
from rally.errors import ConfigurationError

TEXT = "gr\u00fcn\r\n"
SIZE = len(TEXT.encode())


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "form.md"
    path.write_bytes(TEXT.encode())
    return path


def test_file_of_the_largest_size_is_read_as_it_is(file):
    assert read_bounded(file, SIZE) == TEXT.encode()
    assert read_bounded_text(str(file), SIZE) == TEXT


@pytest.mark.parametrize("read", [read_bounded, read_bounded_text])
def test_larger_file_is_refused(file, read):
    message = f"{file}: is longer than 6 bytes; shorten it"
    with pytest.raises(ConfigurationError, match=f"^{re.escape(message)}$"):
        read(file, SIZE - 1)


def test_larger_file_is_refused_with_the_caller_s_advice(file):
    with pytest.raises(
        ConfigurationError, match=r": is longer than 1 bytes; split it$"
    ):
        read_bounded(file, 1, "split it")


@pytest.mark.parametrize("read", [read_bounded, read_bounded_text])
def test_what_cannot_be_read_is_named(tmp_path, read):
    for path, reason in (
        (tmp_path / "none", "No such file or directory"),
        (tmp_path, "Is a directory"),
    ):
        with pytest.raises(
            ConfigurationError, match=f"^{re.escape(str(path))}: {reason}$"
        ):
            read(path, SIZE)


def test_text_is_utf_8(file):
    file.write_bytes(b"gr\xfcn")
    assert read_bounded(file, SIZE) == b"gr\xfcn"
    with pytest.raises(
        ConfigurationError, match=r": is not text in UTF-8; correct it$"
    ):
        read_bounded_text(file, SIZE)
