"""The day's jobs: their order is that of the page for whoever is on call."""

import re
import subprocess

import pytest

from rally.errors import ConfigurationError
from rally.scheduling.day import DAY, SUNDAY, read_at, read_place, this_rally
from tests.docs.page import read_sections, read_sessions
from tests.support.named_tests import ROOT

PAGE = (ROOT / "docs/operations.md").read_text()
TITLE = "The day's jobs"


def test_jobs_and_order_are_those_of_the_page():
    listed = re.findall(
        r"^\d+\. \*\*(\w+)\*\*", read_sections(PAGE)[TITLE], re.MULTILINE
    )
    typed = [step.command.split() for step in read_sessions(PAGE)[TITLE][0]]

    assert [job.name for job in DAY] == [job.name for job in SUNDAY] == listed
    assert [words[1] for words in typed if words[0] == "rally"] == listed


@pytest.mark.parametrize(
    ("text", "time"), [("00:00", (0, 0)), ("23:59", (23, 59)), ("07:05", (7, 5))]
)
def test_time_of_day_is_read(text, time):
    assert read_at(text) == time


@pytest.mark.parametrize(
    "text", ["24:00", "7:05", "12:60", "12:00 ", "", "noon", "0\uff11:00"]
)
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(ConfigurationError, match=r"^--at .*: is no time; write 00:30$"):
        read_at(text)


def test_paths_become_absolute_and_the_cloud_stays(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert read_place("--store", "a/../b/") == f"{tmp_path}/b"
    assert read_place("--store", "gs://rally-{study}") == "gs://rally-{study}"


@pytest.mark.parametrize("value", ["", "a\nb", "a\0b", "a\tb", "a\udcffb", "s3://a"])
def test_place_that_no_schedule_can_hold_is_refused(value):
    with pytest.raises(ConfigurationError, match=r"^--keys: "):
        read_place("--keys", value)


def test_rally_of_this_environment_is_started_from_anywhere(tmp_path):
    words = [*this_rally(), "keys", "list", "--help"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)

    assert words[0].startswith("/")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: rally keys list")


def test_rally_without_a_script_is_a_module(monkeypatch):
    monkeypatch.setattr("sys.executable", "/nowhere/bin/python")

    assert this_rally() == ("/nowhere/bin/python", "-m", "pipelines.cli")
