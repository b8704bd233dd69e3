"""Options that several jobs have, as records."""

from collections.abc import Mapping

from rally import numbers
from rally.options import Option, grouped

INTAKE = grouped(
    "How pings are taken in",
    Option(
        name="country_attribute",
        metavar="NAME",
        help="message attribute that holds the sender's country, if there is one",
    ),
    Option(
        name="reload_seconds",
        metavar="SECONDS",
        type=numbers.real(0, numbers.SECONDS, above=True),
        default=60.0,
        help="how old, at most, is what a running job knows of who has left, of what"
        " people decided, and of studies and their keys (default: %(default)s)",
    ),
)


def days(
    texts: Mapping[str, str], defaults: object, *, above: bool = False
) -> tuple[Option, ...]:
    """Makes options that are a number of days.

    Args:
        texts: Texts of `--help`, by name.
        defaults: Record with an attribute of each name.
        above: Whether the number must be above 0.
    """
    return tuple(
        Option(
            name=name,
            metavar="DAYS",
            type=numbers.real(0, numbers.DAYS, above=above),
            default=getattr(defaults, name),
            help=f"{text} (default: %(default)s)",
        )
        for name, text in texts.items()
    )
