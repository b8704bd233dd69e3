"""`rally person consents`: what a person agreed to, within their case."""

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import name_faults, open_platform, read_time
from rally.commands.person_cases import CASE
from rally.commands.person_ids import read_person_of
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
    """Prints all consents of the person of a verified case, one a line.

    They say which studies somebody joined, which an id alone must not bring to light.
    """
    from rally.access.cases import check_verified, find_case, read_cases
    from rally.consent.index import ConsentIndex
    from rally.decisions.verifying import read_chain
    from rally.registry.transitions import States

    registry, platform = Registry.load(args.studies), open_platform(args)
    now = read_time("--as_of", args.as_of)
    case = find_case(read_cases(read_chain(platform), platform, now), args.case)
    check_verified(case)
    person = read_person_of(args, case)
    states = States.read(registry, platform)
    index = ConsentIndex.read(platform, registry, states, {person})
    found = [*index.consents_of(person, now)]
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
    options="case --studies --store --platform --keys --platform_keys --as_of --json",
    own=(CASE,),
    example="3f07c2aa --store=/srv/rally/store --keys=/srv/rally/keys < id.txt",
    about="Reads the id of the case's person from standard input, and prints what they"
    " agreed to: explicitly, by what their client said; or inferred, by joining while a"
    " notice was in force. The case must be verified: an id alone does not prove that"
    " somebody is the person.",
    json=describe_json({"consents": _CONSENTS}),
)
