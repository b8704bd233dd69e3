"""Dealing out: every file comes back, and the memory of one is a difference."""

from types import SimpleNamespace

import pytest

from benchmarks import distribution

pytestmark = pytest.mark.slow("benchmarks")


def test_every_file_is_distributed_and_comes_back(capsys):
    distribution._distribute(50)  # which says so where one is lost
    assert capsys.readouterr().out == ""


def test_a_file_is_what_more_files_take(monkeypatch, capsys):
    def run(argv):
        files = int(argv[-1].removeprefix("--distribute="))
        return SimpleNamespace(peak_bytes=200_000_000 + 3_000 * files)

    monkeypatch.setattr(distribution.process, "run", run)
    assert distribution.main(["--files", "10", "110"]) == 0
    assert capsys.readouterr().out == "a file: 3,000 bytes\n"
