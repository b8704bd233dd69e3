"""What values of options look like where a job runs on Dataflow.

An option's metavar, which `--help` shows, says what its value is. The launcher refuses
others, and so do the templates, which are made of the same records.
"""

import math
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from rally.errors import ConfigurationError
from rally.options import FLAG, Option

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions


class Kind(NamedTuple):
    """Kind of an option's value.

    Attributes:
        pattern: regular expression for the whole of a value on Dataflow. It has only
            what POSIX's, which Google's pages name, share with Python's: no classes of
            a backslash and a letter, no groups with a question mark.
        says: words for such a value, after "must be".
        parameter_type: the nearest `paramType` of Flex Templates.
    """

    pattern: str
    says: str
    parameter_type: str = "TEXT"

    def check(self, name: str, value: str) -> None:
        """Raises ConfigurationError where the value of `--name` is no such one."""
        if not re.fullmatch(self.pattern, value):
            raise ConfigurationError(f"--{name} {value}: must be {self.says}")


_BUCKET = r"gs://([a-z0-9._-]|\{study\})+"
_OBJECT = "[!-+.-~-]"  # what is printed, but commas, which part several names
_FOLDER = Kind(rf"{_BUCKET}(/{_OBJECT}*)?", "gs://<bucket>/<folder>")
_FILE = rf"{_BUCKET}/{_OBJECT}+"
_NUMBER = Kind(r"[0-9]{1,15}(\.[0-9]{1,15})?", "a number", "NUMBER")
_INTEGER = Kind("[0-9]{1,15}", "a whole number", "NUMBER")
_DATE = "2[01][0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = f"(Z|[+-]{_HOUR})"

SUBSCRIPTION = Kind(
    "projects/[a-z0-9.:-]+/subscriptions/[A-Za-z0-9._~%+-]+",
    "projects/<project>/subscriptions/<name>",
    "PUBSUB_SUBSCRIPTION",
)
"""Wherever it is, an emulator too; Google's own names are longer."""

_GOOGLES = SUBSCRIPTION._replace(
    pattern="projects/[a-z][a-z0-9.:-]{4,61}[a-z0-9]"
    "/subscriptions/[A-Za-z][A-Za-z0-9._~%+-]{2,254}",
)
_KINDS = {
    "URI": _FOLDER,
    "DIR": _FOLDER,
    "FILE": Kind(_FILE, "gs://<bucket>/<file>", "GCS_WRITE_FILE"),
    "GLOB": Kind(
        f"{_FILE}(,{_FILE})*", "gs://<bucket>/<files>, or several with commas between"
    ),
    "PATH": _GOOGLES,
    "TIME": Kind(
        rf"{_DATE}([T ]{_HOUR}(:[0-5][0-9](\.[0-9]{{1,6}})?)?{_ZONE}?)?",
        "2026-01-31, or RFC 3339",
    ),
    "DAY": Kind(_DATE, "a date such as 2026-01-31"),
    "NS": Kind("[0-9A-Za-z._-]{1,100}", "a study's namespace or an alias"),
    "ID": Kind("[a-z0-9][a-z0-9-]{0,39}", "a recipe's file name without its suffix"),
    "NAME": Kind("[!-<>-~]+", "a name without spaces"),
    "IDS": Kind("[0-9A-Za-z-]+(,[0-9A-Za-z-]+)*", "ids as the job printed them"),
    "SHARE": Kind(r"0(\.[0-9]{1,15})?|1(\.0{1,15})?", "from 0 to 1", "NUMBER"),
    "PORT": _INTEGER,
    "N": _INTEGER,
    "BYTES": _INTEGER,
    "DAYS": _NUMBER,
    "HOURS": _NUMBER,
    "SECONDS": _NUMBER,
    FLAG: Kind(FLAG, "true or false", "BOOLEAN"),
}
"""By metavar; one that is missing here is a KeyError at the first test."""


def kind_of(option: Option) -> Kind:
    """The kind of an option's value; where it has choices, it is one of these."""
    if option.choices:
        known = option.choices
        return Kind("|".join(known), f"one of {', '.join(known)}", "ENUM")
    return _KINDS[option.kind]


def given(declared: Iterable[Option], options: "PipelineOptions") -> dict[Option, str]:
    """The options whose value is not the default, as one writes them."""
    values = options.get_all_options()
    return {
        option: spelt(values[option.name])
        for option in declared
        if values[option.name] not in (None, option.default)
    }


def spelt(value: object) -> str:
    """A value as one writes it on a command line; a number without an exponent."""
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)), "f")
    return str(value).lower() if isinstance(value, bool) else str(value)
