"""Profile of a platform: `rally.toml`, which holds what one would type each time.

It is found upwards from the working directory, or named. Options win over it, and it
wins over defaults. Whoever could write it could have rows deleted elsewhere: one that
others may write is refused, unless somebody names it.
"""

import argparse
import os
import stat
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from rally.errors import ConfigurationError, ManyFaults
from rally.options import Option
from rally.parser import spell, unknown

FILE = "rally.toml"
VARIABLE = "RALLY_PROFILE"
OPTION = "--profile"

_MOST_BYTES = 64 * 1024
_NAME = "name"
_PATHS = ("URI", "DIR", "FILE", "GLOB")
"""Kinds of values that are relative to the profile's folder."""

Declared = Mapping[str, Sequence[Option]]
"""The options of each command, by its first word."""


class Setting(NamedTuple):
    """One value that a profile gives.

    Attributes:
        section: The command it is for; empty for all that have such an option.
        option: Its declaration.
        texts: The value as one would type it; several where the option repeats.
    """

    section: str
    option: Option
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile whose every value fits its option.

    Attributes:
        path: Its file.
        named_by: What named it: `--profile` or RALLY_PROFILE; empty where it was found.
        name: Name of the platform.
        settings: Its values, those for all commands first.
    """

    path: Path
    named_by: str
    name: str
    settings: tuple[Setting, ...]

    def of(self, command: str, declared: Iterable[Option]) -> dict[str, Setting]:
        """The values for a command, by the name of the option.

        Args:
            command: Its first word.
            declared: Its options.
        """
        names = {each.name for each in declared if each.may_be_in_profile}
        return {
            each.option.name: each
            for each in self.settings
            if each.section in ("", command) and each.option.name in names
        }


def split_option(words: Sequence[str]) -> tuple[list[str], str | None]:
    """Takes `--profile` out of a command line.

    Returns:
        The other words, and the file; None where it is not named, and an empty text
        where somebody wants none.

    Raises:
        ConfigurationError: the option has no value.
    """
    rest: list[str] = []
    named: str | None = None
    following = iter(words)
    for word in following:
        if word == "--":
            rest += [word, *following]
        elif word == OPTION:
            named = next(following, None)
            if named is None or named.startswith("--"):
                raise ConfigurationError(f"{OPTION}: expected one argument; see --help")
        elif word.startswith(f"{OPTION}="):
            named = word.partition("=")[2]
        else:
            rest.append(word)
    return rest, named


def find_profile(
    named: str | None, environment: Mapping[str, str], folder: Path, declared: Declared
) -> Profile | None:
    """Finds and reads the profile that is in force.

    Args:
        named: Value of `--profile`, as split_option returns it.
        environment: Holds RALLY_PROFILE, perhaps.
        folder: Folder in which the search begins.
        declared: The options of all commands.

    Returns:
        None where there is none, or nobody wants one.

    Raises:
        ConfigurationError: it cannot be read or trusted, or a value in it is wrong.
    """
    by = OPTION if named is not None else VARIABLE
    path = environment.get(VARIABLE) if named is None else named
    if path is not None:
        return read_profile(Path(path), by, declared) if path else None
    for parent in (folder, *folder.parents):
        if os.path.lexists(parent / FILE):
            return read_profile(parent / FILE, "", declared)
    return None


def read_profile(path: Path, named_by: str, declared: Declared) -> Profile:
    """Reads a profile and checks each of its values.

    Args:
        path: Its file.
        named_by: What named it; empty where it was found, and has to be trusted.
        declared: The options of all commands.

    Raises:
        ConfigurationError: it cannot be read or trusted.
        ManyFaults: some of its values are wrong; one line each.
    """
    path = Path(os.path.abspath(path))
    content = _parse(path, _read(path, is_found=not named_by))
    faults: list[str] = []
    name = content.pop(_NAME, "")
    if not isinstance(name, str) or not name.isprintable():
        faults.append(f"{path}: {_NAME}: must be a text of one line")
    settings = list(_settings(path, content, declared, faults))
    if faults:
        raise ManyFaults(faults)
    settings.sort(key=lambda each: each.section != "")
    return Profile(path, named_by, name, tuple(settings))


def apply_profile(
    profile: Profile, command: str, declared: Sequence[Option], words: Sequence[str]
) -> list[str]:
    """Puts the values of a profile before the words of a command line.

    Args:
        profile: The profile.
        command: The command's first word.
        declared: The options of the command.
        words: Words that follow the command's own; what they give wins.
    """
    typed = {spell(each.partition("=")[0]) for each in words if each.startswith("--")}
    return [
        *(
            f"--{name}={text}"
            for name, setting in profile.of(command, declared).items()
            if f"--{name}" not in typed
            for text in setting.texts
        ),
        *words,
    ]


def _read(path: Path, *, is_found: bool) -> str:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from None
    info = os.fstat(opened)
    if not stat.S_ISREG(info.st_mode):
        os.close(opened)
        raise ConfigurationError(f"{path}: is no file; name another profile")
    with os.fdopen(opened, "rb") as file:
        if is_found:
            _check_trusted(path, info)
        content = file.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"{path}: is above {_MOST_BYTES:,} bytes; shorten it")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: is not text in UTF-8; correct it") from None


def _check_trusted(path: Path, info: os.stat_result) -> None:
    """A profile that nobody named is ours alone to write, and so is its folder.

    A link counts as its owner's: it may lead to a profile of ours for another platform.
    """
    owners = (os.geteuid(), 0)
    remedy = f"if you trust it, name it: {OPTION}={path}"
    if info.st_uid not in owners or os.lstat(path).st_uid not in owners:
        raise ConfigurationError(f"{path}: belongs to another user; {remedy}")
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigurationError(
            f"{path}: others may write it; `chmod go-w` it, or {remedy}"
        )
    folder = os.stat(path.parent)
    is_open = folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if folder.st_uid not in owners or (is_open and not folder.st_mode & stat.S_ISVTX):
        raise ConfigurationError(
            f"{path}: others may write its folder; `chmod go-w` that, or {remedy}"
        )


def _parse(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        what = str(error) or "nested too deeply"
        raise ConfigurationError(f"{path}: is not TOML ({what}); correct it") from None


def _settings(
    path: Path, content: dict[str, Any], declared: Declared, faults: list[str]
) -> Iterator[Setting]:
    """The values that fit; what is wrong with others is added to the faults."""
    everywhere = [each for own in declared.values() for each in own]
    for key, value in content.items():
        if not isinstance(value, dict):
            # `estimate --studies` is a number: it is no case of the registry's folder.
            free = [each for each in everywhere if each.may_be_in_profile]
            named = any(each.name == key.replace("-", "_") for each in free)
            known = free if named else everywhere
            yield from _setting(path, "", key, value, known, faults)
        elif key in declared:
            for name, each in value.items():
                yield from _setting(path, key, name, each, declared[key], faults)
        else:
            why = unknown("command", key, [*declared], "remove it")
            faults.append(f"{path}: {why}")


def _setting(
    path: Path,
    section: str,
    key: str,
    value: object,
    known: Sequence[Option],
    faults: list[str],
) -> Iterator[Setting]:
    where = f"{path}: {section}." if section else f"{path}: "
    options = [each for each in known if each.name == key.replace("-", "_")]
    if not options:
        names = [_NAME, *(each.name for each in known)]
        faults.append(where + unknown("option", key, names, "remove it"))
    elif not all(each.may_be_in_profile for each in options):
        faults.append(f"{where}{key}: is typed each time that it is meant; remove it")
    elif len({each.kind for each in options}) > 1:
        faults.append(
            f"{where}{key}: is not one thing in all commands; put it in a section,"
            " as [purge]"
        )
    else:
        try:
            texts = {_texts(each, value, path.parent) for each in options}
            yield Setting(section, options[0], texts.pop())
        except argparse.ArgumentTypeError as error:
            faults.append(f"{where}{key}: {error}")


def _texts(option: Option, value: object, folder: Path) -> tuple[str, ...]:
    """The value as one types it. Raises ArgumentTypeError where it does not fit."""
    if isinstance(value, list) and option.repeats:
        return tuple(text for each in value for text in _texts(option, each, folder))
    if option.is_flag != isinstance(value, bool):
        what = "true or false, without quotes" if option.is_flag else "no true or false"
        raise argparse.ArgumentTypeError(f"must be {what}")
    if option.is_flag:
        return (str(value).lower(),)
    is_text, is_number = isinstance(value, str), isinstance(value, int | float)
    if not (is_text if option.type is str else is_number or option.type is any_value):
        what = "a text, in quotes" if option.type is str else "a number, without quotes"
        raise argparse.ArgumentTypeError(f"must be {what}")
    if isinstance(value, str) and not value.isprintable():
        raise argparse.ArgumentTypeError("must be a text of one line")
    text = _absolute(option, value, folder) if isinstance(value, str) else str(value)
    option.read(text)
    return (text,)


def _absolute(option: Option, text: str, folder: Path) -> str:
    """A path relative to the profile's folder as one from the root."""
    if option.metavar not in _PATHS or not text or text == "-":
        return text
    parts = text.split(",") if option.metavar == "GLOB" else [text]
    return ",".join(
        each if "://" in each else os.path.normpath(folder / each) for each in parts
    )


def any_value(text: str) -> str:
    """Reads an option that is Beam's own: a text or a number, which Beam checks."""
    return text
