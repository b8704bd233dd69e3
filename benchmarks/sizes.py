"""Measures how large stored rows are, and what the day's jobs do with them in a second.

    python -m benchmarks.sizes [--pings 100000] [--sizes 1000 5000] [--work FOLDER]

Pings of benchmarks/pings.py are ingested; then the jobs run over all of them, each in a
process of its own on one core. A rate is of the processor's time less that of the same
job on a store of one ping. What does not depend on pings is measured beside: events,
the withdrawal list, and what a worker holds of those who joined.
"""

import argparse
import gc
import shutil
import tempfile
import time
import tracemalloc
import uuid
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import mean

import orjson

from benchmarks import pings, process, workload
from benchmarks.founding import found
from benchmarks.ways import begin
from benchmarks.workload import NAMESPACE, Workload
from rally.audit.searching import IdSearch
from rally.decisions.verifying import read_chain
from rally.event_log.event_log import EventLog, LogState
from rally.event_log.merging import merge_log
from rally.events import Event, EventKind, write_events
from rally.keys.names import Job
from rally.keys.platform_keys import PlatformKeys
from rally.keys.signing import SigningKey
from rally.receipts.receipt import Stage
from rally.registry.registry import Registry
from rally.settings import make_pseudonyms
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.local import LocalStore
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.enrolments import EnrolledPeople
from rally.withdrawal.list_object import (
    publish_list,
    read_list,
    read_people,
)
from rally.withdrawal.root import read_root
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_ANY_STATUS = "import sys; from pipelines import cli; cli.main(sys.argv[1:])"
_TOMORROW = pings.FIRST_DAY + timedelta(days=pings.DAYS, hours=6)
_LATER = _TOMORROW + timedelta(days=20)  # past the grace of an enrolment
_DAY = 86_400_000_000  # microseconds


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pings", type=int, default=100_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 5_000])
    parser.add_argument("--work", type=Path)
    options = parser.parse_args(argv)
    work: Path | None = options.work
    with tempfile.TemporaryDirectory(prefix="rally-bench-sizes-") as scratch:
        for size in options.sizes:
            for scheme in workload.SCHEMES:
                few = workload.make(work or Path(scratch), scheme, size, 1_000)
                print(f"{size} bytes, {scheme}: message {_message_bytes(few):,.0f}")
            made = workload.make(work or Path(scratch), "hpke", size, options.pings)
            print("\n".join(_rows(made, Path(scratch))), flush=True)
    print("\n".join(_records()))
    return 0


def _message_bytes(made: Workload) -> float:
    """Of a message as Pub/Sub counts it: body, attributes, timestamp and id."""
    with open(made.folder / "pings-0.ndjson", "rb") as lines:
        messages = [orjson.loads(line) for line in lines]
    return mean(
        len(each["payload"]) * 3 / 4
        + sum(len(name) + len(value) for name, value in each["attributeMap"].items())
        + 20
        + 16
        for each in messages
    )


def _rows(made: Workload, scratch: Path) -> list[str]:
    all_rows, one_row = scratch / "all", scratch / "one"
    said = []
    for store in (all_rows, one_row):
        begin(str(store), made)
    _job(all_rows, made, "ingest", f"--input={made.inputs}")
    _job(one_row, made, "ingest", f"--input={made.one_ping}")
    said.append(f"  new rows: {_bytes_a_row(all_rows, made):,.0f} bytes")
    jobs = {
        "compact": ("compact", f"--as_of={_TOMORROW.isoformat()}"),
        "audit": ("audit", f"--as_of={_TOMORROW.isoformat()}"),
        "purge, searching": ("purge", "--plan_only", f"--as_of={_LATER.isoformat()}"),
    }
    for name, words in jobs.items():
        least = _job(one_row, made, *words)
        seconds = _job(all_rows, made, *words) - least
        said.append(
            f"  {name}: {made.count / seconds:,.0f} rows/s, {least:.1f} s least"
        )
    said.append(f"  compacted rows: {_bytes_a_row(all_rows, made):,.0f} bytes")
    for store in (all_rows, one_row):
        _leave(store, made)
    least, seconds = _job(one_row, made, "delete"), _job(all_rows, made, "delete")
    rate = made.count / (seconds - least)
    said.append(f"  delete, with verification: {rate:,.0f} rows/s, {least:.1f} s least")
    shutil.rmtree(all_rows)
    shutil.rmtree(one_row)
    return said


def _leave(store: Path, made: Workload) -> None:
    words = ["withdraw", f"--study={NAMESPACE}", f"--store={store}", *made.options]
    people = pings._PEOPLE[0].encode()
    given = f"import io, sys; sys.stdin = io.TextIOWrapper(io.BytesIO({people!r}))"
    process.run(["-c", f"{given}; {_ANY_STATUS}", *words])


def _job(store: Path, made: Workload, *words: str) -> float:
    """Seconds of the processor, whatever the job finds."""
    command = ["-c", _ANY_STATUS, *words, f"--store={store}", *made.options]
    return process.run(command).cpu_seconds


