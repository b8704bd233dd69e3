"""Holds what was measured, by which command: the model's only figures of the software.

All of it is for one core of the machine that docs/performance.md describes. Beside each
figure stands the command that measures it; measure again on other machines, and change
the figure here.
"""

from collections.abc import Mapping

INGEST: Mapping[str, Mapping[int, float]] = {
    "jwe": {1000: 3_782, 5000: 2_390},
    "hpke": {1000: 4_585, 5000: 2_723},
    "ecies": {1000: 4_984, 5000: 3_547},
}
"""Pings/s a core, by scheme and bytes of clear text: `make bench-ingest`."""

MESSAGE: Mapping[str, Mapping[int, float]] = {
    "jwe": {1000: 1_621, 5000: 5_650},
    "hpke": {1000: 922, 5000: 2_189},
    "ecies": {1000: 967, 5000: 2_234},
}
"""Bytes of a message as Pub/Sub counts them: `python -m benchmarks.sizes`."""

ROW: Mapping[int, float] = {1000: 191, 5000: 1_321}
"""Bytes of a stored row, compressed: `python -m benchmarks.sizes`."""

COMPACT: Mapping[int, float] = {1000: 141_078, 5000: 31_777}
VERIFY: Mapping[int, float] = {1000: 309_515, 5000: 82_490}
SEARCH: Mapping[int, float] = {1000: 272_842, 5000: 74_431}
AUDIT: Mapping[int, float] = {1000: 261_990, 5000: 31_226}
"""Rows/s a core of compaction, of deletion's verification, of purge's search for people
who never enrolled, and of the audit: `python -m benchmarks.sizes`."""

OPENED_BLOCK_SECONDS = 0.0025
"""Seconds of deletion for a block that it opens: 6.3 s for 1,000 people with a run of
rows of about 2.5 blocks each (docs/performance.md, Deletion; `make bench-deletion`)."""

EVENT_BYTES = 53.5
LONE_EVENT_BYTES = 893.0
EVENTS = 122_668
"""Bytes of an event in a file of the log, and of one with an object to itself; and
events/s that one core reads out of files of the log."""

LIST_ENTRY_BYTES = 650.0
LIST_ENTRY_MEMORY = 1_257.0
"""Bytes of a request on the withdrawal list, 54 of which a worker reads and holds; and
of its record where delete is launched."""

ENROLLED_MEMORY = 154.0
SOUGHT_MEMORY = 170.0
"""Bytes in each worker: of purge and audit for a person who ever enrolled in a study;
of the audit for everybody whom the log knows.

All of these: `python -m benchmarks.sizes`."""

FILE_MEMORY = 3_000.0
"""Bytes in the launching process for a file that it distributes to workers, about:
`python -m benchmarks.distribution`."""

# Requests, by `python -m benchmarks.requests`: base, and what one thing more costs.
RUN_A, RUN_B, RUN_KEYS = 80, 120, 15
"""Requests and key operations of a job's run on a store of three namespaces that has
nothing to do, about. Replay writes a third of it."""

VIEW_A, VIEW_B = 6, 12
"""Requests of deletion for each study's view of the withdrawal list, which it publishes
with the list and as its last step."""

COMPACTED_PARTITION_A, COMPACTED_FILE_B, NEW_FILE_B = 8, 14, 10
"""Requests of compaction: for a partition beside one write a bucket; for a bucket, with
the six dates around it; for a file of ingest."""

REWRITTEN_A, REWRITTEN_B, VERIFIED_B = 4, 9, 3
"""Requests of deletion: for a file that it rewrites, and for one that it verifies."""

PURGED_PARTITION_A, SEARCHED_B = 2, 3
AUDITED_PARTITION_A, AUDITED_B = 2, 3
"""Requests of purge and audit: for a partition, and for a file that is read."""

RECEIPT_A, RECEIPT_B, NAMED_B = 2, 1, 2
"""Requests for a receipt, of deletion and of the audit; and of the audit for a file
that receipts name, however many of them do."""

CHANGE_BYTES, TOLD_BYTES = 428, 9
"""Bytes of JSON for a file in the changes behind a run's receipts, and in it for each
request of which rows went."""

LISTINGS: Mapping[str, int] = {
    "compact": 2,
    "delete": 9,
    "replay": 0,
    "purge": 3,
    "audit": 3,
}
"""Listings of the names of all files in a run."""

LOOSE_EVENT_B, LOG_FILE_A, LOG_FILE_B = 2, 1, 3
"""Requests for an object of events that no file of the log has yet, by delete; and for
a file of the log, to write it and to read it whole or for a person."""

LOG_READS: Mapping[str, int] = {"audit": 5}
WORKER_LOG_READS: Mapping[str, int] = {"audit": 3}
WORKER_LOG_READS_A_STUDY: Mapping[str, int] = {"purge": 1, "audit": 1}
"""How often a run's launcher reads the whole event log, and how often each of its
workers does, at all and for each study of which it meets rows. Delete reads it where
many leave at once, and purge where a study is concluded."""

CHUNK_BYTES = 4 * 1024 * 1024
"""Bytes of one read of a file that is read whole (rally/storage/snapshots.py)."""

# Assumed, not measured: nothing of this was run against the service.
REQUEST_SECONDS = 0.03
"""Seconds of a small request in the same region, one after the other."""

UTILISATION = 0.7
"""Share of their time that a stream's workers are busy, so that they can catch up."""

START_SECONDS = 300.0
"""Seconds of a cloud job until its workers work, billed."""


def at(figures: Mapping[int, float], size: int) -> float:
    """Gives a figure at a size of clear text, on the line through two measured ones."""
    (small, low), (large, high) = sorted(figures.items())
    return max(low + (high - low) * (size - small) / (large - small), low / 2)


def seconds_at(rates: Mapping[int, float], size: int) -> float:
    """Gives the seconds of a row or ping at a size: the time grows with the size.

    Args:
        rates: rows or pings a second, by bytes of clear text.
        size: bytes of clear text.
    """
    return at({each: 1 / rate for each, rate in rates.items()}, size)
