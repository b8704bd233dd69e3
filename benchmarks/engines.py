"""Measures ingest of files on Flink: one TaskManager and two, beside the local runner.

    python -m benchmarks.engines [--pings N] [--rounds N]

In one run the same sealed pings go through the local runner on one process, and through
a Flink of this machine with one and two TaskManagers, each with a Python worker. A rate
is of a whole command less its start-up, which is the same command on one ping just
before. Ratios are of rates in the same round, and medians over rounds.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import process, ways, workload
from benchmarks.process import Run
from benchmarks.workload import SCHEMES, Workload
from tests.engines.cluster import Cluster
from tests.engines.fetch import Unavailable, WrongJars, fetch

LOCAL = "local runner, one process"
Rounds = dict[str, list[tuple[float, float]]]
"""Of each way: in each round, seconds of the start-up and of the whole."""


def main(argv: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as scratch:
        work = options.work or Path(scratch)
        given = workload.make(work, options.scheme, options.size, options.pings)
        with ExitStack() as stack:
            try:
                chosen = dict(_ways(fetch(), Path(scratch), stack))
            except (Unavailable, WrongJars) as error:
                sys.exit(f"a Flink: {error}")
            rounds = _measure(given, chosen, options.rounds)
    print(f"{given.count:,} pings, {given.scheme}, {given.size:,} B of clear text:\n")
    print("\n".join(_table(given, rounds)))
    return 0


def _ways(
    jars: Path, scratch: Path, stack: ExitStack
) -> Iterator[tuple[str, Callable[[Workload, str], Run]]]:
    yield LOCAL, ways.one
    for count in (1, 2):
        cluster = Cluster(jars, scratch / f"flink-{count}", count)
        stack.enter_context(cluster)
        name = f"Flink, {count} TaskManager{'s' if count > 1 else ''}"
        yield name, partial(_on_flink, cluster)


def _on_flink(cluster: Cluster, given: Workload, inputs: str) -> Run:
    """As `rally ingest` runs there; what was written is counted and deleted."""
    cluster.wait_until_whole()
    with tempfile.TemporaryDirectory(prefix="rally-bench-") as out:
        ways.begin(out, given)
        where = (f"--input={inputs}", f"--store={out}", *given.options)
        run = process.run(ways.rally("ingest", *where, *cluster.options()))
        written = ways.stored(Path(out))
    expected = 1 if inputs == given.one_ping else given.count
    if written != expected:
        sys.exit(f"{inputs}: {expected} pings, and {written} were written")
    return run


def _measure(
    given: Workload, chosen: dict[str, Callable[[Workload, str], Run]], rounds: int
) -> Rounds:
    """Every way in turn, round after round, so that all meet the same noise."""
    found: Rounds = {name: [] for name in chosen}
    for _ in range(rounds):
        for name, way in chosen.items():
            start_up = way(given, given.one_ping).seconds
            found[name].append((start_up, way(given, given.inputs).seconds))
    return found


def _table(given: Workload, rounds: Rounds) -> Iterator[str]:
    yield "| engine | pings/s | ÷ local | start-up, s |"
    yield "|---|---:|---:|---:|"
    base = [_seconds(each) for each in rounds[LOCAL]]
    for name, pairs in rounds.items():
        seconds = [_seconds(each) for each in pairs]
        rate = given.count / median(seconds)
        ratio = median(b / each for b, each in zip(base, seconds, strict=True))
        start_up = median(start for start, _ in pairs)
        yield f"| {name} | {rate:,.0f} | {ratio:.2f} | {start_up:.1f} |"


def _seconds(pair: tuple[float, float]) -> float:
    """Without the start-up; on very few pings noise may leave nothing."""
    start_up, whole = pair
    return max(whole - start_up, 1e-3)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines",
        description="Measure ingest on Flink beside the local runner.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--pings", type=int, default=100_000, help="default: 100000")
    add("--size", type=int, default=1_000, help="of clear text, in bytes")
    add("--scheme", choices=SCHEMES, default="hpke", help="default: hpke")
    add("--rounds", type=int, default=3, help="of every way in turn (default: 3)")
    add("--work", type=Path, help="keep the sealed pings here for the next time")
    return parser


if __name__ == "__main__":
    sys.exit(main())
