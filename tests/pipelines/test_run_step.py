"""What a terminal shows of a step while it runs."""

import io
import re
import sys
import threading

from pipelines.delete import JOB
from pipelines.options import parse_options
from pipelines.run_step import run_step, shown_progress
from rally.observability.progress import Progress, announce_total
from rally.storage.objectstore.open_store import open_store

PLACES = ["--store=store", "--keys=keys"]


class Terminal(io.StringIO):
    """A screen that says when something stands on it."""

    def __init__(self):
        super().__init__()
        self.written = threading.Event()

    def isatty(self):
        return True

    def flush(self):
        self.written.set()


def test_terminal_shows_how_far_it_is_to_the_end(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress(wanted=True, what="files verified") as folder:
        announce_total(folder, 3)
        assert screen.written.wait(60)
        progress = Progress(folder)
        progress.add(3)
        progress.flush()
    first, *_, last = screen.getvalue().split("\r")[1:]
    assert first == "0 of 3 files verified, 0/s".ljust(60)
    assert re.fullmatch(r"3 of 3 files verified, [0-9]+/s *\n", last)


def test_what_is_done_at_once_shows_nothing(monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress(wanted=True, what="files verified") as folder:
        announce_total(folder, 0)
    assert screen.getvalue() == ""


def test_nobody_is_shown_anything_elsewhere(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with shown_progress(wanted=True) as folder:
        assert folder is None


SCREEN = Terminal()


def make_waiting():
    """Makes a worker that ends once the screen has shown that its work began."""
    return lambda work: [work, SCREEN.written.wait(60)]


def test_step_counts_its_works_on_a_terminal(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "stderr", SCREEN)
    options, store = parse_options(JOB, PLACES), open_store(str(tmp_path))
    what = "files verified"
    found = run_step(JOB, options, "Verify", [1, 2], make_waiting, store, what)
    assert found == [[1, True], [2, True]]
    last = SCREEN.getvalue().rpartition("\r")[2]
    assert re.fullmatch(r"2 of 2 files verified, [0-9]+/s *\n", last)
