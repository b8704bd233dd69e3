"""A table is read in bounded memory, however many rows and dates it has."""

import tracemalloc

import pyarrow as pa
import pytest

from rally.dataset import scan as scanning
from tests.rally.compaction.memory_study import MemoryStudy, Row
from tests.rally.dataset.tables import scan

pytestmark = pytest.mark.slow("volumes")

ROWS_A_DAY = 8_000
PAGE = "page" * 20


def peak_of(study, most_bytes):
    """Bytes that are held at once while a table is read, batch by batch."""
    rows, pool = 0, pa.default_memory_pool()
    arrow = before = pool.bytes_allocated()
    tracemalloc.start()
    try:
        for batch in scan(study).read(most_bytes):
            rows += batch.num_rows
            arrow = max(arrow, pool.bytes_allocated())
        return rows, tracemalloc.get_traced_memory()[1] + arrow - before
    finally:
        tracemalloc.stop()


def test_memory_grows_neither_with_dates_nor_with_rows(registries):
    study = MemoryStudy(registries[16])
    peaks = {}
    for days in (4, 8):
        for day in range(days - 4, days):
            numbers = range(day * ROWS_A_DAY, (day + 1) * ROWS_A_DAY)
            study.add(*(Row(n % 16, n, day, n % 86400, PAGE) for n in numbers))
            study.compact(day)
        for most in (100_000_000, 20_000):
            peak_of(study, most)  # what is imported at first use is no row
            rows, peaks[days, most] = peak_of(study, most)
            assert rows == days * ROWS_A_DAY

    assert peaks[8, 100_000_000] < 1.2 * peaks[4, 100_000_000]
    assert peaks[8, 20_000] < 0.5 * peaks[8, 100_000_000]


def test_rows_that_compress_well_do_not_fill_the_memory(registries):
    study = MemoryStudy(registries[1])
    page = "a" * 200_000
    study.add(*(Row(1, n, 0, n, page) for n in range(1000)))
    study.compact(0)
    stored = sum(each.size for each in study.store.list("data/"))
    assert stored < 2_000_000

    rows, peak = peak_of(study, scanning.MOST_BYTES)

    assert rows == 1000
    assert peak < 140_000_000 < rows * len(page)
