"""A report's file is written as a whole, for its owner alone, or not at all."""

import os
import stat

import pytest

from rally.audit.report.output import check_writable, write_private
from rally.errors import ConfigurationError


def test_report_is_replaced_as_a_whole_and_private(tmp_path):
    path = tmp_path / "report.json"
    path.write_text("old")
    path.chmod(0o644)
    write_private("--json", str(path), "new ü")
    assert path.read_text(encoding="utf-8") == "new ü"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["report.json"]


def test_report_that_cannot_be_put_there_leaves_nothing(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"--html .*folder: cannot be written"):
        write_private("--html", str(tmp_path / "folder"), "text")
    assert os.listdir(tmp_path) == ["folder"]


@pytest.mark.parametrize("name", ["folder", "nowhere/a.html", "a" * 250])
def test_report_is_known_to_be_refused_before_it_is_made(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with pytest.raises(ConfigurationError, match=r"--html .*: cannot be written"):
        check_writable("--html", str(tmp_path / name))
    check_writable("--html", str(tmp_path / "fine.html"))
    assert os.listdir(tmp_path) == ["folder"]
