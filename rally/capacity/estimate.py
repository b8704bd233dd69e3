"""Estimates sizes and dollars a month, and finds where the design bends.

Each limit is a property of the code as it is; docs/capacity.md says what would be
changed.
"""

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from rally.capacity import measured
from rally.capacity.jobs import Load, jobs
from rally.capacity.model import (
    Inputs,
    Stored,
    Stream,
    rewritten,
    stored,
    stream,
    stream_requests,
)
from rally.capacity.prices import Prices
from rally.retention.limits import Limits

_GIB = 1024**3
_DAY_HOURS = 24.0
MONTH_DAYS = 30
_TIB = 1024**4
_GIB_A_VCPU = 3.75
_TOPIC_DAYS = 7
KEYS_A_STUDY, KEYS_OF_THE_PLATFORM = 2, 13  # that templates/terraform/ makes


class Limit(NamedTuple):
    """A limit of the design.

    Attributes:
        what: quantity that grows.
        value: value of the estimate.
        fine: greatest value that does no harm.
        then: effect of a greater value.
    """

    what: str
    value: float
    fine: float
    then: str


class Estimate(NamedTuple):
    """The estimate for one platform.

    Attributes:
        inputs: platform that it is made for.
        ingest: cores and messages of the stream.
        kept: sizes of what is stored.
        jobs: load of each of the day's jobs, by name.
        writes: requests of class A in a day, of all jobs.
        reads: requests of class B in a day, of all jobs.
        rewritten: number of files that deletion rewrites in a day.
        key_operations: operations of the key service in a day.
        dollars: cost of a month, by item, in the prices' currency.
        limits: limits of the design that are crossed.
    """

    inputs: Inputs
    ingest: Stream
    kept: Stored
    jobs: dict[str, Load]
    writes: float
    reads: float
    rewritten: float
    key_operations: float
    dollars: dict[str, float]
    limits: tuple[Limit, ...]

    @property
    def total(self) -> float:
        """The cost of a month."""
        return sum(self.dollars.values())

    @property
    def dearest(self) -> str:
        """The item that costs most."""
        return max(self.dollars, key=lambda item: self.dollars[item])

    def hours(self, job: str) -> float:
        """Computes how long a job takes on its cores."""
        it = self.jobs[job]
        return (it.seconds / self.inputs.job_vcpus + it.alone) / 3600


def make_estimate(inputs: Inputs, prices: Prices) -> Estimate:
    """Computes sizes, loads, costs and limits for one platform."""
    ingest = stream(inputs)
    kept = stored(inputs, ingest)
    daily = jobs(inputs, kept)
    writes, reads = stream_requests(inputs, ingest, kept)
    estimate = Estimate(
        inputs,
        ingest,
        kept,
        daily,
        writes + sum(each.writes for each in daily.values()),
        reads + sum(each.reads for each in daily.values()),
        rewritten(inputs, kept)[0],
        sum(each.keys for each in daily.values()),
        {},
        (),
    )
    estimate = estimate._replace(dollars=_dollars(estimate, prices))
    hours = {job: estimate.hours(job) for job in daily}
    return estimate._replace(limits=tuple(crossed(inputs, kept, hours)))


def _dollars(estimate: Estimate, prices: Prices) -> dict[str, float]:
    """Computes the cost of a month of thirty days, by item."""
    memory = _GIB_A_VCPU * prices.memory_gib_hour
    started = estimate.inputs.job_vcpus * measured.START_SECONDS
    streaming = 24 * (prices.stream_vcpu_hour + memory)
    items = {"ingest, workers": estimate.ingest.mean * streaming}
    for name, job in estimate.jobs.items():
        # All cores are paid while requests go one by one.
        seconds = job.seconds + job.alone * estimate.inputs.job_vcpus + started
        items[f"{name}, workers"] = seconds / 3600 * (prices.batch_vcpu_hour + memory)
    items["requests"] = (
        estimate.writes * prices.class_a_1000 + estimate.reads * prices.class_b_1000
    ) / 1000
    streamed = estimate.ingest.message_bytes + estimate.kept.day_bytes
    items["ingest, streaming engine"] = streamed / _GIB * prices.stream_gib
    monthly = {item: each * MONTH_DAYS for item, each in items.items()}
    return monthly | _kept_dollars(estimate, prices)


