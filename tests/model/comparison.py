"""The system compared with the model: what has to hold after each step."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from rally.decisions.verifying import read_chain
from rally.outcomes import FailureReason
from rally.receipts.receipt import ReceiptReason, Stage
from rally.registry.expunges import Expunges
from rally.registry.registry import Registry
from rally.storage.partitions import by_partition, is_settled, list_files
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import Withdrawal
from tests.model.draws import Fault
from tests.model.memory_platform import Letter, MemoryPlatform, envelope
from tests.model.reference import Book, Model, best
from tests.model.words import PEOPLE, START, STRANGERS, Ping, moment
from tests.support.memory_deployment import Killed

WAITING = {"parked": FailureReason.LEFT, "lapsed": FailureReason.REVIEW_LAPSED}
"""What becomes a dead letter, and for which reason."""

Asked = tuple[str, str]
"""Scope and document id of a request: no two people's are equal here."""

BEGIN, EARLY, LATE = 3, 5, 200
"""The day on which a run begins; those on which the garden may end."""


class Comparison(RuleBasedStateMachine):
    """Runs jobs, follows them with the model, and compares."""

    registries: dict[tuple[int, bool], Registry]

    def __init__(self) -> None:
        super().__init__()
        self.today, self.end = BEGIN, LATE
        self.system = MemoryPlatform(self.registries[LATE, False], self._clock())
        self.model = Model(end=moment(LATE, -12), now=moment(BEGIN))
        self.parked: dict[Letter, Ping] = {}
        self.counter = 0
        self.waits_over: Counter[Asked] = Counter()
        self.waits_late: Counter[Asked] = Counter()
        self.told: set[Asked] = set()
        self.names: dict[str, Asked] = {}
        self.backup: dict[str, bytes] = {}
        self.is_restored = False
        self.stale: tuple[object, Book, int] | None = None
        self.droves = False
        self.seen: list[Ping] = []

    def _clock(self):
        return START + timedelta(days=self.today)

    def _run(self, job: Callable[[], list[Any] | None], fault: Fault | None) -> bool:
        """Whether it was done to its end, at last; without faults it has to be."""
        if fault is not None:
            with self.system.fault(fault.at, fault.way) as failed:
                is_done = False
                try:
                    troubles = job()
                    assert failed() or not troubles
                    is_done = not troubles
                except (Killed, OSError):
                    assert failed()
            self._follow()
            if is_done or not fault.rerun:
                return is_done
        assert not job()
        self._follow()
        return True

    def _follow(self) -> None:
        """The model admits what the list admitted."""
        counter = self.system.withdrawals().counter
        if counter != self.counter:
            before = self.model.book.requests
            self.model.admit()
            heard = self.system.heard()
            self.model.close({each[1:3] for each in heard if each[0] == "closed"})
            self.model.admit()
            after = self.model.book.requests
            for key, request in before.items():
                is_told, later = key[1:] in self.told, after.get(key, request)
                if request.deferred and not later.deferred:
                    self.waits_over[key[1:]] += is_told
                if later.deferred and not request.deferred:
                    self.waits_late[key[1:]] += is_told
        self.counter = counter
        published = self.system.withdrawals().withdrawals
        self.names |= {each.request: _asked(each) for each in published}
        self.told = {
            self.names[each.request]
            for each in self.system.receipts()
            if not each.expunged
        }

    def _ingest(self, found, fault, intake, book) -> None:
        before = self.system.view()
        done = self._run(lambda: self.system.ingest(found, intake()), fault)
        self._learn(found, book or self.model.book, is_done=done)
        view = self.system.view()
        stored = Counter(
            e.row for e in found if self.model.outcome(e, book) == "stored"
        )
        for row in set(view) | set(before) | set(stored):
            more = stored[row] * (2 if fault else 1)
            assert before[row] <= view[row] <= before[row] + more
            assert view[row] or not done
        parked = {}
        for each in found:
            if (outcome := self.model.outcome(each, book)) in WAITING:
                parked[_place(each)] = each, WAITING[outcome]
        seen = self.system.parked()
        assert set(self.parked) <= set(seen) <= set(self.parked) | set(parked)
        assert not done or set(parked) <= set(seen)
        for place in parked.keys() & seen.keys():
            assert parked[place][1] in seen[place] or not done
        self.parked |= {
            place: ping for place, (ping, _) in parked.items() if place in seen
        }

    def _learn(self, found, book: Book, *, is_done: bool) -> None:
        """The model hears what the log has heard; ingest had judged by a book."""
        heard = self.system.heard()
        for ping in found:
            if ping.kind in ("visit", "survey"):
                continue
            kind = "joined" if ping.kind == "join" else "left"
            is_there = (kind, ping.scope, ping.document_id, ping.time) in heard
            # Of a study that is concluded by now, ingest keeps nothing any more.
            is_over = self.model.state(ping.namespace, self.model.now) == "concluded"
            is_copy = kind == "joined" and book.knows(ping)
            assert is_there or is_over or is_copy or not is_done
            if is_there:
                self.model.hear(ping)

    def _tidy(self, job, fault, *, dedups: bool, purges: bool) -> None:
        before = self.system.view()
        done = self._run(job, fault)
        view = self.system.view()
        kept = [row for row in before if self.model.keeps(row)]
        assert not view - before
        for row in kept:
            if not dedups:
                assert view[row] == before[row]
        for row in best(kept):
            assert view[row]
        if done and purges:
            assert {row for row in self.system.stored() if row not in kept} == set()
            self._check_receipts()
        if done and dedups and not purges:
            here = {row: view[row] for row in view if row in set(kept)}
            if not self.is_restored:  # what was compacted once is not compacted again
                assert here == dict.fromkeys(best(kept), 1)
            assert self.system.stored() == view

    def _check_receipts(self) -> None:
        self.system.check()
        receipts = self.system.receipts()
        occasions = [each.occasion for each in receipts]
        assert len(set(occasions)) == len(occasions)
        book = self.model.book.requests
        orders = Expunges.of_chain(read_chain(self.system.platform)).orders
        first = {r.request for r in receipts if r.reason is ReceiptReason.EXPUNGE}
        assert first == {each.id for each in orders}
        seen = Counter[Asked]()
        for each in self.system.withdrawals().withdrawals:
            seen[_asked(each)] += 1
            own = [r for r in receipts if r.request == each.request]
            assert tuple(r.number for r in own) == each.receipts
            reasons = Counter(r.reason for r in own)
            is_due = (
                each.participant is not None and each.status is RequestStatus.ACTIVE
            )
            assert reasons[ReceiptReason.DELETION] == is_due
            waits_over = self.waits_over[_asked(each)]
            # A study may end at the instant of a request, after a run that was killed
            # has told of its rows: then another run tells that it waits.
            most = waits_over + self.waits_late[_asked(each)]
            assert min(waits_over, is_due) <= reasons[ReceiptReason.SETTLED] <= most
            assert all(sum(s.rows for s in r.sections) for r in own
                       if r.reason is ReceiptReason.LATE)  # fmt: skip
            who = None if each.participant is None else self._person(each.participant)
            [request] = [r for key, r in book.items() if key[1:] == _asked(each)]
            assert (request.status, request.time) == (each.status, each.time)
            assert request.deferred == bool(each.deferred)
            assert who == (request.who if isinstance(request.who, int) else None)
            assert not is_due or Stage.VERIFIED in each.stages
        assert sum(seen.values()) == len(seen) == len(book)

    def _is_half_compacted(self) -> bool:
        return any(
            not is_settled(files)
            for study in self.system.registry.studies
            for files in by_partition(list_files(self.system.data, study)).values()
        )

    def _person(self, pseudonym: str) -> int:
        everybody = (*PEOPLE, *STRANGERS)
        [who] = [p for p in everybody if self.system.platform_pseudonym(p) == pseudonym]
        return who


def _asked(each: Withdrawal) -> Asked:
    return each.scope, each.document_id


def _place(ping: Ping) -> Letter:
    made = envelope(ping)
    return made.uri, made.submission_timestamp, made.payload
