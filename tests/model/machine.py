"""What may happen, and what has to hold after it."""

from collections import Counter

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from rally.deletion.plan import FileOutcome
from rally.events import MAIL, EventKind
from rally.receipts.receipt import SectionOutcome as Told
from rally.storage.objectstore.interface import StrayKind
from tests.model.comparison import WAITING
from tests.model.desk import Desk, decisions
from tests.model.draws import (
    ages,
    copies,
    faults,
    field_orders,
    leavers,
    left_behind,
    people,
    pings,
    scopes,
)
from tests.model.operators import Operators
from tests.model.reference import best
from tests.model.words import Ping, moment

_BUCKET = "data/study=rally-garden/document=visit.1/date=2026-02-01/bucket=new/"
_OF_DATA = ["data/_SUCCESS", "data/study="] + [
    _BUCKET + name for name in (".DS_Store", "._a.avro", "_temporary/0/a.avro")
]
_OF_PLATFORM = [
    *("events/", "events/.DS_Store", "events/date=2022-13-45/a.avro", "leases/"),
    *("leases/runs/notes.txt", "states/notes.json", "holds/placed/a.json~"),
    *("dead-letters/README", "plans/Thumbs.db", "receipts/1.json"),
    "withdrawals/root.json.bak",
]
FOREIGN = [("data", name) for name in _OF_DATA]
FOREIGN += [("platform", name) for name in _OF_PLATFORM]
"""Objects of other programs: in which store, and their names."""

LINKS = [
    "data/study=rally-garden/document=visit.1/date=2024-01-01",
    "data/study=rally-garden/a.avro",
    "data/study=rally-house/document=enrollment.1/loop",
]


