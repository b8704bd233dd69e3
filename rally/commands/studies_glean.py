"""`rally studies new` and `add`: a study joins from its own Glean definitions."""

import argparse
from collections.abc import Iterator

from rally.commands.command import Command
from rally.options import WHAT, Option
from rally.printing import print_lines

_SHOWN = 10  # paths of one document

OWN = (
    Option(
        name="namespace",
        is_word=True,
        group=WHAT,
        metavar="NS",
        help="the study's namespace, which is the Glean application's id",
    ),
    Option(
        name="metrics",
        metavar="FILE",
        repeats=True,
        is_required=True,
        group=WHAT,
        help="definitions of metrics, as metrics.yaml; give it again for each file",
    ),
    Option(
        name="pings",
        metavar="FILE",
        repeats=True,
        is_required=True,
        group=WHAT,
        help="definitions of pings, as pings.yaml; give it again for each file",
    ),
)


def new_study(args: argparse.Namespace) -> int:
    """Makes the folder of a new study, which a person completes."""
    from rally.glean.adding import write_files
    from rally.glean.starting import plan_study

    writes = plan_study(args.studies, args.namespace)
    write_files(writes)
    print_lines(*(f"{write.path}: made" for write in writes))
    print_lines(
        "Next: complete study.yaml where it says TODO, then add the study's documents:"
        f" rally studies add {args.namespace} --metrics=FILE --pings=FILE"
    )
    return 0


def add_documents(args: argparse.Namespace) -> int:
    """Makes a study's documents from its Glean definitions, or their next revisions."""
    from rally.glean.adding import Change, plan_addition, write_files
    from rally.glean.reading import read_definitions

    definitions = read_definitions(args.metrics, args.pings)
    plan = plan_addition(args.studies, args.namespace, definitions)
    write_files(plan.writes)
    for document in plan.documents:
        number = f" {document.revision}" if document.change is Change.REVISION else ""
        count = len(document.open_fields)
        is_open = f", {count} of them open" if count else ""
        print_lines(
            f"{document.name}: {document.change}{number} ({document.fields} fields"
            f"{is_open})",
            *_listed("adds", document.added),
            *_listed("removes", document.removed),
        )
    print_lines(*(f"note: {note}" for note in definitions.notes))
    if not plan.writes:
        print_lines("Nothing changed.")
    elif any(each.open_fields for each in plan.documents):
        print_lines(
            "Next: write what says TODO in the schemas, then `rally studies check`."
        )
    return 0


def _listed(what: str, paths: tuple[str, ...]) -> Iterator[str]:
    yield from (f"  {what} {path}" for path in paths[:_SHOWN])
    if len(paths) > _SHOWN:
        yield f"  {what} {len(paths) - _SHOWN:,} more"


COMMANDS = (
    Command(
        name="new",
        handler=new_study,
        options="namespace --studies",
        own=OWN,
        about="Makes the folder of a new study: study.yaml, in which a comment explains"
        " each entry and TODO says what is open, and the documents by which Glean"
        " clients join and leave. `rally studies check` says what is still open.",
        example="rally-birds --studies=schemas",
        changes=True,
    ),
    Command(
        name="add",
        handler=add_documents,
        options="namespace --metrics --pings --studies",
        own=OWN,
        about="Makes a schema of each ping that the definitions declare: exactly their"
        " metrics, and what Glean adds by itself. What the definitions do not say of a"
        " field says TODO; what people wrote there stays. A complete schema whose"
        " definitions have changed becomes a revision. Where there is a fault, all are"
        " told and nothing is written.",
        example="rally-birds --studies=schemas --metrics=metrics.yaml"
        " --pings=pings.yaml",
        changes=True,
    ),
)
