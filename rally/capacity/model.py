"""Sizes: what a platform of some inputs takes in, and what it stores.

Each function is a formula of docs/capacity.md. Rows are spread evenly over documents,
people over studies, and a day over its hours but for the peak.
"""

import math
from typing import NamedTuple

from rally.capacity import measured

SCHEMES = ("jwe", "hpke", "ecies")


class Inputs(NamedTuple):
    """A platform, as somebody thinks of it. All rates are steady.

    Attributes:
        pings_per_day: of all studies together.
        people: enrolled at any time, each in one study.
        studies: that collect.
        documents: types of pings that each study has.
        ping_bytes: of clear text.
        scheme: how clients encrypt.
        retention_days: after which rows go.
        age_days: since the first person joined: so long the log has grown.
        leavers_per_day: people who leave; as many join.
        buckets: of each compacted partition.
        flush_seconds: how long a stream gathers rows before it writes files.
        peak_factor: the busiest hour of a day, by its mean hour.
        job_vcpus: of each daily job, all of one machine, a process each.
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
        """One for each document of each study, if it gets a ping."""
        return min(self.studies * self.documents, self.pings_per_day)

    @property
    def partitions(self) -> int:
        """That the store has, once it is as old as rows get."""
        return self.partitions_per_day * self.retention_days

    @property
    def rows(self) -> int:
        """The same, in rows."""
        return self.pings_per_day * self.retention_days

    @property
    def left(self) -> int:
        """People who left since the beginning."""
        return self.leavers_per_day * self.age_days

    @property
    def known(self) -> int:
        """People of whom the log has ever heard."""
        return self.people + self.left

    @property
    def events(self) -> int:
        """In the log: who joins Rally and a study, and who leaves."""
        return 2 * self.known + self.left


DAY_SECONDS = 86_400
RELOAD_SECONDS = 60  # --reload_seconds
STREAM_VCPUS = 2  # of a worker of the stream


class Stream(NamedTuple):
    """Ingest.

    Attributes:
        mean: cores, over a day, as they are billed: those of whole workers.
        peak: cores that the busiest hour needs, and no less than those.
        message_bytes: of all messages of a day.
    """

    mean: int
    peak: float
    message_bytes: float

    @property
    def workers(self) -> int:
        """Of the mean hour."""
        return self.mean // STREAM_VCPUS


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


def stream(inputs: Inputs) -> Stream:
    """Cores: pings a second, by what one costs, by how busy workers may be."""
    seconds = measured.seconds_at(measured.INGEST[inputs.scheme], inputs.ping_bytes)
    busy = inputs.pings_per_day * seconds / DAY_SECONDS / measured.UTILISATION
    size = measured.at(measured.MESSAGE[inputs.scheme], inputs.ping_bytes)
    mean = STREAM_VCPUS * max(math.ceil(busy / STREAM_VCPUS), 1)
    return Stream(
        mean, max(busy * inputs.peak_factor, mean), inputs.pings_per_day * size
    )


def stored(inputs: Inputs, ingest: Stream) -> Stored:
    """A file a flush and partition and worker, then one for each bucket."""
    row = measured.at(measured.ROW, inputs.ping_bytes)
    flushes = DAY_SECONDS / inputs.flush_seconds * ingest.workers
    lone = min(inputs.events, math.ceil(flushes) * inputs.age_days)
    objects = inputs.partitions * filled_buckets(inputs)
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
        daily_expired=inputs.partitions_per_day * filled_buckets(inputs),
    )


def stream_requests(
    inputs: Inputs, ingest: Stream, kept: Stored
) -> tuple[float, float]:
    """Of class A: what it writes; of class B: looking whether the list has changed."""
    events = kept.event_objects / inputs.age_days
    looks = DAY_SECONDS / RELOAD_SECONDS * ingest.mean
    return kept.new_objects + events, looks


def rewritten(inputs: Inputs, kept: Stored) -> tuple[float, float]:
    """Files that deletion rewrites in a day, and blocks that it opens in them."""
    opened = inputs.leavers_per_day * files_of_one(inputs)
    return how_many_met(kept.objects, opened), opened


def files_of_one(inputs: Inputs) -> float:
    """Files with rows of one person: one of every date and document that they sent."""
    a_day = inputs.pings_per_day / inputs.people
    return inputs.retention_days * min(float(inputs.documents), a_day)


def filled_buckets(inputs: Inputs) -> int:
    """Of a partition that have a row."""
    rows = inputs.pings_per_day / inputs.partitions_per_day
    return max(round(inputs.buckets * -math.expm1(-rows / inputs.buckets)), 1)


def how_many_met(files: float, marks: float) -> float:
    """How many of some files have a mark, of marks that fall anywhere."""
    return files * -math.expm1(-marks / files)
