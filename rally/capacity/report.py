"""A plan as people read it, and as JSON."""

from collections.abc import Iterator
from typing import NamedTuple

from rally.capacity.estimate import Estimate
from rally.capacity.prices import Prices
from rally.tables import Block, Column, Results, Table

_BYTES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


class Figure(NamedTuple):
    """One figure of a plan.

    Attributes:
        name: what it is of.
        value: the figure itself.
        text: the same for people.
    """

    name: str
    value: float
    text: str


class JobTime(NamedTuple):
    """How long a job takes a day, in hours.

    Attributes:
        job: its name.
        core_hours: on one core.
        hours: on the machine that does the daily jobs.
        alone: what is done one by one, however many cores there are.
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


def to_blocks(plan: Estimate, prices: Prices) -> list[Block]:
    """Four parts: sizes, jobs, money, and limits."""
    return [
        Table(_figures(""), [*_sizes(plan)], has_head=False),
        Table(_JOBS, [*_jobs(plan)]),
        Table(_figures(f"{prices.currency} A MONTH"), [*_money(plan)]),
        f"most is: {plan.dearest}\nprices: {prices.region}, {prices.as_of}",
        *_limits(plan),
    ]


def _figures(head: str) -> tuple[Column[Figure], ...]:
    return (
        Column("name", lambda each: each.name, head),
        Column("value", lambda each: each.value, " ", lambda each: each.text),
    )


def to_results(plan: Estimate, prices: Prices) -> Results:
    """The same and the inputs, for JSON."""
    return {
        "inputs": plan.inputs._asdict(),
        "ingest": plan.ingest._asdict(),
        "stored": plan.kept._asdict(),
        "jobs": {
            name: job._asdict() | {"hours": plan.hours(name)}
            for name, job in plan.jobs.items()
        },
        "requests_a_day": {"class_a": plan.writes, "class_b": plan.reads},
        "files_rewritten_a_day": plan.rewritten,
        "key_operations_a_day": plan.key_operations,
        "currency": prices.currency,
        "prices_as_of": prices.as_of,
        "region": prices.region,
        "a_month": plan.dollars | {"sum": plan.total},
        "limits": [each._asdict() for each in plan.limits],
    }


def number(value: float) -> str:
    """Three digits that count, and no more are known."""
    if value >= 100:
        digits = len(str(int(value))) - 3
        return f"{round(value, -digits):,.0f}"
    return f"{value:.3g}" if value >= 0.01 or not value else "< 0.01"


def size(value: float) -> str:
    """Bytes, in the unit that suits."""
    power = 0
    while value >= 1000 and power < len(_BYTES) - 1:
        value, power = value / 1000, power + 1
    return f"{number(value)} {_BYTES[power]}"


def _sizes(plan: Estimate) -> Iterator[Figure]:
    kept = plan.kept
    yield _counted("ingest, cores on average", plan.ingest.mean)
    yield _counted("ingest, cores at the peak", plan.ingest.peak)
    yield _sized("messages a day", plan.ingest.message_bytes)
    yield _sized("rows a day", kept.day_bytes)
    yield _sized("rows stored", kept.row_bytes)
    yield _counted("objects a day from ingest", kept.new_objects)
    yield _counted("objects stored, compacted", kept.objects)
    yield _sized("a compacted file", kept.file_bytes)
    yield _counted("objects of the event log", kept.event_objects)
    yield _sized("withdrawal list", kept.list_bytes)
    yield _sized("receipts", kept.receipt_bytes)
    yield _counted("files rewritten a day", plan.rewritten)
    yield _counted("requests a day, class A", plan.writes)
    yield _counted("requests a day, class B", plan.reads)
    yield _counted("key operations a day", plan.key_operations)


def _counted(name: str, value: float) -> Figure:
    return Figure(name, value, number(value))


def _sized(name: str, value: float) -> Figure:
    return Figure(name, value, size(value))


def _jobs(plan: Estimate) -> Iterator[JobTime]:
    for name, job in plan.jobs.items():
        core_hours, alone = job.seconds / 3600, job.alone / 3600
        yield JobTime(name, core_hours, plan.hours(name), alone)


def _money(plan: Estimate) -> Iterator[Figure]:
    for item, dollars in plan.dollars.items():
        yield _counted(item, dollars)
    yield _counted("sum", plan.total)


def _limits(plan: Estimate) -> list[str]:
    lines = [
        f"beyond the design: {number(each.value)} {each.what} (fine up to"
        f" {number(each.fine)}): {each.then}"
        for each in plan.limits
    ]
    return ["\n".join(lines)] if lines else []
