"""Files of rows are dealt out: each once, and those that have to meet together."""

from hypothesis import given
from hypothesis import strategies as st

from rally.audit import units
from rally.audit.units import DocumentExtent
from rally.registry.study import Keep
from rally.storage.layout import Partition, new_file
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import Bucket, compacted_file, parse_file
from tests.support.world import GARDEN


class Document:
    """As much of one as dealing asks for."""

    namespace, name = GARDEN, "visit.1"

    def __init__(self, keep=Keep.ALL):
        self.keep = keep


def file(day, name="a", size=10, bucket=None):
    partition = Partition(GARDEN, "visit.1", day)
    path = (
        compacted_file(partition, bucket, "0123456789ab")
        if bucket
        else new_file(partition, name)
    )
    return parse_file(ObjectInfo(path, size, 1), GARDEN)


def deal(files, keep=Keep.ALL):
    extent = DocumentExtent()
    for each in files:
        extent.add(each)
    return list(extent.units(Document(keep)))


def test_few_bytes_are_one_unit():
    days = ["2026-02-27", "2026-02-28", "2026-03-01"]
    (unit,) = deal(map(file, days))
    assert unit == (GARDEN, "visit.1", tuple(days), (), 0, 1)


def test_dates_before_are_those_of_the_window_that_are_there(monkeypatch):
    monkeypatch.setattr(units, "UNIT_BYTES", 20)
    days = ["2028-02-25", "2028-02-27", "2028-02-29", "2028-03-01", "2028-03-05"]
    dealt = [(unit.days, unit.before) for unit in deal(map(file, days))]
    assert dealt == [
        (("2028-02-25", "2028-02-27"), ()),
        (("2028-02-29", "2028-03-01"), ("2028-02-27",)),
        (("2028-03-05",), ()),
    ]


def test_runs_have_so_many_dates_at_most(monkeypatch):
    monkeypatch.setattr(units, "UNIT_DAYS", 2)
    days = [f"2026-01-0{day}" for day in range(1, 6)]
    assert [len(unit.days) for unit in deal(map(file, days))] == [2, 2, 1]


def test_latest_of_all_dates_is_one_run(monkeypatch):
    monkeypatch.setattr(units, "UNIT_DAYS", 2)
    monkeypatch.setattr(units, "UNIT_BYTES", 1)
    days = [f"2026-01-0{day}" for day in range(1, 6)]
    (unit,) = deal(map(file, days), Keep.LATEST)
    assert unit.days == tuple(days)
    assert unit.before == ()


def test_large_dates_are_parted_by_bucket_and_no_finer(monkeypatch):
    monkeypatch.setattr(units, "UNIT_BYTES", 10)
    buckets = [file("2026-01-01", bucket=Bucket(2, number)) for number in range(4)]
    coarse = [file("2026-01-02", bucket=Bucket(1, number)) for number in range(2)]
    assert [unit.parts for unit in deal(buckets)] == [4] * 4
    assert {unit.parts for unit in deal([*buckets, *coarse])} == {2}


files = st.one_of(
    st.builds(file, st.just("2026-01-01"), st.text("abc", min_size=1, max_size=4)),
    st.integers(0, 5).flatmap(
        lambda bits: st.integers(0, (1 << bits) - 1).map(
            lambda number: file("2026-01-01", bucket=Bucket(bits, number))
        )
    ),
)


@given(st.lists(files, min_size=1), st.integers(1, 60))
def test_every_file_is_in_one_part(found, most):
    before, units.UNIT_BYTES = units.UNIT_BYTES, most
    try:
        dealt = deal(found)
    finally:
        units.UNIT_BYTES = before
    for each in found:
        assert sum(unit.has(each) for unit in dealt) == 1


def test_buckets_of_a_person_meet_whatever_their_number_of_bits(monkeypatch):
    monkeypatch.setattr(units, "UNIT_BYTES", 1)
    fine, coarse = file("2026-01-01", bucket=Bucket(4, 0b1011)), file(
        "2026-01-02", bucket=Bucket(2, 0b10)
    )  # fmt: skip
    for unit in deal([fine, coarse]):
        assert unit.has(fine) == unit.has(coarse)