def _bytes_a_row(store: Path, made: Workload) -> float:
    files = (store / "data").glob("**/*.avro")
    return sum(file.stat().st_size for file in files) / made.count


def _records(number: int = 100_000, lone: int = 1_000) -> list[str]:
    """What does not depend on pings."""
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as folder:
        together, alone = LocalStore(f"{folder}/a"), LocalStore(f"{folder}/b")
        write_events(together, map(_joined, range(number)), "1")
        for each in range(lone):
            write_events(alone, [_joined(each)], "1")
        stores, keys = Stores(f"{folder}/store", f"{folder}/list"), f"{folder}/keys"
        found(stores, keys, [])
        key = PlatformKeys.open(keys, signing=[Job.DELETE]).signer(Job.DELETE)
        return [
            _logged(LocalStore(f"{folder}/c"), key, number),
            f"an event that is alone: {_size(alone) / lone:,.0f} bytes,"
            f" {lone / _seconds(lambda: sum(1 for _ in EventLog(alone))):,.0f}"
            " read a second",
            *_held(folder, stores.platform, key, together, number),
        ]


def _logged(store: LocalStore, key: SigningKey, number: int) -> str:
    """Events in files of the log, as delete merges them."""
    write_events(store, map(_joined, range(number)), "1")
    loose = [each.name for each in EventLog(store).loose_objects()]
    merged = merge_log(store, [], loose, 1, key)
    size = sum(each.size for each in merged.files)
    for each in list(store.list()):
        if each.name in loose:
            store.delete(each.name, each.generation)
    log = EventLog(store, lambda: LogState(merged.bits, merged.files))
    rate = number / _seconds(lambda: sum(1 for _ in log))
    return (
        f"events of the log: {size / number:.0f} bytes each, {rate:,.0f} read a second"
    )


def _held(
    folder: str, platform: ObjectStore, key: SigningKey, log: LocalStore, number: int
) -> list[str]:
    entries = WithdrawalList(1, tuple(map(_left, range(number))))
    head = read_chain(platform).head
    publish_list(platform, entries, head, key, read_list(platform).generation)
    root = read_root(platform).root
    records, _ = _memory(lambda: read_list(platform).list)
    index, whole = _memory(lambda: read_people(platform).list)
    seconds = _seconds(lambda: read_people(platform))
    enrolled, _ = _memory(lambda: _enrolled(Path(folder), log))
    sought, _ = _memory(lambda: _sought(log))
    return [
        f"an entry of the list: {root.list.size / number:,.0f} bytes, and"
        f" {root.requests.size / number:,.0f} of its request; in the memory of deletion"
        f" {records[1] / number:,.0f}; of a worker {index[1] / number:,.0f}, while it"
        f" is read {whole / number:,.0f}; a list of {number:,} is opened in"
        f" {seconds:.2f} s",
        f"a person who joined: {enrolled[1] / number:,.0f} bytes in memory; whose id is"
        f" looked for: {sought[1] / number:,.0f}",
    ]


def _enrolled(folder: Path, log: LocalStore) -> EnrolledPeople:
    workload._write_study(folder / "studies")
    made = Workload("hpke", 0, 0, folder)
    workload._write_keys(made)
    registry = Registry.load(str(folder / "studies"))
    uri = f"{folder}/keys/platform"
    keys = PlatformKeys.open(uri, pseudonyms=[PLATFORM, NAMESPACE])
    pseudonyms = make_pseudonyms(keys, registry)
    study = registry.studies[NAMESPACE]
    return EnrolledPeople(study, pseudonyms, EventLog(log))


def _sought(log: LocalStore) -> IdSearch:
    known = {each.participant for each in EventLog(log) if each.participant}
    return IdSearch(_NoPrf(), known)


def _joined(number: int) -> Event:
    time = 1_770_000_000_000_000 + number
    person, document = str(uuid.uuid4()), str(uuid.uuid4())
    signal = f"{NAMESPACE}/study-enrollment.1"
    return Event(EventKind.JOINED, NAMESPACE, person, time, None, document, signal)


def _left(number: int) -> Withdrawal:
    time = 1_770_000_000_000_000 + number
    return Withdrawal(
        uuid.uuid4().hex,
        str(uuid.uuid4()),
        None,
        NAMESPACE,
        time,
        time,
        str(uuid.uuid4()),
        f"{NAMESPACE}/deletion-request.1",
        stages={each: time for each in Stage},
        receipts=(number,),
    )


class _NoPrf:
    def compute(self, data):
        return data[:16]


def _size(store: LocalStore) -> int:
    return sum(each.size for each in store.list())


def _seconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _memory(call: Callable[[], object]) -> tuple[tuple[object, int], int]:
    """What a call returns and how much that holds; and the most that it held."""
    tracemalloc.start()
    try:
        found = call()
        gc.collect()
        now, most = tracemalloc.get_traced_memory()
        return (found, now), most
    finally:
        tracemalloc.stop()


if __name__ == "__main__":
    raise SystemExit(main())
