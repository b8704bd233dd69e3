"""`rally try`: says what ingest would make of clear pings, and keeps nothing."""

import argparse
import json
import sys
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING

from rally.commands import ping_options
from rally.commands.command import Command
from rally.commands.options import find_study, maybe_chain, read_time
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines
from rally.registry.approvals import Approvals
from rally.registry.registry import Registry
from rally.registry.study import Document, Means
from rally.registry.transitions import States
from rally.tables import Column, Table, describe_json, print_json

if TYPE_CHECKING:
    from rally.ingestion.decisions import Decisions
    from rally.ingestion.trial import Finding

_OWN = (
    NAMESPACE,
    Option(
        name="document",
        group=WHAT,
        is_word=True,
        metavar="DOC",
        help="the document, such as visit.1; of visit the newest version",
    ),
    *ping_options.PING,
    Option(
        name="show",
        is_flag=True,
        help="print each row as it would be stored; zeros stand for pseudonyms",
    ),
)

Counted = tuple["Finding", int]
"""A reason, and the number of pings that it keeps from being stored, or a part of them.

A ping that misses its schema at several places counts at each.
"""

_FINDINGS: tuple[Column[Counted], ...] = (
    Column("pings", lambda each: each[1]),
    Column("kind", lambda each: each[0].kind),
    Column("reason", lambda each: each[0].reason),
    Column("detail", lambda each: each[0].detail),
)


def try_pings(args: argparse.Namespace) -> int:
    """Says what would become of clear pings on standard input; keeps nothing."""
    from rally.ingestion.trial import Trial  # imports Tink and fastavro
    from rally.sources.clear_pings import read_clear_pings

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    document = registry.find_document(study, args.document)
    as_of = read_time("--as_of", args.as_of)
    decisions = _decisions(args, registry)
    trial = Trial(registry, study, document, decisions, as_of, ping_options.COUNTRY)
    pings = read_clear_pings(sys.stdin.buffer, ping_options.top_names(document))
    given = ping_options.attributes_of(args, ping_options.COUNTRY)
    found: Counter[Finding] = Counter()
    rows, stored = list[str](), 0
    for ping in pings:
        tried = trial.judge(ping.payload, {**given, **ping.attributes})
        found.update((*tried.findings, *tried.left_out))
        stored += not tried.findings
        if args.show and not tried.findings and tried.row is not None:
            rows.append(json.dumps(tried.row, default=_plain))
    table = Table(_FINDINGS, found.most_common())
    if args.json:
        _print_json(args, stored, len(pings), table, rows)
    else:
        print_lines(*rows, *_summary(document, stored, len(pings), table))
    return 0 if stored == len(pings) else 1


def _decisions(args: argparse.Namespace, registry: Registry) -> "Decisions":
    """Reads what people decided, where a platform is named."""
    from rally.ingestion.decisions import Decisions
    from rally.registry.expunges import NO_EXPUNGES, Expunges

    chain = maybe_chain(args)
    states = States.known(registry, chain)
    expunges = Expunges.of_chain(chain) if chain else NO_EXPUNGES
    return Decisions(states, Approvals.known(registry, chain), expunges)


def _summary(
    document: Document, stored: int, pings: int, table: Table[Counted]
) -> list[str]:
    becomes = {
        Means.DATA: "stored",
        Means.JOINS: "stored",
        Means.CONSENTS: "heard as choices",
        Means.ACCESS_REQUEST: "heard as requests for a copy",
    }
    become = becomes.get(document.means, "heard as withdrawals")
    width = max((len(f"{number:,}") for _, number in table.rows), default=0)
    return [
        f"{stored:,} of {pings:,} would be {become}; nothing kept",
        *(
            f"{number:>{width},} {each.kind:<8}  {each.detail}"
            for each, number in table.rows
        ),
    ]


def _print_json(
    args: argparse.Namespace,
    stored: int,
    pings: int,
    table: Table[Counted],
    rows: list[str],
) -> None:
    shown = {"rows": [json.loads(row) for row in rows]} if args.show else {}
    print_json({"pings": pings, "stored": stored, "findings": table, **shown})


def _plain(value: object) -> str:
    """Writes a value that JSON has no type for."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return value.isoformat() if isinstance(value, datetime) else str(value)


COMMAND = Command(
    name="try",
    handler=try_pings,
    options=f"namespace document {ping_options.NAMES} --show --as_of --studies --store"
    " --platform --json",
    own=_OWN,
    example="rally-garden visit < pings.ndjson",
    about="Reads clear pings from standard input, one JSON object a line, and says what"
    " ingest would make of them: which would be stored, which miss their schema and"
    ' where, which are refused. A line may be {"attributes": {…}, "payload": {…}}, with'
    " what the edge would say of that ping. It needs no key and keeps nothing.",
    json=describe_json(
        {"findings": _FINDINGS}, ["pings", "stored", "with --show rows"]
    ),
)
