"""Files of rows that another writer made."""

import io
import json

import fastavro

from rally.storing.layout import new_file
from rally.storing.rows import row_schema
from tests.pipelines.world import GARDEN
from tests.rally.auditing.place import partition_of


def put_foreign(place, rows, study=GARDEN, day=0, name="f" * 32) -> str:
    """Stores rows as fastavro writes them, without an index; gives the name."""
    text = row_schema(place.registry.studies[study].documents["visit.1"])
    schema = fastavro.parse_schema(json.loads(text))
    records = [
        fastavro.schemaless_reader(io.BytesIO(row), schema, None) for row in rows
    ]
    stream = io.BytesIO()
    fastavro.writer(stream, schema, records, codec="deflate", sync_marker=bytes(16))
    name = new_file(partition_of(study, day=day), name)
    assert place.data.create(name, stream.getvalue())
    return name
