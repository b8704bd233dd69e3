"""Sizes: what a platform of some inputs stores, asks and computes in a day.

Each function is a formula of docs/scale.md. Rows are spread evenly over documents,
people over studies, and a day over its hours but for the peak.
"""

import math
from typing import NamedTuple

from rally.scaling import measured
from rally.scaling.inputs import Inputs
from rally.withdrawing.enrolments import GRACE_DAYS

DAY_SECONDS = 86_400
AUDITED_SHARE = (6 * 0.1 + 1) / 7
"""Of all rows, a day: a tenth on six days of a week, all on one."""

LONGEST_DELAY_DAYS = 38  # --longest_delay_days: while a request is swept for
RELOAD_SECONDS = 60  # --reload_seconds
STREAM_VCPUS = 2  # of a worker of the stream
JOBS = ("delete", "compact", "purge", "audit")


class Stream(NamedTuple):
    """Ingest.

    Attributes:
        mean: cores, over a day, as they are billed.
        peak: cores that the busiest hour needs.
        message_bytes: of all messages of a day.
    """

    mean: float
    peak: float
    message_bytes: float

    @property
    def workers(self) -> int:
        """Of the mean hour."""
        return math.ceil(self.mean / STREAM_VCPUS)


class Stored(NamedTuple):
    """What lies in the stores.

    Attributes:
        day_bytes: of rows that one day adds.
        row_bytes: of all rows, once they are as old as they get.
        new_objects: that ingest writes in a day.
        objects: of rows, compacted.
        event_objects: of the log.
        event_bytes: of the log.
        list_bytes: of the withdrawal list.
        receipt_bytes: of all receipts.
        daily_expired: objects that a purge takes in a day.
    """

    day_bytes: float
    row_bytes: float
    new_objects: int
    objects: int
    event_objects: int
    event_bytes: float
    list_bytes: float
    receipt_bytes: float
    daily_expired: int

    @property
    def file_bytes(self) -> float:
        """Of a compacted file."""
        return self.row_bytes / max(self.objects, 1)


class Job(NamedTuple):
    """A daily job.

    Attributes:
        seconds: of cores, all workers together.
        alone: seconds that go by with requests one after the other, in the launcher or
            in each worker alike.
        writes: requests of class A.
        reads: requests of class B.
        keys: that a process opens, each one operation of the key service.
    """

    seconds: float
    alone: float
    writes: float
    reads: float
    keys: float


def stream(inputs: Inputs) -> Stream:
    """Cores: pings a second, by what one costs, by how busy workers may be."""
    seconds = measured.seconds_at(measured.INGEST[inputs.scheme], inputs.ping_bytes)
    busy = inputs.pings_per_day * seconds / DAY_SECONDS / measured.UTILISATION
    size = measured.at(measured.MESSAGE[inputs.scheme], inputs.ping_bytes)
    return Stream(
        max(busy, 1.0), max(busy * inputs.peak_factor, 1.0), inputs.pings_per_day * size
    )


def stored(inputs: Inputs, ingest: Stream) -> Stored:
    """A file a flush and partition and worker, then one for each bucket."""
    row = measured.at(measured.ROW, inputs.ping_bytes)
    flushes = DAY_SECONDS / inputs.flush_seconds * ingest.workers
    lone = min(inputs.events, math.ceil(flushes) * inputs.age_days)
    objects = inputs.partitions * _buckets(inputs)
    return Stored(
        day_bytes=inputs.pings_per_day * row,
        row_bytes=inputs.rows * row,
        new_objects=min(
            inputs.pings_per_day, math.ceil(flushes) * inputs.partitions_per_day
        ),
        objects=objects,
        event_objects=lone,
        event_bytes=lone * measured.LONE_EVENT_BYTES
        + (inputs.events - lone) * measured.EVENT_BYTES,
        list_bytes=inputs.left * measured.LIST_ENTRY_BYTES,
        receipt_bytes=inputs.left * files_of_one(inputs) * measured.NAMED_BYTES,
        daily_expired=inputs.partitions_per_day * _buckets(inputs),
    )


def jobs(inputs: Inputs, kept: Stored) -> dict[str, Job]:
    """The day's jobs, by name."""
    return {
        "delete": _delete(inputs, kept),
        "compact": _compact(inputs, kept),
        "purge": _purge(inputs, kept),
        "audit": _audit(inputs, kept),
    }


def stream_requests(
    inputs: Inputs, ingest: Stream, kept: Stored
) -> tuple[float, float]:
    """Of class A: what it writes; of class B: looking whether the list has changed."""
    events = kept.event_objects / inputs.age_days
    looks = DAY_SECONDS / RELOAD_SECONDS * math.ceil(ingest.mean)
    return kept.new_objects + events, looks


