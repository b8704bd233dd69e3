from rally.observability.progress import Progress, read_progress


def test_progress_of_all_workers_is_summed(tmp_path):
    assert read_progress(tmp_path) == 0
    (tmp_path / "1").write_text("40")
    (tmp_path / "2").write_text("2")
    (tmp_path / "3").write_text("")  # a worker that is just writing it
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


def test_progress_to_nobody_writes_nothing(tmp_path):
    progress = Progress(None)
    progress.add(256)
    progress.flush()
    assert list(tmp_path.iterdir()) == []
