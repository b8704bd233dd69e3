"""`rally studies infrastructure`: what templates/terraform/ has to know of studies."""

import argparse
import json
import sys
from datetime import datetime

from rally.commands.options import maybe_platform, read_time
from rally.errors import ConfigurationError, ManyFaults
from rally.printing import print_lines, print_text
from rally.registry.infrastructure import infrastructure
from rally.registry.registry import Registry
from rally.registry.signed_readers import find_unsigned_readers, without_readers
from rally.registry.study import all_faults
from rally.registry.transitions import States
from rally.storage.objectstore.interface import ObjectStore

_NOT_KNOWN = (
    "rally: access is left out, and `concluded` is null, which Terraform refuses: only"
    " the platform's log knows; give --platform, or --store"
)


def print_infrastructure(args: argparse.Namespace) -> int:
    """Prints the studies and their researchers' access as Terraform's variables.

    Researchers whom the signed reviews do not name are left out, and named.
    """
    from rally.decisions.verifying import read_chain  # imports Tink

    registry, platform = Registry.load(args.studies), maybe_platform(args)
    if registry.unavailable:  # whose buckets and keys Terraform would take for unwanted
        raise ManyFaults(all_faults(registry.unavailable.values()))
    time = read_time("--as_of", args.as_of)
    concluded = _concluded(registry, platform, time) if platform else None
    unsigned = find_unsigned_readers(registry, read_chain(platform)) if platform else []
    registry = without_readers(registry, unsigned)
    print_text(json.dumps(infrastructure(registry, concluded), indent=2))
    if concluded is None:
        print_lines(_NOT_KNOWN, file=sys.stderr)
    print_lines(
        *(
            f"rally: {each.study}: {each.access.group} ({each.access.agreement}) is"
            f" left out: {each.why}"
            for each in unsigned
        ),
        file=sys.stderr,
    )
    return 0


def _concluded(
    registry: Registry, platform: ObjectStore, time: datetime
) -> frozenset[str]:
    """Who is, by the platform's log. Raises ConfigurationError: it cannot be read."""
    try:
        return States.read(registry, platform).concluded_by(time)
    except OSError as error:
        raise ConfigurationError(
            f"{platform.uri}: cannot be read ({error.strerror or 'refused'}); check"
            " that this account may"
        ) from None
