"""The benchmark of reading tables reads every row of every layout."""

import json

import pytest

from benchmarks import reading

pytestmark = pytest.mark.slow("benchmarks")


def test_every_row_is_read(tmp_path, capsys):
    """It stops where rows are left out; no time is judged."""
    file = tmp_path / "report.json"
    options = ["--rows=2000", "--people=30", "--repetitions=1", f"--json={file}"]
    assert reading.main(options) == 0
    report = json.loads(file.read_text())
    assert [row["layout"] for row in report] == list(reading.LAYOUTS)
    assert "| compacted | 2,000 |" in capsys.readouterr().out
