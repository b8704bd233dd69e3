"""The benchmark of releases sums every row in every way."""

import pytest

from benchmarks import release

pytestmark = pytest.mark.slow("benchmarks")


def test_every_way_sums_its_rows(capsys):
    """Each stops where nothing is summed; no time is judged."""
    sizes = ("rows=3000", "people=30", "peer_rows=2000", "stored_rows=2000")
    assert release.main([*(f"--{each}" for each in sizes), "--repetitions=1"]) == 0
    out = capsys.readouterr().out
    for way, rows in (("pipeline-dp", 2000), ("in memory", 3000)):
        assert f"| {way} | {rows:,} |" in out
    assert "| from a compacted store | 2,000 |" in out
