"""`rally studies expunge`: orders that goes what should never have been collected."""

import argparse
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from rally.commands.asking import ask_for_name
from rally.commands.command import Command
from rally.commands.decide_study import day_of, decider
from rally.commands.options import find_study
from rally.commands.reader_schema import DOCUMENT
from rally.decisions.contents import DecisionKind, Expunge
from rally.errors import ConfigurationError
from rally.options import NAMESPACE, WHAT, Option
from rally.printing import print_lines, visible
from rally.registry.registry import Registry
from rally.registry.study import WITHOUT_ROWS, Document
from rally.registry.transitions import States
from rally.storage.marked_stores import MarkedStores
from rally.tables import Block, Column, Results, Table, describe_json, print_results

if TYPE_CHECKING:
    from rally.decisions.chain import Chain
    from rally.deletion.expunge_preview import DayTotals, ExpungePreview
    from rally.storage.layout import Stores


def expunge(args: argparse.Namespace) -> int:
    """Orders that rows, or one field of them, are taken out of the store for ever."""
    if args.json and not args.plan_only:
        raise ConfigurationError("--json: is for what will follow; add --plan_only")
    if not args.store:
        raise ConfigurationError("--store: is missing; say where the data is")
    now = datetime.now(UTC)
    registry = Registry.load(args.studies)
    order = _read_order(args, registry, now.date())
    stores = MarkedStores(args.store, args.platform or None)
    signer = None if args.plan_only else decider(args)
    if signer and not args.note:
        raise ConfigurationError(
            "--note: is missing; say why, in words that participants may read"
        )
    foreseen = _foresee(args, stores, registry, order, now)
    if signer and foreseen.required:
        raise ConfigurationError(_impossible(order, foreseen))
    print_results(_results(order, foreseen), *_told(order, foreseen), as_json=args.json)
    if signer is None:
        return 0
    from rally.withdrawal.newest_list import decide_by_list

    def check(chain: "Chain") -> None:
        _check_order(registry, chain, order, now)

    print_lines("")
    ask_for_name(args, "Order it?", order.namespace)
    kind = DecisionKind.EXPUNGE
    entry = decide_by_list(stores.platform, signer, kind, order, now, check)
    print_lines(
        f"decision {entry.number} is signed by {entry.by}; it counts when another"
        " person, who may decide or sign for privacy, runs `rally decisions approve"
        f" {entry.number}`"
    )
    return 0


def _read_order(args: argparse.Namespace, registry: Registry, today: date) -> Expunge:
    """Reads an order from its options. Raises ConfigurationError if it makes none."""
    study = find_study(registry, args.namespace, args.studies)
    document = registry.find_document(study, args.document)
    first, last = day_of("--from", args.first), day_of("--until", args.last)
    if first > last:
        raise ConfigurationError("--until: is before --from; correct one of them")
    if last > today:
        raise ConfigurationError(
            f"--until: is after today, {today}; expunge what was sent, and suspend the"
            " document for what is to come"
        )
    if document.means in WITHOUT_ROWS:
        raise ConfigurationError(
            f"{document.name}: has no rows, as it says only who leaves or agrees"
        )
    if args.field is not None:
        _check_field(document, args.field)
    return Expunge(
        study.namespace, document.name, args.field, first, last, args.note or ""
    )


def _check_field(document: Document, path: str) -> None:
    """Makes sure that a field can be taken out of rows of each revision that has it.

    Raises:
        ConfigurationError: No revision has it, or one requires it.
    """
    from rally.registry.rows import row_schema  # imports fastavro, which is slow
    from rally.storage.field_eraser import FieldRequired, find_eraser

    try:
        erasers = [find_eraser(row_schema(each), path) for each in document.revisions]
    except FieldRequired:
        raise ConfigurationError(
            f"--field: {path} of {document.name} is required, and can be neither null"
            " nor empty; expunge whole rows, without --field"
        ) from None
    if not any(each.is_there for each in erasers):
        raise ConfigurationError(
            f"--field: {path} is no field of {document.name}; give its path in the"
            " schema, such as /events/*/address"
        )


def _check_order(
    registry: Registry, chain: "Chain", order: Expunge, now: datetime
) -> None:
    """Raises ConfigurationError where an order makes no sense after a chain."""
    from rally.registry.expunges import Expunges

    if States.of_chain(registry, chain).is_concluded(order.namespace, now):
        raise ConfigurationError(
            f"{order.namespace}: is concluded, so that all of it goes anyway"
        )
    for each in Expunges.of_chain(chain).waiting:
        if (each.namespace, each.document, each.field, each.first, each.last) == (
            order[:-1]
        ):
            raise ConfigurationError(
                f"{order.document}: that is ordered already, as decision {each.number};"
                f" another person approves it by `rally decisions approve"
                f" {each.number}`"
            )


