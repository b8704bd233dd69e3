"""Withdrawal lists for tests, in few words."""

from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList
from tests.support.stores import publish as publish_list


def left(participant, scope, time, status=RequestStatus.ACTIVE, deferred=()):
    """A request: who left what, and when in microseconds."""
    return Withdrawal(
        request=f"{scope} {time}",
        participant=participant,
        deletion_id=None,
        scope=scope,
        time=time,
        received=time,
        document_id=f"{scope} {time}",
        signal="a-namespace/a-withdrawal.1",
        status=status,
        deferred=tuple(deferred),
    )


def joined(participant, scope, time, document_id="an enrolment"):
    """An enrolment of somebody who is on the list."""
    return Enrolment(participant, scope, time, document_id)


def make_list(counter, *records):
    """A list of requests and enrolments."""
    requests = [each for each in records if isinstance(each, Withdrawal)]
    enrolments = [each for each in records if isinstance(each, Enrolment)]
    return WithdrawalList(
        counter,
        tuple(sorted(requests, key=lambda each: (each.time, each.request))),
        tuple(enrolments),
    )


def publish(platform, counter, *records, key=None):
    """Publishes a list, whatever stood in its place; gives its generation."""
    return publish_list(platform, make_list(counter, *records), key)
