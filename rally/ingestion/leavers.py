"""Finds what the withdrawal list says of a row that was sent now."""

from rally.events import RALLY, Event
from rally.ingestion.ping import OpenedPing
from rally.registry.study import StudyKind
from rally.withdrawal.fold import Leaver, Verdict, judge_row


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
