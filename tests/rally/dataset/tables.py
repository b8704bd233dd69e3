"""Scans of a study in memory, and the rows that they give."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from rally.dataset.scan import Scan
from tests.rally.compaction.memory_study import (
    MONDAY,
    VISIT,
    MemoryStudy,
    Row,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)


class Nobody:
    """Nobody has left, and nothing is expunged."""

    expunges = ()

    def digest_of(self, people):
        return b""

    def left_out(self, participants, times):
        return np.zeros(len(participants), np.bool_)


class Left:
    """People of whom nothing is read, by number, and orders to expunge."""

    def __init__(self, *people, before=None, expunges=()):
        self._people = {f"{each:x}".encode() for each in people}
        self._before = before
        self.expunges = expunges

    def left_out(self, participants, times):
        return np.array(
            [
                each[:1] in self._people
                and (self._before is None or time < self._before)
                for each, time in zip(participants.tolist(), times, strict=True)
            ],
            np.bool_,
        )

    def digest_of(self, people):
        mine = [it for it in self._people if people.start <= it * 36 < people.end]
        return repr((sorted(mine), self._before, self.expunges)).encode()


def document_of(study: MemoryStudy, name=VISIT, **changes):
    """The document with both of its revisions."""
    document = study.document(name)
    newest, oldest = study.schema(1), study.schema(0, name)
    return replace(document, schema=newest, older=(oldest,), **changes)


def scan(study, name=VISIT, exclusions=None, changes=None, **how):
    document = document_of(study, name, **(changes or {}))
    return Scan(study.store, document, exclusions or Nobody(), NOW, **how)


def rows_of(scanned: Scan, most_bytes=None, people=None):
    """The rows of a scan, as the study's builder knows them."""
    if people is not None:
        batches = scanned.batches(people)
    else:
        batches = scanned.read(most_bytes) if most_bytes else scanned.read()
    return sorted(_row(each) for batch in batches for each in batch.to_pylist())


def _row(record):
    time = record["submission_timestamp"]
    return Row(
        int(record["participant"][0], 16),
        int(record["document_id"].replace("-", ""), 16),
        (time.date() - MONDAY).days,
        time.hour * 3600 + time.minute * 60 + time.second,
        record["page"],
    )
