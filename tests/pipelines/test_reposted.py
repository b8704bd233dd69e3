"""Pings of the real Glean.js client, submitted again as others, by the commands.

Each command is the one that an operator runs, on the day that a test says.
"""

import json
import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from pipelines import cli
from rally.initialisation.development_reviews import (
    REGISTRAR,
    import_reviews,
    write_reviews,
)
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.keys.platform_administration import ensure_platform_keys
from rally.registry.registry import Registry
from tests.support.people import make_people_keys, signer
from tests.support.stores import make_stores
from tests.support.world import stored_events, stored_rows

pytestmark = pytest.mark.slow("jobs")

TESTS = Path(__file__).parents[1]
VECTORS = TESTS / "vectors/glean"
ADDON, LAB = VECTORS / "glean-1.4.0/core-addon", VECTORS / "glean-1.4.0/lab-study"
ENROLMENT = ADDON / "01.rally-core.enrollment.pubsub.json"
SURVEY = ADDON / "02.rally-core.demographics.pubsub.json"
STUDY_ENROLMENT = ADDON / "03.rally-core.study-enrollment.pubsub.json"
LEFT = ADDON / "06.rally-core.deletion-request.pubsub.json"
VISIT = LAB / "04.rally-lab-study.page-visit.pubsub.json"
SIGNED, LAST = datetime(2026, 10, 1, tzinfo=UTC), date(2027, 3, 31)
Ping = tuple[Path, str | None]
AGAIN = "2f0f7a52-9a5d-4f7b-8a07-55b3a9f2f6d1"


class Office:
    """Rally's platform with the client's own namespace, and the commands."""

    def __init__(self, root: Path, capsys) -> None:
        self.root, self.capsys = root, capsys
        self.store, keys, studies = (
            str(root / each) for each in ("store", "keys", "studies")
        )
        shutil.copytree(TESTS.parent / "schemas", studies)
        core = Path(studies) / "rally-core/study.yaml"  # closed before the capture
        core.write_text(core.read_text().replace("collect_through: 2023-03-27\n", ""))
        folder = KeyFolder(keys)
        assign_kek(folder, "namespaces", "any")
        for namespace in ("rally-core", "rally-lab-study"):
            text = (VECTORS / f"keys/{namespace}.private.json").read_bytes()
            key = jwk.parse_private(text, namespace, None)
            administration.import_jwk(folder, namespace, key)
        namespaces = list(Registry.load(studies).studies)
        ensure_platform_keys(f"{keys}/platform", namespaces)
        reviewed = Registry.load(studies)
        days = {
            f"rally-core/{name}": (reviewed.studies["rally-core"].starts, LAST)
            for name in reviewed.studies["rally-core"].documents
        }
        write_reviews(Path(studies), days)
        platform = make_stores(self.store, f"{keys}/platform").platform
        reviewed = Registry.load(studies)
        [*import_reviews(platform, reviewed, signer(REGISTRAR), lambda _: SIGNED)]
        self.options = [f"--store={self.store}", f"--studies={studies}"]
        self.keys = f"--keys={keys}"
        self.people = make_people_keys(self.root / "people")

    def run(self, job: str, day: int, *more: str) -> str:
        """What the job prints; it has to end well."""
        as_of = f"--as_of=2026-{11 + day // 31:02}-{day % 31 or 31:02}T12:00:00Z"
        status = cli.main([job, *self.options, self.keys, as_of, *more])
        out, errors = self.capsys.readouterr()
        if job == "delete" and errors:  # a person is asked
            assert re.fullmatch(
                "rally: rally[a-z-]*: 1 withdrawal waits for a decision, by"
                " [0-9-]{10}; `rally withdrawals --requests` lists them\n",
                errors,
            )
            assert status == 1
            return out
        assert (status, errors) == (0, "")
        return out

    def submit(self, day: int, *pings: Ping) -> str:
        """Ingests the client's pings, each at its own path or as another document."""
        path = self.root / f"{day}-{len(list(self.root.iterdir()))}.ndjson"
        path.write_text("".join(map(self._line, [day] * len(pings), pings)))
        return self.run("ingest", day, f"--input={path}")

    def _line(self, day: int, ping: Ping) -> str:
        file, document = ping
        message = json.loads(file.read_text())
        attributes = message["attributes"]
        attributes["submission_timestamp"] = f"2026-11-{day:02}T10:00:00.000000Z"
        if document:
            namespace = attributes["uri"].split("/")[2]
            attributes["uri"] = f"/submit/{namespace}/{document}/1/{AGAIN}"
        return json.dumps(message) + "\n"

    def rows(self) -> list[str]:
        """The documents that are stored."""
        return sorted(place.split("/")[1] for place, _ in stored_rows(self.store))

    def requests(self, day: int) -> list[tuple[str, str, str | None]]:
        """State of each, and why and until when it is held."""
        out = self.run("withdrawals", day, "--requests", "--json")
        return [
            (each["state"], each["scope"], each["held_until"])
            for each in json.loads(out)["requests"]
        ]