def rewritten(inputs: Inputs, kept: Stored) -> tuple[float, float]:
    """Files that deletion rewrites in a day, and blocks that it opens in them."""
    opened = inputs.leavers_per_day * files_of_one(inputs)
    return _met(kept.objects, opened), opened


def files_of_one(inputs: Inputs) -> float:
    """Files with rows of one person: one of every date and document that they sent."""
    a_day = inputs.pings_per_day / inputs.people
    return inputs.retention_days * min(float(inputs.documents), a_day)


def _delete(inputs: Inputs, kept: Stored) -> Job:
    """Everything of the studies that open requests are about is verified, each day."""
    files, blocks = rewritten(inputs, kept)
    share = -math.expm1(-inputs.leavers_per_day * LONGEST_DELAY_DAYS / inputs.studies)
    rate = measured.seconds_at(measured.VERIFY, inputs.ping_bytes)
    receipts = inputs.leavers_per_day
    return _job(
        "delete",
        inputs,
        kept,
        seconds=share * inputs.rows * rate + blocks * measured.OPENED_BLOCK_SECONDS,
        writes=files * measured.REWRITTEN_A + receipts * measured.RECEIPT_A,
        reads=share * _reads(kept, kept.objects, measured.VERIFIED_B)
        + _reads(kept, files, measured.REWRITTEN_B),
        one_by_one=receipts * measured.RECEIPT_A,
    )


def _compact(inputs: Inputs, kept: Stored) -> Job:
    rate = measured.seconds_at(measured.COMPACT, inputs.ping_bytes)
    today = inputs.partitions_per_day
    files = today * _buckets(inputs)
    return _job(
        "compact",
        inputs,
        kept,
        seconds=inputs.pings_per_day * rate,
        writes=today * measured.COMPACTED_PARTITION_A + files,
        reads=files * measured.COMPACTED_FILE_B
        + kept.new_objects * measured.NEW_FILE_B,
    )


def _purge(inputs: Inputs, kept: Stored) -> Job:
    """Who never enrolled is looked for in every file past the grace, each day."""
    share = max(inputs.retention_days - GRACE_DAYS, 0) / inputs.retention_days
    rate = measured.seconds_at(measured.SEARCH, inputs.ping_bytes)
    return _job(
        "purge",
        inputs,
        kept,
        seconds=share * inputs.rows * rate,
        writes=inputs.partitions * measured.PURGED_PARTITION_A,
        reads=share * _reads(kept, kept.objects, measured.SEARCHED_B),
    )


def _audit(inputs: Inputs, kept: Stored) -> Job:
    """All receipts are read each day, and the files that they name are looked at."""
    rate = measured.seconds_at(measured.AUDIT, inputs.ping_bytes)
    ever = kept.objects * max(inputs.age_days / inputs.retention_days, 1.0)
    named = _met(ever, inputs.left * files_of_one(inputs))
    receipts = inputs.left * measured.RECEIPT_B + named * measured.NAMED_B
    return _job(
        "audit",
        inputs,
        kept,
        seconds=AUDITED_SHARE * inputs.rows * rate,
        writes=inputs.partitions * measured.AUDITED_PARTITION_A,
        reads=AUDITED_SHARE * _reads(kept, kept.objects, measured.AUDITED_B) + receipts,
        one_by_one=receipts,
    )


def _job(
    name: str,
    inputs: Inputs,
    kept: Stored,
    *,
    seconds: float,
    writes: float,
    reads: float,
    one_by_one: float = 0.0,
) -> Job:
    """With what every job does: it lists all names, and reads the log."""
    pages = measured.LISTINGS[name] * math.ceil(kept.objects / 1000)
    launcher = measured.LOG_READS.get(name, 0)
    worker = measured.WORKER_LOG_READS.get(name, 0)
    worker += measured.WORKER_LOG_READS_A_STUDY.get(name, 0) * inputs.studies
    log = kept.event_objects * (launcher + worker)
    read = kept.event_objects * (launcher + worker * inputs.job_vcpus)
    return Job(
        seconds,
        (pages + log + one_by_one) * measured.REQUEST_SECONDS,
        measured.RUN_A + pages + writes,
        measured.RUN_B + read + reads,
        (1 + inputs.job_vcpus) * (measured.RUN_KEYS + 2 * inputs.studies),
    )


def _buckets(inputs: Inputs) -> int:
    """Of a partition that have a row."""
    rows = inputs.pings_per_day / inputs.partitions_per_day
    return max(round(inputs.buckets * -math.expm1(-rows / inputs.buckets)), 1)


def _met(files: float, marks: float) -> float:
    """How many of some files have a mark, of marks that fall anywhere."""
    return files * -math.expm1(-marks / files)


def _reads(kept: Stored, files: float, least: int) -> float:
    """Requests to read files whole: a few, and one for each piece."""
    return files * (least + math.floor(kept.file_bytes / measured.CHUNK_BYTES))
