"""What may happen, and what has to hold after it."""

from collections import Counter
from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from rally.deletion.plan import FileOutcome
from rally.events import MAIL, EventKind
from rally.receipts.receipt import SectionOutcome as Told
from rally.registry.transitions import StudyAction as Step
from rally.storage.objectstore.interface import StrayKind
from rally.times import from_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rulings import RequestAction, choose
from rally.withdrawal.withdrawal_list import RequestState
from tests.model.comparison import EARLY, LATE, WAITING
from tests.model.draws import (
    ages,
    copies,
    faults,
    leavers,
    left_behind,
    people,
    pings,
    scopes,
)
from tests.model.forger import Forger
from tests.model.reference import best
from tests.model.reviews import SUSPENDED, answer, suspend
from tests.model.words import STUDIES, Ping, moment
from tests.support.expunges import order_expunge
from tests.support.request_decisions import rule as rule_withdrawals
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN

STREAM_DAYS = 4
"""How long a stream may go on by an old list: less than requests stay open."""

_BUCKET = "data/study=rally-garden/document=visit.1/date=2026-02-01/bucket=new/"
_OF_DATA = ["data/_SUCCESS", "data/study="] + [
    _BUCKET + name for name in (".DS_Store", "._a.avro", "_temporary/0/a.avro")
]
_OF_PLATFORM = [
    *("events/", "events/.DS_Store", "events/date=2022-13-45/a.avro", "leases/"),
    *("leases/runs/notes.txt", "states/notes.json", "holds/placed/a.json~"),
    *("dead-letters/README", "plans/Thumbs.db", "receipts/1.json"),
    "withdrawals/list.json.bak",
]
FOREIGN = [("data", name) for name in _OF_DATA]
FOREIGN += [("platform", name) for name in _OF_PLATFORM]
"""Objects of other programs: in which store, and their names."""

LINKS = [
    "data/study=rally-garden/document=visit.1/date=2024-01-01",
    "data/study=rally-garden/a.avro",
    "data/study=rally-house/document=enrollment.1/loop",
]

EXPUNGED = ("visit.1", "visit.1", "survey.1", "study-enrollment.1")
"""Documents of which somebody orders rows to be expunged."""

_POSSIBLE = {
    Step.PAUSE: ["collecting"],
    Step.RESUME: ["paused"],
    Step.END: ["collecting", "paused"],
    Step.CONCLUDE: ["ended"],
}


