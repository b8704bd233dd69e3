"""Tells what happened, as tables that a person can read."""

from collections import Counter
from collections.abc import Iterator

from pipelines.running import table
from rally.dead_letters import list_dead_letters
from rally.ingesting.counts import FAILED, REFUSED, STORED, Count
from rally.storing.layout import DATA, EVENTS, Stores
from rally.storing.writer import read_stored_header


def outcomes(counts: Counter[Count]) -> list[str]:
    """What became of the pings, a line for each document."""
    documents = sorted({(count.study, count.document) for count in counts})
    rows = [
        [
            *document,
            *(
                f"{_total(counts, document, what):,}"
                for what in (STORED, REFUSED, FAILED)
            ),
            ", ".join(_reasons(counts, document)),
        ]
        for document in documents
    ]
    head = (
        "study",
        "document",
        "stored",
        "refused",
        "failed",
        "why, and who came or left",
    )
    return table(head, rows)


def files(stores: Stores) -> list[str]:
    """The files that were written."""
    head = ("file", "rows", "bytes")
    return table(head, sorted(_data_files(stores)) + sorted(_platform_files(stores)))


def _total(counts: Counter[Count], document: tuple[str, str], outcome: str) -> int:
    return sum(
        number
        for count, number in counts.items()
        if (count.study, count.document) == document and count.outcome == outcome
    )


def _reasons(counts: Counter[Count], document: tuple[str, str]) -> Iterator[str]:
    for count, number in sorted(counts.items()):
        if (count.study, count.document) == document and count.outcome != STORED:
            what = (count.reason or count.outcome).replace("_", " ")
            yield f"{what} {number}"


def _data_files(stores: Stores) -> Iterator[list[str]]:
    store = stores.of("")
    for info in store.list(DATA):
        header = read_stored_header(store, info.name)
        yield [info.name, f"{header.rows:,}", f"{info.size:,}"]


def _platform_files(stores: Stores) -> Iterator[list[str]]:
    names = [info for _, info in list_dead_letters(stores.platform)]
    for info in [*stores.platform.list(EVENTS), *names]:
        header = read_stored_header(stores.platform, info.name)
        yield [f"platform/{info.name}", f"{header.rows:,}", f"{info.size:,}"]
