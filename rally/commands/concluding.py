"""`rally studies conclude`: all raw data of a study goes, and what that will be."""

import argparse
from datetime import datetime, timedelta

from rally.commands.deciding import decided_by, platform_of
from rally.commands.options import find_study, read_time
from rally.errors import ConfigurationError
from rally.studies.registry import Registry
from rally.studies.report import moment
from rally.studies.study import Study
from rally.studies.transitions import (
    Action,
    States,
    Transition,
    check_transition,
    record_transition,
)


def conclude_study(args: argparse.Namespace) -> int:
    """Concludes a study that has ended: all of its raw data goes, for ever."""
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    platform, time = platform_of(args), read_time("--as_of", args.as_of)
    states = States.read(registry, platform)
    check_transition(states, study, Action.CONCLUDE, time)
    check_announced(study, time, args.announced_days)
    if args.plan_only:
        return 0
    by = decided_by(args)
    decision = Transition(study.namespace, Action.CONCLUDE, time, by, args.note)
    record_transition(platform, decision)
    print(f"{study.namespace}: concluded from {moment(time)}")
    return 0


def check_announced(study: Study, time: datetime, days: int) -> None:
    """Makes sure that participants knew of the end for so many days.

    Raises:
        ConfigurationError: they were not told, or not so long ago.
    """
    told = study.ending_announced
    if told is None:
        raise ConfigurationError(
            f"{study.namespace}: its end was never announced; tell the participants,"
            " and say in its study.yaml when: ending_announced"
        )
    earliest = told + timedelta(days=days)
    if time.date() < earliest:
        raise ConfigurationError(
            f"{study.namespace}: its end was announced on {told}; it can be concluded"
            f" from {earliest} on, or --announced_days is less than {days}"
        )
