"""`rally studies conclude`: all raw data of a study goes, and what that will be."""

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from rally.commands.asking import ask_for_name
from rally.commands.decide_study import decide_study, decider
from rally.commands.end_study import check_announced
from rally.commands.options import find_study, open_places, platform_keys_uri, read_time
from rally.decisions.contents import StudyDecision
from rally.errors import ConfigurationError
from rally.printing import print_lines, visible
from rally.registry.published_notices import ending_told_on, published_in
from rally.registry.registry import Registry
from rally.registry.study import Study
from rally.registry.transitions import States, StudyAction, check_transition
from rally.storage.layout import Stores
from rally.tables import Block, Column, Results, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.retention.conclusion import DocumentTotals, Preview


def conclude_study(args: argparse.Namespace) -> int:
    """Concludes a study that has ended: all of its raw data goes, for ever."""
    if args.json and not args.plan_only:
        raise ConfigurationError("--json: is for what will follow; add --plan_only")
    if not args.store:
        raise ConfigurationError("--store: is missing; say where the data is")
    registry, time = Registry.load(args.studies), read_time("--as_of", args.as_of)
    study = find_study(registry, args.namespace, args.studies)
    places = open_places(args)
    stores = places.stores()
    if fault := places.registry().faults.get(study.namespace):
        raise ConfigurationError(fault)
    states = States.read(registry, stores.platform)
    check_transition(states, study, StudyAction.CONCLUDE, time)
    check_end_announced(stores, study, time, args.announced_days)
    signer = None if args.plan_only else decider(args)
    foreseen = _foresee(args, stores, registry, study, time)
    print_results(_results(foreseen), *_told(foreseen), as_json=args.json)
    if signer is None:
        return 0
    print_lines("")
    ask_for_name(args, "Conclude it?", study.namespace)
    decision = StudyDecision(study.namespace, time, args.note)
    decide_study(
        stores.platform, signer, registry, study, StudyAction.CONCLUDE, decision
    )
    print_lines("run `rally delete`, which settles who waited, and then `rally purge`")
    return 0


def check_end_announced(
    stores: Stores, study: Study, time: datetime, days: int
) -> None:
    """Makes sure that participants were told of an end in time.

    An end by its dates is announced by study.yaml; one that was decided, by a notice.

    Args:
        stores: stores of the studies and the platform.
        study: the study to be concluded, or a namespace of the platform.
        time: the time from which it will be.
        days: the fewest days from the announcement to that time.

    Raises:
        ConfigurationError: they were not.
        OSError: the platform cannot be read.
    """
    from rally.decisions.verifying import read_chain

    notices = published_in(read_chain(stores.platform), study.namespace)
    known = (study.ending_announced, ending_told_on(notices))
    told = min((each for each in known if each), default=None)
    if told is None:
        raise ConfigurationError(
            f"{study.namespace}: its end was never announced; tell the participants,"
            " and record it by `rally studies notice --kind=ending --where=…`"
        )
    check_announced(study, told, time.date(), days, "concluded")


def _foresee(
    args: argparse.Namespace,
    stores: Stores,
    registry: Registry,
    study: Study,
    time: datetime,
) -> "Preview":
    from rally.errors import CorruptFile
    from rally.keys.folder import KeyFolder
    from rally.registry.legal_holds import LegalHolds
    from rally.retention.conclusion import KeyFolders, preview
    from rally.withdrawal.list_object import read_list

    uri = platform_keys_uri(args)
    folders = KeyFolders(KeyFolder(args.keys) if args.keys else None, KeyFolder(uri))
    holds = LegalHolds.read(stores.platform, time)
    withdrawals = read_list(stores.platform).list
    try:
        return preview(stores, registry, study, withdrawals, holds, folders)
    except CorruptFile as error:
        raise ConfigurationError(
            f"{stores.platform.uri}: the event log is damaged ({error}); restore it"
        ) from None
    except OSError as error:
        reason = error.strerror or "refused"
        raise ConfigurationError(f"{args.store}: cannot be read ({reason})") from None


class _Expected(NamedTuple):
    """Objects of one document that go.

    Attributes:
        document: its name; "" of files that name none.
        held: number of its objects.
    """

    document: str
    held: "DocumentTotals"


_DOCUMENTS: tuple[Column[_Expected], ...] = (
    Column(
        "document",
        lambda each: each.document or None,
        text=lambda each: each.document or "(no document)",
    ),
    Column("files", lambda each: each.held.files),
    Column("rows", lambda each: each.held.rows),
    Column("bytes", lambda each: each.held.bytes),
)
JSON = describe_json(
    {"documents": _DOCUMENTS},
    ["namespace", "unread_files", "dead_letters", "events", "consents",
     "due_withdrawals", "open_withdrawals", "undecided_withdrawals", "derived", "keys",
     "legal_holds"],
)  # fmt: skip
"""What `--help` says of `--json`."""


def _documents(foreseen: "Preview") -> Table[_Expected]:
    rows = [_Expected(*each) for each in foreseen.documents.items()]
    return Table(_DOCUMENTS, rows)


def _results(foreseen: "Preview") -> Results:
    """What will follow, for a program."""
    return {
        "namespace": foreseen.namespace,
        "documents": _documents(foreseen),
        "unread_files": foreseen.unread,
        "dead_letters": foreseen.dead_letters,
        "events": foreseen.events,
        "consents": foreseen.consents,
        "due_withdrawals": foreseen.deferred,
        "open_withdrawals": foreseen.open,
        "undecided_withdrawals": foreseen.undecided,
        "derived": [str(uri) for uri in foreseen.derived],
        "keys": [str(name) for name in foreseen.keys],
        "legal_holds": [str(hold) for hold in foreseen.holds],
    }


def _told(foreseen: "Preview") -> list[Block]:
    """What will follow, for whoever decides."""
    return [
        f"{foreseen.namespace}: when it is concluded, all of this goes:",
        _documents(foreseen),
        "\n".join(map(visible, _numbers(foreseen))),
    ]


def _numbers(foreseen: "Preview") -> Iterator[str]:
    if foreseen.unread:
        yield f"files that do not say how many rows they have: {foreseen.unread:,}"
    yield f"objects of dead letters: {foreseen.dead_letters:,}"
    yield f"events: {foreseen.events:,}"
    yield f"consents: {foreseen.consents:,}"
    yield f"withdrawals that waited for it, and fall due: {foreseen.deferred:,}"
    yield f"other withdrawals that have to be done first: {foreseen.open:,}"
    if foreseen.undecided:
        yield f"withdrawals that nobody decided on: {foreseen.undecided:,}"
    yield from (f"researchers' tables: {uri}" for uri in foreseen.derived)
    yield from (f"key: {name}" for name in foreseen.keys)
    for hold in foreseen.holds:
        yield f"{hold} keeps its rows, and all keys, until it is released"
