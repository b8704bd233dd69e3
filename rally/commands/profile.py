"""`rally profile`: shows which options are in force, and where each comes from."""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

from rally.commands.command import Command
from rally.options import PLACES, Option
from rally.profile import FILE, VARIABLE, Profile
from rally.tables import Column, Results, Table, describe_json, print_results

_OPTIONS = "--store --platform --studies --keys --platform_keys --people_keys --json"
_ABOUT = f"""\
Shows which options are in force here, and where each comes from.

A profile, {FILE}, holds what one would type each time. It is found upwards from the
working directory, or named by --profile or {VARIABLE}; `--profile=` reads none.
Options win over it. It may hold `name`, what the platform is called; any option of a
command, for all that have it; and a section for a command with options of it alone:

  name = "production"
  store = "store"
  keys = "keys"

  [purge]
  max_share = 0.2

Paths are relative to its folder. What somebody must mean each time is not for it: yes,
confirm, as_of, threshold, and what a command is about.
"""


class _InForce(NamedTuple):
    """One value, as it is in force.

    Attributes:
        command: The command it is for; empty for all.
        option: Its name, as in a profile.
        value: As one types it; empty where there is none.
        source: Place that it comes from.
    """

    command: str
    option: str
    value: str
    source: str


_COLUMNS: tuple[Column[_InForce], ...] = (
    Column("command", lambda each: each.command),
    Column("option", lambda each: each.option),
    Column("value", lambda each: each.value),
    Column("source", lambda each: each.source, "FROM"),
)


def show_profile(args: argparse.Namespace) -> int:
    """Shows which options are in force here, and where each comes from."""
    table = Table(_COLUMNS, [*_in_force(args)])
    results: Results = {"options": table}
    print_results(results, table, as_json=args.json)
    return 0


def _in_force(args: argparse.Namespace) -> Iterator[_InForce]:
    profile: Profile | None = args.profile
    places = [each for each in COMMAND.declared if each.group == PLACES]
    if profile is None:
        yield _InForce("", "profile", "", "default")
        yield from (_place(args, option) for option in places)
        return
    path = str(profile.path)
    yield _InForce("", "profile", path, profile.named_by or "found")
    if profile.name:
        yield _InForce("", "name", profile.name, path)
    yield from (_place(args, option) for option in places)
    shown = {each.name for each in places}
    for section, option, texts in profile.settings:
        if section or option.name not in shown:
            yield _InForce(section, option.name, ", ".join(texts), path)


def _place(args: argparse.Namespace, option: Option) -> _InForce:
    value = getattr(args, option.name)
    profile: Profile | None = args.profile
    setting = profile.of(COMMAND.name, [option]).get(option.name) if profile else None
    source = "default" if value == option.default else "option"
    if profile and setting and setting.texts == (value,):
        source = str(profile.path)
    return _InForce("", option.name, value or "", source)


COMMAND = Command(
    name="profile",
    handler=show_profile,
    options=_OPTIONS,
    example="--profile=/srv/rally/rally.toml",
    summary="show which options are in force here, and where each comes from",
    about=_ABOUT,
    json=describe_json({"options": _COLUMNS}),
)
