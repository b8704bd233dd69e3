import pytest

from benchmarks import registry

pytestmark = pytest.mark.slow("benchmarks")


def test_benchmark_loads_what_it_makes(capsys):
    """It stops where a study does not load; no time is judged."""
    assert registry.main(["--studies=2", "--rounds=1"]) == 0
    first, load, listed = capsys.readouterr().out.splitlines()
    assert first.startswith("2 studies, 6 schemas of ")
    assert load.startswith("Registry.load: ")
    assert listed.startswith("rally studies list: ")
