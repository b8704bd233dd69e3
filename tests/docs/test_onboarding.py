"""docs/onboarding.md, typed in as it stands, and what the commands say."""

import os
import re
import subprocess
import sys

from tests.docs.page import read_sessions
from tests.support.named_tests import ROOT

PAGE = (ROOT / "docs" / "onboarding.md").read_text()
RALLY = f'rally() {{ {sys.executable} -m pipelines.cli "$@"; }}\n'


def test_page_is_what_a_new_study_sees(tmp_path):
    for name, text in re.findall(r"```yaml\n# (\S+)\n(.*?)```", PAGE, re.DOTALL):
        (tmp_path / name).write_text(
            f"# {name}\n{text}" if name != "more.yaml" else text
        )
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    status, wrong = 0, []
    for sessions in read_sessions(PAGE).values():
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
            if shown.splitlines() != step.output:
                wrong.append((step.command, shown.splitlines(), step.output))
        (tmp_path / "studies" / "stewards.yaml").write_text("stewards: [jo]\n")
    assert wrong == [], "\n".join(map(repr, wrong))
