"""`rally studies`: shows and checks the registry, and signs what operators decide."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from rally.commands import decide_study
from rally.commands.command import Command, CommandGroup
from rally.commands.conclude_study import JSON as CONCLUSION_JSON
from rally.commands.conclude_study import conclude_study
from rally.commands.decide_document import COMMANDS as OF_DOCUMENTS
from rally.commands.decide_study import OWN
from rally.commands.diff_schemas import DIFF_JSON, NEW, OLD, diff_schemas
from rally.commands.end_study import end_study
from rally.commands.expunge import COMMAND as EXPUNGE
from rally.commands.options import (
    find_study,
    maybe_chain,
    name_faults,
    read_time,
)
from rally.commands.reader_schema import DOCUMENT, print_reader_schema
from rally.commands.review_study import COMMANDS as REVIEWING
from rally.commands.studies_due import COMMAND as DUE
from rally.commands.studies_glean import COMMANDS as STARTING
from rally.commands.studies_infrastructure import print_infrastructure
from rally.commands.studies_inventory import OWN as INVENTORY_OWN
from rally.commands.studies_inventory import write_inventory
from rally.commands.study_notice import COMMAND as NOTICE_COMMAND
from rally.errors import ManyFaults
from rally.printing import print_lines
from rally.registry.approval_deadlines import find_due, in_days
from rally.registry.approvals import UNCHECKED, Approvals, find_faults
from rally.registry.legal_holds import NO_HOLDS, LegalHolds
from rally.registry.published_notices import published_in
from rally.registry.registry import Registry
from rally.registry.report import (
    ACCESS,
    DECISIONS,
    DOCUMENTS,
    EXPUNGES,
    HOLDS,
    NOTICES,
    TOLD,
    ReviewedDocument,
    promises,
)
from rally.registry.study import Study, all_faults
from rally.registry.transitions import States, StudyState, decided_in
from rally.tables import Column, Table, describe_json, make_pairs, print_results

if TYPE_CHECKING:
    pass

_LOOKING = "--studies --store --platform --as_of"
_DECIDING = f"namespace {_LOOKING} --keys --people_keys --by --note"
_FOR_EVER = f"{_DECIDING} --plan_only --announced_days --yes"
_CONCLUDING = f"{_FOR_EVER} --platform_keys --json"
_BY_DATES = (
    "States are by dates alone, and reviews by their word; --store or --platform adds"
    " what people signed."
)


def check_registry(args: argparse.Namespace) -> int:
    """Loads the registry, every rule of it, and prints a line a study or fault."""
    from rally.releases.recipe_files import read_recipes  # imports fastavro

    registry, chain = Registry.load(args.studies), maybe_chain(args)
    recipes = read_recipes(args.studies, registry)
    faults = [*find_faults(registry, Approvals.known(registry, chain))]
    closed = {fault.partition("/")[0] for fault in faults}
    good = [each for name, each in registry.studies.items() if name not in closed]
    for study in good:
        count = len(study.documents)
        print_lines(f"{study.namespace}: good ({study.kind}, documents: {count})")
    if chain is None:
        print_lines(f"Reviews: {UNCHECKED}.")
    if unread := [each.namespace for each in good if not each.notices]:
        print_lines(
            f"No notices: {', '.join(unread)}; what people read when they joined is not"
            " known."
        )
    faults += (fault for each in recipes for fault in each.faults)
    if registry.unavailable or faults:
        sys.stdout.flush()  # before what is wrong, where both are one terminal's
        raise ManyFaults([*all_faults(registry.unavailable.values()), *faults])
    return 0


def list_studies(args: argparse.Namespace) -> int:
    """Prints all studies and their states."""
    registry = Registry.load(args.studies)
    chain, time = maybe_chain(args), _time(args)
    states = States.known(registry, chain)
    rows = [_Listed(each, states.at(each, time)) for each in registry.studies.values()]
    table = Table(_STUDIES, rows)
    by_dates = "" if chain else _BY_DATES
    due = find_due(registry, states, Approvals.known(registry, chain), time)
    ending = [
        f"{each.study}/{each.subject} {in_days(each.day, time.date())}" for each in due
    ]
    print_results(
        {"studies": table, "ending": ending},
        table,
        "\n".join(dict.fromkeys(ending)),
        by_dates,
        as_json=args.json,
    )
    return name_faults(registry)


def show_study(args: argparse.Namespace) -> int:
    """Prints a study's promises, its documents, and what operators decided."""
    from rally.registry.expunges import NO_EXPUNGES, Expunges  # imports fastavro

    registry = Registry.load(args.studies)
    study = _find(registry, args)
    chain, time = maybe_chain(args), _time(args)
    log = decided_in(registry, chain) if chain else []
    state = States(registry, log).at(study, time)
    decided = [each for each in log if each.namespace == study.namespace]
    decided.sort(key=attrgetter("at", "action"))
    holds = LegalHolds.of_chain(chain, time) if chain else NO_HOLDS
    expunges = Expunges.of_chain(chain) if chain else NO_EXPUNGES
    approvals = Approvals.known(registry, chain)
    told = {"state": state, **promises(study)}
    tables: dict[str, Table[Any]] = {
        "access": Table(ACCESS, study.access),
        "documents": Table(
            DOCUMENTS,
            [
                ReviewedDocument(each, approvals.of(each)[0])
                for each in study.documents.values()
            ],
        ),
        "notices": Table(NOTICES, study.notices),
        "told": Table(TOLD, published_in(chain, study.namespace) if chain else ()),
        "decisions": Table(DECISIONS, decided),
        "legal_holds": Table(HOLDS, holds.of(study.namespace)),
        "expunges": Table(EXPUNGES, expunges.about(study.namespace)),
    }
    named = make_pairs((name.replace("_", " "), each) for name, each in told.items())
    by_dates = "" if chain else _BY_DATES
    print_results(
        {**told, **tables}, named, *tables.values(), by_dates, as_json=args.json
    )
    return 0


