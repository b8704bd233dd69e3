"""`rally people`: who may sign what, and their keys.

A person makes a key pair on their own machine and hands out the public half. Two
owners put it into the chain of decisions: one asks, another approves.
"""

import argparse
from datetime import UTC, datetime
from operator import attrgetter

from rally.commands.command import Command, CommandGroup
from rally.commands.options import (
    open_platform,
    people_keys_uri,
    read_public_file,
    signer_of,
)
from rally.decisions.content_fields import person_name
from rally.decisions.content_parsing import Content
from rally.decisions.contents import (
    DecisionKind,
    JobKey,
    Person,
    Revocation,
    Role,
)
from rally.errors import ConfigurationError
from rally.fields import Place
from rally.keys.names import Job
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.tables import Column, Table, describe_json, print_results

_DEVELOPMENT = "This is a development platform: one person may play everybody."
_PEOPLE: tuple[Column[Person], ...] = (
    Column("name", lambda each: each.name),
    Column("may", lambda each: each.roles),
    Column("key", lambda each: _fingerprint(each.public)),
)
_PLACES = "--store --platform"
_SIGNING = f"{_PLACES} --keys --people_keys --by --note"
_OWN = (
    Option(
        name="name",
        group=WHAT,
        is_required=True,
        metavar="NAME",
        help="whom it is about",
    ),
    Option(
        name="role",
        group=WHAT,
        repeats=True,
        is_required=True,
        choices=tuple(sorted(Role)),
        help="what they may decide; may be repeated",
    ),
    Option(
        name="job",
        group=WHAT,
        is_required=True,
        choices=tuple(sorted(Job)),
        help="whose key it is",
    ),
    Option(
        name="public",
        group=WHAT,
        is_required=True,
        metavar="FILE",
        help="the public half of their key, as `rally people key` or `rally keys"
        " create` wrote it",
    ),
    Option(
        name="kek",
        metavar="URI",
        help="the KEK under which the key will lie; a local one by default",
    ),
    Option(
        name="kms",
        metavar="URI",
        help="a key that Cloud KMS holds, in the place of a new one:"
        " gcp-kms://…/cryptoKeyVersions/1, of the algorithm EC_SIGN_ED25519",
    ),
)


def list_people(args: argparse.Namespace) -> int:
    """Prints who may sign now, and what."""
    from rally.decisions.verifying import read_chain

    chain = read_chain(open_platform(args))
    people = sorted(chain.people.values(), key=attrgetter("name"))
    table = Table(_PEOPLE, people)
    print_results(
        {"development": chain.development, "people": table},
        *(table, _DEVELOPMENT if chain.development else ""),
        as_json=args.json,
    )
    return 0


def make_key(args: argparse.Namespace) -> int:
    """Makes a person's key pair, and says where the public half is."""
    from rally.decisions.signers import create_person_key, owner_of
    from rally.keys.signing import PUBLIC

    if not args.by:
        raise ConfigurationError("--by: is missing; say whose key it is")
    uri = people_keys_uri(args)
    public = f"{uri.rstrip('/')}/{owner_of(args.by)}{PUBLIC}"
    if not create_person_key(uri, args.by, args.kek, args.kms):
        raise ConfigurationError(f"{uri}: has a key of {args.by} already")
    print_lines(
        f"made {args.by}'s key; give {public} to an owner, and the rest to nobody"
    )
    return 0


def add_person(args: argparse.Namespace) -> int:
    """Asks for somebody to be added, or for another key or role of theirs."""
    name = person_name(Place("--name"), args.name)
    roles = tuple(sorted({Role(each) for each in args.role}))
    return _ask(
        args,
        DecisionKind.ADD_PERSON,
        Person(name, roles, read_public_file(args.public)),
    )


def revoke_person(args: argparse.Namespace) -> int:
    """Asks for somebody to sign no more; what they signed before stays."""
    name = person_name(Place("--name"), args.name)
    return _ask(args, DecisionKind.REVOKE_PERSON, Revocation(name, args.note))


def replace_key(args: argparse.Namespace) -> int:
    """Asks for another key of a job, as after the old one was stolen or lost."""
    from rally.decisions.chain import PlatformConcluded
    from rally.receipts.chain import find_signed
    from rally.withdrawal.list_object import read_list
    from rally.withdrawal.newest_list import see
    from rally.withdrawal.signed_lines import SignedObjectMissing

    platform = open_platform(args)
    try:  # one that cannot be believed would have to be restored, and count then
        seen = read_list(platform)
    except (SignedObjectMissing, PlatformConcluded):
        seen = see(platform)
    last = seen.list.last_receipt
    later = (each.number for each in find_signed(platform, seen.decisions, last))
    key = JobKey(Job(args.job), read_public_file(args.public), max([last, *later]))
    return _ask(args, DecisionKind.REPLACE_KEY, key)


def _ask(args: argparse.Namespace, kind: DecisionKind, content: Content) -> int:
    from rally.withdrawal.newest_list import decide_by_list

    platform, signer, now = open_platform(args), signer_of(args), datetime.now(UTC)
    entry = decide_by_list(platform, signer, kind, content, now)
    print_lines(
        f"decision {entry.number} is signed by {entry.by}; it counts when another owner"
        f" runs `rally decisions approve {entry.number}`"
    )
    return 0


def _fingerprint(public: str) -> str:
    """A few digits by which two people on the telephone compare a key."""
    import hashlib

    return hashlib.sha256(public.encode()).hexdigest()[:16]


COMMAND = CommandGroup(
    "people",
    "say who may decide what, and make their keys",
    (
        Command(
            name="list",
            handler=list_people,
            options=f"{_PLACES} --json",
            example="--store=/srv/rally/store",
            json=describe_json({"people": _PEOPLE}, ["development"]),
        ),
        Command(
            name="key",
            handler=make_key,
            options="--by --keys --people_keys --kek --kms",
            own=_OWN,
            example="--by=ann --people_keys=/home/ann/keys",
            changes=True,
        ),
        Command(
            name="add",
            handler=add_person,
            options=f"--name --role --public {_SIGNING}",
            own=_OWN,
            example="--name=bob --role=operator --public=bob.public --by=ann"
            " --people_keys=/home/ann/keys --store=/srv/rally/store",
            changes=True,
        ),
        Command(
            name="revoke",
            handler=revoke_person,
            options=f"--name {_SIGNING}",
            own=_OWN,
            example="--name=bob --by=ann --people_keys=/home/ann/keys"
            " --store=/srv/rally/store --note='has left'",
            changes=True,
        ),
        Command(
            name="replace-key",
            handler=replace_key,
            options=f"--job --public {_SIGNING}",
            own=_OWN,
            example="--job=purge --public=purge.public --by=ann"
            " --people_keys=/home/ann/keys --store=/srv/rally/store",
            changes=True,
        ),
    ),
)
