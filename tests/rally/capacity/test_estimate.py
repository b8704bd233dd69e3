"""What must hold of every estimate, and where the design bends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.capacity.estimate import make_estimate
from rally.capacity.model import SCHEMES, Inputs, stream
from rally.capacity.prices import Prices

SMALL = Inputs(20_000, 1_000, 1, leavers_per_day=1, buckets=1)
inputs = st.builds(
    Inputs,
    pings_per_day=st.integers(1, 10**10),
    people=st.integers(1, 10**9),
    studies=st.integers(1, 1000),
    documents=st.integers(1, 20),
    ping_bytes=st.integers(200, 50_000),
    scheme=st.sampled_from(SCHEMES),
    retention_days=st.integers(1, 3650),
    age_days=st.integers(1, 3650),
    leavers_per_day=st.integers(0, 10**6),
    buckets=st.sampled_from([1, 4, 64, 1024]),
    flush_seconds=st.floats(1, 600),
    peak_factor=st.floats(1, 100),
    job_vcpus=st.integers(1, 1000),
)


def estimate_of(platform):
    return make_estimate(platform, Prices())


def test_a_worker_of_the_stream_is_paid_whole_and_one_always_runs():
    small = stream(SMALL)
    assert (small.workers, small.mean, small.peak) == (1, 2, 2)

    price = Prices().stream_vcpu_hour + 3.75 * Prices().memory_gib_hour
    dollars = estimate_of(SMALL).dollars["ingest, workers"]
    assert dollars == pytest.approx(30 * 24 * 2 * price)


def test_nobody_leaves_and_nothing_is_rewritten_or_verified():
    still = SMALL._replace(leavers_per_day=0)
    estimate = estimate_of(still)

    assert estimate.rewritten == 0
    assert estimate.jobs["delete"].seconds == 0
    assert estimate.kept.list_bytes == estimate.kept.receipt_bytes == 0


@given(inputs)
def test_every_number_is_finite_and_none_is_below_zero(platform):
    estimate = estimate_of(platform)
    numbers = [
        *estimate.ingest,
        *estimate.kept,
        *(each for job in estimate.jobs.values() for each in job),
        *estimate.dollars.values(),
        *(estimate.writes, estimate.reads, estimate.rewritten, estimate.key_operations),
    ]

    assert all(0 <= each < float("inf") for each in numbers)
    assert estimate.rewritten <= estimate.kept.objects
    assert estimate.kept.new_objects <= platform.pings_per_day
    assert estimate.total >= estimate.dollars[estimate.dearest] > 0


@given(inputs, st.sampled_from(["pings_per_day", "retention_days", "leavers_per_day"]))
def test_more_of_anything_costs_no_less(platform, name):
    more = platform._replace(**{name: getattr(platform, name) * 2 + 1})

    assert estimate_of(more).total >= estimate_of(platform).total * (1 - 1e-9)


def test_limits_are_sorted_by_how_far_they_are_crossed():
    estimate = estimate_of(Inputs(2 * 10**9, 10**8, 100, leavers_per_day=100_000))
    assert [each.what for each in estimate_of(SMALL).limits] == []

    factors = [each.value / each.fine for each in estimate.limits]
    assert factors == sorted(factors, reverse=True)
    assert min(factors) > 1
    assert {each.what for each in estimate.limits} == {
        "GiB of receipts",
        "hours of delete",
        "hours of purge",
        "hours of audit",
        "hours of the day's jobs together",
        "GiB of file names in the launching process",
        "GiB of the withdrawal list in the launching process of delete",
        "GiB of enrolments in each worker of purge and audit",
        "GiB of known people in each worker of the audit",
        "objects that expire in a day",
    }


def test_jobs_of_a_day_have_one_day_together():
    estimate = estimate_of(
        Inputs(8 * 10**7, 4 * 10**6, 60, leavers_per_day=4_000, buckets=8)
    )
    hours = [estimate.hours(job) for job in estimate.jobs]

    assert max(hours) < 24 < sum(hours)
    (together,) = (each for each in estimate.limits if each.what.startswith("hours"))
    assert together[:3] == ("hours of the day's jobs together", sum(hours), 24)


def test_file_names_are_bound_by_one_process_and_not_by_a_graph():
    named = "GiB of file names in the launching process"
    many = SMALL._replace(pings_per_day=10**7, documents=16)
    held = {
        each: [limit.what for limit in estimate_of(many._replace(buckets=each)).limits]
        for each in (32, 64)
    }

    assert named not in held[32]  # 187,000 files
    assert named in held[64]  # 374,000


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"flush_seconds": 541.0}, "seconds of a flush"),
        ({"buckets": 64}, "compacted files in a MiB"),
        ({"pings_per_day": 10**8}, "MiB of a compacted file"),
        (
            {"flush_seconds": 1.0, "pings_per_day": 10**6},
            "files of ingest in a partition and day",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_limit_that_options_cross(change, what):
    assert what in [each.what for each in estimate_of(SMALL._replace(**change)).limits]
