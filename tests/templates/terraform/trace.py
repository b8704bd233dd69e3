"""What the jobs do with stores and keys, seen while the demo runs all of them.

The demo is a study's whole life, by the jobs' own code: pings, dead letters, who leaves
and comes back, conclusion, purge and audit.
"""

import importlib
import io
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import pytest

from pipelines import cli
from pipelines.demo.jobs import Jobs
from rally.keys.folder import KeyFolder
from rally.storage.objectstore import local_files
from rally.storage.objectstore.gcs import _PROBE as PROBE
from rally.storage.objectstore.local import LocalStore

INIT = "init"
"""What people do before any job, as `desk` and as `keeper`."""

JOBS = ("ingest", "replay", "compact", "delete", "purge", "audit", "release")
_PLACING = "rally.releases.placing"
_STARTS = {
    # People type its command, and another that places what came of it.
    "release": [
        ("pipelines.jobs.release", "_run"),
        (_PLACING, "open_releases"),
        (_PLACING, "place"),
    ]
}
"""Module and name of functions in which a job runs, where it is not `run`."""
_READS = ("read", "read_range", "stat", "open", "list", "list_dated", "old_copies")


class Deed(NamedTuple):
    """Something that a job did.

    Attributes:
        what: reads, creates, deletes; opens, of a key.
        place: store, platform, keys, platform_keys or releases.
        name: of the object within the place; of a key, its owner.
    """

    job: str
    what: str
    place: str
    name: str


class Trace:
    """Notes what is done below a folder, and by which job."""

    def __init__(self, root: Path) -> None:
        self.deeds: set[Deed] = set()
        self._job: str | None = None
        self._places = {
            "platform": root / "store" / "platform",
            "store": root / "store",
            "platform_keys": root / "keys" / "platform",
            "keys": root / "keys",
            "releases": root / "releases",
        }

    def note(self, what: str, path: Path) -> None:
        for place, folder in self._places.items():
            if path.is_relative_to(folder):
                name = path.relative_to(folder).as_posix()
                if self._job:
                    self.deeds.add(Deed(self._job, what, place, name))
                return

    @contextmanager
    def during(self, job: str | None) -> Iterator[None]:
        """Whose deeds they are from here on; None: nobody's that has an account."""
        before, self._job = self._job, job
        try:
            yield
        finally:
            self._job = before


def watch(root: Path) -> set[Deed]:
    """Runs the demo in a new folder; all deeds of its jobs."""
    trace = Trace(root)
    with pytest.MonkeyPatch.context() as patch:
        _watch_jobs(patch, trace)
        _watch_stores(patch, trace)
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            assert cli.main(["demo", f"--out={root}"]) == 0
    return trace.deeds


def _watch_jobs(patch: pytest.MonkeyPatch, trace: Trace) -> None:
    for job in JOBS:
        for module, name in _STARTS.get(job, [(f"pipelines.{job}", "run")]):
            _within(patch, trace, importlib.import_module(module), name, job)
    _within(patch, trace, Jobs, "begin", INIT)


def _within(patch, trace, owner, name, job) -> None:
    original = getattr(owner, name)

    def noted(*args, **more):
        with trace.during(job):
            return original(*args, **more)

    patch.setattr(owner, name, noted)


def _watch_stores(patch: pytest.MonkeyPatch, trace: Trace) -> None:
    def before(owner, name, note):
        original = getattr(owner, name)

        def noted(self, *args, **more):
            note(self, *args)
            return original(self, *args, **more)

        patch.setattr(owner, name, noted)

    def in_store(*whats):
        def note(store, name="", *_):
            path = name if isinstance(name, str) else name.name
            for what in () if local_files.is_temporary(path) else whats:
                trace.note(what, Path(store.uri) / path)

        return note

    def probed(store):
        for what in ("creates", "deletes"):
            trace.note(what, Path(store.uri) / PROBE)

    def opened(folder, owner):
        trace.note("opens", Path(folder.uri) / owner)

    for name in _READS:
        before(LocalStore, name, in_store("reads"))
    for name in ("delete", "purge"):
        before(LocalStore, name, in_store("deletes"))
    before(LocalStore, "check_writable", probed)
    draft = local_files.LocalDraft

    def placed(what):
        def note(each, *_):
            if not local_files.is_temporary(each.name):  # else it is a probe's
                trace.note(what, Path(each.folders.root) / each.name)

        return note

    before(draft, "create", placed("creates"))
    for what in ("creates", "deletes"):
        before(draft, "replace", placed(what))
    for name in ("read_keyset", "read_jwks"):
        before(KeyFolder, name, opened)
