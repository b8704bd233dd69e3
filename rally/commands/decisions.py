"""`rally decisions`: who decided what and when, and whether the chain is whole."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally import numbers
from rally.commands.command import Command, CommandGroup
from rally.commands.decide_study import ANNOUNCED
from rally.commands.options import open_platform, signer_of
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.printing import print_lines, print_text
from rally.tables import Column, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.decisions.chain import Chain, ChainRecord
    from rally.decisions.release_contents import Allotment

_PLACES = "--store --platform"
_SIGNING = f"{_PLACES} --keys --people_keys --by"
_DEVELOPMENT = "This is a development platform: one person may play everybody."
_BEFORE = (
    "of the platform's conclusion: how long before it that must have been announced"
    " (default: %(default)s)"
)
_CONCLUDED = "The platform is concluded: this is the proof of what was decided."
_OWN = (
    Option(
        name="number",
        group=WHAT,
        is_word=True,
        metavar="NUMBER",
        type=numbers.whole(1, 10**12 - 1),
        help="of the decision",
    ),
)


def list_decisions(args: argparse.Namespace) -> int:
    """Prints a line for each decision, in their order."""
    chain = _chain(args)
    table = Table(_DECISIONS, chain.records)
    print_results(
        {
            "development": chain.development,
            "concluded": chain.conclusion is not None,
            "decisions": table,
        },
        *(table, _DEVELOPMENT if chain.development else ""),
        _CONCLUDED if chain.conclusion else "",
        as_json=args.json,
    )
    return 0


def show_decision(args: argparse.Namespace) -> int:
    """Prints a decision as it was signed, and what it is worth."""
    from rally.decisions.entry import encode

    records = {each.number: each for each in _chain(args).records}
    record = records.get(args.number)
    if record is None:
        raise ConfigurationError(
            f"{args.number}: is no decision; `rally decisions list` shows them"
        )
    print_lines(_worth(record))
    if record.entry:
        content = json.loads(encode(record.entry))
        print_text(json.dumps(content, indent=2, sort_keys=True))
    return 0


def verify(args: argparse.Namespace) -> int:
    """Reads every decision, and prints a line for each thing that is wrong."""
    chain = _chain(args)
    faults = list(_faults(chain))
    print_lines(*faults)
    waiting = sum(
        each.status == "waits for a second signature" for each in chain.records
    )
    more = f", {waiting} of them waiting for a second signature" if waiting else ""
    print_lines(f"{len(chain.records)} decisions{more}; wrong: {len(faults)}")
    return 1 if faults else 0


def approve_decision(args: argparse.Namespace) -> int:
    """Approves a decision that another person asked for: from then on it counts."""
    from rally.commands.conclude_platform import (
        check_conclusion,
        find_waiting_conclusion,
    )
    from rally.decisions.writing import approve
    from rally.registry.expunges import find_order
    from rally.withdrawal.newest_list import see

    signer, platform, now = signer_of(args), open_platform(args), datetime.now(UTC)
    seen = see(platform)
    ends = find_waiting_conclusion(seen.decisions, args.number)
    if ends:
        check_conclusion(args, ends)
    order = find_order(seen.decisions, args.number)
    if order:
        print_lines(
            f"{order.namespace}: takes out {order.what}, as {order.by} orders:"
            f" {order.note or 'no reason is given'}"
        )
    if allotment := _find_allotment(seen.decisions, args.number):
        print_lines(
            f"{allotment.namespace}: allots rho {allotment.rho} to all of its releases"
            f" together, for ever: {allotment.note or 'no reason is given'}"
        )
    entry = approve(platform, signer, args.number, now, seen.head, seen.list.counter)
    print_lines(f"decision {args.number} counts from decision {entry.number} on")
    if order:
        print_lines("run `rally delete`, and `rally replay` for sealed dead letters")
    if ends:
        print_lines("stop the stream, and run `rally purge` until nothing is left")
    return 0


def _find_allotment(chain: "Chain", number: int) -> "Allotment | None":
    """Finds what an entry allots; None where it is another decision."""
    from rally.decisions.release_contents import Allotment

    for record in chain.records:
        content = record.entry.content if record.entry else None
        if record.number == number and isinstance(content, Allotment):
            return content
    return None


def accept_loss(args: argparse.Namespace) -> int:
    """Asks to go on with a chain of which entries are lost or void, as it is."""
    from rally.decisions.contents import DecisionKind
    from rally.decisions.platform_contents import AcceptedLoss
    from rally.decisions.writing import decide
    from rally.withdrawal.newest_list import see

    platform, signer, now = open_platform(args), signer_of(args), datetime.now(UTC)
    seen = see(platform)
    chain = seen.decisions
    if not (chain.has_loss or chain.faulty()):
        raise ConfigurationError("nothing is lost; `rally decisions verify` says so")
    loss = AcceptedLoss(chain.head.number, chain.head.digest, args.note)
    counter = seen.list.counter
    entry = decide(
        platform, signer, DecisionKind.ACCEPT_LOSS, loss, now, seen.head, counter
    )
    print_lines(
        f"decision {entry.number} is signed by {entry.by}; it counts when another owner"
        f" runs `rally decisions approve {entry.number}`"
    )
    return 0


def _chain(args: argparse.Namespace) -> "Chain":
    from rally.withdrawal.newest_list import see

    return see(open_platform(args)).decisions


def _faults(chain: "Chain") -> Iterator[str]:
    from rally.decisions.entry import entry_name

    for record in chain.faulty():
        yield f"{entry_name(record.number)}: {_worth(record)}"
    for name in chain.foreign:
        yield f"{name}: is no decision, and nobody acts on it"
    if chain.has_loss:
        yield "the withdrawal list names other decisions than are there"


def _worth(record: "ChainRecord") -> str:
    return f"{record.status}: {record.why}" if record.why else str(record.status)


def _about(content: object) -> str:
    """In a few words what a decision is about."""
    for name in ("namespace", "name", "study", "scope", "job"):
        if value := getattr(content, name, None):
            return str(value)
    if subjects := getattr(content, "subjects", None):
        return f"{len(subjects)} withdrawal{'' if len(subjects) == 1 else 's'}"
    if case := getattr(content, "case", None):
        return f"case {case}"
    for name in ("entry", "hold", "through"):
        if value := getattr(content, name, None):
            return f"decision {value}"
    return "-"


_DECISIONS: "tuple[Column[ChainRecord], ...]" = (
    Column("number", lambda each: each.number, text=lambda each: str(each.number)),
    Column("signed", lambda each: each.entry.when if each.entry else None),
    Column("by", lambda each: each.entry.by if each.entry else None),
    Column("decision", lambda each: each.entry.kind if each.entry else None),
    Column("about", lambda each: _about(each.entry.content) if each.entry else None),
    Column("status", lambda each: _worth(each), is_broken=lambda each: bool(each.why)),
)


COMMAND = CommandGroup(
    "decisions",
    "read and verify what people decided",
    (
        Command(
            name="list",
            handler=list_decisions,
            options=f"{_PLACES} --json",
            example="--store=/srv/rally/store",
            json=describe_json({"decisions": _DECISIONS}, ["development", "concluded"]),
        ),
        Command(
            name="show",
            handler=show_decision,
            options=f"number {_PLACES}",
            own=_OWN,
            example="7 --store=/srv/rally/store",
        ),
        Command(
            name="verify",
            handler=verify,
            options=_PLACES,
            example="--store=/srv/rally/store",
        ),
        Command(
            name="approve",
            handler=approve_decision,
            options=f"number --announced_days --studies {_SIGNING} --platform_keys",
            own=(*_OWN, replace(ANNOUNCED, help=_BEFORE)),
            example="7 --store=/srv/rally/store --by=ann --people_keys=/home/ann/keys",
            changes=True,
        ),
        Command(
            name="accept-loss",
            handler=accept_loss,
            options=f"{_SIGNING} --note",
            example="--store=/srv/rally/store --by=ann --people_keys=/home/ann/keys"
            " --note='the disk of 3 May'",
            changes=True,
        ),
    ),
)
