"""Prepares an estimate for people, and for JSON."""

from collections.abc import Iterator
from typing import NamedTuple

from rally.capacity.estimate import Estimate
from rally.capacity.prices import Prices
from rally.tables import Block, Column, Results, Table

_BYTES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


class Figure(NamedTuple):
    """A figure of an estimate.

    Attributes:
        name: name of the figure.
        value: value of the figure.
        text: value as people read it.
    """

    name: str
    value: float
    text: str


class JobTime(NamedTuple):
    """The time that a job takes a day, in hours.

    Attributes:
        job: name of the job.
        core_hours: hours on one core.
        hours: hours on the machine that does the daily jobs.
        alone: hours of requests that go one by one, however many cores there are.
    """

    job: str
    core_hours: float
    hours: float
    alone: float


_JOBS: tuple[Column[JobTime], ...] = (
    Column("job", lambda each: each.job),
    Column("core_hours", lambda e: e.core_hours, text=lambda e: number(e.core_hours)),
    Column("hours", lambda each: each.hours, text=lambda each: number(each.hours)),
    Column("one_by_one", lambda each: each.alone, text=lambda each: number(each.alone)),
)


def to_blocks(estimate: Estimate, prices: Prices) -> list[Block]:
    """Makes four blocks: sizes, jobs, money, and limits."""
    return [
        Table(_figures(""), [*_sizes(estimate)], has_head=False),
        Table(_JOBS, [*_jobs(estimate)]),
        Table(_figures(f"{prices.currency} A MONTH"), [*_money(estimate)]),
        f"most is: {estimate.dearest}\nprices: {prices.region}, {prices.as_of}",
        *_limits(estimate),
    ]


def _figures(head: str) -> tuple[Column[Figure], ...]:
    return (
        Column("name", lambda each: each.name, head),
        Column("value", lambda each: each.value, " ", lambda each: each.text),
    )


def to_results(estimate: Estimate, prices: Prices) -> Results:
    """Makes the value for JSON: the same, and the inputs."""
    return {
        "inputs": estimate.inputs._asdict(),
        "ingest": estimate.ingest._asdict(),
        "stored": estimate.kept._asdict(),
        "jobs": {
            name: job._asdict() | {"hours": estimate.hours(name)}
            for name, job in estimate.jobs.items()
        },
        "requests_a_day": {"class_a": estimate.writes, "class_b": estimate.reads},
        "files_rewritten_a_day": estimate.rewritten,
        "key_operations_a_day": estimate.key_operations,
        "currency": prices.currency,
        "prices_as_of": prices.as_of,
        "region": prices.region,
        "a_month": estimate.dollars | {"sum": estimate.total},
        "limits": [each._asdict() for each in estimate.limits],
    }


def number(value: float) -> str:
    """Writes a number in three digits, which is as exact as any is known."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}" if value >= 0.01 or not value else "< 0.01"


def size(value: float) -> str:
    """Writes a number of bytes in the unit that suits."""
    power = 0
    while value >= 1000 and power < len(_BYTES) - 1:
        value, power = value / 1000, power + 1
    return f"{number(value)} {_BYTES[power]}"


def _sizes(estimate: Estimate) -> Iterator[Figure]:
    kept = estimate.kept
    yield _counted("ingest, cores on average", estimate.ingest.mean)
    yield _counted("ingest, cores at the peak", estimate.ingest.peak)
    yield _sized("messages a day", estimate.ingest.message_bytes)
    yield _sized("rows a day", kept.day_bytes)
    yield _sized("rows stored", kept.row_bytes)
    yield _counted("objects a day from ingest", kept.new_objects)
    yield _counted("objects stored, compacted", kept.objects)
    yield _sized("a compacted file", kept.file_bytes)
    yield _sized("event log", kept.log_bytes)
    yield _sized("withdrawal list", kept.list_bytes)
    yield _sized("receipts", kept.receipt_bytes)
    yield _counted("files rewritten a day", estimate.rewritten)
    yield _counted("requests a day, class A", estimate.writes)
    yield _counted("requests a day, class B", estimate.reads)
    yield _counted("key operations a day", estimate.key_operations)


def _counted(name: str, value: float) -> Figure:
    return Figure(name, value, number(value))


def _sized(name: str, value: float) -> Figure:
    return Figure(name, value, size(value))


def _jobs(estimate: Estimate) -> Iterator[JobTime]:
    for name, job in estimate.jobs.items():
        core_hours, alone = job.seconds / 3600, job.alone / 3600
        yield JobTime(name, core_hours, estimate.hours(name), alone)


def _money(estimate: Estimate) -> Iterator[Figure]:
    for item, dollars in estimate.dollars.items():
        yield _counted(item, dollars)
    yield _counted("sum", estimate.total)


def _limits(estimate: Estimate) -> list[str]:
    lines = [
        f"beyond the design: {number(each.value)} {each.what} (fine up to"
        f" {number(each.fine)}): {each.then}"
        for each in estimate.limits
    ]
    return ["\n".join(lines)] if lines else []
