"""`rally studies schema` prints what reads all stored rows of a document."""

import io
import json

import avro.schema
import pytest
from avro.datafile import DataFileReader
from avro.io import DatumReader

from rally.commands import studies
from rally.errors import ConfigurationError
from rally.parser import Parser
from rally.registry.registry import Registry
from rally.registry.rows import RowEncoder, row_schema
from rally.storage.container import encode_container
from tests.support.schemas import described
from tests.support.world import GARDEN, VISIT, write_studies

PERSON = "11111111-1111-8111-8111-111111111111"
MOOD = {"name": "mood", "type": ["null", "string"], "default": None}


@pytest.fixture
def folder(tmp_path):
    write_studies(tmp_path)
    return tmp_path / GARDEN


@pytest.fixture
def schema(folder, capsys):
    """Types the command; its output."""

    def run(*words):
        parser = Parser("rally")
        studies.COMMAND.add_to(parser.add_subparsers(), "rally")
        typed = ["studies", "schema", *words, f"--studies={folder.parent}"]
        args = parser.parse_args(typed)
        assert args.handler(args) == 0
        return capsys.readouterr().out

    return run


def stored(document):
    """A file with a row of a document's newest schema."""
    payload = {"rally.id": "x", "page": "p", "count": 1}
    row = RowEncoder(document).encode(PERSON, PERSON, 1, None, None, payload)
    schema = row_schema(document.schema)
    return encode_container(schema, [row], {}, bytes(16), indexed=True)


def load(folder):
    return Registry.load(str(folder.parent)).studies[GARDEN].documents["visit.1"]


def test_schema_reads_rows_of_every_revision(folder, schema):
    files = [stored(load(folder))]
    (folder / "revisions/visit.1").mkdir(parents=True)
    (folder / "visit.1.avsc").rename(folder / "revisions/visit.1/1.avsc")
    newest = described({**VISIT, "fields": [*VISIT["fields"], MOOD]})
    (folder / "visit.1.avsc").write_text(json.dumps(newest))
    files.append(stored(load(folder)))

    printed = schema(GARDEN, "visit")

    assert json.loads(printed) == json.loads(row_schema(load(folder).schema))
    reader = DatumReader(None, avro.schema.parse(printed))
    rows = [row for data in files for row in DataFileReader(io.BytesIO(data), reader)]
    assert [row["payload"]["mood"] for row in rows] == [None, None]
    assert rows[0] == rows[1]


def test_schema_of_a_document_that_is_none_is_refused(schema):
    with pytest.raises(ConfigurationError, match=r"visit\.2"):
        schema(GARDEN, "visit.2")
