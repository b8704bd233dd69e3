"""The model: formulas by hand on small numbers, and what must hold for all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.capacity import measured
from rally.capacity.estimate import make_estimate
from rally.capacity.jobs import jobs
from rally.capacity.model import (
    SCHEMES,
    Inputs,
    files_of_one,
    rewritten,
    stored,
    stream,
)
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


def plan_of(platform):
    return make_estimate(platform, Prices())


def test_stream_has_cores_by_what_a_ping_costs():
    busy = SMALL._replace(pings_per_day=864_000_000)
    ingest = stream(busy)

    # 10,000 a second, of which a core opens 3,782, and is busy for seven tenths.
    needed = 10_000 / 3_782 / 0.7
    assert (ingest.workers, ingest.mean) == (2, 4)  # of 2 cores, for 3.78
    assert ingest.peak == pytest.approx(3 * needed)
    assert ingest.message_bytes == 864_000_000 * 1_621


def test_a_worker_of_the_stream_is_paid_whole_and_one_always_runs():
    small = stream(SMALL)
    assert (small.workers, small.mean, small.peak) == (1, 2, 2)

    price = Prices().stream_vcpu_hour + 3.75 * Prices().memory_gib_hour
    dollars = plan_of(SMALL).dollars["ingest, workers"]
    assert dollars == pytest.approx(30 * 24 * 2 * price)


@pytest.mark.parametrize(
    ("size", "expected"), [(1000, 191), (5000, 1321), (3000, 756), (1, 95.5)]
)
def test_figures_are_on_the_line_of_two_that_were_measured(size, expected):
    assert measured.at(measured.ROW, size) == expected


def test_stored_by_hand():
    kept = stored(SMALL, stream(SMALL))

    assert kept.day_bytes == 20_000 * 191
    assert kept.row_bytes == 365 * kept.day_bytes
    assert kept.new_objects == 2 * 1440  # documents, minutes
    assert kept.objects == 2 * 365
    assert kept.daily_expired == 2
    # 1,365 people have joined Rally and a study, and 365 have left.
    assert kept.event_objects == 2 * 1_365 + 365
    assert kept.event_bytes == kept.event_objects * 824
    assert kept.list_bytes == 365 * 598
    assert kept.receipt_bytes == 365 * 730 * 316


def test_who_leaves_has_rows_in_a_file_of_every_date_and_document():
    rare = SMALL._replace(pings_per_day=500)

    assert files_of_one(SMALL) == 730
    assert files_of_one(rare) == 365 / 2
    assert rewritten(rare, stored(rare, stream(rare)))[1] == 365 / 2


def test_jobs_of_a_small_platform_read_what_is_there():
    kept = stored(SMALL, stream(SMALL))
    daily = jobs(SMALL, kept)

    rows = 20_000 * 365
    assert daily["compact"].seconds == pytest.approx(20_000 / 141_078)
    assert daily["purge"].seconds == pytest.approx(rows * 358 / 365 / 272_842)
    assert daily["audit"].seconds == pytest.approx(rows * 1.6 / 7 / 261_990)
    assert daily["delete"].seconds == pytest.approx(
        rows / 309_515 + 730 * measured.OPENED_BLOCK_SECONDS
    )
    log, pages = kept.event_objects, 1
    assert daily["purge"].alone == pytest.approx((log + 3 * pages) * 0.03)


def test_nobody_leaves_and_nothing_is_rewritten_or_verified():
    still = SMALL._replace(leavers_per_day=0)
    plan = plan_of(still)

    assert plan.rewritten == 0
    assert plan.jobs["delete"].seconds == 0
    assert plan.kept.list_bytes == plan.kept.receipt_bytes == 0


@given(inputs)
def test_every_number_is_finite_and_none_is_below_zero(platform):
    plan = plan_of(platform)
    numbers = [
        *plan.ingest,
        *plan.kept,
        *(each for job in plan.jobs.values() for each in job),
        *plan.dollars.values(),
        *(plan.writes, plan.reads, plan.rewritten, plan.key_operations),
    ]

    assert all(0 <= each < float("inf") for each in numbers)
    assert plan.rewritten <= plan.kept.objects
    assert plan.kept.new_objects <= platform.pings_per_day
    assert plan.total >= plan.dollars[plan.dearest] > 0


@given(inputs, st.sampled_from(["pings_per_day", "retention_days", "leavers_per_day"]))
def test_more_of_anything_costs_no_less(platform, name):
    more = platform._replace(**{name: getattr(platform, name) * 2 + 1})

    assert plan_of(more).total >= plan_of(platform).total * (1 - 1e-9)


def test_limits_are_told_by_how_far_they_are_crossed():
    plan = plan_of(Inputs(2 * 10**9, 10**8, 100, leavers_per_day=100_000))
    assert [each.what for each in plan_of(SMALL).limits] == []

    factors = [each.value / each.fine for each in plan.limits]
    assert factors == sorted(factors, reverse=True)
    assert min(factors) > 1
    assert {each.what for each in plan.limits} == {
        "GiB of receipts",
        "hours of delete",
        "hours of purge",
        "hours of audit",
        "hours of the day's jobs together",
        "objects of the event log",
        "GiB of file names in the launching process",
        "GiB of the withdrawal list in the launching process of delete",
        "GiB of enrolments in each worker of purge and audit",
        "GiB of known people in each worker of the audit",
        "objects that expire in a day",
    }


def test_jobs_of_a_day_have_one_day_together():
    plan = plan_of(Inputs(1_200_000, 60_000, 6, leavers_per_day=60, buckets=1))
    hours = [plan.hours(job) for job in plan.jobs]

    assert max(hours) < 24 < sum(hours)
    (together,) = (each for each in plan.limits if each.what.startswith("hours"))
    assert together[:3] == ("hours of the day's jobs together", sum(hours), 24)


def test_replay_starts_a_machine_each_day_though_nothing_waits():
    plan = plan_of(SMALL)
    replay = plan.jobs["replay"]

    assert replay == (0, 0, 70, 120, 9 * 17)  # it lists no names
    # Eight cores for five minutes, thirty times.
    price = Prices().batch_vcpu_hour + 3.75 * Prices().memory_gib_hour
    hours = 8 * 300 / 3600
    assert plan.dollars["replay, workers"] == pytest.approx(30 * hours * price)


def test_files_to_deal_out_are_bound_by_one_process_and_not_by_a_graph():
    named = "GiB of file names in the launching process"
    many = SMALL._replace(pings_per_day=10**7, documents=16)
    held = {
        each: [limit.what for limit in plan_of(many._replace(buckets=each)).limits]
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
    assert what in [each.what for each in plan_of(SMALL._replace(**change)).limits]
