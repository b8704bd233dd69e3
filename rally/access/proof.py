"""Proves that a request is a person's own: by the key of their client's enrolment.

Everybody who reads rows knows ids, and whoever knows an id can send pings with it, an
enrolment as well. But nobody sends the *first* ping that is ever heard of an id but
who made the id. So the copy goes to a key that stands in that one, an enrolment in
Rally, and in no later one, also after somebody left and came back. Released clients
name no key: of them nothing is proven so.
"""

import hashlib
from collections.abc import Iterable

from rally.access.cases import DEADLINE, Case
from rally.errors import ConfigurationError
from rally.events import RALLY, Event, EventKind
from rally.storage.container import canonical_json
from rally.times import to_micros


def find_client_key(events: Iterable[Event], participant: str) -> str | None:
    """Finds the age public key of a person's first enrolment in Rally.

    Args:
        events: Event log, in any order.
        participant: Platform pseudonym.

    Returns:
        None where that enrolment names none; where no enrolment in Rally was heard; and
        where anything else of the person is as old or older. Their first enrolment was
        then perhaps never heard, and the one in the log may be anybody's.
    """
    first = set[Event]()
    for each in events:
        if each.participant != participant:
            continue
        time = min(map(_time, first), default=_time(each))
        if _time(each) < time:
            first.clear()
        if _time(each) <= time:
            # Until a replay reads its deletion id, an enrolment is an event without.
            first.add(each._replace(deletion_id=None))
    if len(first) != 1:
        return None
    (only,) = first
    is_enrolment = only.kind is EventKind.JOINED and only.scope == RALLY
    return only.recipient if is_enrolment else None


def prove_by_ping(case: Case, events: Iterable[Event], participant: str) -> str:
    """Finds the ping by which a person's own client asked for what a case is about.

    It is not older than a request may be, counted back from the case's opening.

    Args:
        case: The case.
        events: Event log; it is read twice.
        participant: Platform pseudonym of the person of the case.

    Returns:
        SHA-256 in hex of the newest such event.

    Raises:
        ConfigurationError: there is none that counts, or the copy of the case does not
            go to the key of the client.
    """
    key = find_client_key(events, participant)
    if key is None:
        raise ConfigurationError(
            f"{case.id}: cannot be verified by a ping: what was heard first of the"
            " person is no enrolment in Rally with a key; take --account or"
            " --attestation"
        )
    if case.recipient != key:
        raise ConfigurationError(
            f"{case.id}: its copy does not go to the key of the person's client; refuse"
            " it, and open another with --client_key"
        )
    since = to_micros(case.opened.at - DEADLINE)
    asked = [
        each
        for each in find_asks(it for it in events if it.participant == participant)
        if each.recipient == key and each.submission_timestamp >= since
    ]
    if not asked:
        raise ConfigurationError(
            f"{case.id}: the person's client has not asked with the key of its first"
            f" enrolment within {DEADLINE.days} days; have them ask by it"
        )
    newest = max(asked, key=_time)
    return hashlib.sha256(canonical_json(newest).encode()).hexdigest()


def check_proof(case: Case, events: Iterable[Event], participant: str) -> None:
    """Looks again for the ping on which a case rests, if it rests on one alone.

    Whoever verified it says that there is one. Nobody takes their word who approves the
    case or makes the copy.

    Args:
        case: The case.
        events: Event log; it is read twice.
        participant: Platform pseudonym of the person of the case.

    Raises:
        ConfigurationError: there is none that counts.
    """
    if case.rests_on_ping:
        prove_by_ping(case, events, participant)


def find_asks(events: Iterable[Event]) -> list[Event]:
    """Finds what people's clients asked, each ping at the time of its first copy.

    Whoever has seen a sealed ping can send it again, later, and as another document: an
    enrolment that comes again as a request asks for nothing.
    """
    others, first = set[tuple[str | None, str]](), dict[tuple[str | None, str], Event]()
    for each in events:
        key = ping_key(each)
        if each.kind is not EventKind.ASKED:
            others.add(key)
            continue
        known = first.setdefault(key, each)
        first[key] = min(known, each, key=_time)
    return [each for key, each in first.items() if key not in others]


def ping_key(event: Event) -> tuple[str | None, str]:
    """Gives what all copies of a ping have in common: its sender and document id."""
    return event.participant, event.document_id


def _time(event: Event) -> int:
    return event.submission_timestamp
