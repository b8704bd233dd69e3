import pytest

from rally.observability.progress import (
    BYTES,
    Progress,
    announce_total,
    count_works,
    describe_progress,
    read_progress,
)


def test_progress_of_all_workers_is_summed(tmp_path):
    assert read_progress(tmp_path) == 0
    (tmp_path / "1").write_text("40")
    (tmp_path / "2").write_text("2")
    (tmp_path / "3.draft").write_text("7")  # a worker that is just writing it
    (tmp_path / "4").write_text("")
    assert read_progress(tmp_path) == 42


def test_progress_is_told_at_a_flush_and_now_and_then(tmp_path):
    progress = Progress(str(tmp_path))
    progress.add(5)
    assert read_progress(tmp_path) == 0
    progress.flush()
    assert read_progress(tmp_path) == 5
    for _ in range(1000):
        progress.add(1)
    progress.flush()
    assert read_progress(tmp_path) == 1005
    assert len(list(tmp_path.iterdir())) == 1


def test_workers_of_one_process_are_summed(tmp_path):
    for number in (1, 2, 4):
        progress = Progress(str(tmp_path))
        progress.add(number)
        progress.flush()
    assert read_progress(tmp_path) == 7


def test_progress_to_nobody_writes_nothing(tmp_path):
    progress = Progress(None)
    progress.add(256)
    progress.flush()
    assert list(tmp_path.iterdir()) == []


def make_length():
    return len


def test_each_work_counts_once_it_is_done(tmp_path):
    worker = count_works(make_length, str(tmp_path))()
    assert (worker("four"), read_progress(tmp_path)) == (4, 1)
    with pytest.raises(TypeError):
        worker(None)
    assert (worker(""), read_progress(tmp_path)) == (0, 2)


def test_works_for_nobody_are_not_counted():
    assert count_works(make_length, None) is make_length


@pytest.mark.parametrize(
    ("counted", "total", "line"),
    [
        ("", None, "0 pings, 0/s"),
        ("1500", None, "1,500 pings, 150/s"),
        ("", 3000, "0 of 3,000 pings, 0/s"),
        ("1500", 3000, "1,500 of 3,000 pings, 150/s, 0:10 left"),
        ("10", 3000, "10 of 3,000 pings, 1/s, 49:50 left"),
        ("3000", 3000, "3,000 of 3,000 pings, 300/s"),
        ("3100", 3000, "3,100 of 3,000 pings, 310/s"),
    ],
)
def test_line_says_how_far_it_is_and_what_is_left(tmp_path, counted, total, line):
    (tmp_path / "1").write_text(counted)
    if total is not None:
        announce_total(str(tmp_path), total)
    assert describe_progress(tmp_path, "pings", 10.0) == line


@pytest.mark.parametrize(
    ("counted", "total", "line"),
    [
        ("1540000", None, "1.5 MB, 0.2/s"),
        ("", 30_000_000, "0.0 of 30.0 MB, 0.0/s"),
        ("20000000", 2_030_000_000, "20.0 of 2,030.0 MB, 2.0/s, 16:45 left"),
    ],
)
def test_line_of_bytes_says_megabytes(tmp_path, counted, total, line):
    (tmp_path / "1").write_text(counted)
    if total is not None:
        announce_total(str(tmp_path), total)
    assert describe_progress(tmp_path, BYTES, 10.0) == line


def test_total_to_nobody_is_written_nowhere():
    announce_total(None, 7)