@pytest.fixture
def office(tmp_path, capsys):
    return Office(tmp_path, capsys)


ENROLLED = ((ENROLMENT, None), (STUDY_ENROLMENT, None), (SURVEY, None))
STORED = ["demographics.1", "enrollment.1", "study-enrollment.1"]


@pytest.mark.parametrize(
    ("ping", "as_what"),
    [(ENROLMENT, "deletion-request"), (STUDY_ENROLMENT, "unenrollment")],
)
def test_an_enrolment_as_a_withdrawal_is_held_and_deletes_nothing(
    office, ping, as_what
):
    office.submit(21, *ENROLLED)
    office.submit(22, (ping, as_what))
    office.run("delete", 22)
    assert office.rows() == STORED
    assert office.requests(22) == [("held", "rally", "2026-12-06T12:00:00Z")]
    assert "reposted until 2026-12-06" in office.run("withdrawals", 22, "--requests")
    office.run("delete", 35)
    assert office.rows() == STORED

    out = office.run("delete", 37)  # the sixth of December: nobody has decided
    assert office.rows() == []
    assert "receipts: 1" in out
    assert office.requests(37) == [("active", "rally", None)]


def test_a_copy_that_somebody_rejects_deletes_nothing_ever(office):
    office.submit(21, *ENROLLED)
    office.submit(22, (ENROLMENT, "deletion-request"))
    office.run("delete", 22)
    reject = ["--by=decide", f"--people_keys={office.people}", "--note=a copy", "--all"]
    status = cli.main(["withdrawals", "reject", *office.options, office.keys, *reject])
    assert (status, *office.capsys.readouterr()) == (0, "rejected: 1 withdrawal\n", "")
    office.run("delete", 50)
    assert office.rows() == STORED


def test_a_withdrawal_of_the_person_is_carried_out_beside_a_copy(office):
    office.submit(21, *ENROLLED)
    office.submit(22, (ENROLMENT, "deletion-request"), (LEFT, None))
    office.run("delete", 22)
    assert office.rows() == []


def test_old_pings_after_leaving_bring_nobody_back(office):
    office.submit(21, *ENROLLED)
    office.submit(22, (LEFT, None))
    office.run("delete", 22)
    assert office.rows() == []
    events = stored_events(office.store)

    out = office.submit(
        23,
        (ENROLMENT, "enrollment"),
        (STUDY_ENROLMENT, "enrollment"),
        (STUDY_ENROLMENT, "study-enrollment"),
        (ENROLMENT, "demographics"),
        (LEFT, "deletion-request"),
        (SURVEY, None),
    )
    assert "reposted" in out
    assert len(stored_events(office.store) - events) == 1  # the withdrawal, once more
    office.run("delete", 23)
    office.run("replay", 23)
    office.run("delete", 24)
    assert office.rows() == []
    assert office.requests(24) == [("active", "rally", None)]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_withdrawal_as_an_enrolment_means_what_it_said_first(office, order):
    """Whichever arrives first: the edge's clock tells which was submitted first."""
    office.submit(21, *ENROLLED)
    both = ((22, (LEFT, None)), (23, (LEFT, "enrollment")))
    for each in order:
        office.submit(both[each][0], both[each][1])
    office.run("delete", 24)
    office.submit(24, (SURVEY, None))
    office.run("replay", 24)
    assert office.rows() == []
    assert office.requests(24) == [("active", "rally", None)]


def test_copies_of_data_count_once_within_the_window_of_compaction(office):
    """Three days; one that is submitted later counts again, as docs/clients.md says."""
    copy = (VISIT, "page-visit")
    office.submit(21, (ENROLMENT, None), (VISIT, None), copy, copy)
    office.submit(23, copy)
    office.submit(27, copy)
    assert office.rows().count("page-visit.1") == 5
    office.run("compact", 27)
    assert office.rows() == ["enrollment.1", "page-visit.1", "page-visit.1"]
