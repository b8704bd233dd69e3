"""`rally releases list`, `show`, `budget`, `verify`: what was released, at what cost.

All of it is read from the platform; no key but public ones is needed.
"""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from rally.commands.command import Command
from rally.commands.options import open_platform
from rally.options import NAMESPACE, RELEASES, WHAT, Option
from rally.printing import print_lines
from rally.storage.marked_stores import MarkedStores
from rally.tables import (
    Column,
    Table,
    describe_json,
    make_pairs,
    print_results,
)

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.releases.budget import Budget
    from rally.releases.draft import Draft
    from rally.releases.ledger import Ledger
    from rally.releases.table import ReleaseColumn
    from rally.storage.objectstore.interface import ObjectStore

RESULT_NAME = Option(
    name="release",
    group=WHAT,
    is_word=True,
    metavar="RESULT_NAME",
    help="the release's id, or the name of the submitted file",
)
_READING = "--store --platform"


class _Row(NamedTuple):
    """A result as the list shows it."""

    study: str
    release: str
    rho: str
    state: str


_ROWS: tuple[Column[_Row], ...] = (
    Column("study", lambda each: each.study),
    Column("result", lambda each: each.release),
    Column("rho", lambda each: each.rho),
    Column("state", lambda each: each.state),
)


def list_results(args: argparse.Namespace) -> int:
    """Prints all results: what each cost, and how far it is."""
    from rally.decisions.verifying import read_chain
    from rally.releases.ledger import read_ledger

    platform = open_platform(args)
    chain = read_chain(platform)
    ledger = read_ledger(platform, chain)
    ledger.check()
    rows = [*_releases(chain, ledger), *_submissions(chain, ledger)]
    table = Table(_ROWS, sorted(rows))
    empty = "" if rows else "Nothing was released or submitted."
    print_results({"results": table}, *(table, empty), as_json=args.json)
    return 0


def _releases(chain: "Chain", ledger: "Ledger") -> list[_Row]:
    from rally.releases.approval import judge_draft

    rows = list[_Row]()
    for (study, release), reserved in ledger.reservations.items():
        spent = ledger.spendings.get((study, release))
        if (study, release) in ledger.placings:
            state = "placed"
        elif spent is None:
            state = "took its budget; run it again"
        else:
            found = judge_draft(chain, reserved, spent.sha256)
            state = "; ".join(found.faults) or "signed; place it"
        rows.append(_Row(study, release, reserved.rho, state))
    return rows


def _submissions(chain: "Chain", ledger: "Ledger") -> list[_Row]:
    from rally.decisions.contents import DecisionKind
    from rally.decisions.release_contents import Submission
    from rally.releases.approval import find_submissions, judge_submission
    from rally.releases.placing import NAME_IS_TAKEN

    contents = (each.content for each in chain.of(DecisionKind.SUBMIT_RESULT))
    studies = {each.namespace for each in contents if isinstance(each, Submission)}
    # Of files of one name: the one that was placed, and the newest other.
    rows = dict[tuple[str, str, bool], _Row]()
    for study in studies:
        for each in find_submissions(chain, study):
            name = each.submission.name
            placed = ledger.placings.get((study, name))
            is_placed = placed is not None and placed.sha256 == each.submission.sha256
            if is_placed:
                state = "placed; not differentially private"
            elif placed:
                state = NAME_IS_TAKEN
            else:
                faults = judge_submission(chain, each).faults
                state = "; ".join(faults) or "signed; place it"
            rows[study, name, is_placed] = _Row(study, name, "0", state)
    return list(rows.values())


def show_result(args: argparse.Namespace) -> int:
    """Prints the table of a release and its card, for whoever signs it."""
    from rally.decisions.verifying import read_chain
    from rally.releases.ledger import read_ledger
    from rally.releases.placing import require_draft

    platform = open_platform(args)
    chain = read_chain(platform)
    ledger = read_ledger(platform, chain)
    ledger.check()
    draft = require_draft(platform, chain, ledger, args.namespace, args.release)
    card = {each.key: each.text for each in draft.card}
    table = _table_of(draft)
    print_results(
        {
            "study": draft.study,
            "release": draft.release,
            "sha256": draft.sha256,
            "groups": table,
            "card": card,
        },
        f"{draft.study}/{draft.release}: {draft.title}",
        table,
        make_pairs((each.title, each.text) for each in draft.card),
        f"What you sign is SHA-256 {draft.sha256}.",
        as_json=args.json,
    )
    return 0


