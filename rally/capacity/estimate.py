"""A plan: sizes, dollars a month, and where the design bends."""

import math
from typing import NamedTuple

from rally.capacity import measured
from rally.capacity.inputs import Inputs
from rally.capacity.jobs import Load, jobs
from rally.capacity.limits import Limit, crossed
from rally.capacity.model import (
    Stored,
    Stream,
    rewritten,
    stored,
    stream,
    stream_requests,
)
from rally.capacity.prices import Prices

MONTH_DAYS = 30
_GIB = 1024**3
_TIB = 1024**4
_GIB_A_VCPU = 3.75
_TOPIC_DAYS = 7
KEYS_A_STUDY, KEYS_OF_THE_PLATFORM = 2, 10  # that templates/terraform/ makes


class Plan(NamedTuple):
    """All of it.

    Attributes:
        inputs: what it is made for.
        ingest: the stream.
        kept: what is stored.
        jobs: the day's jobs, by name.
        writes: requests of class A in a day, of all.
        reads: requests of class B in a day, of all.
        rewritten: files that deletion rewrites in a day.
        key_operations: of the key service in a day.
        dollars: a month, by item, in the prices' currency.
        limits: of the design, that are crossed.
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
        """Dollars a month."""
        return sum(self.dollars.values())

    @property
    def dearest(self) -> str:
        """The item that costs most."""
        return max(self.dollars, key=lambda item: self.dollars[item])

    def hours(self, job: str) -> float:
        """How long a job takes on its cores."""
        it = self.jobs[job]
        return (it.seconds / self.inputs.job_vcpus + it.alone) / 3600


def make_plan(inputs: Inputs, prices: Prices) -> Plan:
    """Computes everything."""
    ingest = stream(inputs)
    kept = stored(inputs, ingest)
    daily = jobs(inputs, kept)
    writes, reads = stream_requests(inputs, ingest, kept)
    plan = Plan(
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
    plan = plan._replace(dollars=_dollars(plan, prices))
    hours = {job: plan.hours(job) for job in daily}
    return plan._replace(limits=tuple(crossed(inputs, kept, hours)))


def _dollars(plan: Plan, prices: Prices) -> dict[str, float]:
    """A month of thirty days."""
    memory = _GIB_A_VCPU * prices.memory_gib_hour
    started = plan.inputs.job_vcpus * measured.START_SECONDS
    streaming = 24 * (prices.stream_vcpu_hour + memory)
    items = {"ingest, workers": plan.ingest.mean * streaming}
    for name, job in plan.jobs.items():
        # All cores are paid while requests go one by one.
        seconds = job.seconds + job.alone * plan.inputs.job_vcpus + started
        items[f"{name}, workers"] = seconds / 3600 * (prices.batch_vcpu_hour + memory)
    items["requests"] = (
        plan.writes * prices.class_a_1000 + plan.reads * prices.class_b_1000
    ) / 1000
    streamed = plan.ingest.message_bytes + plan.kept.day_bytes
    items["ingest, streaming engine"] = streamed / _GIB * prices.stream_gib
    monthly = {item: each * MONTH_DAYS for item, each in items.items()}
    return monthly | _kept_dollars(plan, prices)


def _kept_dollars(plan: Plan, prices: Prices) -> dict[str, float]:
    """What a month costs by its size, and not by its days."""
    kept, messages = plan.kept, plan.ingest.message_bytes
    records = kept.event_bytes + kept.list_bytes + kept.receipt_bytes
    lying = kept.row_bytes + records
    free = prices.pubsub_free_gib * _GIB
    moved = max(2 * messages * MONTH_DAYS - free, 0.0)
    versions = KEYS_A_STUDY * plan.inputs.studies + KEYS_OF_THE_PLATFORM
    operations = plan.key_operations * MONTH_DAYS / 10_000
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
