"""`rally rows`: a study's rows as tables, for its researchers.

The handler imports what it needs, so that `--help` is quick.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from rally import numbers
from rally.commands.command import Command
from rally.commands.options import find_study, read_time
from rally.errors import ManyFaults, cause_of
from rally.options import NAMESPACE, PLACES, WHAT, Option, grouped
from rally.printing import print_lines, print_text
from rally.process import say
from rally.registry.registry import Registry
from rally.registry.study import WITHOUT_ROWS, Document, Study
from rally.tables import Column, Table, print_blocks, print_json

if TYPE_CHECKING:
    from rally.dataset.dictionary import DictionaryEntry
    from rally.dataset.scan import Scan

_FEW = 20
_MOST = 10_000
_FORMATS = ("parquet", "arrow", "csv", "jsonl")

_OWN = (
    NAMESPACE,
    Option(
        name="document",
        metavar="[DOC]",
        default="",
        help="the document, such as visit.1 (default: each of the study)",
        is_word=True,
        group=WHAT,
    ),
    *grouped(
        WHAT,
        Option(name="since", metavar="DAY", help="first submission date, UTC"),
        Option(name="until", metavar="DAY", help="last submission date, UTC"),
        Option(
            name="columns",
            metavar="NAMES",
            help="columns that the terminal shows, with commas between (default: all)",
        ),
        Option(
            name="limit",
            metavar="N",
            type=numbers.whole(1, _MOST),
            default=_FEW,
            help="most rows that the terminal shows (default: %(default)s)",
        ),
        Option(
            name="out",
            metavar="URI",
            help="the folder of a kept table, which `derived:` of the study registers",
        ),
        Option(
            name="format",
            choices=_FORMATS,
            default=_FORMATS[0],
            help="the format of a kept table (default: %(default)s)",
        ),
        Option(
            name="describe",
            is_flag=True,
            help="print the data dictionary: each column in the study's own words;"
            " no rows are read, and no store is needed",
        ),
    ),
    Option(
        name="view_key",
        metavar="FILE",
        help="the public half of signing.delete, as `rally keys public` prints it: by"
        " it the study's view of who left is verified",
        group=PLACES,
    ),
)


def show_rows(args: argparse.Namespace) -> int:
    """Shows rows of a study as a table, keeps them as files, or describes columns."""
    from rally.storage.objectstore.interface import GenerationMismatch
    from rally.storage.row_streams import UnreadableRows

    _check(args)
    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    documents = _documents(registry, study, args.document)
    if args.describe:
        _describe(documents, as_json=args.json)
        return 0
    try:
        if args.out:
            _keep(args, study, documents)
        else:
            _print_rows(args, documents)
    except UnreadableRows as error:
        why = error.cause
        what = cause_of(why) if isinstance(why, OSError) else str(why)
        return say(f"{error.name}: cannot be read ({what})")
    except GenerationMismatch as error:
        return say(f"{error}: changes all the time; run the command again")
    return 0


def _check(args: argparse.Namespace) -> None:
    """Raises ConfigurationError where options do not go together."""
    faults = list[str]()
    if args.describe and args.out:
        faults.append("--describe, --out: are too many; give one of them")
    if args.out and args.columns is not None:
        faults.append(
            "--columns: is for the terminal; a kept table has all columns, of which its"
            " readers choose"
        )
    if args.json and not args.describe:
        faults.append(
            "--json: is for --describe; of rows it is --format=jsonl, with --out"
        )
    if not (args.describe or args.out or sys.stdout.isatty()):
        faults.append(
            "standard output: is no terminal, and rows do not leave by a pipe or a"
            " file; keep them by --out, in a folder that `derived:` registers"
        )
    if not args.describe:
        missing = [each for each in ("store", "view_key") if not getattr(args, each)]
        faults += [f"--{each} is required; see --help" for each in missing]
    if faults:
        raise ManyFaults(faults)


def _documents(registry: Registry, study: Study, name: str) -> list[Document]:
    """Returns the documents that are meant: one, or each that has rows."""
    from rally.dataset import reading

    if name:
        names = [name]
    else:
        found = registry.documents(study).values()
        names = [each.name for each in found if each.means not in WITHOUT_ROWS]
    return [reading.find_table(registry, study.namespace, each) for each in names]


def _open(args: argparse.Namespace, document: Document) -> "Scan":
    from rally.dataset.reading import open_scan

    columns = None
    if args.columns is not None:
        columns = [each.strip() for each in args.columns.split(",") if each.strip()]
    return open_scan(
        args.store,
        document,
        args.view_key,
        since=args.since,
        until=args.until,
        columns=columns,
        now=read_time("--as_of", args.as_of),
    )


def _print_rows(args: argparse.Namespace, documents: Sequence[Document]) -> None:
    """Prints some rows of each document."""
    scans = [(each, _open(args, each)) for each in documents]
    for document, scan in scans:
        rows = list(islice(_rows(scan), args.limit))
        columns = [_column(name) for name in scan.schema.names]
        title = f"{document.namespace} {document.name}: {_count(len(rows), args.limit)}"
        print_blocks(title, Table(columns, rows), "")


def _count(rows: int, limit: int) -> str:
    what = "1 row" if rows == 1 else f"{rows:,} rows"
    return f"{what}; --limit shows more" if rows == limit else what


def _rows(scan: "Scan") -> Iterator[dict[str, Any]]:
    from rally.dataset.formats import rows_of

    for batch in scan.read():
        yield from rows_of(batch)


def _column(name: str) -> Column[dict[str, Any]]:
    return Column(name, lambda row: _shown(row[name]), head=name)


def _shown(value: Any) -> Any:
    """Gives a value as tables show it: bytes in hexadecimal digits."""
    return value.hex() if isinstance(value, bytes) else value


def _keep(args: argparse.Namespace, study: Study, documents: Sequence[Document]) -> int:
    """Brings the kept tables of documents up to what may be read now."""
    from rally.dataset.formats import Format
    from rally.dataset.kept_table import open_folder, update
    from rally.dataset.reading import open_study_store

    store = open_study_store(args.store, study.namespace)
    folder = open_folder(args.out, study, store)
    for each in documents:
        kept = update(
            folder,
            study.namespace,
            lambda each=each: _open(args, each),  # type: ignore[misc]
            Format(args.format),
        )
        print_lines(
            f"{study.namespace} {each.name}: {kept.written:,} parts written,"
            f" {kept.removed:,} removed; {folder.uri}"
        )
    return 0


def _describe(documents: Sequence[Document], *, as_json: bool) -> None:
    from rally.dataset.dictionary import describe_columns, to_markdown

    found = [(each, describe_columns(each)) for each in documents]
    if as_json:
        print_json({each.name: Table(_ENTRIES, entries) for each, entries in found})
        return
    print_text("\n\n".join(to_markdown(*each) for each in found))


_ENTRIES: tuple[Column["DictionaryEntry"], ...] = (
    Column("column", lambda each: each.column),
    Column("type", lambda each: each.type),
    Column("words", lambda each: each.words),
    Column("category", lambda each: each.category),
    Column("purpose", lambda each: each.purpose or None),
    Column("expires", lambda each: each.expires),
    Column("identifier", lambda each: each.identifier),
)

COMMAND = Command(
    name="rows",
    handler=show_rows,
    options="namespace document --since --until --columns --limit --out --format"
    " --describe --studies --store --view_key --as_of --json",
    own=_OWN,
    example="rally-birds visit.1 --store=/srv/rally/store --view_key=view_key.json",
    summary="show a study's rows as a table, keep them as files, describe columns",
    about="Shows rows of a study to its researchers on a terminal, keeps them as files"
    " in a folder that the study registers, or describes their columns. Each message"
    " is there once; people who left, and what is past its retention, are not.",
    json="--json, with --describe, prints one object: for each document a list with "
    + ", ".join(each.key for each in _ENTRIES)
    + ".",
)
