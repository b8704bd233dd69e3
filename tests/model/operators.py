"""What operators, stewards and other people with a key decide."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import rule

from rally.registry.transitions import StudyAction as Step
from rally.times import from_micros
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.rulings import RequestAction, choose
from rally.withdrawal.withdrawal_list import RequestState
from tests.model.comparison import EARLY, LATE
from tests.model.draws import ages, faults, field_orders, pings
from tests.model.forger import Forger
from tests.model.reviews import SUSPENDED, answer, suspend
from tests.model.words import STUDIES, moment
from tests.support.expunges import order_expunge
from tests.support.request_decisions import rule as rule_withdrawals
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN

EPOCH = date(1970, 1, 1)

EXPUNGED = ("visit.1", "visit.1", "survey.1", "study-enrollment.1")
"""Documents of which somebody orders rows to be expunged."""

_POSSIBLE = {
    Step.PAUSE: ["collecting"],
    Step.RESUME: ["paused"],
    Step.END: ["collecting", "paused"],
    Step.CONCLUDE: ["ended"],
}


class Operators(Forger):
    """Decisions that are signed, each by who may."""

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
        places = self._order(study, document, last, days, is_approved)
        orders = self.model.orders
        self.model.orders = replace(orders, rows=orders.rows | places)

    @rule(order=field_orders, sent=st.lists(pings, min_size=3, max_size=8),
          fault=faults)  # fmt: skip
    def order_to_expunge_a_field(self, order, sent, fault) -> None:
        self.expunge_a_field(order)
        self.ingest_some(sent, None)
        self.delete_once(fault)

    def expunge_a_field(self, order) -> None:
        """Nothing else goes of the rows; a stream may not have heard of it yet."""
        found = sorted(
            (row.namespace, row.document, row.day, path)
            for row in self.system.view()
            for path in row.fields
        )
        if not found:
            return
        if order.has_stream:
            self.begin_a_stream()
        study, document, day, path = found[order.pick % len(found)]
        last = EPOCH + timedelta(days=day)
        where = study, document, last, order.days, order.is_approved
        places = self._order(*where, path)
        orders, fields = self.model.orders, {(*place, path) for place in places}
        self.model.orders = replace(orders, fields=orders.fields | fields)

    def _order(self, study, document, last, days, is_approved, path=None):
        """Signs an order; returns where it counts: study, document, day since 1970."""
        first = last - timedelta(days=days - 1)
        who = "privacy" if is_approved else None
        order_expunge(self.system.platform, study, document, (first, last),
                      self.system.now, path, who)  # fmt: skip
        number = (last - EPOCH).days
        return {(study, document, number - each) for each in range(days)
                if is_approved}  # fmt: skip

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
