"""The model's formulas by hand, on small numbers."""

import math

import pytest

from rally.capacity.model import Inputs, files_of_one, rewritten, stored, stream

SMALL = Inputs(20_000, 1_000, 1, leavers_per_day=1, buckets=1)


def test_stream_has_cores_by_what_a_ping_costs():
    busy = SMALL._replace(pings_per_day=864_000_000)
    ingest = stream(busy)

    # 10,000 a second, of which a core opens 3,782, and is busy for seven tenths.
    needed = 10_000 / 3_782 / 0.7
    assert (ingest.workers, ingest.mean) == (2, 4)  # of 2 cores, for 3.78
    assert ingest.peak == pytest.approx(3 * needed)
    assert ingest.message_bytes == 864_000_000 * 1_621


def test_stored_by_hand():
    kept = stored(SMALL, stream(SMALL))

    assert kept.day_bytes == 20_000 * 191
    assert kept.row_bytes == 365 * kept.day_bytes
    assert kept.new_objects == 2 * 1440  # documents, minutes
    assert kept.objects == 2 * 365
    assert kept.daily_expired == 2
    # 1,365 people have joined Rally and a study, and 365 have left.
    assert kept.log_bytes == (2 * 1_365 + 365) * 53.5
    assert (kept.log_files, kept.loose_objects) == (1, 3)
    assert kept.list_bytes == 365 * 650
    changed = 730 * (1 - math.exp(-5)) / 5  # of as many files, by one leaving a day
    assert kept.receipt_bytes == pytest.approx(365 * (changed * 428 + 730 * 9))


def test_who_leaves_has_rows_in_a_file_of_every_date_and_document():
    rare = SMALL._replace(pings_per_day=500)

    assert files_of_one(SMALL) == 730
    assert files_of_one(rare) == 365 / 2
    assert rewritten(rare, stored(rare, stream(rare)))[1] == 365 / 2
