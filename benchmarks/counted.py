"""Counts what jobs ask of their stores, as Cloud Storage would bill it.

Of a folder it counts the calls of the one interface that all jobs use, by the requests
that rally/storage/objectstore/gcs.py makes of them; of gs:// the requests themselves.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import apache_beam as beam
import requests

from rally.keys import kek
from rally.storage.layout import EVENTS
from rally.storage.objectstore import local

A, B, FREE, LISTED, LOG, KMS = "A", "B", "free", "names listed", "of the log", "KMS"
LAUNCHER = "one by one"
COLUMNS = (A, B, FREE, LISTED, LOG, KMS, LAUNCHER)
"""LOG are those of B that begin to read an object of the event log. To delete is free.
Names and the log are counted of folders alone. LAUNCHER are those of A and B outside of
pipelines, where no worker shares them."""

CLOUD_STORAGE = "/storage/v1/b/"

_PAGE = 1000  # names that one listing answers
_LocalStore = local.LocalStore
_inside = threading.local()
_lock = threading.Lock()
_counts: Counter[str] = Counter()
_steps: list[beam.Pipeline] = []  # that are running, on workers


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts what all stores are asked that are opened meanwhile, and the keys' KEK."""
    decrypt, send = kek._KekAead.decrypt, requests.Session.send
    run = beam.Pipeline.run
    _counts.clear()

    def decrypted(self, ciphertext, associated_data):
        _note(KMS)
        return decrypt(self, ciphertext, associated_data)

    def sent(self, request, **options):
        if CLOUD_STORAGE in request.url:
            _note(_class_of(request))
        return send(self, request, **options)

    def ran(self, *arguments, **options):
        _steps.append(self)
        try:
            return run(self, *arguments, **options)
        finally:
            _steps.remove(self)

    local.LocalStore, kek._KekAead.decrypt = CountedStore, decrypted
    requests.Session.send, beam.Pipeline.run = sent, ran
    try:
        yield _counts
    finally:
        local.LocalStore, kek._KekAead.decrypt = _LocalStore, decrypt
        requests.Session.send, beam.Pipeline.run = send, run


def _class_of(request: requests.PreparedRequest) -> str:
    """By the table of operations of Cloud Storage's price list."""
    if request.method == "DELETE":
        return FREE
    is_listing = request.url.partition("?")[0].rstrip("/").endswith("/o")
    return A if request.method != "GET" or is_listing else B


def _note(what: str, number: int = 1) -> None:
    with _lock:
        _counts[what] += number
        if what in (A, B) and not _steps:
            _counts[LAUNCHER] += number


@contextmanager
def _one(*what: str) -> Iterator[None]:
    """Counts a call, and none of those that it makes itself."""
    if getattr(_inside, "is", False):
        yield
        return
    for each in what:
        _note(each)
    _inside.__dict__["is"] = True
    try:
        yield
    finally:
        _inside.__dict__["is"] = False


class CountedStore(_LocalStore):
    """A folder that counts what Cloud Storage would be asked."""

    def read(self, name):
        with _one(B, *([LOG] if name.startswith(EVENTS) else [])):
            return super().read(name)

    def read_range(self, name, start, length):
        with _one(B):
            return super().read_range(name, start, length)

    def stat(self, name):
        with _one(B):
            return super().stat(name)

    @contextmanager
    def open(self, name, generation=None):
        with _one(B, *([LOG] if name.startswith(EVENTS) else [])):
            opened = super().open(name, generation)
        with opened as snapshot:
            yield _CountedSnapshot(snapshot)

    @contextmanager
    def draft(self, name):
        with super().draft(name) as draft:
            yield _CountedDraft(draft)

    def create(self, name, data):
        with _one(A):
            return super().create(name, data)

    def replace(self, name, data, generation):
        with _one(A):
            return super().replace(name, data, generation)

    def delete(self, name, generation):
        with _one(FREE):
            return super().delete(name, generation)

    def list_dated(self, prefix=""):
        with _one():
            found = list(super().list_dated(prefix))
        _note(LISTED, len(found))
        _note(A, max(1, -(-len(found) // _PAGE)))
        return iter(found)

    def old_copies(self, prefix):
        _note(A, 2)  # noncurrent ones, and soft-deleted ones
        with _one():
            yield from list(super().old_copies(prefix))

    def check_writable(self):
        with _one(A, FREE):
            super().check_writable()


class _CountedSnapshot(NamedTuple):
    inner: object

    @property
    def info(self):
        return self.inner.info

    def read(self, start, length):
        _note(B)
        return self.inner.read(start, length)


class _CountedDraft(NamedTuple):
    inner: object

    @property
    def file(self):
        return self.inner.file

    def create(self):
        with _one(A):
            return self.inner.create()

    def replace(self, generation):
        with _one(A):
            return self.inner.replace(generation)
