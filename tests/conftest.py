"""What every test run shares: how many cases a property is tried on."""

import os
import sys

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

# By default a run is bounded and the same every time; `make fuzz` searches.
settings.register_profile(
    "bounded", max_examples=60, derandomize=True, deadline=None, database=None
)
settings.register_profile(
    "fuzz",
    max_examples=int(os.environ.get("RALLY_FUZZ_CASES", "20000")),
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("bounded")


def pytest_configure(config):
    """Keeps out of a bounded run the constants that Hypothesis finds in our modules.

    Which of them are imported depends on what else a worker runs, so the cases would
    be others each time, `derandomize` or not.
    """
    if config.getoption("--hypothesis-profile") in (None, "bounded"):
        none = providers.Constants()
        assert callable(providers._get_local_constants)  # a private name
        providers._get_local_constants = lambda: none


@pytest.fixture(autouse=True)
def image_of_this_python(monkeypatch):
    """The workers' image has the Python that the tests run on."""
    monkeypatch.setattr("pipelines.runners.WORKERS_PYTHON", sys.version_info[:2])
