"""Models sizes: what a platform takes in, and what it stores.

Each function is a formula of docs/capacity.md. Rows are spread evenly over documents,
people over studies, and a day over its hours but for the peak.
"""

import math
from typing import NamedTuple

from rally.capacity import measured
from rally.event_log.sizes import FILE_BYTES
from rally.withdrawal.rules import REWRITE_AFTER_DAYS

SCHEMES = ("jwe", "hpke", "ecies")


class Inputs(NamedTuple):
    """A platform, as somebody thinks of it; all rates are steady.

    Attributes:
        pings_per_day: pings of all studies together.
        people: number enrolled at any time, each in one study.
        studies: number of studies that collect.
        documents: number of types of pings in each study.
        ping_bytes: bytes of clear text in a ping.
        scheme: encryption scheme of the clients.
        retention_days: age at which rows go.
        age_days: days since the first person joined, over which the log has grown.
        leavers_per_day: number of people who leave; as many join.
        buckets: buckets of each compacted partition.
        flush_seconds: time for which a stream gathers rows before it writes files.
        peak_factor: ratio of a day's busiest hour to its mean hour.
        job_vcpus: cores of each daily job, all of one machine, a process each.
    """

    pings_per_day: int
    people: int
    studies: int
    documents: int = 2
    ping_bytes: int = 1000
    scheme: str = "jwe"
    retention_days: int = 365
    age_days: int = 365
    leavers_per_day: int = 0
    buckets: int = 64
    flush_seconds: float = 60.0
    peak_factor: float = 3.0
    job_vcpus: int = 8

    @property
    def partitions_per_day(self) -> int:
        """The partitions of a day: one for each document that gets a ping."""
        return min(self.studies * self.documents, self.pings_per_day)

    @property
    def partitions(self) -> int:
        """The partitions of the store, once it is as old as rows get."""
        return self.partitions_per_day * self.retention_days

    @property
    def rows(self) -> int:
        """The rows of the store, once it is as old as rows get."""
        return self.pings_per_day * self.retention_days

    @property
    def left(self) -> int:
        """The number of people who left since the beginning."""
        return self.leavers_per_day * self.age_days

    @property
    def known(self) -> int:
        """The number of people whom the log knows."""
        return self.people + self.left

    @property
    def events_per_day(self) -> int:
        """The events of a day: as many join Rally and a study as leave."""
        return 3 * self.leavers_per_day

    @property
    def events(self) -> int:
        """The events of the log: people join Rally and a study, and leave."""
        return 2 * self.known + self.left


DAY_SECONDS = 86_400
RELOAD_SECONDS = 60  # --reload_seconds
STREAM_VCPUS = 2  # of a worker of the stream


class Stream(NamedTuple):
    """The size of ingest.

    Attributes:
        mean: cores over a day, as they are billed: those of whole workers.
        peak: cores that the busiest hour needs, and no less than the mean.
        message_bytes: bytes of all messages of a day.
    """

    mean: int
    peak: float
    message_bytes: float

    @property
    def workers(self) -> int:
        """The workers of the mean hour."""
        return self.mean // STREAM_VCPUS


class Stored(NamedTuple):
    """The size of what lies in the stores.

    Attributes:
        day_bytes: bytes of rows that one day adds.
        row_bytes: bytes of all rows, once they are as old as they get.
        new_objects: objects that ingest writes in a day.
        objects: objects of rows, compacted.
        loose_objects: objects of a day's events, which delete merges into the log.
        log_files: files of the event log.
        log_bytes: bytes of the event log.
        list_bytes: bytes of the withdrawal list.
        receipt_bytes: bytes of all receipts.
        daily_expired: objects that a purge takes in a day.
    """

    day_bytes: float
    row_bytes: float
    new_objects: int
    objects: int
    loose_objects: int
    log_files: int
    log_bytes: float
    list_bytes: float
    receipt_bytes: float
    daily_expired: int

    @property
    def file_bytes(self) -> float:
        """The bytes of a compacted file."""
        return self.row_bytes / max(self.objects, 1)


def stream(inputs: Inputs) -> Stream:
    """Computes the cores of ingest, from the cost of a ping and the busy share."""
    seconds = measured.seconds_at(measured.INGEST[inputs.scheme], inputs.ping_bytes)
    busy = inputs.pings_per_day * seconds / DAY_SECONDS / measured.UTILISATION
    size = measured.at(measured.MESSAGE[inputs.scheme], inputs.ping_bytes)
    mean = STREAM_VCPUS * max(math.ceil(busy / STREAM_VCPUS), 1)
    return Stream(
        mean, max(busy * inputs.peak_factor, mean), inputs.pings_per_day * size
    )


def stored(inputs: Inputs, ingest: Stream) -> Stored:
    """Computes what is stored, before and after compaction.

    Ingest writes a file for each flush, partition and worker; compaction leaves one for
    each bucket.
    """
    row = measured.at(measured.ROW, inputs.ping_bytes)
    flushes = DAY_SECONDS / inputs.flush_seconds * ingest.workers
    log_bytes = inputs.events * measured.EVENT_BYTES
    objects = inputs.partitions * filled_buckets(inputs)
    changed = rewritten_in_a_day(inputs, objects)
    return Stored(
        day_bytes=inputs.pings_per_day * row,
        row_bytes=inputs.rows * row,
        new_objects=min(
            inputs.pings_per_day, math.ceil(flushes) * inputs.partitions_per_day
        ),
        objects=objects,
        loose_objects=math.ceil(min(inputs.events_per_day, flushes)),
        log_files=1 << max(math.ceil(math.log2(log_bytes / FILE_BYTES)), 0),
        log_bytes=log_bytes,
        list_bytes=inputs.left * measured.LIST_ENTRY_BYTES,
        receipt_bytes=inputs.age_days * changed * measured.CHANGE_BYTES
        + inputs.left * files_of_one(inputs) * measured.TOLD_BYTES,
        daily_expired=inputs.partitions_per_day * filled_buckets(inputs),
    )


def stream_requests(
    inputs: Inputs, ingest: Stream, kept: Stored
) -> tuple[float, float]:
    """Counts the stream's requests: its writes (class A), its looks at the list (B)."""
    looks = DAY_SECONDS / RELOAD_SECONDS * ingest.mean
    return kept.new_objects + kept.loose_objects, looks


def rewritten(inputs: Inputs, kept: Stored) -> tuple[float, float]:
    """Counts the files that deletion rewrites in a day, and the blocks in them."""
    opened = inputs.leavers_per_day * files_of_one(inputs)
    return rewritten_in_a_day(inputs, kept.objects), opened


def rewritten_in_a_day(inputs: Inputs, objects: int) -> float:
    """Counts the files that deletion rewrites in a day: once for all of some days."""
    opened = inputs.leavers_per_day * files_of_one(inputs)
    return how_many_met(objects, REWRITE_AFTER_DAYS * opened) / REWRITE_AFTER_DAYS


def files_of_one(inputs: Inputs) -> float:
    """Counts the files with rows of one person: one of every date and document."""
    a_day = inputs.pings_per_day / inputs.people
    return inputs.retention_days * min(float(inputs.documents), a_day)


def filled_buckets(inputs: Inputs) -> int:
    """Counts the buckets of a partition that have a row."""
    rows = inputs.pings_per_day / inputs.partitions_per_day
    return max(round(inputs.buckets * -math.expm1(-rows / inputs.buckets)), 1)


def how_many_met(files: float, marks: float) -> float:
    """Counts the files that have a mark, of marks that fall anywhere."""
    return files * -math.expm1(-marks / files)