class Machine(Forger):
    """The system and the model, step by step."""

    # What people, clients and operators do

    @initialize(
        sent=st.lists(pings, min_size=6, max_size=20),
        days=st.sampled_from([0, 0, 0, 2]),
    )
    def begin(self, sent, days) -> None:
        self.wait(days)
        self.ingest_some(sent, None)

    @rule(sent=st.lists(pings, min_size=2, max_size=8), fault=faults)
    def ingest(self, sent, fault) -> None:
        self.ingest_some(sent, fault)

    @rule(sent=st.lists(pings, min_size=3, max_size=9))
    def ingest_well(self, sent) -> None:
        self.ingest_some(sent, None)

    def ingest_some(self, sent, fault) -> None:
        found = [each.ping(self.today) for each in sent]
        self.seen += found
        self._ingest(found, fault, lambda: None, self.model.book)

    @precondition(lambda self: self.seen)
    @rule(again=st.lists(copies, min_size=1, max_size=4), fault=faults)
    def submit_again(self, again, fault) -> None:
        """Somebody has seen sealed pings, and submits them as other documents."""
        found = [each.ping(self.seen, self.today) for each in again]
        self._ingest(found, fault, lambda: None, self.model.book)

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
        self._ingest(found, None, lambda: None, self.model.book)

    @precondition(lambda self: not self.stale)
    @rule()
    def begin_a_stream(self) -> None:
        self.stale = self.system.intake(), self.model.book, self.today

    @precondition(lambda self: self.stale)
    @rule(sent=st.lists(pings, min_size=1, max_size=4))
    def ingest_under_the_list_of_then(self, sent) -> None:
        intake, book, _ = self.stale
        found = [each.ping(self.today) for each in sent]
        self._ingest(found, None, lambda: intake, book)

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

    def wait(self, days) -> None:
        self.today += days
        if self.stale and self.today > self.stale[2] + STREAM_DAYS:
            self.stale = None
        self.system.now = self._clock()
        self.model.now = moment(self.today)

    @rule(study=st.sampled_from(STUDIES), step=st.sampled_from(list(Step)))
    def operate(self, study, step) -> None:
        state = self.model.state(study, self.model.now)
        if state not in _POSSIBLE[step]:
            return
        at = from_micros(self.model.now)
        decide_study(self.system.platform, study, step, at)
        self.model.steps.append((self.model.now, study, str(step)))
        self.stale = None

    @rule(day=st.sampled_from([EARLY, LATE]))
    def move_the_end(self, day) -> None:
        self.end = day
        self.model.end = moment(day, -12)
        self._deploy()

    def _deploy(self) -> None:
        is_renewed = self.model.reviews.is_deployed
        self.system.registry = self.registries[self.end, is_renewed]
        self.stale = None

    @rule(says=st.sampled_from(["+", "+", "+", "-", ""]),
          deploys=st.sampled_from([True, True, False]), days=st.sampled_from([2, 2, 0]),
          sent=st.lists(pings, min_size=3, max_size=8))  # fmt: skip
    def renew_the_review(self, says, deploys, days, sent) -> None:
        """The steward answers, and the registry gets the record, in any order."""
        reviews, study = self.model.reviews, self.system.registry.studies[GARDEN]
        if says:
            approves, now = says == "+", self.system.now
            answer(self.system.platform, study, now, approves=approves)
            reviews.answers.append((self.model.now, approves))
        reviews.is_deployed |= deploys
        self._deploy()
        self.wait(days)
        self.ingest_some(sent, None)

    @rule(document=st.sampled_from(SUSPENDED), ends=st.sampled_from([False, True]),
          days=st.sampled_from([0, 1]),
          sent=st.lists(pings, min_size=3, max_size=8))  # fmt: skip
    def suspend_a_document(self, document, ends, days, sent) -> None:
        suspend(self.system.platform, document, self.system.now, ends=ends)
        said = self.model.reviews.suspended.setdefault(document, [])
        said.append((self.model.now, not ends))
        self.stale = None
        self.wait(days)
        self.ingest_some(sent, None)

    @rule(study=st.sampled_from(STUDIES), document=st.sampled_from(EXPUNGED),
          age=ages, days=st.sampled_from([1, 1, 2]),
          is_approved=st.sampled_from([True, True, False]))  # fmt: skip
    def order_to_expunge(self, study, document, age, days, is_approved) -> None:
        """Rows of a day or two; without a second person it changes nothing."""
        last = from_micros(moment(self.today - age)).date()
        first = last - timedelta(days=days - 1)
        who = "privacy" if is_approved else None
        order_expunge(self.system.platform, study, document, (first, last),
                      self.system.now, approved_by=who)  # fmt: skip
        if is_approved:
            number = (last - date(1970, 1, 1)).days
            self.model.expunged |= {
                (study, document, number - each) for each in range(days)
            }
            self.stale = None

    @rule(action=st.sampled_from(list(RequestAction)), pick=st.integers(0, 20))
    def decide(self, action, pick) -> None:
        published = self.system.withdrawals()
        open_to = [
            each
            for each in published.withdrawals
            if each.state is RequestState.HELD
            or (action is RequestAction.EXPEDITE and each.status is RequestStatus.ACTIVE
                and each.deferred and each.participant)
        ]  # fmt: skip
        if not open_to:
            return
        open_to.sort(
            key=lambda each: (each.document_id, each.scope, str(each.participant))
        )
        one = open_to[pick % len(open_to)]
        chosen = choose(action, published, published, None, [one.request])
        rule_withdrawals(self.system.platform, action.kind, published.counter, *chosen,
                         at=self.system.now)  # fmt: skip
        key = self._person(one.participant), one.scope, one.document_id
        if action is RequestAction.EXPEDITE:
            self.model.expedite.add(key)
        if one.state is RequestState.HELD:
            self.model.rejections.setdefault(key, action is RequestAction.REJECT)

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
        before, receipts = self.system.view(), len(self.system.receipts())
        study = name.split("/")[1].partition("=")[2]
        self.system.data.stray[name] = StrayKind.LINK
        report = self.system.delete()
        del self.system.data.stray[name]
        self._follow()
        assert [(each.outcome, each.name) for each in report.faults] == [
            (FileOutcome.STRAY, name)
        ]
        view = self.system.view()
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
            row, gone = ping.row, place not in left
            assert not (gone and outcome[place] in WAITING)
            assert not (done and not gone and outcome[place] not in WAITING)
            if gone and outcome[place] == "stored":
                assert view[row]
            if outcome[place] != "stored":
                assert view[row] == before[row]
        back = {
            ping.row for place, ping in parked.items() if outcome[place] == "stored"
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

    def compact_once(self, fault) -> None:
        self._tidy(self._compact, fault, dedups=True, purges=False)

    def delete_once(self, fault) -> None:
        self._tidy(self._delete, fault, dedups=self._is_half_compacted(), purges=True)

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

    def _compact(self):
        done = self.system.compact()
        return [each for each in done if each.troubles or not each.outcome.is_good]

    def _delete(self):
        report = self.system.delete()
        return report.faults + report.unregistered

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
