"""`rally keys seal`: seals clear pings as clients do, to try out a study with.

A study can be fed before it has a client. Pings that would only become dead letters are
named and not sealed.
"""

import argparse
import sys
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rally import numbers
from rally.commands import ping_options
from rally.commands.options import find_study
from rally.errors import ConfigurationError
from rally.options import WHAT, Option
from rally.printing import print_lines
from rally.registry.registry import Registry
from rally.registry.study import Document

if TYPE_CHECKING:
    from rally.sources.clear_pings import ClearPing

SEAL = (
    Option(
        name="public",
        group=WHAT,
        metavar="FILE",
        help="file of the public keyset, instead of --keys",
    ),
    Option(
        name="type",
        group=WHAT,
        is_required=True,
        metavar="TYPE",
        help="the document type",
    ),
    Option(
        name="version",
        group=WHAT,
        is_required=True,
        metavar="N",
        type=numbers.whole(1, 999_999_999),
        help="its version",
    ),
    Option(
        name="document_id",
        group=WHAT,
        metavar="UUID",
        type=uuid.UUID,
        help="a UUID, of one ping; random by default",
    ),
    Option(
        name="submission_timestamp",
        group=WHAT,
        metavar="TIME",
        help="in UTC, ISO 8601 with Z; now by default",
    ),
    *ping_options.PING,
    Option(
        name="country_attribute",
        group=WHAT,
        metavar="NAME",
        default=ping_options.COUNTRY,
        help="message attribute that has the country (default: %(default)s)",
    ),
    Option(name="gzip", group=WHAT, is_flag=True, help="gzip the clear text first"),
    Option(
        name="unchecked",
        group=WHAT,
        is_flag=True,
        help="ask no registry, and seal what does not fit its schema, too",
    ),
)
NAMES = "--studies " + " ".join(f"--{each.name}" for each in SEAL)


def seal_pings(args: argparse.Namespace) -> int:
    """Seals clear pings as a client does; prints a Pub/Sub message for each."""
    from rally.keys import names, sealing  # imports Tink

    namespace = names.check_namespace(args.namespace or "")
    if args.public:
        handle = sealing.public_from_file(args.public)
    elif args.keys:
        handle = sealing.public_from_folder(args.keys, namespace)
    else:
        raise ConfigurationError("give --keys or --public")

    def path(document_id: uuid.UUID) -> str:
        return sealing.submission_path(namespace, args.type, args.version, document_id)

    path(uuid.uuid4())  # refuses names before anything is read
    given = {
        "submission_timestamp": args.submission_timestamp or _now(),
        **ping_options.attributes_of(args, args.country_attribute),
    }
    for ping in _read_pings(args, namespace):
        where = path(args.document_id or uuid.uuid4())
        said = {**given, **ping.attributes}
        line = sealing.pubsub_line(handle, where, ping.data, said, zipped=args.gzip)
        print_lines(line)
    return 0


def _read_pings(args: argparse.Namespace, namespace: str) -> "list[ClearPing]":
    """Reads the pings to seal from standard input.

    Raises:
        ConfigurationError: a line is no ping or, unless `--unchecked` says so, does not
            fit its schema; or there are several pings for one document id.
    """
    from rally.ingestion.trial import check_fit
    from rally.sources.clear_pings import read_clear_pings

    if args.unchecked:
        pings = read_clear_pings(sys.stdin.buffer, ())
    else:
        document = _find(args, namespace)
        declared = ping_options.top_names(document)
        pings = read_clear_pings(sys.stdin.buffer, declared)
        check_fit(document, pings)
    if args.document_id and len(pings) > 1:
        raise ConfigurationError(
            f"--document_id: is of one ping, and there are {len(pings):,}; remove it"
        )
    return pings


def _find(args: argparse.Namespace, namespace: str) -> Document:
    registry = Registry.load(args.studies)
    study = find_study(registry, namespace, args.studies)
    if study.namespace != namespace:
        raise ConfigurationError(
            f"--namespace: {namespace} is an alias; clients submit to {study.namespace}"
        )
    return registry.find_document(study, f"{args.type}.{args.version}")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