def _kept_dollars(estimate: Estimate, prices: Prices) -> dict[str, float]:
    """Computes the items of a month that follow from sizes, and not from its days."""
    kept, messages = estimate.kept, estimate.ingest.message_bytes
    records = kept.log_bytes + kept.list_bytes + kept.receipt_bytes
    lying = kept.row_bytes + records
    free = prices.pubsub_free_gib * _GIB
    moved = max(2 * messages * MONTH_DAYS - free, 0.0)
    versions = KEYS_A_STUDY * estimate.inputs.studies + KEYS_OF_THE_PLATFORM
    operations = estimate.key_operations * MONTH_DAYS / 10_000
    return {
        "storage": lying / _GIB * prices.storage_gib_month,
        "Pub/Sub, messages": moved / _TIB * prices.pubsub_tib,
        "Pub/Sub, seven days kept": messages
        * _TOPIC_DAYS
        / _GIB
        * prices.pubsub_retained_gib_month,
        "keys": versions * prices.key_version_month
        + math.ceil(operations) * prices.key_operations_10000,
    }


def crossed(
    inputs: Inputs, kept: Stored, hours: Mapping[str, float]
) -> Iterator[Limit]:
    """Finds the limits that an estimate is beyond, the farthest first."""
    found = [each for each in limits(inputs, kept, hours) if each.value > each.fine]
    yield from sorted(found, key=lambda each: each.fine / each.value)


def limits(inputs: Inputs, kept: Stored, hours: Mapping[str, float]) -> Iterator[Limit]:
    """Lists every limit with its value."""
    yield Limit(
        "objects of a day's events",
        kept.loose_objects,
        100_000,
        "delete reads them one by one before it merges them into the log",
    )
    yield Limit(
        "GiB of the withdrawal list in the launching process of delete",
        inputs.left * measured.LIST_ENTRY_MEMORY / _GIB,
        1.0,
        "it holds all of it as records; a worker takes 74 bytes for each",
    )
    yield Limit(
        "GiB of enrolments in each worker of purge and audit",
        inputs.known * measured.ENROLLED_MEMORY / _GIB,
        1.0,
        "a worker keeps those of every study of which it meets rows",
    )
    yield Limit(
        "GiB of known people in each worker of the audit",
        inputs.known * measured.SOUGHT_MEMORY / _GIB,
        1.0,
        "it looks for everybody's id in every row",
    )
    yield Limit(
        "GiB of receipts",
        kept.receipt_bytes / _GIB,
        10.0,
        "a run names every file that it changed; an audit of everything reads it all",
    )
    yield Limit(
        "objects that expire in a day",
        kept.daily_expired,
        Limits().max_objects,
        "purge leaves them for a confirmation each day: raise --max_objects",
    )
    yield Limit(
        "GiB of file names in the launching process",
        kept.objects * measured.FILE_MEMORY / _GIB,
        1.0,
        "delete, purge and audit hold the names of all, and as works of a step too",
    )
    yield Limit(
        "files of ingest in a partition and day",
        kept.new_objects / inputs.partitions_per_day,
        10_000,
        "compaction opens each, and merges them by way of the worker's disk",
    )
    yield Limit(
        "MiB of a compacted file",
        kept.file_bytes / 1024**2,
        256,
        "raise the document's buckets",
    )
    yield Limit(
        "compacted files in a MiB",
        1024**2 / max(kept.file_bytes, 1),
        10,
        "requests cost more than bytes: lower the document's buckets",
    )
    yield Limit(
        "seconds of a flush",
        inputs.flush_seconds,
        540,
        "messages come again before they are written: ingest refuses it",
    )
    for job, each in hours.items():
        yield Limit(
            f"hours of {job}",
            each,
            _DAY_HOURS,
            "it is not done when the next one begins; more cores help but for what goes"
            " one by one",
        )
    yield Limit(
        "hours of the day's jobs together",
        sum(hours.values()),
        _DAY_HOURS,
        "one follows the other, and the next day begins before the last is done",
    )
