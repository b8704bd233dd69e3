"""What may happen, and what has to hold after it."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from rally.compacting.outcomes import Outcome
from rally.envelope import from_micros
from rally.events import MAIL, RALLY, EventKind, write_events
from rally.receipts.receipt import Reason
from rally.storing.partitions import by_partition, is_settled, list_files
from rally.studies.transitions import Action as Step
from rally.studies.transitions import Transition, record_transition
from rally.withdrawing.deciding import Action, choose, decisions
from rally.withdrawing.fold import Standing
from rally.withdrawing.withdrawal_list import Stage, State
from tests.model.plain import Book, Model, best
from tests.model.whole import Whole, envelope
from tests.model.words import PEOPLE, START, STUDIES, Ping, Row, moment
from tests.pipelines.world import GARDEN, POND
from tests.rally.deleting.place import Killed

BEGIN, EARLY, LATE = 3, 5, 200
STREAM_DAYS = 4
"""How long a stream may go on by an old list: less than requests stay open."""

_POSSIBLE = {
    Step.PAUSE: ["collecting"],
    Step.RESUME: ["paused"],
    Step.END: ["collecting", "paused"],
    Step.CONCLUDE: ["ended"],
}


class Fault(NamedTuple):
    """What goes wrong in a job: its so many-th change, how, and whether it is rerun."""

    at: int
    way: str
    rerun: bool


class Sent(NamedTuple):
    """A ping by how long ago it was made and how much later it is sent, in days."""

    kind: str
    person: int
    study: str
    own: bool
    age: int
    later: int
    hour: int
    mark: str

    def ping(self, today: int) -> Ping:
        scope = RALLY if self.kind in ("JOIN", "LEAVE", "uninstall") else self.study
        if self.kind == "survey":
            scope = GARDEN
        number = today - self.age
        time = moment(number + min(self.later, self.age), -self.hour)
        return Ping(self.kind.lower(), self.person, scope, self.own and scope != RALLY,
                    number, time, self.mark)  # fmt: skip


people = st.sampled_from([0, 0, 0, 1, 1, *PEOPLE])
ages = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3])
pings = st.builds(
    Sent,
    kind=st.sampled_from(
        ["visit"] * 7 + ["survey"] * 3 + ["join"] * 4 + ["JOIN", "JOIN", "leave",
                                                         "leave", "LEAVE", "uninstall"]
    ),
    person=people,
    study=st.sampled_from([GARDEN, GARDEN, POND]),
    own=st.booleans(),
    age=ages,
    later=st.sampled_from([0, 0, 1, 2, 3]),
    hour=st.sampled_from([0, 0, 1]),
    mark=st.sampled_from("ab"),
)  # fmt: skip
faults = st.one_of(
    st.none(),
    st.builds(
        Fault,
        at=st.one_of(st.integers(1, 12), st.integers(1, 60)),
        way=st.sampled_from(["killed", "killed", "refused", "unanswered"]),
        rerun=st.booleans(),
    ),
)


class Machine(RuleBasedStateMachine):
    """The whole thing beside the model."""

    registries: dict
    mac: object

    def __init__(self) -> None:
        super().__init__()
        self.today = BEGIN
        self.whole = Whole(self.registries[LATE], self.mac, self._clock())
        self.model = Model(end=moment(LATE, -12), now=moment(BEGIN))
        self.sent: dict[tuple[str, str, int], Ping] = {}
        self.parked: dict[tuple[str, str], Ping] = {}
        self.counter = 0
        self.waits_over: Counter[str] = Counter()
        self.stale: tuple[object, Book, int] | None = None
        self.droves = False

    def _clock(self):
        return START + timedelta(days=self.today)

    # What people, clients and operators do

    @initialize(sent=st.lists(pings, min_size=6, max_size=20))
    def begin(self, sent) -> None:
        self.ingest_some(sent, None)

    @rule(sent=st.lists(pings, min_size=2, max_size=8), fault=faults)
    def ingest(self, sent, fault) -> None:
        self.ingest_some(sent, fault)

    @rule(sent=st.lists(pings, min_size=3, max_size=9))
    def ingest_well(self, sent) -> None:
        self.ingest_some(sent, None)

    def ingest_some(self, sent, fault) -> None:
        found = [each.ping(self.today) for each in sent]
        self._ingest(found, fault, lambda: None, self.model.book)

    @precondition(lambda self: not self.droves)
    @rule(scope=st.sampled_from([GARDEN, POND, RALLY]), people=st.sets(people, min_size=3),
          hour=st.sampled_from([0, 1]))  # fmt: skip
    def leave_in_droves(self, scope, people, hour) -> None:
        self.droves = True
        found = [
            Ping("leave", each, scope, False, self.today, moment(self.today, -hour), "a")
            for each in sorted(people)
        ]
        self._ingest(found, None, lambda: None, self.model.book)

    @precondition(lambda self: not self.stale)
    @rule()
    def begin_a_stream(self) -> None:
        self.stale = self.whole.intake(), self.model.book, self.today

    @precondition(lambda self: self.stale)
    @rule(sent=st.lists(pings, min_size=1, max_size=4))
    def ingest_under_the_list_of_then(self, sent) -> None:
        intake, book, _ = self.stale
        found = [each.ping(self.today) for each in sent]
        self._ingest(found, None, lambda: intake, book)

    @rule(person=people, scope=st.sampled_from([GARDEN, POND, RALLY]), age=ages)
    def write_a_letter(self, person, scope, age) -> None:
        number = self.today - age
        document_id = f"letter-{person}-{scope}-{number}"
        time = moment(number)
        self.whole.event(EventKind.LEFT, person, scope, 0, submission_timestamp=time,
                         document=document_id, signal=MAIL)  # fmt: skip
        self.model.leave((person, scope, document_id), time, MAIL)

    @rule(days=st.sampled_from([1, 1, 1, 2, 12]))
    def time_passes(self, days) -> None:
        self.today += days
        if self.stale and self.today > self.stale[2] + STREAM_DAYS:
            self.stale = None
        self.whole.now = self._clock()
        self.model.now = moment(self.today)

    @rule(study=st.sampled_from(STUDIES), step=st.sampled_from(list(Step)))
    def operate(self, study, step) -> None:
        state = self.model.state(study, self.model.now)
        if state not in _POSSIBLE[step]:
            return
        at = from_micros(self.model.now)
        record_transition(self.whole.platform, Transition(study, step, at, "ann", ""))
        self.model.steps.append((self.model.now, study, str(step)))
        self.stale = None

    @rule(day=st.sampled_from([EARLY, LATE]))
    def move_the_end(self, day) -> None:
        self.whole.registry = self.registries[day]
        self.model.end = moment(day, -12)
        self.stale = None

    @rule(action=st.sampled_from(list(Action)), pick=st.integers(0, 20))
    def decide(self, action, pick) -> None:
        published = self.whole.withdrawals()
        open_to = [
            each
            for each in published.withdrawals
            if each.state is State.HELD
            or (action is Action.AT_ONCE and each.standing is Standing.ACTIVE
                and each.deferred and each.participant)
        ]  # fmt: skip
        if not open_to:
            return
        one = open_to[pick % len(open_to)]
        chosen = choose(action, published, published, None, [one.request])
        made = decisions(action, chosen, "decision by ann", self.whole.now)
        write_events(self.whole.platform, made, "1")
        key = self._person(one.participant), one.scope, one.document_id
        if action is Action.AT_ONCE:
            self.model.at_once.add(key)
        else:
            decided = self.model.now, action is Action.REJECT
            before = self.model.decisions.get(key, decided)
            self.model.decisions[key] = max(decided, before)

    # What jobs do

    @rule(fault=faults)
    def replay(self, fault) -> None:
        before, parked = self.whole.view(), dict(self.parked)
        done = self._run(self.whole.replay, fault)
        self._learn(parked.values(), whole=done)
        view, left = self.whole.view(), self.whole.parked()
        outcome = {
            place: self.model.outcome(ping, self.model.book)
            for place, ping in parked.items()
        }
        assert set(left) <= set(parked)
        for place, ping in parked.items():
            row, gone = ping.row, place not in left
            assert not (gone and outcome[place] == "parked")
            assert not (done and not gone and outcome[place] != "parked")
            if gone and outcome[place] == "stored":
                assert view[row]
            if outcome[place] != "stored":
                assert view[row] == before[row]
        back = {ping.row for place, ping in parked.items() if outcome[place] == "stored"}
        assert all(view[row] >= before[row] for row in before)
        assert set(view) - set(before) <= back
        self.parked = {place: parked[place] for place in left}

    @rule(fault=faults)
    def compact(self, fault) -> None:
        self._tidy(self._compact, fault, dedups=True, purges=False)

    @rule(fault=faults)
    def delete(self, fault) -> None:
        self._tidy(self._delete, fault, dedups=self._is_half_compacted(), purges=True)

    @rule(fault=faults)
    def plan_only(self, fault) -> None:
        before = self.whole.view()
        self._run(self._plan, fault)
        assert self.whole.view() == before

    def _compact(self) -> bool:
        done = self.whole.compact()
        return all(each.outcome.is_good and not each.troubles for each in done)

    def _delete(self) -> bool:
        report = self.whole.delete()
        self._follow()
        return not report.faults and not report.unregistered

    def _plan(self) -> bool:
        return not self.whole.job().plan().faults

    def _run(self, job: Callable[[], bool | None], fault: Fault | None) -> bool:
        """Whether it was done to its end, at last; without faults it has to be."""
        if fault is not None:
            with self.whole.fault(fault.at, fault.way) as failed:
                try:
                    good = job()
                except (Killed, OSError):
                    assert failed()
                    good = False
            self._follow()
            if good is not False:
                return True
            assert failed()
            if not fault.rerun:
                return False
        assert job() is not False
        self._follow()
        return True

    def _follow(self) -> None:
        """The model admits what the list admitted."""
        counter = self.whole.withdrawals().counter
        if counter != self.counter:
            before = self.model.book.requests
            self.model.admit()
            after = self.model.book.requests
            for key, request in before.items():
                if request.deferred and not after.get(key, request).deferred:
                    self.waits_over[key[2]] += 1
        self.counter = counter

    def _ingest(self, found, fault, intake, book) -> None:
        before = self.whole.view()
        for ping in found:
            self.sent["x", ping.document_id, ping.time] = ping
        done = self._run(lambda: self.whole.ingest(found, intake()), fault)
        self._learn(found, whole=done)
        view = self.whole.view()
        stored = Counter(e.row for e in found if self.model.outcome(e, book) == "stored")
        for row in set(view) | set(before) | set(stored):
            more = stored[row] * (2 if fault else 1)
            assert before[row] <= view[row] <= before[row] + more
            assert view[row] or not done
        parked = {_place(e): e for e in found if self.model.outcome(e, book) == "parked"}
        seen = set(self.whole.parked())
        assert set(self.parked) <= seen <= set(self.parked) | set(parked)
        assert not done or set(parked) <= seen
        self.parked |= {place: ping for place, ping in parked.items() if place in seen}

    def _learn(self, found, *, whole: bool) -> None:
        """The model hears what the log has heard."""
        heard = self.whole.heard()
        for ping in found:
            if ping.kind in ("visit", "survey"):
                continue
            kind = "joined" if ping.kind == "join" else "left"
            is_there = (kind, ping.document_id, ping.time) in heard
            assert is_there or not whole
            if is_there:
                self.model.hear(ping)

    def _tidy(self, job, fault, *, dedups: bool, purges: bool) -> None:
        before = self.whole.view()
        done = self._run(job, fault)
        view = self.whole.view()
        verdicts = {row: self.model.book.verdict(row) for row in before}
        kept = [row for row in before if verdicts[row] == "kept"]
        assert not view - before
        for row in kept:
            if not dedups:
                assert view[row] == before[row]
        for row in best(kept):
            assert view[row]
        if done and purges:
            assert {row for row in self.whole.stored() if row not in kept} == set()
            self._check_receipts()
        if done and dedups and not purges:
            here = {row: view[row] for row in view if row in set(kept)}
            assert here == dict.fromkeys(best(kept), 1)
            assert self.whole.stored() == view

    def _check_receipts(self) -> None:
        self.whole.check()
        receipts = self.whole.receipts()
        occasions = [each.occasion for each in receipts]
        assert len(set(occasions)) == len(occasions)
        book = self.model.book.requests
        seen = Counter[str]()
        for each in self.whole.withdrawals().withdrawals:
            seen[each.document_id] += 1
            own = [r for r in receipts if r.request == each.request]
            assert tuple(r.number for r in own) == each.receipts
            reasons = Counter(r.reason for r in own)
            is_due = each.participant is not None and each.standing is Standing.ACTIVE
            assert reasons[Reason.DELETION] == is_due
            assert reasons[Reason.SETTLED] <= self.waits_over[each.document_id]
            assert all(sum(s.rows for s in r.sections) for r in own
                       if r.reason is Reason.LATE)  # fmt: skip
            who = None if each.participant is None else self._person(each.participant)
            [request] = [r for key, r in book.items() if key[2] == each.document_id]
            assert (request.standing, request.time) == (each.standing, each.time)
            assert request.deferred == bool(each.deferred)
            assert who == (request.who if isinstance(request.who, int) else None)
            assert not is_due or Stage.VERIFIED in each.stages
        assert sum(seen.values()) == len(seen) == len(book)

    def _is_half_compacted(self) -> bool:
        return any(
            not is_settled(files)
            for study in self.whole.registry.studies
            for files in by_partition(list_files(self.whole.data, study)).values()
        )

    def _person(self, pseudonym: str) -> int:
        [found] = [p for p in PEOPLE if self.whole.platform_pseudonym(p) == pseudonym]
        return found

    def teardown(self) -> None:
        """Plain runs of the jobs; the end is the model's; and they change no more."""
        self.delete(None)
        self.replay(None)
        self.compact(None)
        self.delete(None)
        view = self.whole.view()
        kept = {row for row in view if self.model.book.verdict(row) == "kept"}
        assert view == Counter(best(kept)) == self.whole.stored()
        everything = self.whole.everything()
        self.replay(None)
        self.compact(None)
        self.delete(None)
        assert self.whole.everything() == everything


def _place(ping: Ping) -> tuple[str, str]:
    made = envelope(ping)
    return str(made.uri), str(made.submission_timestamp)
