"""What operators decide of a study, recorded for every job to read.

To pause and resume it; and to keep rows of it for the law, or no longer.
"""

import argparse
from datetime import date

from rally import numbers
from rally.commands.options import (
    Options,
    find_study,
    maybe_platform,
    read_day,
    read_time,
)
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.storing.objects import ObjectStore
from rally.studies.fields import Place, note, text
from rally.studies.legal_holds import LegalHold, Release, place_hold, release_hold
from rally.studies.registry import Registry
from rally.studies.report import moment
from rally.studies.transitions import (
    Action,
    States,
    Transition,
    check_transition,
    read_transitions,
    record_transition,
)

ANNOUNCED_DAYS = 14
"""How long before a study ends, or is concluded, that must have been announced."""

OWN: Options = {
    "namespace": {"metavar": "NS", "help": "the study's namespace or an alias"},
    "--from": {
        "dest": "first",
        "metavar": "DATE",
        "help": "the first submission date whose rows are held",
    },
    "--until": {
        "dest": "last",
        "metavar": "DATE",
        "help": "the last submission date whose rows are held",
    },
    "--hold": {"metavar": "ID", "help": "the hold, as `rally studies show` lists it"},
    "--plan_only": {
        "action": "store_true",
        "help": "say what will follow, and decide nothing",
    },
    "--yes": {"action": "store_true", "help": "do not ask whether it is meant"},
    "--announced_days": {
        "type": numbers.whole(0, numbers.DAYS),
        "metavar": "DAYS",
        "default": ANNOUNCED_DAYS,
        "help": "how long before it the end of the study must have been announced"
        " (default: %(default)s)",
    },
}
"""The options of these commands beside those that all commands share."""


def pause_study(args: argparse.Namespace) -> int:
    """Refuses a study's data from now on, until it is resumed."""
    return _decide(args, Action.PAUSE)


def resume_study(args: argparse.Namespace) -> int:
    """Takes a paused study's data again."""
    return _decide(args, Action.RESUME)


def hold_rows(args: argparse.Namespace) -> int:
    """Keeps rows of a study for the law: nothing deletes them until it is released."""
    study = find_study(Registry.load(args.studies), args.namespace, args.studies)
    at = read_time("--as_of", args.as_of)
    days = _day("--from", args.first), _day("--until", args.last)
    hold = LegalHold(study.namespace, *days, at, decided_by(args), args.note)
    place_hold(platform_of(args), hold)
    print_lines(
        f"{study.namespace}: {hold} is in force from {moment(at)}, as {hold.key}"
    )
    return 0


def release_rows(args: argparse.Namespace) -> int:
    """Ends a legal hold: what it kept goes when the jobs run next."""
    study = find_study(Registry.load(args.studies), args.namespace, args.studies)
    if not args.hold:
        raise ConfigurationError(
            "--hold: is missing; `rally studies show` lists those in force"
        )
    at = read_time("--as_of", args.as_of)
    release = Release(args.hold, at, decided_by(args), args.note)
    release_hold(platform_of(args), study.namespace, release)
    print_lines(f"{study.namespace}: released from {moment(at)}")
    return 0


def platform_of(args: argparse.Namespace) -> ObjectStore:
    """Where decisions are kept. Raises ConfigurationError where nothing says it."""
    platform = maybe_platform(args)
    if platform is None:
        raise ConfigurationError(
            "--platform: is missing; say where decisions are kept, or give --store"
        )
    return platform


def decided_by(args: argparse.Namespace) -> str:
    """Who decides. Raises ConfigurationError where nobody is named."""
    if not args.by:
        raise ConfigurationError("--by: is missing; say who decides")
    note(Place("--note"), args.note)
    return text(Place("--by"), args.by)


def _decide(args: argparse.Namespace, action: Action) -> int:
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    platform, by = platform_of(args), decided_by(args)
    time = read_time("--as_of", args.as_of)
    log = read_transitions(platform)
    check_transition(States(registry, log), study, action, time)
    decision = Transition(study.namespace, action, time, by, args.note)
    record_transition(platform, decision)
    state = States(registry, [*log, decision]).at(study, time)
    print_lines(f"{study.namespace}: {state} from {moment(time)}")
    return 0


def _day(option: str, text: str | None) -> date:
    if not text:
        raise ConfigurationError(f"{option}: is missing; give a submission date")
    return read_day(option, text)
