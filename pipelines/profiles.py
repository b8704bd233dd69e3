"""Profile of a command line: where it is looked for, and what is told of it."""

import os
from collections.abc import Sequence
from pathlib import Path

from pipelines.catalog import declared_options
from rally.process import say
from rally.profile import Profile, find_profile, split_option

_HELP = {"-h", "--help"}


def read_profile_of(
    given: Sequence[str], *, searches: bool
) -> tuple[list[str], Profile | None]:
    """Reads the profile that is in force for a command line.

    Args:
        given: The command line.
        searches: Whether one is searched for where `--profile` names none, as people
            expect of `rally`. A worker, and whatever runs `python -m`, takes no option
            from where it happens to stand, nor from its environment.

    Returns:
        The other words, and the profile; None where there is none.

    Raises:
        ConfigurationError: see find_profile.
    """
    words, named = split_option(given)
    if _HELP.intersection(words) or (named is None and not searches):
        return words, None
    environment = os.environ if searches else {}
    return words, find_profile(named, environment, _folder(), declared_options())


def tell_profile(profile: Profile, words: Sequence[str]) -> None:
    """Says which platform is about to be changed, on standard error.

    Args:
        profile: The profile in force.
        words: The whole command line, with the profile's values.
    """
    platform, store = _value("--platform", words), _value("--store", words)
    if not platform and store:
        platform = f"{store.rstrip('/')}/platform"
    where = f"platform {platform}, " if platform else ""
    name = f"{profile.name}: " if profile.name else ""
    say(f"{name}{where}profile {profile.path}")


def _folder() -> Path:
    try:
        return Path.cwd()
    except OSError:  # it was deleted, so nothing is found in it
        return Path("/")


def _value(option: str, words: Sequence[str]) -> str:
    """The last value of an option, in either form; empty where it has none."""
    found = ""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == option:
            found = following
        elif word.startswith(f"{option}="):
            found = word.partition("=")[2]
    return found