def _foresee(
    args: argparse.Namespace,
    stores: "Stores",
    registry: Registry,
    order: Expunge,
    now: datetime,
) -> "ExpungePreview":
    from rally.decisions.verifying import read_chain
    from rally.deletion.expunge_preview import preview_expunge
    from rally.registry.legal_holds import LegalHolds

    try:
        chain = read_chain(stores.platform)
        _check_order(registry, chain, order, now)
        return preview_expunge(stores, registry, order, LegalHolds.of_chain(chain, now))
    except OSError as error:
        reason = error.strerror or "refused"
        raise ConfigurationError(f"{args.store}: cannot be read ({reason})") from None


_DAYS: "tuple[Column[DayTotals], ...]" = (
    Column("day", lambda each: each.day),
    Column("files", lambda each: each.files),
    Column("rows", lambda each: each.rows),
    Column("bytes", lambda each: each.bytes),
)
JSON = describe_json(
    {"days": _DAYS},
    ["namespace", "document", "field", "from", "until", "unread_files",
     "files_that_require_it", "dead_letters", "derived", "legal_holds"],
)  # fmt: skip
"""What `--help` says of `--json`."""


def _results(order: Expunge, foreseen: "ExpungePreview") -> Results:
    """What will follow, for a program."""
    return {
        "namespace": order.namespace,
        "document": order.document,
        "field": order.field,
        "from": order.first,
        "until": order.last,
        "days": Table(_DAYS, foreseen.days),
        "unread_files": foreseen.unread,
        "files_that_require_it": sum(foreseen.required.values()),
        "dead_letters": foreseen.dead_letters,
        "derived": [str(uri) for uri in foreseen.derived],
        "legal_holds": [str(hold) for hold in foreseen.holds],
    }


def _told(order: Expunge, foreseen: "ExpungePreview") -> list[Block]:
    """What will follow, for whoever decides."""
    days = f"{order.first} to {order.last}"
    goes = f"{order.field} goes out of these rows" if order.field else "these rows go"
    return [
        f"{order.namespace}/{order.document}, {days}: {goes}:",
        Table(_DAYS, foreseen.days),
        "\n".join(map(visible, _more(order, foreseen))),
    ]


def _impossible(order: Expunge, foreseen: "ExpungePreview") -> str:
    """Says that the field cannot be taken out of some files, and what can be done."""
    return (
        f"--field: {order.field} is required, and can be neither null nor empty, in"
        f" {sum(foreseen.required.values()):,} files that another program wrote,"
        f" {_required_days(foreseen)}; expunge the rows of these dates, without"
        " --field, or name others by --from and --until"
    )


def _required_days(foreseen: "ExpungePreview") -> str:
    """Says from when to when there are files in which the field is required."""
    first, last = min(foreseen.required), max(foreseen.required)
    return f"of {first}" if first == last else f"of {first} to {last}"


def _more(order: Expunge, foreseen: "ExpungePreview") -> Iterator[str]:
    yield f"files: {foreseen.files:,}"
    if foreseen.unread:
        yield f"files that do not say what they have: {foreseen.unread:,}"
    if foreseen.required:
        yield (
            f"files that another program wrote, in which {order.field} is required,"
            f" {_required_days(foreseen)}: {sum(foreseen.required.values()):,}; expunge"
            " their rows, without --field"
        )
    if foreseen.dead_letters:
        yield (
            f"objects of sealed dead letters of the study: {foreseen.dead_letters:,};"
            " `rally replay` takes out what is meant"
        )
    for uri in foreseen.derived:
        yield f"{uri}: is a researchers' own table; they take it out there"
    for hold in foreseen.holds:
        yield f"{hold} keeps its rows until it is released"


_OWN = (
    NAMESPACE,
    DOCUMENT,
    Option(
        name="field",
        group=WHAT,
        metavar="PATH",
        help="the field that goes, by its path in the schema, such as"
        " /events/*/address; without it whole rows go",
    ),
    Option(
        name="from",
        group=WHAT,
        metavar="DATE",
        dest="first",
        help="the first submission date of what goes",
    ),
    Option(
        name="until",
        group=WHAT,
        metavar="DATE",
        dest="last",
        help="the last submission date of what goes",
    ),
    Option(
        name="plan_only", is_flag=True, help="say what will follow, and order nothing"
    ),
)
COMMAND = Command(
    name="expunge",
    handler=expunge,
    options="namespace document --field --from --until --studies --store --platform"
    " --keys --people_keys --by --note --plan_only --yes --json",
    own=_OWN,
    about="Orders that rows of a document, or one field of them, are taken out of the"
    " store for ever. It counts when another person approves the decision; then ingest"
    " keeps nothing of it any more, and `rally delete` takes out what is stored. The"
    " inventory tells participants what was taken out, and the note.",
    example="rally-garden visit.1 --field=/address --from=2026-01-01"
    " --until=2026-01-31 --store=/srv/rally/store --by=ann"
    " --people_keys=/home/ann/keys --note='…'",
    json=JSON,
    changes=True,
)
"""Command of `rally studies`."""
