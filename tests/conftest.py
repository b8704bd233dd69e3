"""What every test run shares: the tiers, and how many cases a property is tried on."""

import os
import sys
from collections import Counter

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

QUICK = "not slow"
"""The marker expression of `make test`."""
SLOW = {
    "benchmarks": "benchmarks, on little",
    "dataflow": "translation and submission to Dataflow",
    "flink": "jobs on a real Flink",
    "jobs": "several jobs in a row",
    "kills": "jobs killed in the middle",
    "lives": "whole lives, days and demos",
    "models": "long random stories beside a model",
    "pages": "executed pages of docs/",
    "passphrases": "copies under words, whose opening is slow on purpose",
    "processes": "commands and workers in processes of their own",
    "servers": "programs of others: readers, key services, Terraform",
    "streams": "streams of Pub/Sub's emulator",
    "volumes": "many objects, or large ones",
}
"""Kinds of slow tests: what `pytest.mark.slow` may say, and what a person reads."""
NOTABLE_SECONDS = 3.0
"""A quick test that took longer is named at the end of a run of quick tests."""

# Whoever runs the tests may work with a platform of their own.
os.environ.pop("RALLY_PROFILE", None)

_left_out = pytest.StashKey[Counter]()

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
    config.stash[_left_out] = Counter()
    if config.getoption("--hypothesis-profile") in (None, "bounded"):
        none = providers.Constants()
        assert callable(providers._get_local_constants)  # a private name
        providers._get_local_constants = lambda: none


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Refuses a slow test whose kind nobody could read at the end of a run."""
    for item in items:
        for mark in item.iter_markers("slow"):
            if mark.kwargs or len(mark.args) != 1 or mark.args[0] not in SLOW:
                raise pytest.UsageError(
                    f"{item.nodeid}: slow takes one of {', '.join(SLOW)}"
                )


def pytest_deselected(items):
    """Counts the slow tests that a run leaves out, by kind."""
    for item in items:
        if mark := item.get_closest_marker("slow"):
            item.config.stash[_left_out][mark.args[0]] += 1


def pytest_sessionfinish(session):
    """Hands what a worker of xdist has counted to the process that reports."""
    counted = session.config.stash[_left_out]
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["left_out"] = dict(counted)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    """Takes a worker's counts: each worker collects, and leaves out, the same tests."""
    found = getattr(node, "workeroutput", {}).get("left_out")
    if found:
        node.config.stash[_left_out] = Counter(found)


def pytest_terminal_summary(terminalreporter, config):
    """Says after quick tests which of them were slow, and what did not run."""
    if config.option.markexpr != QUICK:
        return
    seconds = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport):
                seconds[report.nodeid] += report.duration
    long = [each for each in seconds.most_common() if each[1] > NOTABLE_SECONDS]
    if long:
        terminalreporter.section(f"quick tests above {NOTABLE_SECONDS:g} s")
        for name, duration in long:
            terminalreporter.line(f"{duration:6.2f}s {name}")
    left_out = config.stash[_left_out]
    if left_out:
        terminalreporter.section(f"{left_out.total()} tests did not run")
        for kind, number in sorted(left_out.items()):
            terminalreporter.line(f"{number:5} {SLOW[kind]}")
        terminalreporter.line("`make test-slow` runs them; `make test-all` runs all.")


@pytest.fixture(autouse=True)
def image_of_this_python(monkeypatch):
    """The workers' image has the Python that the tests run on."""
    monkeypatch.setattr("pipelines.runners.WORKERS_PYTHON", sys.version_info[:2])