class Machine(Operators, Desk):
    """The system and the model, step by step."""

    # What people and clients do

    @initialize(
        sent=st.lists(pings, min_size=6, max_size=20),
        days=st.sampled_from([0, 0, 0, 2]),
        is_compacted=st.booleans(),
        orders=st.lists(field_orders, max_size=2),
    )
    def begin(self, sent, days, is_compacted, orders) -> None:
        self.wait(days)
        self.ingest_some(sent, None)
        if is_compacted:
            self.compact_once(None)
        for order in orders:
            self.expunge_a_field(order)

    @rule(sent=st.lists(pings, min_size=2, max_size=8), fault=faults)
    def ingest(self, sent, fault) -> None:
        self.ingest_some(sent, fault)

    @rule(sent=st.lists(pings, min_size=3, max_size=9))
    def ingest_well(self, sent) -> None:
        self.ingest_some(sent, None)

    @precondition(lambda self: self.seen)
    @rule(again=st.lists(copies, min_size=1, max_size=4), fault=faults)
    def submit_again(self, again, fault) -> None:
        """Somebody has seen sealed pings, and submits them as other documents."""
        found = [each.ping(self.seen, self.today) for each in again]
        self._ingest(found, fault)

    @precondition(lambda self: not self.droves)
    @rule(scope=scopes, people=st.sets(people, min_size=3), hour=st.integers(0, 1))
    def leave_in_droves(self, scope, people, hour) -> None:
        self.droves = True
        found = [
            Ping(
                "leave", each, scope, False, self.today, moment(self.today, -hour), "a"
            )
            for each in sorted(people)
        ]
        self._ingest(found, None)

    @precondition(lambda self: not self.stale)
    @rule()
    def stream(self) -> None:
        self.begin_a_stream()

    @precondition(lambda self: self.stale)
    @rule(sent=st.lists(pings, min_size=1, max_size=4))
    def ingest_under_the_list_of_then(self, sent) -> None:
        found = [each.ping(self.today) for each in sent]
        self._ingest(found, None, *self.stale[:-1])

    @rule(person=people, scope=scopes, age=ages)
    def write_a_letter(self, person, scope, age) -> None:
        number = self.today - age
        document_id = f"letter-{person}-{scope}-{number}"
        time = moment(number)
        self.system.event(EventKind.LEFT, person, scope, 0, submission_timestamp=time,
                         document=document_id, signal=MAIL)  # fmt: skip
        self.model.leave((person, scope, document_id), time, MAIL)

    @rule(days=st.sampled_from([1, 1, 1, 2, 12]))
    def time_passes(self, days) -> None:
        self.wait(days)

    # What other programs and other people's hands do

    @rule(where=st.sampled_from(FOREIGN), content=st.sampled_from([b"", b"x", b"{}"]))
    def leave_a_foreign_object(self, where, content) -> None:
        """It changes nothing that any step has to hold."""
        store, name = where
        getattr(self.system, store).create(name, content)

    @rule(name=st.sampled_from(LINKS), leaving=leavers)
    def delete_beside_a_link(self, name, leaving) -> None:
        """The link is named and all else is done; who left is told once it is gone."""
        self.ingest_some(leaving, None)
        before = self._left(self.system.view())
        receipts = len(self.system.receipts())
        study = name.split("/")[1].partition("=")[2]
        self.system.data.stray[name] = StrayKind.LINK
        report = self.system.delete()
        del self.system.data.stray[name]
        self._follow()
        assert [(each.outcome, each.name) for each in report.faults] == [
            (FileOutcome.STRAY, name)
        ]
        view = self._left(self.system.view())
        assert not view - before
        assert all(view[row] for row in best(before) if self.model.keeps(row))
        told = self.system.receipts()[receipts:]
        sections = [section for each in told for section in each.sections]
        assert {each.outcome for each in sections if each.namespace == study} <= {
            Told.DEFERRED
        }
        self.delete_once(None)

    # What jobs do

    @rule(fault=faults)
    def replay(self, fault) -> None:
        self.replay_once(fault)

    def replay_once(self, fault) -> None:
        before, parked = self.system.view(), dict(self.parked)
        done = self._run(self.system.replay, fault)
        self._learn(parked.values(), self.model.book, is_done=done)
        view, left = self.system.view(), set(self.system.parked())
        outcome = {place: self.model.outcome(ping) for place, ping in parked.items()}
        assert left <= set(parked)
        for place, ping in parked.items():
            row, gone = self.model.orders.left(ping.row), place not in left
            assert not (gone and outcome[place] in WAITING)
            assert not (done and not gone and outcome[place] not in WAITING)
            if gone and outcome[place] == "stored":
                assert view[row]
            if outcome[place] != "stored":
                assert view[row] == before[row]
        back = {
            self.model.orders.left(ping.row)
            for place, ping in parked.items()
            if outcome[place] == "stored"
        }
        assert all(view[row] >= before[row] for row in before)
        assert set(view) - set(before) <= back
        self.parked = {place: parked[place] for place in left}

    @rule(fault=faults)
    def compact(self, fault) -> None:
        self.compact_once(fault)

    @rule(fault=faults)
    def delete(self, fault) -> None:
        self.delete_once(fault)

    @rule(sent=st.lists(pings, min_size=3, max_size=9), leaving=leavers,
          first=left_behind, fault=faults)  # fmt: skip
    def delete_what_is_half_compacted(self, sent, leaving, first, fault) -> None:
        self.ingest_some(sent, None)
        self.compact_once(first)
        self.ingest_some(leaving, None)
        self.delete_once(fault)

    @rule(leaving=leavers, first=left_behind, then=faults, fault=faults)
    def compact_what_is_half_deleted(self, leaving, first, then, fault) -> None:
        self.ingest_some(leaving, None)
        self.delete_once(first)
        self.compact_once(then)
        self.delete_once(fault)

    @rule(person=people, decides=decisions, leaving=st.one_of(st.just([]), leavers),
          fault=faults)  # fmt: skip
    def answer(self, person, decides, leaving, fault) -> None:
        """All that the desk does at once; meanwhile somebody leaves, or nobody."""
        self.open_a_case(person, decides)
        self.ingest_some(leaving, None)
        self.delete_once(None)
        if self.desk:
            self.export_a_copy(0, fault, fetches=True)
        self.destroy_copies(None)

    @precondition(lambda self: not self.backup)
    @rule()
    def back_up(self) -> None:
        self.backup = self.system.back_up()

    @precondition(lambda self: self.backup)
    @rule(over=st.booleans(), later=st.sampled_from([0, 0, 12]), fault=faults)
    def restore(self, over, later, fault) -> None:
        """Rows come back, of people too whose requests have closed meanwhile."""
        if later:
            self.delete_once(None)
            self.wait(later)
            self.delete_once(None)
        self.system.restore(self.backup, over)
        self.is_restored, self.backup = True, {}
        self.delete_once(fault)

    @rule(fault=faults)
    def plan_only(self, fault) -> None:
        before = self.system.view()
        self._run(self._plan, fault)
        assert self.system.view() == before

    def _plan(self):
        faults = self.system.job().plan().faults
        if self._is_half_compacted():  # a run finishes that, a plan only names it
            return [e for e in faults if e.outcome is not FileOutcome.HALF_COMPACTED]
        return faults

    def teardown(self) -> None:
        """Plain runs of the jobs; the end is the model's; and they change no more."""
        self.delete_once(None)
        self.replay_once(None)
        self.compact_once(None)
        self.delete_once(None)
        view = self.system.view()
        assert self.is_restored or self._left(view) == view
        kept = {row for row in view if self.model.keeps(row)}
        assert view == self.system.stored()
        if self.is_restored:
            assert set(view) == kept
        else:
            assert view == Counter(best(kept))
        everything = self.system.all_objects()
        self.replay_once(None)
        self.compact_once(None)
        self.delete_once(None)
        assert self.system.all_objects() == everything
