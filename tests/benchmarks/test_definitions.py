import pytest

from benchmarks import definitions

pytestmark = pytest.mark.slow("benchmarks")


def test_benchmark_adds_the_study_and_takes_every_ping_both_ways(capsys):
    """It stops where a schema does not take a ping; no time is judged."""
    assert definitions.main(["--rounds=1"]) == 0
    printed = capsys.readouterr().out
    assert "rally studies add, 200 metrics in 4 pings:" in printed
    assert printed.count(" B | ") == 2
