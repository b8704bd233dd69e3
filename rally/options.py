"""Options of jobs and commands as records: each is declared once, and without Beam."""

import argparse
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from rally.errors import ManyFaults

FLAG = "true|false"
"""The metavar of an option that is there or not."""

PLACES = "Where things are"
WHO = "Who decides, and why"
WHAT = "What it is about"
"""A profile sets no option of this group: what an act is about is said each time."""

HOW = "How it runs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of a command line.

    Attributes:
        name: Its name, without hyphens in front and with underscores inside.
        help: Text for `--help`; `%(default)s` stands for the default.
        metavar: The kind of its value, such as URI or DAYS.
        type: Reader of a value; raises ArgumentTypeError for a text that is none.
        default: Value where nobody gives one.
        choices: The only values, where there are few.
        group: Heading under which `--help` lists it.
        dest: Attribute that holds the value; the name by default.
        is_flag: Whether it is there or not, and has no other value.
        is_word: Whether it is a word by its place, without hyphens in front.
        is_required: Whether the command refuses to run without it.
        repeats: Whether it may be given several times.
        in_profile: Whether a profile may set it. What somebody must mean at each run,
            as to go on without being asked, is for command lines alone.
    """

    name: str
    help: str
    metavar: str = ""
    type: Any = str
    default: Any = None
    choices: tuple[str, ...] = ()
    group: str = HOW
    dest: str = ""
    is_flag: bool = False
    is_word: bool = False
    is_required: bool = False
    repeats: bool = False
    in_profile: bool = True

    def __post_init__(self) -> None:
        """Gives a flag its default, which is that it is not there."""
        if self.is_flag and self.default is None:
            object.__setattr__(self, "default", False)

    @property
    def may_be_in_profile(self) -> bool:
        """Whether a profile may set it."""
        return self.in_profile and self.group != WHAT and not self.is_word

    @property
    def text(self) -> str:
        """What `--help` says, with the default in it."""
        return self.help.replace("%(default)s", str(self.default))

    @property
    def kind(self) -> str:
        """The kind of its value; that of a flag is `true|false`."""
        return FLAG if self.is_flag else self.metavar

    def read(self, text: str) -> Any:
        """Reads a value as the command line does.

        Raises:
            ArgumentTypeError: the text is no value of this option.
        """
        if self.is_flag:
            return read_flag(text)
        if self.choices and text not in self.choices:
            known = ", ".join(self.choices)
            raise argparse.ArgumentTypeError(f"must be one of {known}")
        return self.type(text)


def grouped(title: str, *options: Option) -> tuple[Option, ...]:
    """Puts options under one heading."""
    return tuple(replace(each, group=title) for each in options)


def add_options(
    parser: argparse.ArgumentParser,
    options: Iterable[Option],
    *,
    flags_take_values: bool = False,
) -> None:
    """Adds the options of a command, each under its heading.

    Args:
        parser: Parser to which they are added.
        options: Their declarations.
        flags_take_values: See add_option.
    """
    groups: dict[str, argparse._ArgumentGroup] = {}
    for option in options:
        if option.group not in groups:
            groups[option.group] = parser.add_argument_group(option.group)
        group = groups[option.group]
        add_option(group, option, flag_takes_value=flags_take_values)


def add_option(
    parser: argparse._ActionsContainer,
    option: Option,
    *,
    flag_takes_value: bool = False,
) -> None:
    """Adds one option.

    Args:
        parser: Parser or group to which the option is added.
        option: Its declaration.
        flag_takes_value: Whether `--name=true` is an option's own business. It is in
            jobs, since templates give every option a value; elsewhere the parser of
            commands reads it, and a flag swallows no word that follows it.
    """
    more: dict[str, Any] = {"help": option.help}
    if option.is_flag and flag_takes_value:
        more |= {"nargs": "?", "const": True, "default": option.default}
        more |= {"type": read_flag, "metavar": FLAG}
    elif option.is_flag:
        more["action"] = "store_true"
    else:
        default = list(option.default) if option.default == () else option.default
        more |= {"default": default, "type": option.type}
        more |= {"metavar": option.metavar or None}
        if option.choices:
            more["choices"] = option.choices
        if option.repeats:
            more["action"] = "append"
    if option.is_word:
        if option.default is not None:
            more["nargs"] = "?"
        parser.add_argument(option.name, **more)
        return
    if option.dest:
        more["dest"] = option.dest
    parser.add_argument(f"--{option.name}", required=option.is_required, **more)


def read_flag(text: str) -> bool:
    """Reads `true` or `false`. Raises ArgumentTypeError for anything else."""
    if text not in FLAG.split("|"):
        raise argparse.ArgumentTypeError("must be true or false")
    return text == "true"


def require(given: object, names: Iterable[str]) -> None:
    """Checks that options have a value.

    Args:
        given: Parsed options, with an attribute for each.
        names: Names of those that must have one.

    Raises:
        ConfigurationError: some have none; each of them is told.
    """
    missing = [each for each in names if not getattr(given, each)]
    if missing:
        raise ManyFaults(f"--{each} is required; see --help" for each in missing)


_THE_SAME = "Where everything is; the same words in every job"

STORE, PLATFORM, STUDIES, KEYS, PLATFORM_KEYS, AS_OF = grouped(
    PLACES,
    Option(
        name="store",
        metavar="URI",
        help="where rows are stored: a folder or gs://bucket/folder; {study} in it"
        " gives each study a place of its own",
    ),
    Option(
        name="platform",
        metavar="URI",
        help="where events, dead letters and the platform's records are (default:"
        " <store>/platform; required where the store has {study} in it)",
    ),
    Option(
        name="studies",
        metavar="DIR",
        help="the registry of studies, a folder or gs:// (default: the one that"
        " comes with the package)",
    ),
    Option(
        name="keys",
        metavar="URI",
        help="folder of the keys that open pings, local or gs://",
    ),
    Option(
        name="platform_keys",
        metavar="URI",
        help="folder of the platform's own keys (default: <keys>/platform)",
    ),
    Option(
        name="as_of",
        metavar="TIME",
        help="the clock: RFC 3339 or a date, in UTC if it has no zone (default: now)",
        in_profile=False,
    ),
)
CHECK_ONLY = Option(
    name="check_only",
    is_flag=True,
    in_profile=False,
    help="look whether the job finds all that it needs, tell all that is wrong at once,"
    " and begin nothing",
)

EVERYWHERE = (
    *grouped(_THE_SAME, STORE, PLATFORM, STUDIES, KEYS, PLATFORM_KEYS, AS_OF),
    CHECK_ONLY,
)
"""Where everything is, as every job takes it."""

RELEASES = Option(
    name="releases",
    metavar="URI",
    help="where results leave: a folder or gs://bucket/folder beside all others",
    group=PLACES,
)

PROFILE = Option(
    name="profile",
    metavar="FILE",
    help="a rally.toml, which holds options (default: for `rally`, RALLY_PROFILE, or"
    " the one that is found upwards from here; empty: none)",
    group=PLACES,
    in_profile=False,
)
"""Taken out of a command line before it is parsed; see rally/profile.py."""

PEOPLE_KEYS = Option(
    name="people_keys",
    metavar="URI",
    help="folder of your own signing key, local or gs:// (default: <keys>/people)",
    group=PLACES,
)
BY = Option(
    name="by",
    metavar="NAME",
    help="who decides, as `rally people list` names them",
    group=WHO,
)
NOTE = Option(
    name="note",
    metavar="TEXT",
    help="why, for the record",
    default="",
    group=WHO,
    in_profile=False,
)
STUDY = Option(
    name="study",
    metavar="NS",
    help="the study's namespace or an alias",
    group=WHAT,
)
NAMESPACE = Option(
    name="namespace",
    metavar="NS",
    help="the study's namespace or an alias",
    is_word=True,
    group=WHAT,
)
REVIEW = Option(
    name="review",
    metavar="REVIEW",
    help="the review's id, such as r3",
    is_word=True,
    group=WHAT,
)
ALL = Option(name="all", help="Rally as a whole", is_flag=True, group=WHAT)
YES = Option(
    name="yes",
    help="do not ask whether it is meant; needed where nobody sits at a terminal",
    is_flag=True,
    group=WHO,
    in_profile=False,
)
JSON = Option(name="json", help="print JSON, on one line", is_flag=True)
