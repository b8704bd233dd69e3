"""A plan as people read it, and as JSON."""

import json
from collections.abc import Iterable, Iterator, Sequence

from rally.capacity.estimate import Estimate
from rally.capacity.prices import Prices
from rally.registry.report import table

_BYTES = ("B", "kB", "MB", "GB", "TB", "PB", "EB")


def to_text(plan: Estimate, prices: Prices) -> str:
    """Four parts: sizes, jobs, money, and limits."""
    parts = [
        _aligned(_sizes(plan)),
        _aligned([("JOB", "CORE HOURS", "HOURS", "ONE BY ONE"), *_jobs(plan)]),
        _aligned([(f"{prices.currency} A MONTH", ""), *_money(plan)]),
        f"most is: {plan.dearest}\nprices: {prices.region}, {prices.as_of}",
        *_limits(plan),
    ]
    return "\n\n".join(parts)


def to_json(plan: Estimate, prices: Prices) -> str:
    """One line, of the same and the inputs."""
    return json.dumps(
        {
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
    )


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


def _sizes(plan: Estimate) -> Iterator[tuple[str, str]]:
    kept = plan.kept
    yield "ingest, cores on average", number(plan.ingest.mean)
    yield "ingest, cores at the peak", number(plan.ingest.peak)
    yield "messages a day", size(plan.ingest.message_bytes)
    yield "rows a day", size(kept.day_bytes)
    yield "rows stored", size(kept.row_bytes)
    yield "objects a day from ingest", number(kept.new_objects)
    yield "objects stored, compacted", number(kept.objects)
    yield "a compacted file", size(kept.file_bytes)
    yield "objects of the event log", number(kept.event_objects)
    yield "withdrawal list", size(kept.list_bytes)
    yield "receipts", size(kept.receipt_bytes)
    yield "files rewritten a day", number(plan.rewritten)
    yield "requests a day, class A", number(plan.writes)
    yield "requests a day, class B", number(plan.reads)
    yield "key operations a day", number(plan.key_operations)


def _jobs(plan: Estimate) -> Iterator[tuple[str, ...]]:
    for name, job in plan.jobs.items():
        values = job.seconds / 3600, plan.hours(name), job.alone / 3600
        yield (name, *map(number, values))


def _money(plan: Estimate) -> Iterator[tuple[str, str]]:
    for item, dollars in plan.dollars.items():
        yield item, number(dollars)
    yield "sum", number(plan.total)


def _limits(plan: Estimate) -> list[str]:
    lines = [
        f"beyond the design: {number(each.value)} {each.what} (fine up to"
        f" {number(each.fine)}): {each.then}"
        for each in plan.limits
    ]
    return ["\n".join(lines)] if lines else []


def _aligned(rows: Iterable[tuple[str, ...]]) -> str:
    """Columns of numbers, to the right."""
    filled = list(rows)
    widths = [max(map(len, column)) for column in zip(*filled, strict=True)]
    return "\n".join(table([_justified(row, widths) for row in filled]))


def _justified(row: tuple[str, ...], widths: Sequence[int]) -> list[str]:
    first, *others = row
    numbers = zip(others, widths[1:], strict=True)
    return [first, *(cell.rjust(width) for cell, width in numbers)]
