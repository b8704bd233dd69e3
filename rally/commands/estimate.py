"""`rally estimate`: what a platform of some size stores, computes and costs."""

import argparse

from rally import numbers
from rally.capacity.model import SCHEMES, Inputs
from rally.commands.command import Command
from rally.errors import ConfigurationError
from rally.options import Option
from rally.tables import print_results

_MOST = 10**12
_REQUIRED = ("pings_per_day", "people", "studies")
_LEAVING = 0.001
"""Share of people who leave a day, unless somebody says otherwise: a guess."""

_TEXTS = {
    "pings_per_day": "pings of all studies together",
    "people": "who are enrolled",
    "studies": "that collect",
    "documents": "types of pings of a study",
    "ping_bytes": "of clear text; measured were 1000 and 5000",
    "retention_days": "for which rows are kept",
    "age_days": "since the first person joined",
    "buckets": "of a compacted partition, as the registry says",
    "flush_seconds": "for which a stream gathers rows",
    "peak_factor": "the busiest hour by the mean one",
    "job_vcpus": "of the machine that does the daily jobs",
}
_OWN = (
    Option(
        name="scheme",
        default=Inputs._field_defaults["scheme"],
        choices=SCHEMES,
        help="how pings are encrypted; %(default)s by default",
    ),
    Option(
        name="leavers_per_day",
        metavar="N",
        type=numbers.whole(0, _MOST),
        help="who leave, and as many join; a thousandth of all people by default",
    ),
    Option(
        name="prices",
        metavar="FILE",
        help="YAML or JSON of unit prices, in place of the published ones",
    ),
)


def print_plan(args: argparse.Namespace) -> int:
    """Computes sizes and costs of a platform, and where the design bends."""
    from rally.capacity.estimate import make_estimate
    from rally.capacity.prices import read_prices
    from rally.capacity.report import to_blocks, to_results

    prices = read_prices(args.prices)
    plan = make_estimate(_read(args), prices)
    blocks = to_blocks(plan, prices)
    print_results(to_results(plan, prices), *blocks, as_json=args.json)
    return 0


def _read(args: argparse.Namespace) -> Inputs:
    given = {name: getattr(args, name) for name in _TEXTS}
    for name, value in given.items():
        if value is None:
            raise ConfigurationError(f"--{name}: is missing")
    leavers = args.leavers_per_day
    if leavers is None:
        leavers = round(given["people"] * _LEAVING)
    if leavers > given["people"]:
        raise ConfigurationError("--leavers_per_day: must be from 0 to --people")
    return Inputs(**given, scheme=args.scheme, leavers_per_day=leavers)


def _number(name: str, text: str) -> Option:
    default = Inputs._field_defaults.get(name)
    more = "" if name in _REQUIRED else f"; {default:g} by default"
    make_reader = numbers.real if isinstance(default, float) else numbers.whole
    return Option(
        name=name,
        metavar="N",
        type=make_reader(1, _MOST),
        default=default,
        help=text + more,
        in_profile=name
        not in _REQUIRED,  # a platform that is planned, not the one here
    )


_NAMES = tuple(each.name for each in _OWN)
COMMAND = Command(
    name="estimate",
    handler=print_plan,
    options=" ".join(f"--{name}" for name in (*_TEXTS, *_NAMES, "json")),
    own=(*(_number(name, text) for name, text in _TEXTS.items()), *_OWN),
    example="--pings_per_day=1000000 --people=50000 --studies=4",
)
