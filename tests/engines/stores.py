"""Stores that two engines made of the same, compared; and held while one works."""

import fcntl
import json
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rally.deletion.rewriting import REWROTE
from rally.storage.header import HEADER_CHECKSUM, read_header
from rally.storage.objectstore.local_files import LOCK_NAME
from rally.storage.objectstore.open_store import open_store
from rally.storage.partitions import INPUTS


def files(store):
    """The names of all objects of rows."""
    return [info.name for info in open_store(store).list("data/")]


def objects(store):
    """Every object of rows, by its name: what its header says, and all its other bytes.

    Left out is what differs from store to store: generations, ids of requests and
    plans, and the checksum over the header that says them.
    """
    opened = open_store(store)
    return {name: _without_ids(opened.read(name)) for name in files(store)}


def _without_ids(data):
    header = read_header(data)
    entries = dict(header.entries)
    del entries[HEADER_CHECKSUM]
    if inputs := entries.get(INPUTS):
        entries[INPUTS] = [(name, check) for name, _, check in json.loads(inputs)]
    if rewrote := entries.get(REWROTE):
        said = json.loads(rewrote)
        requests = sorted(said["requests"].values())
        entries[REWROTE] = said["checksum"], said["rows"], requests
    return entries, header.sync, data[header.length :]


@contextmanager
def held(folders):
    """Holds the locks of folders: nobody replaces or deletes anything there."""
    with ExitStack() as stack:
        for folder in folders:
            lock = stack.enter_context((folder / LOCK_NAME).open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def folders(store):
    """The folders of a store that files of rows are in."""
    return sorted(Path(store).glob("data/*/*/*/bucket=*"))


def entries(store):
    """All files there, whole or not."""
    found = Path(store).glob("data/*/*/*/bucket=*/*")
    return {each for each in found if each.name != LOCK_NAME}


def partitions(paths):
    """The folders of the partitions that files are in."""
    return {path.parent.parent for path in paths}
