"""The load of the day's jobs by hand, on small numbers."""

import pytest

from rally.capacity import measured
from rally.capacity.estimate import make_estimate
from rally.capacity.jobs import jobs
from rally.capacity.model import Inputs, stored, stream
from rally.capacity.prices import Prices

SMALL = Inputs(20_000, 1_000, 1, leavers_per_day=1, buckets=1)


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
    log = measured.LOG_FILE_B * kept.log_files
    decoded = (2 * 1_365 + 365) / 122_668
    assert daily["purge"].alone == pytest.approx((log + 3) * 0.03 + decoded)


def test_replay_starts_a_machine_each_day_though_nothing_waits():
    estimate = make_estimate(SMALL, Prices())
    replay = estimate.jobs["replay"]

    assert replay == (0, 0, 80, 120, 9 * 17)  # it lists no names
    # Eight cores for five minutes, thirty times.
    price = Prices().batch_vcpu_hour + 3.75 * Prices().memory_gib_hour
    hours = 8 * 300 / 3600
    assert estimate.dollars["replay, workers"] == pytest.approx(30 * hours * price)
