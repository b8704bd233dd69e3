"""`rally keys`: makes, imports, publishes, lists, rotates and destroys keys.

Private keys come from files and go to encrypted files; none is an option's value or is
printed. The handlers import what they need, so that `--help` is quick.
"""

import argparse
import json
import sys
from typing import TYPE_CHECKING

from rally.bounded_files import read_bounded
from rally.commands.asking import ask_for_name
from rally.commands.command import Command, CommandGroup
from rally.commands.seal_pings import NAMES as SEAL_NAMES
from rally.commands.seal_pings import SEAL, seal_pings
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.tables import Column, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.keys.administration import KeyRow
    from rally.keys.folder import KeyFolder
    from rally.keys.kek_file import Owners

_LOST = "What its keys encrypted or named is lost for ever with them. Destroy them?"
_MOST_JWK_BYTES = 64 * 1024
_TEMPLATES = ("hpke", "ecies", "xwing", "jwk")


_OWN = (
    Option(
        name="namespace",
        group=WHAT,
        metavar="NS",
        help="the namespace that the key is of",
    ),
    Option(
        name="purpose",
        group=WHAT,
        metavar="PURPOSE",
        repeats=True,
        help="a platform key; may be repeated",
    ),
    Option(
        name="template", choices=_TEMPLATES, help="kind of key; hpke is the default"
    ),
    Option(
        name="kek",
        metavar="URI",
        help="KEK: gcp-kms://, aws-kms://, hcvault:// or local-kek://",
    ),
    Option(
        name="jwk",
        group=WHAT,
        is_required=True,
        metavar="FILE",
        help="file of a private JWK on P-256",
    ),
    Option(
        name="key_id",
        group=WHAT,
        metavar="ID",
        help="Pioneer v2's encryptionKeyId of it",
    ),
)


def create(args: argparse.Namespace) -> int:
    """Makes a namespace's key, or the keys of purposes of the platform."""
    from rally.keys import administration

    if args.purpose:
        return _create_purposes(args)
    folder, namespace = _namespace_folder(args)
    template = args.template or "hpke"
    _settle(folder, "namespaces", namespace, args.kek)
    administration.create(folder, namespace, template)
    _say(f"made a key of {namespace} ({template}) in {folder.uri}")
    return _say_what_else(namespace)


def import_jwk(args: argparse.Namespace) -> int:
    """Takes an existing private JWK into a namespace's JWK Set."""
    from rally.keys import administration, jwk

    folder, namespace = _namespace_folder(args)
    text = read_bounded(args.jwk, _MOST_JWK_BYTES)
    key = jwk.parse_private(text, args.jwk, args.key_id)
    _settle(folder, "namespaces", namespace, args.kek)
    administration.import_jwk(folder, namespace, key)
    _say(f"{namespace} opens pings with it; keep no other copy of {args.jwk}")
    return _say_what_else(namespace)


def public(args: argparse.Namespace) -> int:
    """Prints what clients encrypt to, or by what a job's signatures are verified."""
    from rally.keys import administration
    from rally.keys.folder import JWK

    if args.purpose:
        return _print_verifying(args)
    folder, namespace = _namespace_folder(args)
    if administration.which_kind(folder, namespace, args.template) == JWK:
        return _print(json.dumps(administration.public_jwk(folder, namespace)))
    return _print(*administration.public_keyset(folder, namespace).split("\n"))


def _print_verifying(args: argparse.Namespace) -> int:
    from rally.keys.names import is_signing
    from rally.keys.signing import read_public

    purpose, *others = args.purpose
    if others or not is_signing(purpose):
        raise ConfigurationError(
            "--purpose: give one that signs, such as signing.delete"
        )
    return _print(*read_public(_platform_folder(args), purpose).split("\n"))


def list_keys(args: argparse.Namespace) -> int:
    """Prints a line for each key: whose, what, its id, and what it does."""
    from rally.keys import administration
    from rally.keys.folder import KeyFolder

    if not args.keys and not args.platform_keys:
        raise ConfigurationError("give --keys or --platform_keys")
    asked = (
        (args.keys, administration.ping_rows),
        (args.platform_keys, administration.platform_rows),
    )
    found = [(uri, rows_of(KeyFolder(uri))) for uri, rows_of in asked if uri]
    table = Table(_KEYS, [row for _, rows in found for row in rows])
    print_results({"keys": table}, table, as_json=args.json)
    for uri, rows in found:
        if not rows:
            raise ConfigurationError(f"{uri}: is missing, or holds no keys")
    return 0


_KEYS: "tuple[Column[KeyRow], ...]" = (
    Column("owner", lambda each: each.owner),
    Column("kind", lambda each: each.kind),
    Column("key_id", lambda each: each.key_id),
    Column("role", lambda each: each.role),
)


def _what_of_the_old(purpose: str) -> str:
    from rally.keys.names import is_signing

    if not is_signing(purpose):
        return "its old ones still serve"
    return "it counts when two owners name its public half, by `rally people`"