class _Listed(NamedTuple):
    """A study in the list.

    Attributes:
        study: as registered.
        state: at the time that was asked for.
    """

    study: Study
    state: StudyState


_STUDIES: tuple[Column[_Listed], ...] = (
    Column("namespace", lambda each: each.study.namespace),
    Column("kind", lambda each: each.study.kind),
    Column("state", lambda each: each.state),
    Column("starts", lambda each: each.study.starts),
    Column("collects_through", lambda each: each.study.collect_through),
    Column("documents", lambda each: len(each.study.documents)),
)
_SHOWN: dict[str, Sequence[Column[Any]]] = {
    "access": ACCESS,
    "documents": DOCUMENTS,
    "notices": NOTICES,
    "told": TOLD,
    "decisions": DECISIONS,
    "legal_holds": HOLDS,
    "expunges": EXPUNGES,
}
_ABOUT_ONE = "rally-garden --store=/srv/rally/store"
_BY_ANN = f"{_ABOUT_ONE} --by=ann --people_keys=/home/ann/keys --note='…'"
COMMAND = CommandGroup(
    "studies",
    "show, check and steer studies",
    (
        Command(
            name="list",
            handler=list_studies,
            options=f"{_LOOKING} --json",
            example="--store=/srv/rally/store",
            json=describe_json({"studies": _STUDIES}, ["ending"]),
        ),
        Command(
            name="show",
            handler=show_study,
            options=f"namespace {_LOOKING} --json",
            own=OWN,
            example=_ABOUT_ONE,
            json=describe_json(_SHOWN, ["state", "each promise by its name"]),
        ),
        Command(
            name="check",
            handler=check_registry,
            options="--studies --store --platform",
            example="--studies=schemas",
        ),
        DUE,
        *STARTING,
        Command(
            name="diff",
            handler=diff_schemas,
            options="namespace old new --studies --json",
            own=(*OWN, OLD, NEW),
            example="rally-garden visit.1:1 visit.1",
            json=DIFF_JSON,
        ),
        REVIEWING,
        Command(
            name="schema",
            handler=print_reader_schema,
            options="namespace document --studies",
            own=(*OWN, DOCUMENT),
            example="rally-garden visit.1",
        ),
        Command(
            name="infrastructure",
            handler=print_infrastructure,
            options=_LOOKING,
            example="--store=/srv/rally/store",
        ),
        Command(
            name="inventory",
            handler=write_inventory,
            options=f"--out {_LOOKING}",
            own=INVENTORY_OWN,
            example="--out=inventory --store=/srv/rally/store",
        ),
        *(
            Command(
                name=name,
                handler=handler,
                options=options,
                own=OWN,
                example=f"{_BY_ANN}{more}",
                json=json,
                changes=True,
            )
            for name, handler, options, more, json in (
                ("pause", decide_study.pause_study, _DECIDING, "", None),
                ("resume", decide_study.resume_study, _DECIDING, "", None),
                ("end", end_study, _FOR_EVER, "", None),
                ("conclude", conclude_study, _CONCLUDING, "", CONCLUSION_JSON),
                (
                    "hold",
                    decide_study.hold_rows,
                    f"{_DECIDING} --from --until",
                    " --from=2026-01-01 --until=2026-01-31",
                    None,
                ),
                (
                    "release",
                    decide_study.release_rows,
                    f"{_DECIDING} --hold",
                    " --hold=7",
                    None,
                ),
            )
        ),
        NOTICE_COMMAND,
        *OF_DOCUMENTS,
        EXPUNGE,
    ),
)


def _find(registry: Registry, args: argparse.Namespace) -> Study:
    return find_study(registry, args.namespace, args.studies)


def _time(args: argparse.Namespace) -> datetime:
    return read_time("--as_of", args.as_of)
