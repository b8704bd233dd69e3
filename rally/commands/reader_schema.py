"""`rally studies schema`: the Avro schema by which readers take stored rows."""

import argparse
import json

from rally.commands.options import find_study
from rally.options import WHAT, Option
from rally.printing import print_text
from rally.registry.registry import Registry

DOCUMENT = Option(
    name="document",
    group=WHAT,
    is_word=True,
    metavar="DOC",
    help="the document, such as visit.1; of visit the newest version",
)


def print_reader_schema(args: argparse.Namespace) -> int:
    """Prints the schema that reads all stored rows of a document as one table."""
    from rally.registry.rows import row_schema  # imports fastavro, which is slow

    registry = Registry.load(args.studies)
    study = find_study(registry, args.namespace, args.studies)
    document = registry.find_document(study, args.document)
    schema = json.loads(row_schema(document.schema))
    print_text(json.dumps(schema, indent=2))
    return 0