def rotate(args: argparse.Namespace) -> int:
    """Adds a key for new pings; the old ones still open."""
    from rally.keys import administration, platform_administration

    if args.purpose:
        folder = _platform_folder(args)
        for purpose in args.purpose:
            platform_administration.rotate_purpose(folder, purpose)
            _say(f"{purpose} has a new key; {_what_of_the_old(purpose)}")
        return 0
    folder, namespace = _namespace_folder(args)
    administration.rotate(folder, namespace, args.template)
    return _say(
        f"{namespace} has a new key; its old ones still open. "
        "Give clients what `rally keys public` prints now"
    )


def destroy(args: argparse.Namespace) -> int:
    """Deletes a namespace's keys, or a study's pseudonym key, for ever."""
    from rally.keys import administration, platform_administration

    if args.purpose:
        folder = _platform_folder(args)
        for purpose in args.purpose:
            ask_for_name(args, _LOST, purpose)
        for purpose in args.purpose:
            platform_administration.destroy_pseudonym(folder, purpose)
    else:
        folder, namespace = _namespace_folder(args)
        ask_for_name(args, _LOST, namespace)
        administration.destroy(folder, namespace)
    return _say(
        f"deleted from {folder.uri}; "
        "older generations, soft-deleted objects and backups are not reached from here"
    )


def _create_purposes(args: argparse.Namespace) -> int:
    from rally.keys import names, platform_administration

    folder = _platform_folder(args)
    for purpose in map(names.check_purpose, args.purpose):
        _settle(folder, "purposes", purpose, args.kek)
        if not platform_administration.create_purpose(folder, purpose):
            raise ConfigurationError(f"{folder.uri}: has a key of {purpose} already")
        _say(f"made the key of {purpose} in {folder.uri}")
    return 0


def _settle(
    folder: "KeyFolder", owners: "Owners", owner: str, kek_uri: str | None
) -> None:
    from rally.keys.kek_assignment import assign_kek

    if assign_kek(folder, owners, owner, kek_uri):
        _say(f"made a local KEK in {folder.uri}: for development only")


def _namespace_folder(args: argparse.Namespace) -> "tuple[KeyFolder, str]":
    from rally.keys import names
    from rally.keys.folder import KeyFolder

    if not args.keys or not args.namespace:
        raise ConfigurationError("give --keys and --namespace")
    return KeyFolder(args.keys), names.check_namespace(args.namespace)


def _platform_folder(args: argparse.Namespace) -> "KeyFolder":
    from rally.keys.folder import KeyFolder
    from rally.keys.platform_keys import default_uri

    if args.namespace or not (args.platform_keys or args.keys):
        raise ConfigurationError("give --platform_keys with --purpose, no --namespace")
    return KeyFolder(args.platform_keys or default_uri(args.keys))


def _print(*lines: str) -> int:
    """Prints a result."""
    print_lines(*lines)
    return 0


def _say_what_else(namespace: str) -> int:
    return _say(
        f"pings of {namespace} are stored once it has the key of its pseudonyms, too:"
        f" `rally init --study {namespace}` makes it, once `rally studies check` calls"
        " the study good"
    )


def _say(line: str) -> int:
    print_lines(line, file=sys.stderr)
    return 0


_BOTH = "--namespace --keys --platform_keys --purpose"
COMMAND = CommandGroup(
    "keys",
    "keys that open pings, and the platform's own",
    (
        Command(
            name="create",
            handler=create,
            options=f"{_BOTH} --template --kek",
            own=_OWN,
            example="--namespace=rally-garden --keys=/srv/rally/keys",
            changes=True,
        ),
        Command(
            name="import",
            handler=import_jwk,
            options="--namespace --keys --jwk --key_id --kek",
            own=_OWN,
            example="--namespace=rally-garden --keys=/srv/rally/keys --jwk=old.json",
            changes=True,
        ),
        Command(
            name="public",
            handler=public,
            options=f"{_BOTH} --template",
            own=_OWN,
            example="--namespace=rally-garden --keys=/srv/rally/keys",
        ),
        Command(
            name="list",
            handler=list_keys,
            options="--keys --platform_keys --json",
            own=_OWN,
            example="--keys=/srv/rally/keys",
            json=describe_json({"keys": _KEYS}),
        ),
        Command(
            name="rotate",
            handler=rotate,
            options=f"{_BOTH} --template",
            own=_OWN,
            example="--namespace=rally-garden --keys=/srv/rally/keys",
            changes=True,
        ),
        Command(
            name="destroy",
            handler=destroy,
            options=f"{_BOTH} --yes",
            own=_OWN,
            example="--namespace=rally-garden --keys=/srv/rally/keys",
            changes=True,
        ),
        Command(
            name="seal",
            handler=seal_pings,
            options=f"--namespace --keys {SEAL_NAMES}",
            own=(*_OWN, *SEAL),
            example="--namespace=rally-garden --public=public.json --type=visit"
            " --version=1 < pings.ndjson",
        ),
    ),
)
