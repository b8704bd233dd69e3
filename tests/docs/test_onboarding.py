"""docs/onboarding.md, typed in as it stands, and what the commands say."""

import json
import os
import re
import subprocess
import sys

import pytest

from rally.initialisation.development_reviews import write_reviews
from tests.docs.page import read_sessions
from tests.support.named_tests import ROOT

pytestmark = pytest.mark.slow("processes")

PAGE = (ROOT / "docs" / "onboarding.md").read_text()
RALLY = f'rally() {{ {sys.executable} -m pipelines.cli "$@"; }}\n'
RANDOM = re.compile("[0-9a-f]{64}|[0-9a-f]{32}|[0-9a-f]{8}…")
DATES = {"starts": "2026-01-01", "collect_through": "2099-12-31"}
WORDS = {"name": "Birds", "goal": "What people read", "purpose": "Which pages"}
ID = "48d11605-b396-4a61-8414-50cf71489a16"
INFO = {
    "ping_info": {
        **{"seq": 0, "start_time": "2026-11-21T18:19-08:00"},
        "end_time": "2026-11-21T18:19+5.5:00",
    },
    "client_info": {
        **{"telemetry_sdk_build": "1.4.0", "first_run_date": "2026-11-21-08:00"},
        **{"os": "Linux", "os_version": "6", "architecture": "x64", "app_build": "1"},
        "app_display_version": "1.0.0",
    },
}


def complete_study(folder):
    """Writes what is open in study.yaml, as its author does."""
    file = folder / "studies" / "rally-birds" / "study.yaml"
    text = file.read_text()
    for name, value in {**DATES, **WORDS, "analysis_until": "2100-12-31"}.items():
        text = re.sub(rf"( *{name}): TODO.*", rf"\1: {value}", text)
    file.write_text(text)


def record_pings(folder):
    """Writes what a client sends, and the review that stands for one."""
    write_reviews(folder / "studies")
    address = {"page.address": "https://example.org/"}
    sent = [
        {"url": address, "quantity": {"page.attention": 12}},
        {"url": address, "quantity": {"page.attention": "12"}},
        {"url": {"page.email": "somebody"}},
    ]
    for name, pings in (("pings", sent), ("good", sent[:1]), ("join", [{}])):
        made = [
            {"metrics": {"uuid": {"rally.id": ID}, **each}, **INFO} for each in pings
        ]
        lines = "".join(f"{json.dumps(each)}\n" for each in made)
        (folder / f"{name}.ndjson").write_text(lines)


UNTYPED = {"Get the review": complete_study, "Try pings": record_pings}
"""What is done before a section, and not by a command."""


def test_page_is_what_a_new_study_sees(tmp_path):
    for name, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(f"# {name}\n{text}")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    status, wrong = 0, []
    for title, sessions in read_sessions(PAGE).items():
        UNTYPED.get(title, lambda _: None)(tmp_path)
        for step in (each for session in sessions for each in session):
            if step.command == "echo $?":
                shown = str(status)
            else:
                done = subprocess.run(
                    ["bash", "-c", RALLY + step.command],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                status, shown = done.returncode, done.stdout + done.stderr
            lines = [RANDOM.sub("…", each) for each in shown.splitlines()]
            if lines != [RANDOM.sub("…", each) for each in step.output]:
                wrong.append((step.command, lines, step.output))
    assert wrong == [], "\n".join(map(repr, wrong))
