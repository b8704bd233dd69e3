"""`rally person answer`: what somebody is told who cannot be verified yet."""

import argparse

from rally.commands.command import Command
from rally.commands.options import name_faults, open_platform, read_time
from rally.commands.person_cases import CASE
from rally.errors import ConfigurationError
from rally.fields import Place, https_address
from rally.options import PLACES, Option
from rally.printing import print_lines
from rally.registry.registry import Registry

_OWN = (
    CASE,
    Option(
        name="inventory",
        group=PLACES,
        metavar="URL",
        help="https address where the pages of `rally studies inventory` are published",
    ),
)


def answer(args: argparse.Namespace) -> int:
    """Prints what to write to whoever is not verified: the same to everybody.

    It reads no id and no row, so that neither its words nor its time tell whether
    somebody took part.
    """
    from rally.access.cases import CaseState, find_case, read_cases
    from rally.inventory.general_answer import make_general_answer
    from rally.inventory.taking import take_inventory
    from rally.withdrawal.newest_list import see

    if not args.inventory:
        raise ConfigurationError(
            "--inventory: is missing; say where its pages are published"
        )
    address = https_address(Place("--inventory"), args.inventory)
    platform, now = open_platform(args), read_time("--as_of", args.as_of)
    chain = see(platform).decisions
    case = find_case(read_cases(chain, platform, now), args.case)
    if case.state not in (CaseState.OPENED, CaseState.REFUSED):
        raise ConfigurationError(
            f"{case.id}: is {case.state}, and the person gets their copy; this answer"
            " is for a case that is not verified"
        )
    registry = Registry.load(args.studies)
    inventory = take_inventory(registry, chain, now)
    print_lines(*make_general_answer(inventory, address))
    return name_faults(registry)


COMMAND = Command(
    name="answer",
    handler=answer,
    options="case --inventory --studies --store --platform --as_of",
    own=_OWN,
    example="3f07c2aa --inventory=https://rally.example.org/inventory"
    " --store=/srv/rally/store",
)
