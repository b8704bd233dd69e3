"""Requests of the day's jobs: what one thing more costs is what the scale plan says."""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from benchmarks.counted import FREE, KMS, LISTED, LOG, A, B
from benchmarks.requests import BASE, measure
from rally.capacity import measured

pytestmark = pytest.mark.slow("benchmarks")

DAYS, BUCKETS = 8, 4
"""More of them than the base has."""

REPLAY, DELETE = "replay --reason=left", "delete --rewrite_after_days=0"
"""As they are counted."""


@pytest.fixture(scope="module")
def counted():
    """Of the base, of one with more days, of one with more buckets."""
    more_days = BASE._replace(days=BASE.days + DAYS)
    more_buckets = BASE._replace(buckets=BASE.buckets + BUCKETS)
    # In a process of its own: a job that is counted leaves its mark on this one.
    alone = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    with alone:
        return list(alone.map(measure, (BASE, more_days, more_buckets)))


@pytest.fixture(scope="module")
def of_days(counted):
    """What so many partitions, each of so many files, cost more."""
    base, days, _ = counted
    return lambda job, what: days[job][what] - base[job][what]


@pytest.fixture(scope="module")
def of_buckets(counted):
    """What so many files in each partition cost more."""
    base, _, buckets = counted
    return lambda job, what: buckets[job][what] - base[job][what]


def test_partition_costs_what_the_plan_says(of_days):
    assert of_days("purge", A) == DAYS * measured.PURGED_PARTITION_A
    assert of_days("audit", A) == DAYS * measured.AUDITED_PARTITION_A
    # Somebody who leaves has a row on each date.
    assert of_days(DELETE, A) == DAYS * measured.REWRITTEN_A


def test_file_costs_what_the_plan_says(of_buckets, of_days):
    files = BASE.days * BUCKETS

    assert of_buckets(DELETE, B) == files * measured.VERIFIED_B
    assert of_buckets("compact", A) == BUCKETS
    assert of_buckets("audit", B) == pytest.approx(files * measured.AUDITED_B, rel=0.2)
    assert of_days(DELETE, B) == DAYS * (
        BASE.buckets * measured.VERIFIED_B + measured.REWRITTEN_B
    )


def test_jobs_list_names_as_often_as_the_plan_says(of_days):
    files = DAYS * BASE.buckets

    for name, times in measured.LISTINGS.items():
        job = {"replay": REPLAY, "delete": DELETE}.get(name, name)
        assert of_days(job, LISTED) == pytest.approx(files * times, rel=0.05), job


def test_log_is_read_as_often_as_the_plan_says(counted):
    objects, workers = 2, 1  # of who joined and who left; delete makes one file of them
    studies = {
        "purge": 1,
        "audit": 2,
    }  # whose rows are past the grace, or of who joined
    base, *_ = counted

    assert base[REPLAY][LOG] == 0
    assert base[DELETE][LOG] == objects * measured.LOOSE_EVENT_B
    for job in ("compact", "purge", "audit"):
        launcher = measured.LOG_READS.get(job, 0)
        worker = measured.WORKER_LOG_READS.get(job, 0)
        worker += measured.WORKER_LOG_READS_A_STUDY.get(job, 0) * studies.get(job, 0)
        assert base[job][LOG] == launcher + workers * worker, job


def test_keys_and_what_is_free_do_not_grow_with_the_store(of_days, of_buckets):
    for job in ("compact", "purge", "audit"):
        assert of_days(job, KMS) == of_buckets(job, KMS) == 0
        assert of_days(job, FREE) == 0


def test_run_of_a_small_store_is_about_what_the_plan_says(counted):
    base, *_ = counted
    for job in (DELETE, "compact", "purge", "audit"):
        assert base[job][KMS] <= 2 * measured.RUN_KEYS
        assert 0.5 * measured.RUN_A < base[job][A] < 2 * measured.RUN_A
    assert base[REPLAY][KMS] <= 2 * measured.RUN_KEYS
    assert 3 * base[REPLAY][A] == pytest.approx(measured.RUN_A, rel=0.25)
