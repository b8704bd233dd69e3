"""The demo shows what became of real pings, and leaves it to be looked at."""

import json
import os
import re
from pathlib import Path

from pipelines.demo import command
from rally.storing.container import read_rows

VECTORS = Path(__file__).parents[2] / "vectors"
PINGS = Path(command.__file__).parent / "pings"

BECAME = """\
study            document              stored  refused  failed  why, and who came \
or left
rally-core       deletion-request.1         0        0       0  left 3
rally-core       demographics.1             1        0       0
rally-core       enrollment.1               3        0       0  joined 3
rally-core       study-enrollment.1         3        0       0  joined 3
rally-core       study-unenrollment.1       0        0       0  left 1
rally-core       uninstall-deletion.1       0        0       0  left 1
rally-demo-news  page-visit.1           2,400        3       5  decryption failed 1, \
invalid id 1, not encrypted 1, schema mismatch 2, before start 1, do not track 1, \
private browsing 1
rally-demo-news  study-enrollment.1        60        1       0  joined 60, country 1
rally-demo-news  unknown                    0        0       1  unknown document 1
rally-lab-study  deletion-request.1         0        0       0  left 1
rally-lab-study  measurements.1             2        0       0
rally-lab-study  no-id.1                    0        0       1  invalid id 1
rally-lab-study  page-visit.1               1        0       0
rally-lab-study  study-enrollment.1         1        0       0  joined 1
study-bar        deletion-request.1         0        0       0  left 2
study-bar        pioneer-enrollment.1       1        0       2  schema mismatch 1, \
unreadable enrolment 1, joined 1
study-bar        test.1                     1        0       0
study-foo        test.1                     1        0       0
unknown          unknown                    0        0       3  unknown namespace 3
"""


def became(output: str) -> str:
    """The table of outcomes, without the rule under its head."""
    lines = output[output.index("study  ") :].split("\n\n")[0].splitlines()
    return "\n".join(lines[:1] + lines[2:]) + "\n"


def test_demo_shows_what_became_of_every_ping(tmp_path, capsys):
    out = tmp_path / "out"
    assert command.main([f"--out={out}"]) == 0

    shown = capsys.readouterr().out
    assert shown.startswith(
        f"2,497 encrypted pings, most of them made up, are in {out}"
    )
    assert became(shown) == BECAME
    files = re.findall(r"^((?:data|platform)/\S+\.avro) +([\d,]+)", shown, re.MULTILINE)
    assert files
    for name, rows in files:
        stored = list(read_rows((out / "store" / name).read_bytes()))
        assert f"{len(stored):,}" == rows
    on_disk = {file.relative_to(out / "store") for file in out.rglob("*.avro")}
    assert on_disk == {Path(name) for name, _ in files}


def test_demo_without_an_emulator_says_how_to_start_it(monkeypatch, capsys):
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    assert command.main(["--streaming"]) == 2
    assert capsys.readouterr().err == (
        "rally: --streaming needs the Pub/Sub emulator: run `gcloud beta emulators"
        " pubsub start --host-port=127.0.0.1:8085` and set"
        " PUBSUB_EMULATOR_HOST=127.0.0.1:8085\n"
    )


def test_demo_leaves_what_is_there_alone(tmp_path, capsys):
    (tmp_path / "thesis.txt").write_text("all of it")
    assert command.main([f"--out={tmp_path}"]) == 2
    assert capsys.readouterr().err == (
        f"rally: --out {tmp_path}: is not empty; name a new folder\n"
    )
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_demo_sends_the_real_pings_of_the_vectors():
    bodies = {
        json.loads(line)["payload"]
        for file in ("glean.ndjson", "pioneer.ndjson")
        for line in (PINGS / file).read_text().splitlines()
    }
    real = {
        json.loads(file.read_text())["data"]
        for file in VECTORS.glob("glean/glean-1.4.0/*/*.pubsub.json")
    }
    assert len(real) == 12
    assert real < bodies
