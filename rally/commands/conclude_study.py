"""`rally studies conclude`: all raw data of a study goes, and what that will be."""

import argparse
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from rally.commands.decide_study import decide_study, decider
from rally.commands.end_study import check_announced
from rally.commands.options import find_study, open_places, platform_keys_uri, read_time
from rally.decisions.contents import StudyDecision
from rally.errors import ConfigurationError
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.registry.report import table
from rally.registry.study import Study
from rally.registry.transitions import Action, States, check_transition
from rally.storage.layout import Stores

if TYPE_CHECKING:
    from rally.retention.conclusion import Preview

_HEAD = ("DOCUMENT", "FILES", "ROWS", "BYTES")


def conclude_study(args: argparse.Namespace) -> int:
    """Concludes a study that has ended: all of its raw data goes, for ever."""
    if not args.store:
        raise ConfigurationError("--store: is missing; say where the data is")
    registry, time = Registry.load(args.studies), read_time("--as_of", args.as_of)
    study = find_study(registry, args.namespace, args.studies)
    places = open_places(args)
    stores = places.stores()
    if fault := places.registry().faults.get(study.namespace):
        raise ConfigurationError(fault)
    states = States.read(registry, stores.platform)
    check_transition(states, study, Action.CONCLUDE, time)
    check_announced(study, time.date(), args.announced_days, "concluded")
    signer = None if args.plan_only else decider(args)
    foreseen = _foresee(args, stores, registry, study, time)
    print_lines(*_told(foreseen))
    if signer is None:
        return 0
    print_lines("")
    decision = StudyDecision(study.namespace, time, args.note)
    decide_study(stores.platform, signer, registry, study, Action.CONCLUDE, decision)
    print_lines("run `rally delete`, which settles who waited, and then `rally purge`")
    return 0


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


def _told(foreseen: "Preview") -> Iterator[str]:
    """What will follow, for whoever decides."""
    documents = [
        (document or "(no document)", *map("{:,}".format, (e.files, e.rows, e.bytes)))
        for document, e in foreseen.documents.items()
    ]
    yield f"{foreseen.namespace}: when it is concluded, all of this goes:"
    yield ""
    if documents:
        yield from table([_HEAD, *documents])
        yield ""
    if foreseen.unread:
        yield f"files that do not say how many rows they have: {foreseen.unread:,}"
    yield f"objects of dead letters: {foreseen.dead_letters:,}"
    yield f"events: {foreseen.events:,}"
    yield f"withdrawals that waited for it, and fall due: {foreseen.deferred:,}"
    yield f"other withdrawals that have to be done first: {foreseen.open:,}"
    if foreseen.undecided:
        yield f"withdrawals that nobody decided on: {foreseen.undecided:,}"
    yield from (f"researchers' tables: {uri}" for uri in foreseen.derived)
    yield from (f"key: {name}" for name in foreseen.keys)
    for hold in foreseen.holds:
        yield f"{hold} keeps its rows, and all keys, until it is released"
