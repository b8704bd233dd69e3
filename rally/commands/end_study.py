"""`rally studies end`: a study's collection ends before its date, for ever."""

import argparse
from datetime import date, datetime, timedelta

from rally.commands.asking import ask_for_name
from rally.commands.decide_study import decide_study, decider, platform_of
from rally.commands.options import find_study, read_time
from rally.decisions.contents import StudyDecision
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.registry.published_notices import (
    ending_told_on,
    published_in,
    told_last_day,
)
from rally.registry.registry import Registry
from rally.registry.study import AfterEnd, Study, StudyKind
from rally.registry.transitions import States, StudyAction, check_transition
from rally.storage.objectstore.interface import ObjectStore
from rally.times import moment


def end_study(args: argparse.Namespace) -> int:
    """Ends a study's collection before its date, which cannot be undone."""
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    platform = platform_of(args)
    signer = None if args.plan_only else decider(args)
    time = read_time("--as_of", args.as_of)
    check_transition(States.read(registry, platform), study, StudyAction.END, time)
    _check_lock(study)
    check_told(platform, study, time.date(), args.announced_days)
    print_lines(_told(study, time))
    if signer is None:
        return 0
    ask_for_name(args, "End it?", study.namespace)
    decision = StudyDecision(study.namespace, time, args.note)
    decide_study(platform, signer, registry, study, StudyAction.END, decision)
    return 0


def check_told(platform: ObjectStore, study: Study, day: date, days: int) -> None:
    """Makes sure that a notice of the end was published, and says no later end.

    Args:
        platform: store of the platform.
        study: the study to be ended.
        day: the day from which it will be.
        days: the fewest days from the notice to that day.

    Raises:
        ConfigurationError: participants were not told, or not so long ago, or of a
            later end.
        OSError: the platform cannot be read.
    """
    from rally.decisions.verifying import read_chain  # imports Tink

    notices = published_in(read_chain(platform), study.namespace)
    told = ending_told_on(notices)
    if told is None:
        raise ConfigurationError(
            f"{study.namespace}: its end was never announced; publish what `rally"
            " studies notice --kind=ending` prints, and record it with --where"
        )
    check_announced(study, told, day, days, "ended")
    last = told_last_day(notices, day - timedelta(days=days))
    if last and last >= day:
        raise ConfigurationError(
            f"{study.namespace}: participants were told that it collects through"
            f" {last}; end it after that day, or tell them of an earlier one"
        )


def check_announced(study: Study, told: date, day: date, days: int, what: str) -> None:
    """Makes sure that participants have known of the end for so many days.

    Args:
        study: the study to be ended, or concluded.
        told: the day on which they were told.
        day: the day from which it will be.
        days: the fewest days from the announcement to that day.
        what: the deed, for the message: "ended" or "concluded".

    Raises:
        ConfigurationError: they were told later.
    """
    if (day - told).days < days:
        raise ConfigurationError(
            f"{study.namespace}: its end was announced on {told}, and it can be"
            f" {what} {days} days later; wait, or give --announced_days"
        )


def _check_lock(study: Study) -> None:
    """Raises ConfigurationError where a lock would have no end."""
    if study.kind is StudyKind.STUDY and study.analysis_until is None:
        raise ConfigurationError(
            f"{study.namespace}: nothing says until when it would be locked for"
            " analysis; say it in its study.yaml: analysis_until"
        )


def _told(study: Study, time: datetime) -> str:
    """What will follow, in a line for whoever decides."""
    if study.kind is StudyKind.PLATFORM:
        after = "who leaves is deleted at once"
    else:
        waits = study.policy.after_end is AfterEnd.DEFER
        after = f"it is locked for analysis until {study.analysis_until}; who leaves "
        after += "waits for its conclusion" if waits else "is deleted at once"
    return (
        f"{study.namespace}: when it is ended, its data is refused that was sent from"
        f" {moment(time)} on; {after}; nothing undoes this"
    )
