"""Estimates the day's jobs: computing time, requests to the stores, and duration.

Each function is a formula of docs/capacity.md.
"""

import math
from typing import NamedTuple

from rally.capacity import measured
from rally.capacity.model import (
    Inputs,
    Stored,
    files_of_one,
    filled_buckets,
    how_many_met,
    rewritten,
)
from rally.withdrawal.rules import GRACE_DAYS

AUDITED_SHARE = (6 * 0.1 + 1) / 7
"""Share of all rows, a day: a tenth on six days of a week, all on one."""

LONGEST_DELAY_DAYS = 38  # --longest_delay_days: while a request is swept for
JOBS = ("delete", "replay", "compact", "purge", "audit")


class Load(NamedTuple):
    """The load of one daily job.

    Attributes:
        seconds: seconds of cores, all workers together.
        alone: seconds of what goes one after the other, in the launching process or in
            each of the workers alike: requests, and readings of the event log.
        writes: requests of class A.
        reads: requests of class B.
        keys: operations of the key service, one for each key that a process opens.
    """

    seconds: float
    alone: float
    writes: float
    reads: float
    keys: float


def jobs(inputs: Inputs, kept: Stored) -> dict[str, Load]:
    """Estimates each of the day's jobs, by name."""
    return {
        "delete": _delete(inputs, kept),
        "replay": _replay(inputs, kept),
        "compact": _compact(inputs, kept),
        "purge": _purge(inputs, kept),
        "audit": _audit(inputs, kept),
    }


def _delete(inputs: Inputs, kept: Stored) -> Load:
    """Estimates deletion, which verifies the studies of all open requests each day."""
    files, blocks = rewritten(inputs, kept)
    share = -math.expm1(-inputs.leavers_per_day * LONGEST_DELAY_DAYS / inputs.studies)
    rate = measured.seconds_at(measured.VERIFY, inputs.ping_bytes)
    receipts = inputs.leavers_per_day
    people = 2 * inputs.leavers_per_day  # as many join, and delete looks for each
    merged = how_many_met(kept.log_files, people) if people else 0.0
    loose = kept.loose_objects * measured.LOOSE_EVENT_B
    log = loose + (people + merged) * measured.LOG_FILE_B
    return _job(
        "delete",
        inputs,
        kept,
        seconds=share * inputs.rows * rate + blocks * measured.OPENED_BLOCK_SECONDS,
        writes=files * measured.REWRITTEN_A
        + receipts * measured.RECEIPT_A
        + inputs.studies * measured.VIEW_A
        + merged * measured.LOG_FILE_A,
        reads=share * _reads(kept, kept.objects, measured.VERIFIED_B)
        + _reads(kept, files, measured.REWRITTEN_B)
        + inputs.studies * measured.VIEW_B
        + log,
        one_by_one=receipts * measured.RECEIPT_A
        + inputs.studies * measured.VIEW_A
        + log
        + merged * measured.LOG_FILE_A,
    )


def _replay(inputs: Inputs, kept: Stored) -> Load:
    """Estimates replay on a day on which all goes well: little waits for a run."""
    return _job("replay", inputs, kept, seconds=0.0, writes=0.0, reads=0.0)


def _compact(inputs: Inputs, kept: Stored) -> Load:
    rate = measured.seconds_at(measured.COMPACT, inputs.ping_bytes)
    today = inputs.partitions_per_day
    files = today * filled_buckets(inputs)
    return _job(
        "compact",
        inputs,
        kept,
        seconds=inputs.pings_per_day * rate,
        writes=today * measured.COMPACTED_PARTITION_A + files,
        reads=files * measured.COMPACTED_FILE_B
        + kept.new_objects * measured.NEW_FILE_B,
    )


def _purge(inputs: Inputs, kept: Stored) -> Load:
    """Estimates purge, which searches files past the grace for unenrolled people."""
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


def _audit(inputs: Inputs, kept: Stored) -> Load:
    """Estimates the audit, which reads all receipts and looks at the files in them."""
    rate = measured.seconds_at(measured.AUDIT, inputs.ping_bytes)
    ever = kept.objects * max(inputs.age_days / inputs.retention_days, 1.0)
    named = how_many_met(ever, inputs.left * files_of_one(inputs))
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
) -> Load:
    """Adds what every job does: it lists all names, and reads the log."""
    pages = measured.LISTINGS[name] * math.ceil(kept.objects / 1000)
    launcher = measured.LOG_READS.get(name, 0)
    worker = measured.WORKER_LOG_READS.get(name, 0)
    worker += measured.WORKER_LOG_READS_A_STUDY.get(name, 0) * inputs.studies
    log = kept.log_files * measured.LOG_FILE_B
    asked = pages + log * (launcher + worker) + one_by_one
    decoded = inputs.events * (launcher + worker) / measured.EVENTS
    return Load(
        seconds,
        asked * measured.REQUEST_SECONDS + decoded,
        measured.RUN_A + pages + writes,
        measured.RUN_B + log * (launcher + worker * inputs.job_vcpus) + reads,
        (1 + inputs.job_vcpus) * (measured.RUN_KEYS + 2 * inputs.studies),
    )


def _reads(kept: Stored, files: float, least: int) -> float:
    """Counts the requests to read files whole: a few, and one for each piece."""
    return files * (least + math.floor(kept.file_bytes / measured.CHUNK_BYTES))
