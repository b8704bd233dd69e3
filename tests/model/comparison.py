"""The system compared with the model: what has to hold after each step."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine

from rally.decisions.verifying import read_chain
from rally.deletion.order_receipts import find_open
from rally.outcomes import FailureReason
from rally.receipts.receipt import ReceiptReason, Stage
from rally.registry.expunges import ExpungeOrder, Expunges
from rally.registry.registry import Registry
from rally.storage.partitions import by_partition, is_settled, list_files
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.withdrawal_list import Withdrawal
from tests.model.draws import Fault
from tests.model.memory_platform import (
    LONGEST_DELAY_DAYS,
    Letter,
    MemoryPlatform,
    envelope,
)
from tests.model.reference import Book, Model, Orders, best
from tests.model.studies import TABLES
from tests.model.words import PEOPLE, START, STRANGERS, Ping, Row, moment
from tests.support.memory_deployment import Killed
from tests.support.world import POND

WAITING = {"parked": FailureReason.LEFT, "lapsed": FailureReason.REVIEW_LAPSED}
"""What becomes a dead letter, and for which reason."""

Asked = tuple[str, str]
"""Scope and document id of a request: no two people's are equal here."""

BEGIN, EARLY, LATE = 3, 5, 200
"""The day on which a run begins; those on which the garden may end."""

STREAM_DAYS = 4
"""How long a stream may go on by an old list: less than requests stay open."""


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
        self.stale: tuple[object, Book, Orders, int] | None = None
        self.droves = False
        self.seen: list[Ping] = []

    def _clock(self):
        return START + timedelta(days=self.today)

    def wait(self, days) -> None:
        self.today += days
        if self.stale and self.today > self.stale[-1] + STREAM_DAYS:
            self.stale = None
        self.system.now = self._clock()
        self.model.now = moment(self.today)

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

    def ingest_some(self, sent, fault) -> None:
        found = [each.ping(self.today) for each in sent]
        self.seen += found
        self._ingest(found, fault)

    def begin_a_stream(self) -> None:
        """Which goes by the list and the decisions of now."""
        book, orders = self.model.book, self.model.orders
        self.stale = self.system.intake(), book, orders, self.today

    def _ingest(self, found, fault, intake=None, book=None, orders=None) -> None:
        """By default as of now; a stream goes by the list and the orders of then."""
        book, orders = book or self.model.book, orders or self.model.orders
        before = self.system.view()
        done = self._run(lambda: self.system.ingest(found, intake), fault)
        self._learn(found, book, is_done=done)
        view = self.system.view()
        stored = Counter(
            orders.left(each.row)
            for each in found
            if self.model.outcome(each, book, orders) == "stored"
        )
        for row in set(view) | set(before) | set(stored):
            more = stored[row] * (2 if fault else 1)
            assert before[row] <= view[row] <= before[row] + more
            assert view[row] or not done
        parked = {}
        for each in found:
            if (outcome := self.model.outcome(each, book, orders)) in WAITING:
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

    def compact_once(self, fault) -> None:
        self._tidy(self._compact, fault, dedups=True, purges=False)

    def delete_once(self, fault) -> None:
        self._tidy(self._delete, fault, dedups=self._is_half_compacted(), purges=True)

    def _compact(self):
        done = self.system.compact()
        return [each for each in done if each.troubles or not each.outcome.is_good]

    def _delete(self):
        report = self.system.delete()
        touched = any(each.study == POND for each in report.rewritten)
        assert report.derived == [TABLES] * touched
        return report.faults + report.unregistered

    def _tidy(self, job, fault, *, dedups: bool, purges: bool) -> None:
        whole = self.system.view()
        done = self._run(job, fault)
        seen = self.system.view()
        assert all(any(self._may_become(row, it) for row in whole) for it in seen)
        assert purges or not seen - whole
        before, view = self._left(whole), self._left(seen)
        kept = [row for row in before if self.model.keeps(row)]
        assert not view - before
        for row in kept:
            if not dedups:
                assert view[row] == before[row]
        for row in best(kept):
            assert view[row]
        if done and purges:
            stored = self.system.stored()
            assert {row for row in self._left(stored) if row not in kept} == set()
            if not self.is_restored:  # of what comes back later the audit tells
                assert self._left(stored) == stored
            self._check_receipts()
        if done and dedups and not purges:
            here = {row: view[row] for row in view if row in set(kept)}
            if not self.is_restored:  # what was compacted once is not compacted again
                assert here == dict.fromkeys(best(kept), 1)
            assert self.system.stored() == seen

    def _may_become(self, row: Row, now: Row) -> bool:
        """Whether a row has become what is seen now: no field went unasked."""
        is_it = row._replace(fields=now.fields) == now
        return is_it and self.model.orders.left(row).fields <= now.fields <= row.fields

    def _left(self, rows: Counter[Row]) -> Counter[Row]:
        """Rows without the fields that are ordered to go."""
        left = Counter[Row]()
        for row, number in rows.items():
            left[self.model.orders.left(row)] += number
        return left

    def _check_receipts(self) -> None:
        self.system.check()
        receipts = self.system.receipts()
        occasions = [each.occasion for each in receipts]
        assert len(set(occasions)) == len(occasions)
        book = self.model.book.requests
        orders = Expunges.of_chain(read_chain(self.system.platform)).orders
        for order in orders:
            own = [each for each in receipts if each.request == order.id]
            first, *late = [each.reason for each in own]
            assert first is ReceiptReason.EXPUNGE
            assert set(late) <= {ReceiptReason.LATE}
            assert all(sum(s.rows for s in each.sections) for each in own[1:])
        assert {each.request for each in receipts if each.expunged} == {
            each.id for each in orders
        }
        self._check_closing(orders)
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

    def _check_closing(self, orders: Sequence[ExpungeOrder]) -> None:
        """Every order has its receipt, and closes once the longest delay is over."""
        published, now = self.system.withdrawals(), self.system.now
        is_open = find_open(Expunges(tuple(orders)), published, now, LONGEST_DELAY_DAYS)
        since = now - timedelta(days=LONGEST_DELAY_DAYS)
        assert is_open == [each for each in orders if each.approved > since]

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
