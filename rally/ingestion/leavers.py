"""Hears who leaves, and finds what the withdrawal list says of a row sent now."""

from collections.abc import Callable

from rally.events import RALLY, Event, EventKind
from rally.ingestion.ping import OpenedPing, make_event
from rally.registry.study import Means, StudyKind
from rally.validation.ids import canonical_id
from rally.validation.pointers import look_up
from rally.validation.pseudonyms import Pseudonyms
from rally.withdrawal.fold import Leaver, Verdict, judge_row


def make_left_event(
    opened: OpenedPing, find_scope: Callable[[OpenedPing], str], pseudonyms: Pseudonyms
) -> Event:
    """Makes the event of a withdrawal; its id and scope count, and nothing else.

    Args:
        opened: ping of the withdrawal.
        find_scope: finds the study, or RALLY, that a ping leaves.
        pseudonyms: pseudonyms of the platform.

    Raises:
        PingFailed: its id is not legible; or as `find_scope` does.
    """
    route, clear = opened.route, opened.clear
    if route.document.means is Means.DELETION_ID:
        assert route.deletion_id
        deletion_id = canonical_id(look_up(clear, route.deletion_id))
        pseudonym = pseudonyms.of_deletion_id(deletion_id)
        scope, hidden = find_scope(opened), {deletion_id: pseudonym}
        return make_event(EventKind.LEFT, opened, scope, None, pseudonym, hidden)
    assert route.participant
    rally_id = canonical_id(look_up(clear, route.participant))
    participant = pseudonyms.of_platform(rally_id)
    scope, hidden = find_scope(opened), {rally_id: participant}
    return make_event(EventKind.LEFT, opened, scope, participant, None, hidden)


def find_verdict(opened: OpenedPing, person: Leaver, joined: Event | None) -> Verdict:
    """Finds what the withdrawal list says of a row; an enrolment counts for itself.

    Of who never joined its scope nothing is parked while a request is held: no decision
    would make their rows stay, and a purge takes them as all that nobody enrolled.
    """
    study = opened.route.study
    scope = RALLY if study.kind is StudyKind.PLATFORM else study.namespace
    joined_study = frozenset[str]()
    before = person.joined
    if joined is not None:
        person = person.joining(joined.scope, opened.micros, joined.document_id)
        if scope == RALLY:
            joined_study = frozenset((joined.scope,)) - {RALLY}
    was_there = not before.keys().isdisjoint({scope, *joined_study})
    verdict = judge_row(person, scope, opened.micros, joined_study).verdict
    return Verdict.KEPT if verdict is Verdict.HELD and not was_there else verdict
