"""`rally studies`: shows and checks the registry, and records operators' decisions.

To conclude a study deletes all of its data. That is no decision of one line, and no
command here.
"""

import argparse
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter

from rally.commands.options import (
    add_options,
    find_study,
    maybe_platform,
    read_time,
)
from rally.errors import ConfigurationError
from rally.studies.registry import Registry
from rally.studies.report import (
    DECISION_HEAD,
    DOCUMENT_HEAD,
    decision_row,
    document_row,
    moment,
    promises,
    said,
    table,
)
from rally.studies.study import Study
from rally.studies.transitions import (
    Action,
    States,
    Transition,
    check_transition,
    read_transitions,
    record_transition,
)

_OWN = {"namespace": {"metavar": "NS", "help": "the study's namespace or an alias"}}
_LOOKING = "--studies --store --platform --as_of"
_DECIDING = f"namespace {_LOOKING} --by --note"
_BY_DATES = (
    "States are by dates alone; --store or --platform adds operators' decisions."
)


def add_parser(
    subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]",
) -> None:
    """Adds `studies` and its commands; each sets `handler(args) -> exit status`."""
    studies = subparsers.add_parser(
        "studies", help="show, check and steer studies", allow_abbrev=False
    )
    commands = studies.add_subparsers(
        dest="studies_command", required=True, metavar="COMMAND"
    )
    for name, handler, options in _COMMANDS:
        summary = str(handler.__doc__).partition("\n")[0]
        parser = commands.add_parser(
            name, help=summary, description=summary, allow_abbrev=False
        )
        parser.set_defaults(handler=handler)
        add_options(parser, options.split(), _OWN)


def check_registry(args: argparse.Namespace) -> int:
    """Loads the registry, every rule of it, and prints one line a study."""
    for study in Registry.load(args.studies).studies.values():
        count = len(study.documents)
        print(f"{study.namespace}: good ({study.kind}, documents: {count})")
    return 0


def list_studies(args: argparse.Namespace) -> int:
    """Prints all studies and their states."""
    registry = Registry.load(args.studies)
    platform = maybe_platform(args)
    states = States(registry, read_transitions(platform) if platform else ())
    time = _time(args)
    rows = [
        (
            study.namespace,
            study.kind,
            states.at(study, time),
            said(study.starts),
            said(study.collect_through),
            str(len(study.documents)),
        )
        for study in registry.studies.values()
    ]
    head = ("NAMESPACE", "KIND", "STATE", "STARTS", "COLLECTS THROUGH", "DOCUMENTS")
    _print([head, *rows])
    if platform is None:
        print(f"\n{_BY_DATES}")
    return 0


def show_study(args: argparse.Namespace) -> int:
    """Prints a study's promises, its documents, and what operators decided."""
    registry = Registry.load(args.studies)
    study = _find(registry, args)
    platform = maybe_platform(args)
    log = read_transitions(platform) if platform else []
    state = States(registry, log).at(study, _time(args))
    _print([("state", state), *promises(study)])
    _print_under(DOCUMENT_HEAD, map(document_row, study.documents.values()))
    decisions = [each for each in log if each.namespace == study.namespace]
    decisions.sort(key=attrgetter("at", "action"))
    _print_under(DECISION_HEAD, map(decision_row, decisions))
    if platform is None:
        print(f"\n{_BY_DATES}")
    return 0


def pause_study(args: argparse.Namespace) -> int:
    """Refuses a study's data from now on, until it is resumed."""
    return _decide(args, Action.PAUSE)


def resume_study(args: argparse.Namespace) -> int:
    """Takes a paused study's data again."""
    return _decide(args, Action.RESUME)


def end_study(args: argparse.Namespace) -> int:
    """Ends a study's collection before its date, which cannot be undone."""
    return _decide(args, Action.END)


_COMMANDS = (
    ("list", list_studies, _LOOKING),
    ("show", show_study, f"namespace {_LOOKING}"),
    ("check", check_registry, "--studies"),
    ("pause", pause_study, _DECIDING),
    ("resume", resume_study, _DECIDING),
    ("end", end_study, _DECIDING),
)


def _decide(args: argparse.Namespace, action: Action) -> int:
    registry = Registry.load(args.studies)
    study = _find(registry, args)
    platform = maybe_platform(args)
    if platform is None:
        raise ConfigurationError(
            "--platform: is missing; say where decisions are kept, or give --store"
        )
    if not args.by:
        raise ConfigurationError("--by: is missing; say who decides")
    time = _time(args)
    log = read_transitions(platform)
    check_transition(States(registry, log).at(study, time), action)
    decision = Transition(study.namespace, action, time, args.by, args.note)
    record_transition(platform, decision)
    state = States(registry, [*log, decision]).at(study, time)
    print(f"{study.namespace}: {state} from {moment(time)}")
    return 0


def _find(registry: Registry, args: argparse.Namespace) -> Study:
    return find_study(registry, args.namespace, args.studies)


def _time(args: argparse.Namespace) -> datetime:
    return read_time("--as_of", args.as_of)


def _print(rows: Sequence[Sequence[str]]) -> None:
    print(*table(rows), sep="\n")


def _print_under(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    if filled := list(rows):
        print()
        _print([head, *filled])
