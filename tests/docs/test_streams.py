"""docs/streams.md names tests that are there, and ends that jobs really have."""

import configparser
import re
import signal

from tests.support.named_tests import ROOT, find_missing, find_named

PAGE = (ROOT / "docs/streams.md").read_text()


def test_each_test_that_is_named_is_there():
    assert len([named for named in find_named(PAGE) if named.is_test]) == 12
    assert find_missing(PAGE) == []


def test_exit_statuses_of_signals_are_those_of_a_shell():
    (statuses,) = re.findall(r"^\| Ctrl-C, SIGTERM .*\| ([\d, ]+) \|$", PAGE, re.M)

    assert statuses.split(", ") == [
        str(128 + each) for each in (signal.SIGINT, signal.SIGTERM)
    ]
    assert f"SuccessExitStatus={128 + signal.SIGTERM}" in PAGE


def test_unit_is_started_again_for_ever_and_not_for_what_no_restart_mends():
    (unit,) = re.findall(r"```ini\n(.*?)```", PAGE, re.DOTALL)
    read = configparser.ConfigParser()
    read.optionxform = str
    read.read_string(unit)

    assert read["Unit"]["StartLimitIntervalSec"] == "0"
    assert read["Service"]["Restart"] == "on-failure"
    assert read["Service"]["RestartSec"] == "10"
    assert read["Service"]["RestartPreventExitStatus"] == "2 70"
    assert read["Service"]["User"] == "rally"
    assert read["Install"]["WantedBy"] == "multi-user.target"


def test_links_lead_somewhere():
    for page in ("streams.md", "metrics.md"):
        text = (ROOT / "docs" / page).read_text()
        for target, anchor in re.findall(r"\]\((?!http)([^)#]*)#?([^)]*)\)", text):
            found = (ROOT / "docs" / (target or page)).read_text()
            heads = re.findall(r"^#+ (.+)$", found, re.MULTILINE)
            assert not anchor or anchor in map(slug, heads), (page, target, anchor)


def slug(head):
    return re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-")
