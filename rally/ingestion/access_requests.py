"""Reads what a client says of a person's copy: that they ask, and with which key.

A client makes a key pair of age when somebody joins Rally, and its enrolment names the
public half. A request by a ping counts with that very key alone (rally.access.proof).
"""

from rally.decisions.age_recipient import age_recipient
from rally.errors import ConfigurationError, PingFailed
from rally.events import RALLY, Event, EventKind
from rally.fields import Place
from rally.ingestion.ping import OpenedPing, Sender, make_event
from rally.outcomes import FailureReason, Mismatch, MismatchKind
from rally.validation.pointers import look_up
from rally.validation.pseudonyms import stands_in

_NOWHERE = Place("")


def find_recipient(opened: OpenedPing, sender: Sender) -> str | None:
    """Finds the age public key that a ping names; None where it names none.

    What is no key is none, and what hides an id of the person neither: an enrolment
    counts whatever else is in it.
    """
    pointer = opened.route.recipient
    if pointer is None:
        return None
    try:
        key = age_recipient(_NOWHERE, look_up(opened.clear, pointer))
    except ConfigurationError:
        return None
    hides_id = any(stands_in(each, key.encode()) for each in sender.pseudonyms())
    return None if hides_id else key


def make_asked_event(opened: OpenedPing, sender: Sender) -> Event:
    """Makes the event of a request for a copy, which leaves no row.

    Raises:
        PingFailed: it names no key.
    """
    recipient = find_recipient(opened, sender)
    if recipient is None:
        place = opened.route.document.schema.recipient or ""
        where = Mismatch(place, MismatchKind.WRONG_VALUE, "an age public key")
        raise PingFailed(FailureReason.SCHEMA_MISMATCH, where)
    ids = sender.pseudonyms()
    asked = make_event(EventKind.ASKED, opened, RALLY, sender.participant, None, ids)
    return asked._replace(recipient=recipient)
