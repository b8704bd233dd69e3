"""`rally init`: makes the places that every job and every other command asks for.

It may be run as often as you like: what is there already is left as it is.
"""

import argparse
from typing import TYPE_CHECKING

from rally.commands.command import Command
from rally.commands.options import (
    find_study,
    people_keys_uri,
    platform_keys_uri,
    read_public_file,
)
from rally.decisions.content_fields import person_name
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.options import PLACES, RELEASES, WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.storage.layout import Stores
from rally.storage.marker import is_id
from rally.storage.objectstore.open_store import open_store

if TYPE_CHECKING:
    from rally.initialisation.initialise import Founders

_OPTIONS = (
    "--store --platform --keys --platform_keys --studies --study --releases --adopt"
    " --development --owner --by --people_keys"
)
_OWN = (
    RELEASES,
    Option(
        name="store",
        group=PLACES,
        is_required=True,
        metavar="URI",
        help="where rows will be: a folder or gs://bucket/folder; {study} in it"
        " gives each study a place of its own",
    ),
    Option(
        name="study",
        group=WHAT,
        repeats=True,
        metavar="NS",
        default=(),
        help="a study to begin, by its namespace or an alias; may be repeated",
    ),
    Option(
        name="development",
        group=WHAT,
        is_flag=True,
        help="found a platform to try things out, where one person may play"
        " everybody: it says so for ever, and it cannot be changed",
    ),
    Option(
        name="owner",
        group=WHAT,
        repeats=True,
        metavar="NAME=FILE",
        default=(),
        help="found a platform with this owner, by the public half of their key;"
        " give two or more, and sign as one of them by --by and --people_keys",
    ),
    Option(
        name="adopt",
        group=WHAT,
        metavar="ID",
        help="the platform's id, to mark places that hold rows or records although"
        " their markers are lost",
    ),
)
_ABOUT = """\
Makes the store, the platform and the platform's keys, and begins the withdrawal list.

A platform is founded by two owners, who say who may decide what: each makes a key of
their own by `rally people key`, and one of them runs this, and signs the first of the
platform's decisions. --development makes keys for everybody instead.

A store and a platform are marked by an object of their own, rally-store.json. All jobs
and commands refuse a place without one, since a disk that is not mounted and a path
that is mistyped look like a store without rows.

--study begins a study: it makes the study's pseudonym key, marks its store where each
study has its own (--store 'gs://rally-{study}'), and marks the folders that `derived:`
of its study.yaml names, which must be there. In a store that all studies share, the
studies with a key in --keys are begun as well.

--releases marks the place where results leave: a folder or bucket of its own, which
people outside may read.

Run it again, and it says what is there and makes what is missing.
"""


def make_places(args: argparse.Namespace) -> int:
    """Makes what is missing, and prints a line for each place and key."""
    from rally.initialisation.initialise import (
        initialise,  # imports Tink, which is slow
    )

    registry = Registry.load(args.studies)
    steps = initialise(
        Stores(args.store, args.platform or None),
        registry,
        [find_study(registry, each, args.studies) for each in args.study],
        platform_keys_uri(args),
        ping_keys=args.keys or None,
        adopts=_read_id(args.adopt),
        founders=_founders(args),
        releases=open_store(args.releases) if args.releases else None,
    )
    for step in steps:
        print_lines(f"{'made' if step.is_new else 'there'}: {step.what}")
    return 0


def _founders(args: argparse.Namespace) -> "Founders | None":
    """With whom a new platform begins; None where that is not said."""
    from rally.decisions.founding import FOUNDER
    from rally.initialisation.initialise import Founders

    if args.development and (args.owner or args.by):
        raise ConfigurationError(
            "--development: makes the owners itself; remove it, or --owner and --by"
        )
    if args.development:
        return Founders(True, (), FOUNDER, people_keys_uri(args))
    if not args.owner:
        return None
    owners = [_owner(each) for each in args.owner]
    if len({name for name, _ in owners}) < 2:
        raise ConfigurationError("--owner: give two or more, each once")
    if args.by not in {name for name, _ in owners}:
        raise ConfigurationError("--by: must be one of the owners, who signs")
    return Founders(False, tuple(owners), args.by, people_keys_uri(args))


def _owner(text: str) -> tuple[str, str]:
    name, given, path = text.partition("=")
    if not given:
        raise ConfigurationError(f"--owner: {text}: write NAME=FILE")
    return person_name(Place("--owner"), name), read_public_file(path)


def _read_id(text: str | None) -> str | None:
    if text is not None and not is_id(text):
        raise ConfigurationError(
            "--adopt: must be a platform's id, 32 hexadecimal digits, as the marker of"
            " another of its places says it"
        )
    return text


COMMAND = Command(
    name="init",
    handler=make_places,
    options=_OPTIONS,
    own=_OWN,
    example="--development --store=/srv/rally/store --keys=/srv/rally/keys",
    summary="make a store, its platform and the platform's keys",
    about=_ABOUT,
    changes=True,
)
