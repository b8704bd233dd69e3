"""Audits whether studies end and go as their participants were told."""

from collections.abc import Collection
from datetime import date, datetime, timedelta

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.registry.registry import Registry
from rally.registry.study import Study, StudyKind
from rally.registry.transitions import States, StudyState

_OVER = (StudyState.ENDED, StudyState.CONCLUDED)


def audit_calendar(
    registry: Registry,
    states: States,
    known: Collection[str],
    as_of: datetime,
    announced_days: float,
) -> Tally:
    """Looks at every study's dates and decisions.

    Args:
        registry: Registry of the studies.
        states: States of the studies.
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
        if end and not _is_announced(study, end, announced_days):
            what = "its end was not announced in time"
            tally.add_broken(Check.ANNOUNCED, namespace, what, 1, Unit.STUDIES)
    return tally


def ended_on(states: States, study: Study, as_of: datetime) -> date | None:
    """Returns the last day on which a study collected; None while it may collect."""
    for time in states.changes(study):
        if time <= as_of and states.at(study, time) in _OVER:
            return (time - timedelta(microseconds=1)).date()
    return None


def _is_announced(study: Study, end: date, announced_days: float) -> bool:
    announced = study.ending_announced
    return announced is not None and (end - announced).days >= announced_days
