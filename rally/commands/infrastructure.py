"""`rally studies infrastructure`: what templates/terraform/ has to know of studies."""

import argparse
import json
import sys

from rally.commands.options import maybe_platform, read_time
from rally.studies.infrastructure import infrastructure
from rally.studies.registry import Registry
from rally.studies.transitions import States

_LEFT_OUT = (
    "rally: access is left out: only the platform's log knows which study is"
    " concluded; give --platform, or --store"
)


def print_infrastructure(args: argparse.Namespace) -> int:
    """Prints the studies and their researchers' access as Terraform's variables."""
    registry, platform = Registry.load(args.studies), maybe_platform(args)
    time = read_time("--as_of", args.as_of)
    concluded = States.read(registry, platform).concluded_by(time) if platform else None
    print(json.dumps(infrastructure(registry, concluded), indent=2))
    if concluded is None and any(each.access for each in registry.studies.values()):
        print(_LEFT_OUT, file=sys.stderr)
    return 0
