"""What the tests of admission share."""

from dataclasses import replace

from rally.decisions.contents import DecisionKind as Decides
from rally.events import Event, EventKind
from rally.receipts.receipt import Stage
from rally.registry.study import Unmatched
from rally.withdrawal.fold import RequestStatus
from tests.rally.withdrawal.event_logs import (
    X,
    micros,
    study,
)

ACTIVE, HELD, REJECTED = (
    RequestStatus.ACTIVE,
    RequestStatus.HELD,
    RequestStatus.REJECTED,
)


CONFIRM, REJECT, EXPEDITE = Decides.CONFIRM, Decides.REJECT, Decides.EXPEDITE
HOLDS = study(X, unmatched_withdrawals=Unmatched.HOLD)
DONE = (Stage.SUPPRESSED, Stage.REWRITTEN, Stage.PURGED, Stage.VERIFIED)


def finish(desk, *stages):
    """Does with everything on the list what deletion does: stages at day 101."""
    stages = dict.fromkeys(stages or DONE, micros(101))
    desk.list = replace(
        desk.list,
        withdrawals=tuple(
            replace(each, stages={**each.stages, **stages}, receipts=(4,))
            for each in desk.list.withdrawals
        ),
    )


def closed(request, when):
    """What deletion writes of a request that no enrolment explains."""
    unknown = request.participant is None
    return Event(
        EventKind.CLOSED,
        request.scope,
        request.participant,
        micros(when),
        request.deletion_id if unknown else None,
        request.document_id,
        "closed",
    )
