"""Files of rows that another writer made."""

import io
import json

import fastavro

from rally.registry.rows import row_schema
from rally.storage.layout import new_file
from tests.rally.audit.audited_platform import partition_of
from tests.support.foreign_avro import Form, write_foreign
from tests.support.world import GARDEN

OURS = Form(lambda schema: schema)
"""The form of our own rows."""


def put_foreign(
    deployment,
    rows,
    study=GARDEN,
    document="visit.1",
    day=0,
    name="f" * 32,
    form=OURS,
    change=lambda it: it,
) -> str:
    """Stores rows as fastavro writes them in a form, without an index.

    `change` is done to the bytes of the file; gives its name.
    """
    text = row_schema(deployment.registry.studies[study].documents[document].schema)
    schema = fastavro.parse_schema(json.loads(text))
    records = [
        fastavro.schemaless_reader(io.BytesIO(row), schema, None) for row in rows
    ]
    data = write_foreign(form, json.loads(text), records, codec="deflate")
    name = new_file(partition_of(study, document, day), name)
    assert deployment.data.create(name, change(data))
    return name
