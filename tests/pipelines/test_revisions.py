"""A document's schema changes in the middle of a study, and every job goes on."""

import io
import json
import shutil
from collections import Counter
from pathlib import Path

import fastavro
import pytest

from pipelines import cli
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.storage.header import read_header
from tests.support.reviews import write_reviews
from tests.support.schemas import described
from tests.support.world import (
    GARDEN,
    HOUSE,
    VISIT,
    World,
    document_id,
    rally_id,
    write_lines,
)

pytestmark = pytest.mark.slow("jobs")

MOOD = {"name": "mood", "type": ["null", "string"], "default": None}
LATER, EARLIER = "2026-05-20T10:00:05.000000Z", "2026-05-20T09:59:00.000000Z"
LEFT, EXPIRED = "2026-05-25T10:00:00.000000Z", "2026-12-20T12:00:00Z"


class Office:
    """The garden's registry, its store, and the commands."""

    def __init__(self, root, capsys):
        self.world, self.store = World(root / "world"), str(root / "store")
        self._root, self._capsys = root, capsys
        self._review_both(root / "revised")

    def run(self, command, *more):
        options = self.world.options(self.store, *more)
        assert (cli.main([command, *options]), self._capsys.readouterr().err) == (0, "")

    def ingest(self, *messages):
        path = write_lines(self._root / "in.ndjson", messages)
        self.run("ingest", f"--input={path}")

    def message(self, document, person, number, sent, **more):
        clear = {"rally.id": rally_id(person), **more}
        return self.world.message(document, clear, number, sent)

    def visit(self, person, number, sent=LATER, **more):
        more = {"page": "p", "count": 1, **more}
        return self.message(f"{GARDEN}/visit/1", person, number, sent, **more)

    def _review_both(self, revised):
        """The study's review covers the schema that is to come as well."""
        shutil.copytree(self.world.studies, revised)
        self.revise(revised)
        write_reviews(revised)
        name = f"{GARDEN}/reviews/r1.yaml"
        shutil.copy(revised / name, Path(self.world.studies) / name)

    def revise(self, studies=None):
        """The schema of visits gets a field more."""
        garden = Path(studies or self.world.studies) / GARDEN
        newest, older = garden / "visit.1.avsc", garden / "revisions/visit.1"
        older.mkdir(parents=True)
        newest.rename(older / "1.avsc")
        schema = {**VISIT, "fields": [*VISIT["fields"], MOOD]}
        newest.write_text(json.dumps(described(schema)))

    def revisions(self):
        registry = Registry.load(self.world.studies)
        return registry.studies[GARDEN].documents["visit.1"].revisions

    def files(self):
        folder = Path(self.store) / f"data/study={GARDEN}/document=visit.1"
        return [path.read_bytes() for path in sorted(folder.rglob("*.avro"))]

    def rows(self):
        """Numbers of the pings by the revision of their rows, 0 is the oldest."""
        known = [each.fingerprint for each in self.revisions()[::-1]]
        return Counter(
            (known.index(read_header(data).entries["rally.schema"].decode()), number)
            for data in self.files()
            for row in fastavro.reader(io.BytesIO(data))
            for number in range(100, 110)
            if row["document_id"] == document_id(number)
        )


@pytest.fixture
def office(tmp_path, capsys):
    return Office(tmp_path, capsys)


def test_rows_of_two_schemas_are_one_table_for_every_job(office):
    joins = (f"{HOUSE}/enrollment/1", f"{GARDEN}/study-enrollment/1")
    enrolments = [
        office.message(document, person, 10 * person + at, EARLIER)
        for person in (1, 2, 3)
        for at, document in enumerate(joins)
    ]
    office.ingest(*enrolments, *(office.visit(each, 100 + each) for each in (1, 2, 3)))
    office.revise()
    office.ingest(
        office.visit(1, 104, mood="good"),
        office.visit(2, 102, LEFT, mood="late"),
        office.visit(2, 105, mood="good"),
        office.visit(3, 103, EARLIER, mood="early"),
    )
    stored = [(0, 101), (0, 102), (0, 103), (1, 104), (1, 102), (1, 105), (1, 103)]
    assert office.rows() == Counter(stored)

    office.run("compact")

    staying = [(0, 101), (0, 102), (1, 103), (1, 104), (1, 105), (1, 102)]
    assert office.rows() == Counter(staying)  # the late copy lies five dates behind
    office.run("audit")

    left = f"{GARDEN}/study-unenrollment/1"
    office.ingest(office.message(left, 1, 200, LEFT))
    office.run("delete")

    assert office.rows() == Counter(
        each for each in staying if each[1] not in (101, 104)
    )
    office.run("compact")
    office.run("audit")

    newest = json.loads(row_schema(office.revisions()[0]))
    moods = {
        (row["document_id"], row["payload"]["mood"])
        for data in office.files()
        for row in fastavro.reader(io.BytesIO(data), newest)
    }
    assert moods == {
        (document_id(102), None),
        (document_id(102), "late"),
        (document_id(103), "early"),
        (document_id(105), "good"),
    }

    office.run("purge", f"--as_of={EXPIRED}")
    assert office.files() == []


def test_a_row_of_a_schema_that_the_registry_no_longer_knows_is_a_finding(
    office, capsys
):
    office.ingest(office.visit(1, 101))
    office.revise()
    folder = Path(office.world.studies) / GARDEN / "revisions"
    (folder / "visit.1/1.avsc").unlink()
    options = office.world.options(office.store)
    assert cli.main(["audit", *options]) == 1
    out, _ = capsys.readouterr()
    assert "not of the approved schema" in out
