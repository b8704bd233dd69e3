"""`rally platform conclude`: all that the platform holds goes, but for the proof."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally.commands.asking import ask_for_name
from rally.commands.command import Command
from rally.commands.conclude_study import check_end_announced
from rally.commands.decide_study import OWN, decider
from rally.commands.options import platform_keys_uri, read_past_time, read_time
from rally.decisions.contents import DecisionKind
from rally.decisions.platform_contents import PlatformConclusion
from rally.errors import ConfigurationError, Faults, describe_os_error
from rally.printing import print_lines, visible
from rally.tables import Block, Column, Results, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.retention.platform_blockers import KindTotals, PlatformPreview
    from rally.retention.settings import PurgeSettings

_ABOUT = """\
Concludes the platform, when all of its studies are concluded and gone: demographics,
consents, the event log, the withdrawal list and all keys go; receipts when their time
is over. The chain of decisions stays as proof, and what was published.

A second person, an owner or who signs for privacy, approves it by `rally decisions
approve`; from then on no job begins there any more, and `rally purge` carries it out.
"""


def conclude_platform(args: argparse.Namespace) -> int:
    """Concludes the platform: all that it holds goes, but for the proof."""
    if args.json and not args.plan_only:
        raise ConfigurationError("--json: is for what will follow; add --plan_only")
    read = read_time if args.plan_only else read_past_time
    time = read("--as_of", args.as_of)
    signer = None if args.plan_only else decider(args)
    if signer and not args.note:
        raise ConfigurationError(
            "--note: is missing; say why, in words that participants may read"
        )
    settings = _settings(args, time)
    foreseen, faults = _foresee(settings, time, args.announced_days)
    if signer:
        faults.check()
    print_results(
        _results(foreseen, faults), *_told(foreseen, faults), as_json=args.json
    )
    if signer is None:
        return 1 if faults.lines else 0
    from rally.withdrawal.newest_list import decide_by_list

    stores = settings.stores()
    print_lines("")
    ask_for_name(args, "Conclude the platform?", stores.id)
    entry = decide_by_list(
        stores.platform,
        signer,
        DecisionKind.CONCLUDE_PLATFORM,
        PlatformConclusion(time, args.note),
        datetime.now(UTC),
    )
    print_lines(
        f"decision {entry.number} is signed by {entry.by}; it counts when an owner, or"
        " who signs for privacy, runs `rally decisions approve"
        f" {entry.number}`; nothing undoes it then"
    )
    return 0


def find_waiting_conclusion(chain: "Chain", number: int) -> PlatformConclusion | None:
    """Finds what an entry concludes that waits for a second person; else None."""
    from rally.decisions.chain import EntryStatus

    for record in chain.records:
        is_waiting = record.status is EntryStatus.WAITING and record.number == number
        content = record.entry.content if record.entry else None
        if is_waiting and isinstance(content, PlatformConclusion):
            return content
    return None


def check_conclusion(args: argparse.Namespace, content: PlatformConclusion) -> None:
    """Makes sure, before it is approved, that a platform may still be concluded.

    Raises:
        ConfigurationError: Something has to be done before; all of it is told.
    """
    settings = _settings(args, content.at)
    _, faults = _foresee(settings, content.at, args.announced_days)
    faults.check()


def _settings(args: argparse.Namespace, time: datetime) -> "PurgeSettings":
    from rally.retention.settings import PurgeSettings

    faults = Faults()
    if not args.store:
        faults.lines.append("--store: is missing; say where the data is")
    if not args.keys:
        faults.lines.append("--keys: is missing; they go with the platform")
    faults.check()
    return PurgeSettings(
        store=args.store,
        platform=args.platform or None,
        studies=args.studies,
        ping_keys=args.keys,
        platform_keys=platform_keys_uri(args),
        as_of=time.isoformat(),
    )


def _foresee(
    settings: "PurgeSettings", time: datetime, days: int
) -> "tuple[PlatformPreview, Faults]":
    """Looks at what will go, and at all that has to be done before.

    Raises:
        ConfigurationError: A place is not as it must be.
    """
    from rally.errors import CorruptFile
    from rally.retention.platform_blockers import (
        platform_namespaces,
        preview_conclusion,
    )

    faults = Faults()
    try:
        foreseen = preview_conclusion(settings)
        faults.lines += foreseen.blockers
        stores = settings.stores()
        for study in platform_namespaces(settings, settings.registry()):
            with faults.collected():
                check_end_announced(stores, study, time, days)
    except CorruptFile as error:
        raise ConfigurationError(
            f"{settings.store}: the event log is damaged ({error}); restore it"
        ) from None
    except OSError as error:
        raise ConfigurationError(describe_os_error(error)) from None
    return foreseen, faults


_KINDS: "tuple[Column[KindTotals], ...]" = (
    Column("what", lambda each: each.what),
    Column("objects", lambda each: each.objects),
    Column("bytes", lambda each: each.bytes),
)
_JSON = describe_json({"records": _KINDS}, ["receipts", "keys", "blockers"])


def _results(foreseen: "PlatformPreview", faults: Faults) -> Results:
    """What will follow, for a program."""
    return {
        "records": Table(_KINDS, foreseen.kinds),
        "receipts": foreseen.receipts,
        "keys": [*foreseen.keys],
        "blockers": [*faults.lines],
    }


def _told(foreseen: "PlatformPreview", faults: Faults) -> list[Block]:
    """What will follow, for whoever decides."""
    return [
        "When the platform is concluded, all of this goes:",
        Table(_KINDS, foreseen.kinds),
        "\n".join(map(visible, _lines(foreseen, faults))),
    ]


def _lines(foreseen: "PlatformPreview", faults: Faults) -> Iterator[str]:
    from rally.retention.platform_records import RECEIPT_DAYS

    yield f"receipts, each {RECEIPT_DAYS} days later: {foreseen.receipts:,}"
    yield from (f"key: {each}" for each in foreseen.keys)
    yield from (f"to be done before: {each}" for each in faults.lines)


COMMAND = Command(
    name="conclude",
    handler=conclude_platform,
    options="--plan_only --announced_days --studies --store --platform --keys"
    " --platform_keys --people_keys --as_of --by --note --yes --json",
    own=OWN,
    example="--plan_only --store=/srv/rally/store --keys=/srv/rally/keys",
    about=_ABOUT,
    json=_JSON,
    changes=True,
)
