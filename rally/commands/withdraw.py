"""`rally withdraw`: records requests that came by mail, as pings record others.

Ids come from standard input, are made pseudonyms at once, and stand nowhere else.
"""

import argparse
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import (
    open_platform,
    read_scope,
    read_time,
    signer_of,
)
from rally.commands.person_ids import read_pseudonyms
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.registry.transitions import States
from rally.times import moment

if TYPE_CHECKING:
    from rally.events import Event

_NAMES = (
    "--study --all --received --studies --store --platform --keys --platform_keys --by"
    " --people_keys"
)
_OWN = (
    Option(
        name="received",
        group=WHAT,
        metavar="TIME",
        help="when the request came, in UTC if it has no zone; now by default",
    ),
)


def withdraw(args: argparse.Namespace) -> int:
    """Records that whoever has the ids on standard input, one a line, leaves.

    One person may have several ids, of several browsers. Deletion takes it from there.
    The events come first, and who signs for them then: an event that nobody signed for
    is no letter, and whoever was interrupted types the command again.
    """
    from rally.decisions.chain import refuse_concluded
    from rally.decisions.contents import DecisionKind, Letters
    from rally.decisions.verifying import read_chain
    from rally.events import event_name, write_events
    from rally.version import pipeline_version
    from rally.withdrawal.newest_list import decide_by_list

    registry, now = Registry.load(args.studies), datetime.now(UTC)
    scope = read_scope(args, registry)
    if scope is None:
        raise ConfigurationError(
            "--study: is missing; give it, or --all to leave Rally"
        )
    received = read_time("--received", args.received, now)
    if received > now:
        raise ConfigurationError("--received: is in the future; say when it came")
    platform, signer = open_platform(args), signer_of(args)
    chain = read_chain(platform)
    refuse_concluded(chain, platform.uri)
    _check_not_concluded(States.of_chain(registry, chain), scope, received)
    people = read_pseudonyms(args)
    events = [_left(person, scope, received) for person in sorted(people)]
    write_events(platform, events, pipeline_version())
    letters = Letters(scope, received, tuple(sorted(map(event_name, events))))
    decide_by_list(platform, signer, DecisionKind.RECORD_LETTERS, letters, now)
    number = f"{len(events)} withdrawal{'s' if len(events) > 1 else ''}"
    print_lines(f"recorded {number} from {scope}, received {moment(received)}")
    return 0


def _check_not_concluded(states: States, scope: str, received: datetime) -> None:
    """Nobody can leave what is over for everybody: all of its data goes, or is gone."""
    if states.is_concluded(scope, received):
        raise ConfigurationError(
            f"--study: {scope} is concluded, and the data of all its participants goes "
            "with it; there is nothing to record"
        )


def _left(participant: str, scope: str, received: datetime) -> "Event":
    """The event. Its document id follows from the rest: recorded twice, it is one."""
    from rally.events import MAIL, Event, EventKind
    from rally.times import to_micros

    time = to_micros(received)
    document_id = str(uuid.uuid5(uuid.UUID(participant), f"{scope}/{time}"))
    return Event(EventKind.LEFT, scope, participant, time, None, document_id, MAIL)


COMMAND = Command(
    name="withdraw",
    handler=withdraw,
    options=_NAMES,
    own=_OWN,
    example="--study=rally-garden --store=/srv/rally/store --keys=/srv/rally/keys"
    " --by=ann < ids.txt",
    changes=True,
)
