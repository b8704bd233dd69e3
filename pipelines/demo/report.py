"""Tells what happened, as tables that a person can read."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import itemgetter

from pipelines.demo.ledger import Row
from rally.compaction.outcomes import CompactionResult
from rally.deletion.report import DeletionReport as DeletionReport
from rally.outcomes import FAILED, REFUSED, STORED, Count, without_places
from rally.retention.plan_entry import Reason
from rally.retention.report import PurgeReport
from rally.tables import Column, Table, Value, to_text

_OUTCOMES = ("study", "document", "stored", "refused", "failed")
_WHY = "why, and who came or left"
_ROWS = ("study", "rows before", "of who left", "rows after", "of who left")


def _table(head: Sequence[str], rows: Sequence[Sequence[Value]]) -> list[str]:
    columns = [Column(name, itemgetter(at)) for at, name in enumerate(head)]
    return to_text(Table(columns, rows)).split("\n") if rows else []


def outcomes(counts: Counter[Count]) -> list[str]:
    """What became of the pings, a line for each document."""
    documents = sorted({(count.study, count.document) for count in counts})
    rows: list[Sequence[Value]] = [
        [
            *document,
            *(_total(counts, document, what) for what in (STORED, REFUSED, FAILED)),
            ", ".join(_reasons(counts, document)),
        ]
        for document in documents
    ]
    return _table((*_OUTCOMES, _WHY), rows)


def before_and_after(
    before: Sequence[Row], gone: set[Row], after: Sequence[Row], left: set[Row]
) -> list[str]:
    """How many rows there are, and how many of who left, by study."""
    counted = [_by_study(rows) for rows in (before, gone, after, left)]
    rows: list[Sequence[Value]] = [
        (study, *(each[study] for each in counted)) for study in sorted(counted[0])
    ]
    return _table(_ROWS, rows)


def deletion(
    compacted: Iterable[CompactionResult],
    deleted: DeletionReport,
    *,
    others_are_same: bool,
) -> list[str]:
    """What compaction and deletion did, in sentences."""
    sorted_rows = sum(each.rows_after for each in compacted)
    rows = sum(each.removes for each in deleted.planned)
    studies = len({each.study for each in deleted.planned})
    read = sum(each.rows_before for each in deleted.verified)
    faults = len(deleted.faults)
    found = f"{faults} are not as promised" if faults else "no trace of who left"
    others = "what they were" if others_are_same else "not what they were"
    return [
        f"Compacted: {sorted_rows:,} rows, sorted by person, in buckets.",
        f"Deleted: {rows:,} rows of {studies} studies, and who left is refused from now"
        " on.",
        f"Verified: {read:,} rows read, in {len(deleted.verified)} files; {found}.",
        f"All other rows are {others}.",
    ]


def purged(done: PurgeReport) -> list[str]:
    """What a purge took, but for records whose age depends on the day of the demo."""
    rows: list[Sequence[Value]] = [
        (*key, tally.objects, tally.rows)
        for key, tally in sorted(done.done.items())
        if key[-1] not in (Reason.PLAN, Reason.TEMPORARY)
    ]
    return _table(("study", "document", "why gone", "objects", "rows"), rows)


def _by_study(rows: Iterable[Row]) -> Counter[str]:
    return Counter(row.study for row in rows)


def _total(counts: Counter[Count], document: tuple[str, str], outcome: str) -> int:
    return sum(
        number
        for count, number in counts.items()
        if (count.study, count.document) == document and count.outcome == outcome
    )


def _reasons(counts: Counter[Count], document: tuple[str, str]) -> Iterator[str]:
    for count, number in sorted(without_places(counts).items()):
        if (count.study, count.document) == document and count.outcome != STORED:
            what = (count.reason or count.outcome).replace("_", " ")
            yield f"{what} {number}"
