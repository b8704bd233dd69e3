"""Ids of people, as commands take them: from standard input, and nowhere else.

They are made pseudonyms at once, and stand in no option, no message and no record.
"""

import argparse
import sys
from typing import TYPE_CHECKING

from rally.commands.options import platform_keys_uri
from rally.errors import ConfigurationError
from rally.validation.ids import read_ids

if TYPE_CHECKING:
    from rally.access.cases import Case


def read_pseudonyms(args: argparse.Namespace) -> set[str]:
    """Reads ids from standard input, one a line, and gives their platform pseudonyms.

    Raises:
        ConfigurationError: there is none, a line is no id, or the key that makes
            pseudonyms does not open.
    """
    from rally.keys.platform_keys import PlatformKeys
    from rally.validation.pseudonyms import PLATFORM, Pseudonyms

    keys, ids = platform_keys_uri(args), read_ids(sys.stdin.buffer)
    opened = PlatformKeys.open(keys, pseudonyms=[PLATFORM])
    pseudonyms = Pseudonyms({PLATFORM: opened.prf(PLATFORM)})
    return {pseudonyms.of_platform(each) for each in ids}


def read_person(args: argparse.Namespace) -> str:
    """Reads the id of one person from standard input, and gives its pseudonym.

    Raises:
        ConfigurationError: as `read_pseudonyms`; or there are several ids.
    """
    found = read_pseudonyms(args)
    if len(found) > 1:
        raise ConfigurationError(
            f"standard input: has ids of {len(found)} people, and a case is of one;"
            " open a case for each id"
        )
    return found.pop()


def read_person_of(args: argparse.Namespace, case: "Case") -> str:
    """Reads the id of the person of a case from standard input; gives its pseudonym.

    Raises:
        ConfigurationError: as `read_person`; or the case is somebody else's.
    """
    person = read_person(args)
    if not case.is_of(person):
        raise ConfigurationError(
            f"standard input: is the id of somebody else than case {case.id} is of"
        )
    return person
