"""`rally person consents`: what a person agreed to, and how each consent stands."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import name_faults, open_platform, read_time
from rally.commands.person_ids import read_pseudonyms
from rally.registry.registry import Registry
from rally.tables import Column, Table, describe_json, print_results
from rally.times import from_micros

if TYPE_CHECKING:
    from rally.consent.index import StudyConsent


def _since(each: "StudyConsent") -> datetime:
    return from_micros(each.consent.since)


def _notice(each: "StudyConsent") -> str:
    return each.consent.notice.version if each.consent.notice else "unknown"


_CONSENTS: "tuple[Column[StudyConsent], ...]" = (
    Column("study", lambda each: each.study),
    Column("purpose", lambda each: each.purpose),
    Column("field", lambda each: each.field or None, text=lambda each: each.field),
    Column("state", lambda each: each.consent.state),
    Column("since", _since),
    Column("evidence", lambda each: each.consent.evidence),
    Column("notice", _notice),
    Column(
        "sha256",
        lambda each: each.consent.notice.sha256 if each.consent.notice else None,
        head=None,
    ),
)


def show_consents(args: argparse.Namespace) -> int:
    """Prints all consents of whoever has the ids on standard input, one a line.

    Of several ids, which one person has of several browsers, it prints each one's, and
    not which id they are of.
    """
    from rally.consent.index import ConsentIndex
    from rally.registry.transitions import States

    registry, platform = Registry.load(args.studies), open_platform(args)
    now = read_time("--as_of", args.as_of)
    states = States.read(registry, platform)
    people = read_pseudonyms(args)
    index = ConsentIndex.read(platform, registry, states, people)
    found = [each for who in sorted(people) for each in index.consents_of(who, now)]
    found.sort(key=lambda each: (each.study, each.purpose, each.field))
    table = Table(_CONSENTS, found)
    nothing = "" if found else "no consent is known"
    print_results(
        {"consents": table}, *([table] if found else [nothing]), as_json=args.json
    )
    return name_faults(registry)


COMMAND = Command(
    name="consents",
    handler=show_consents,
    options="--studies --store --platform --keys --platform_keys --as_of --json",
    example="--store=/srv/rally/store --keys=/srv/rally/keys < ids.txt",
    about="Reads ids from standard input, one a line, and prints what these people"
    " agreed to: explicitly, by what their clients said; or inferred, by joining while"
    " a notice was in force. It is for the desk: an id alone does not prove that"
    " somebody is the person.",
    json=describe_json({"consents": _CONSENTS}),
)
