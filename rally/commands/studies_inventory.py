"""`rally studies inventory`: what studies collect, as pages for participants."""

import argparse
from pathlib import Path

from rally.commands.options import (
    maybe_chain,
    name_faults,
    open_platform,
    read_time,
)
from rally.inventory.site import make_site, write_site
from rally.inventory.taking import take_inventory
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry

OWN = (
    Option(
        name="out",
        group=WHAT,
        metavar="DIR",
        is_required=True,
        help="the folder of the pages: a new or an empty one, or an older inventory's",
    ),
)


def write_inventory(args: argparse.Namespace) -> int:
    """Writes pages for participants: what each study collects, why and for how long."""
    registry = Registry.load(args.studies)
    chain, at = maybe_chain(args), read_time("--as_of", args.as_of)
    if chain is None:
        inventory = take_inventory(registry, None, at)
    else:
        from rally.event_log.event_log import EventLog  # imports fastavro
        from rally.releases.published import read_published  # imports Tink
        from rally.withdrawal.list_object import read_people
        from rally.withdrawal.participants import count_participants

        platform = open_platform(args)
        people = read_people(platform).list
        participants = count_participants(EventLog(platform), people, at)
        releases = read_published(platform, chain, at)
        inventory = take_inventory(registry, chain, at, participants, releases)
    files = make_site(inventory)
    write_site(Path(args.out), files)
    print_lines(f"{args.out}: {len(inventory.studies)} studies, {len(files)} files")
    return name_faults(registry)
