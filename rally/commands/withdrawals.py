"""`rally withdrawals`: shows who waits for what until when, and records decisions.

It takes a key to decide only, the person's own, and shows no pseudonym. The handlers
import what they need, so that `--help` is quick.
"""

import argparse
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

from rally import numbers
from rally.commands.command import Command
from rally.commands.options import (
    name_faults,
    open_platform,
    read_scope,
    read_time,
    signer_of,
)
from rally.errors import ConfigurationError
from rally.fields import Place, note
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.tables import print_results

if TYPE_CHECKING:
    from rally.withdrawal.overview import Overview
    from rally.withdrawal.rulings import RequestAction
    from rally.withdrawal.withdrawal_list import WithdrawalList

_DEADLINE_DAYS = 30.0
_SHARED = (
    *("--studies", "--store", "--platform", "--keys", "--platform_keys"),
    *("--people_keys", "--as_of"),
)
_LISTING = ("--requests", "--json", "--deadline_days")
_CHOOSING = ("--all", "--request")
_SETTLING = ("--dead_letter", "--day", "--yes")
_DECIDING = (
    *("--study", *_CHOOSING, *_SETTLING),
    *("--by", "--note"),
)
_NOT_FOR = {"list": _DECIDING, "settle": (*_LISTING, *_CHOOSING)}
_OWN = (
    Option(
        name="action",
        group=WHAT,
        is_word=True,
        default="list",
        choices=("list", "confirm", "reject", "expedite", "settle"),
        help="list; or decide that withdrawals which are held count, or do not, or "
        "that one which is held or deferred waits for nothing, or that those which can "
        "never be read are given up",
    ),
    Option(name="requests", is_flag=True, help="list each request, too"),
    Option(
        name="deadline_days",
        metavar="DAYS",
        type=numbers.real(0, numbers.DAYS, above=True),
        help="from when a request was received until its deletion is verified; "
        f"{_DEADLINE_DAYS:g} by default",
    ),
    Option(
        name="request",
        group=WHAT,
        repeats=True,
        metavar="ID",
        help="decide on one request, by the id that --requests shows; may be repeated",
    ),
    Option(
        name="dead_letter",
        group=WHAT,
        repeats=True,
        metavar="NAME",
        help="settle what one object of unreadable withdrawals holds, by the name "
        "that --requests shows; may be repeated",
    ),
    Option(
        name="day",
        group=WHAT,
        metavar="DATE",
        help="settle all of a study that failed on that day, YYYY-MM-DD",
    ),
)


def list_withdrawals(args: argparse.Namespace) -> int:
    """Prints requests by scope, state and age; 1 where one is past its deadline."""
    from rally.commands.withdrawal_tables import to_blocks, to_results

    days = args.deadline_days or _DEADLINE_DAYS
    overview = _overview(args, days)
    results = to_results(overview, args.requests)
    blocks = to_blocks(overview, args.requests)
    print_results(results, *blocks, as_json=args.json)
    status = name_faults(Registry.load(args.studies))
    return 1 if overview.late else status


def decide(args: argparse.Namespace) -> int:
    """Records a decision on what is held; of expedite, on what is deferred, too."""
    from rally.decisions.content_parsing import MOST_SUBJECTS
    from rally.decisions.contents import RequestDecision
    from rally.withdrawal.newest_list import decide_by_list
    from rally.withdrawal.requests import key_of, subject_of
    from rally.withdrawal.rulings import RequestAction, check_undecided, choose

    action, now = RequestAction(args.action), read_time("--as_of", args.as_of)
    signer, scope = signer_of(args), _what(args, action)
    note(Place("--note"), args.note)
    published, folded = _fold(args, now)
    chosen = choose(action, published, folded, scope, args.request or ())
    subjects = sorted(subject_of(key_of(each)) for each in chosen)
    for start in range(0, len(subjects), MOST_SUBJECTS):
        some = tuple(subjects[start : start + MOST_SUBJECTS])
        decide_by_list(
            open_platform(args),
            signer,
            action.kind,
            RequestDecision(some, args.note),
            now,
            partial(check_undecided, action, some),
        )
    plural = "" if len(chosen) == 1 else "s"
    print_lines(f"{action.done}: {len(chosen)} withdrawal{plural}")
    return 0


def _run(args: argparse.Namespace) -> int:
    for option in _NOT_FOR.get(args.action, (*_LISTING, *_SETTLING)):
        if getattr(args, option.removeprefix("--")):
            raise ConfigurationError(f"{option}: is not for {args.action}; remove it")
    if args.action == "settle":
        from rally.commands.settle_unreadable import settle

        return settle(args)
    return list_withdrawals(args) if args.action == "list" else decide(args)


def _what(args: argparse.Namespace, action: "RequestAction") -> str | None:
    """The scope that is decided on; None where it is single requests."""
    scope = read_scope(args, Registry.load(args.studies))
    if action.is_single and not args.request:
        raise ConfigurationError("--request: is missing; expedite is for one by one")
    if (scope is None) != bool(args.request):
        raise ConfigurationError("give one of --study, --all and --request")
    return scope


def _fold(
    args: argparse.Namespace, now: datetime
) -> "tuple[WithdrawalList, WithdrawalList]":
    """The published list, and what the log makes of it. Nothing is published."""
    from rally.errors import CorruptFile
    from rally.event_log.event_log import EventLog
    from rally.registry.transitions import States
    from rally.withdrawal.admission import admit
    from rally.withdrawal.list_object import read_list
    from rally.withdrawal.rules import LOOKING
    from rally.withdrawal.rulings import Rulings

    registry, platform = Registry.load(args.studies), open_platform(args)
    published, _, decisions, *_ = read_list(platform)
    states = States.of_chain(registry, decisions)
    try:
        log = EventLog(platform)
        rulings = Rulings.of(decisions)
        folded = admit(
            log, published, registry, states, now, LOOKING, rulings, lambda: ""
        )
    except CorruptFile as error:
        raise ConfigurationError(
            f"{platform.uri}: the event log is damaged ({error}); restore it"
        ) from None
    return published, folded


def _overview(args: argparse.Namespace, days: float) -> "Overview":
    from rally.withdrawal.overview import read_overview

    now, platform = read_time("--as_of", args.as_of), open_platform(args)
    return read_overview(platform, *_fold(args, now), now, days)


COMMAND = Command(
    name="withdrawals",
    handler=_run,
    options=" ".join(("action", *_SHARED, *_LISTING, *_DECIDING)),
    own=_OWN,
    example="confirm --study=rally-garden --store=/srv/rally/store --by=ann"
    " --people_keys=/home/ann/keys",
    summary="list who leaves and what that waits for, and decide on what is held",
    changes=True,
    only_reads="list",
)