def _table_of(draft: "Draft") -> Table[int]:
    """Makes a row for each group; a number stands before its error."""
    columns: list[Column[int]] = [
        Column(each.name, each.values.__getitem__) for each in draft.table.labels
    ]
    columns += [
        Column(each.name, each.values.__getitem__, text=partial(_said, each))
        for each in draft.table.numbers
    ]
    columns += [
        Column(f"{each.name}_error", each.errors.__getitem__, head=None)
        for each in draft.table.numbers
    ]
    return Table(tuple(columns), range(draft.table.groups))


def _said(column: "ReleaseColumn", group: int) -> str:
    value, error = column.values[group], column.errors[group]
    return "not shown" if value is None else f"{value} \N{PLUS-MINUS SIGN}{error}"


_BUDGETS: tuple[Column["Budget"], ...] = (
    Column("study", lambda each: each.study),
    Column("allotted", lambda each: _rho(each.allotted)),
    Column("reserved", lambda each: _rho(each.reserved)),
    Column("left", lambda each: _rho(each.left), is_broken=lambda each: each.left < 0),
    Column("epsilon", lambda each: _epsilon(each.allotted)),
)


def show_budgets(args: argparse.Namespace) -> int:
    """Prints what each study may spend and spent, and what that tells of a person."""
    from rally.decisions.verifying import read_chain
    from rally.releases.budget import DELTA, budgets, most_of_a_person
    from rally.releases.ledger import read_ledger

    platform = open_platform(args)
    chain = read_chain(platform)
    ledger = read_ledger(platform, chain)
    ledger.check()
    table, most = Table(_BUDGETS, budgets(chain, ledger)), most_of_a_person(chain)
    said = "No study has a budget for releases."
    if table.rows:
        said = (
            f"A person in all studies: at most rho {_rho(most)}, epsilon"
            f" {_epsilon(most)} at delta {DELTA:g}."
        )
    results = {"budgets": table, "most_of_a_person": _rho(most)}
    print_results(results, table, said, as_json=args.json)
    return 0


def verify(args: argparse.Namespace) -> int:
    """Proves the ledger, all results and what was placed; prints what is wrong."""
    from rally.decisions.verifying import read_chain
    from rally.releases.placing import open_releases
    from rally.releases.verifying import verify_releases

    platform = open_platform(args)
    chain = read_chain(platform)
    releases = open_releases(args.releases, chain) if args.releases else None
    views = find_views(args, chain)
    found = verify_releases(platform, chain, releases, views)
    print_lines(*found.faults, *found.unfinished)
    if found.faults:
        return 1
    placed = len(found.ledger.placings)
    said = f"The ledger is whole: {len(found.ledger.lines):,} lines, {placed:,} placed."
    where = "" if releases else " Not looked at where results leave: give --releases."
    if not args.store:
        where += " Not held against the views of studies: give --store."
    print_lines(said + where)
    return 0


def find_views(args: argparse.Namespace, chain: "Chain") -> "Mapping[str, ObjectStore]":
    """Finds the stores of studies whose views name an end of the ledger.

    Without --store there are none.
    """
    from rally.releases.seen_ledger import stores_with_views

    if not args.store:
        return {}
    stores = MarkedStores(args.store, args.platform or None)
    return stores_with_views(stores, chain, datetime.now(UTC))


def _rho(cost: Decimal | None) -> str | None:
    from rally.releases.budget import decimal_text

    return None if cost is None else decimal_text(cost)


def _epsilon(cost: Decimal | None) -> str | None:
    from rally.releases.budget import epsilon_of

    return None if cost is None else f"{epsilon_of(cost):.2f}"


COMMANDS = (
    Command(
        name="list",
        handler=list_results,
        options=f"{_READING} --json",
        example="--store=/srv/rally/store",
        json=describe_json({"results": _ROWS}),
    ),
    Command(
        name="show",
        handler=show_result,
        options=f"namespace release {_READING} --json",
        own=(NAMESPACE, RESULT_NAME),
        example="rally-birds weekly.2026-06-01 --store=/srv/rally/store",
        json=describe_json(
            {"groups": ()}, ["study", "release", "sha256", "card, an object of texts"]
        ),
    ),
    Command(
        name="budget",
        handler=show_budgets,
        options=f"{_READING} --json",
        example="--store=/srv/rally/store",
        json=describe_json({"budgets": _BUDGETS}, ["most_of_a_person"]),
    ),
    Command(
        name="verify",
        handler=verify,
        options=f"{_READING} --releases",
        own=(RELEASES,),
        example="--store=/srv/rally/store --releases=/srv/rally/releases",
    ),
)
"""Commands of `rally releases` that read."""
