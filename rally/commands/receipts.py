"""`rally receipts`: proves the receipts of deletion, tells people, purges old ones.

An id comes from standard input, is made a pseudonym at once, and stands nowhere else.
The handlers import what they need, so that `--help` is quick.
"""

import argparse
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from rally.commands.asking import ask
from rally.commands.command import Command, CommandGroup
from rally.commands.options import (
    open_places,
    open_platform,
    platform_keys_uri,
    read_day,
)
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.printing import print_lines, print_text
from rally.registry.registry import Registry
from rally.storage.objectstore.interface import ObjectHeld, ObjectStore
from rally.validation.ids import read_ids

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.keys.platform_keys import PlatformKeys
    from rally.receipts.receipt import Receipt
    from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_EVERYWHERE = "--store --platform --keys --platform_keys"
_KEPT_DAYS = 30  # longer than any run of deletion, which may need what it wrote
_OWN = (
    Option(
        name="before",
        group=WHAT,
        is_required=True,
        metavar="DATE",
        help="purge what was written before this day, in UTC; at least "
        f"{_KEPT_DAYS} days back",
    ),
)


def verify(args: argparse.Namespace) -> int:
    """Reads every receipt, and prints a line for each thing that is wrong."""
    from rally.receipts.verify import verify_chain
    from rally.withdrawal.concluded_list import read_surviving_list

    places = open_places(args)
    faults = places.registry().faults
    stores = places.stores()
    published = read_surviving_list(stores.platform)
    decisions, last = published.decisions, published.list.last_receipt
    status = 1 if faults else 0
    for fault in faults.values():
        print_lines(fault)
    for finding in verify_chain(stores.platform, decisions, stores, last):
        print_lines(str(finding))
        status = 1
    if not status:
        print_lines("All receipts are there and true.")
    if decisions.conclusion:
        print_lines("The platform is concluded; receipts go when their time is over.")
    return status


def show(args: argparse.Namespace) -> int:
    """Prints what may be told to whoever has the ids on standard input, one a line."""
    from rally.withdrawal.list_object import read_list
    from rally.withdrawal.statement import render, render_rest

    ids = read_ids(sys.stdin.buffer)
    platform, registry = open_platform(args), Registry.load(args.studies)
    published = read_list(platform)
    own = _requests(published.list, _open_pseudonyms(args), ids)
    if not own:
        print_lines("No request is known under this id.")
        return 1
    receipts = _receipts(platform, published.decisions, own)
    told = render(receipts, registry), render_rest(own, receipts, registry)
    print_text("\n".join(filter(None, told)))
    return 0


def purge(args: argparse.Namespace) -> int:
    """Deletes the receipts from before a day, and prints how many went.

    Whoever runs it signs as the purge, what the rest hangs on.
    """
    from rally.decisions.verifying import read_chain
    from rally.keys.names import Job
    from rally.keys.platform_keys import PlatformKeys
    from rally.receipts.purge import purge_receipts

    before = read_before(args.before, datetime.now(UTC).date())
    platform = open_platform(args)
    keys = PlatformKeys.open(platform_keys_uri(args), signing=[Job.PURGE])
    decisions = read_chain(platform)
    key = decisions.check_key(Job.PURGE, keys.signer(Job.PURGE))
    ask(args, f"Receipts from before {before} go, and nothing brings them back. Go on?")
    try:
        count = purge_receipts(platform, decisions, key, before)
    except ObjectHeld as error:
        raise ConfigurationError(
            f"{platform.uri.rstrip('/')}/{error}: a hold or a retention policy forbids "
            "to delete or replace it; lift it or wait, and purge again"
        ) from None
    print_lines(f"Purged {count:,} receipt{'' if count == 1 else 's'}.")
    return 0


def read_before(text: str, today: date) -> date:
    """The day of --before.

    Raises:
        ConfigurationError: it is no date, or too close to `today`, which is in UTC.
    """
    day = read_day("--before", text)
    last = today - timedelta(days=_KEPT_DAYS)
    if day > last:
        raise ConfigurationError(
            f"--before: must be at least {_KEPT_DAYS} days back; today that is {last} "
            "or earlier"
        )
    return day


def _requests(
    withdrawals: "WithdrawalList", keys: "PlatformKeys", ids: Iterable[str]
) -> "list[Withdrawal]":
    """What the list has of the people of these ids."""
    from rally.validation.pseudonyms import PLATFORM, Pseudonyms

    pseudonyms = Pseudonyms({PLATFORM: keys.prf(PLATFORM)})
    people = {pseudonyms.of_platform(each) for each in ids}
    return [each for each in withdrawals.withdrawals if each.participant in people]


def _receipts(
    platform: ObjectStore, decisions: "Chain", own: "Iterable[Withdrawal]"
) -> "list[Receipt]":
    """Those that tell of these requests, but what was purged."""
    from rally.receipts.chain import read_receipt

    numbers = sorted(_numbers(own))
    read = (read_receipt(platform, decisions, number) for number in numbers)
    return [each for each in read if each is not None]


def _numbers(withdrawals: "Iterable[Withdrawal]") -> set[int]:
    return {number for each in withdrawals for number in each.receipts}


def _open_pseudonyms(args: argparse.Namespace) -> "PlatformKeys":
    from rally.keys.platform_keys import PlatformKeys
    from rally.validation.pseudonyms import PLATFORM

    return PlatformKeys.open(platform_keys_uri(args), pseudonyms=[PLATFORM])


COMMAND = CommandGroup(
    "receipts",
    "prove and show what was deleted",
    (
        Command(
            name="verify",
            handler=verify,
            options=f"--studies {_EVERYWHERE}",
            example="--store=/srv/rally/store --keys=/srv/rally/keys",
        ),
        Command(
            name="show",
            handler=show,
            options=f"--studies {_EVERYWHERE}",
            example="--store=/srv/rally/store --keys=/srv/rally/keys < ids.txt",
        ),
        Command(
            name="purge",
            handler=purge,
            options=f"--before {_EVERYWHERE} --yes",
            own=_OWN,
            example="--before=2026-01-31 --store=/srv/rally/store"
            " --keys=/srv/rally/keys",
            changes=True,
        ),
    ),
)
