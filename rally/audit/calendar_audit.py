"""Audits whether studies end and go as their participants were told."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.decisions.chain import Chain
from rally.registry.published_notices import ending_told_on, published_in
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.registry.transitions import States, StudyState

_OVER = (StudyState.ENDED, StudyState.CONCLUDED)


def audit_calendar(
    registry: Registry,
    states: States,
    chain: Chain,
    known: Collection[str],
    as_of: datetime,
    announced_days: float,
) -> Tally:
    """Looks at every study's dates and decisions.

    Args:
        registry: Registry of the studies.
        states: States of the studies.
        chain: Chain of decisions.
        known: Studies that have rows or events here.
        as_of: Clock of the audit, UTC.
        announced_days: Time before its end by which a study announces it.
    """
    tally = Tally()
    for namespace, study in registry.studies.items():
        if study.kind is not StudyKind.STUDY or not (
            namespace in known or study.derived
        ):
            continue  # it locks nothing here, and has no participants
        is_late = study.analysis_until and study.analysis_until < as_of.date()
        if is_late and not states.is_concluded(namespace, as_of):
            what = "locked past its analysis, and not concluded"
            tally.add_broken(Check.LOCKS, namespace, what, 1, Unit.STUDIES)
        end = ended_on(states, study, as_of)
        told = ending_told_on(published_in(chain, namespace))
        if states.is_ended_early(study, as_of):
            # Who decided it had to publish a notice; a date in study.yaml is none.
            is_told = _is_in_time(told, end, announced_days)
        else:
            days = (told, study.ending_announced)
            is_told = any(_is_in_time(each, end, announced_days) for each in days)
        if end and not is_told:
            what = "its end was not announced in time"
            tally.add_broken(Check.ANNOUNCED, namespace, what, 1, Unit.STUDIES)
    return tally


def ended_on(states: States, study: Study, as_of: datetime) -> date | None:
    """Returns the last day on which a study collected; None while it may collect."""
    for time in states.changes(study):
        if time <= as_of and states.at(study, time) in _OVER:
            return (time - timedelta(microseconds=1)).date()
    return None


def _is_in_time(told: date | None, end: date | None, days: float) -> bool:
    return told is not None and end is not None and (end - told).days >= days
