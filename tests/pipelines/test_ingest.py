"""Ingest as a whole: known files in, and every object that comes of them."""

import json
from datetime import datetime

import pytest

from pipelines import cli
from rally.events import RALLY, Event, EventKind
from rally.outcomes import FailureReason
from rally.storage.layout import view_file
from rally.storage.marker import NAME
from rally.version import pipeline_version
from tests.support.world import (
    AS_OF,
    GARDEN,
    HOUSE,
    POND,
    SENT,
    SENT_LATER,
    Message,
    contents,
    document_id,
    rally_id,
    stored_events,
    stored_ids,
    stored_rows,
    write_avro,
    write_lines,
)

SENT_MICROS = 1_779_271_200_000_000
DAY, NEXT_DAY = "2026-05-20", "2026-05-21"


def visit(person, **more):
    return {"rally.id": rally_id(person), "page": "p", "count": 1} | more


def who(person):
    return {"rally.id": rally_id(person)}


@pytest.fixture(scope="module")
def messages(world):
    """One ping of each outcome, and one of each kind of document."""
    shouted = rally_id(2).upper()
    moved = world.visit(1, 90)
    return [
        world.message(f"{GARDEN}/visit/1", visit(1), 1, x_telemetry_agent="Glean"),
        world.message(
            f"{GARDEN}/visit/1",
            visit(2, page=f"/{shouted}", labels={shouted.replace("-", ""): "x"}),
            2,
            SENT_LATER,
        ),
        world.message(f"{GARDEN}/visit/1", visit(1, more=1), 3),
        world.message(
            f"{GARDEN}/study-enrollment/1", who(1) | {"deletion.id": rally_id(50)}, 4
        ),
        world.message(f"{GARDEN}/study-unenrollment/1", who(1) | {"more": 1}, 5),
        world.message(f"{POND}/visit/1", visit(1), 6),
        world.message(f"{POND}/visit/1", visit(1), 7, dnt="1"),
        world.message(f"{POND}/visit/1", visit(1, private=True), 8),
        world.message(f"{HOUSE}/enrollment/1", who(1), 9),
        world.message(
            f"{HOUSE}/uninstall-deletion/1", {"deletion.id": rally_id(50)}, 10
        ),
        world.message(f"{GARDEN}/visit/1", visit(1), 11, "2026-01-31T00:00:00Z"),
        world.message(f"{GARDEN}/visit/1", visit(1), 12, "yesterday"),
        world.message(f"{GARDEN}/visit/2", visit(1), 13),
        moved._replace(attributes=world.visit(1, 14).attributes),
        moved._replace(
            attributes={"uri": "/submit/../x", "submission_timestamp": SENT}
        ),
        moved._replace(body=b"{}"),
    ]


MALFORMED = """\
unknown       unknown               failed malformed line         1
"""
SUMMARY = f"""\
STUDY         DOCUMENT              OUTCOME                   PINGS
rally-garden  study-enrollment.1    joined                        1
rally-garden  study-enrollment.1    stored                        1
rally-garden  study-unenrollment.1  left                          1
rally-garden  unknown               failed unknown document       1
rally-garden  visit.1               failed decryption failed      1
rally-garden  visit.1               failed invalid timestamp      1
rally-garden  visit.1               failed not encrypted          1
rally-garden  visit.1               failed schema mismatch        1
rally-garden  visit.1               refused before start          1
rally-garden  visit.1               stored                        2
rally-house   enrollment.1          joined                        1
rally-house   enrollment.1          stored                        1
rally-house   uninstall-deletion.1  left                          1
rally-pond    visit.1               refused do not track          1
rally-pond    visit.1               refused private browsing      1
rally-pond    visit.1               stored                        1
unknown       unknown               failed invalid uri            1
{MALFORMED}
STUDY         DOCUMENT  MISMATCH             PINGS
rally-garden  visit.1   undeclared, below /      1
"""


@pytest.fixture(scope="module")
def lines(messages, tmp_path_factory):
    path = tmp_path_factory.mktemp("lines") / "in.ndjson"
    write_lines(path, messages)
    with path.open("a") as file:
        file.write("no message\n")
    return path


@pytest.fixture
def ingest(world, capsys):
    """Runs the command, which complains of nothing, and gives its summary."""

    def run(store, *options):
        assert cli.main(["ingest", *world.options(store), *options]) == 0
        out, errors = capsys.readouterr()
        assert errors == ""
        return out

    return run


def pseudonymous_visit(pseudonym, **more):
    always = {"page": "p", "count": 1, "seconds": None, "private": None}
    always |= {"labels": None, "parts": None}
    return {"rally_id": pseudonym} | always | more


def row(participant, number, payload, agent=None):
    return {
        "participant": participant,
        "document_id": document_id(number),
        "client_agent": agent,
        "source_tags": None,
        "payload": payload,
    }


def test_every_ping_has_its_outcome(world, ingest, lines, store):
    assert ingest(store, f"--input={lines}") == SUMMARY


def test_json_has_all_that_people_are_told(ingest, lines, store):
    out = ingest(store, f"--input={lines}", "--json")
    assert out.count("\n") == 1
    told = json.loads(out)
    assert list(told) == ["outcomes", "mismatches", "left_out"]
    rows, mismatches, left_out = told.values()
    assert left_out == []
    assert mismatches == [
        {
            "study": "rally-garden",
            "document": "visit.1",
            "where": "undeclared, below /",
            "pings": 1,
        }
    ]
    assert rows[3] == {
        "study": "rally-garden",
        "document": "unknown",
        "outcome": "failed",
        "reason": "unknown_document",
        "pings": 1,
    }
    written = [" ".join(str(each) for each in row.values() if each) for row in rows]
    shown = [" ".join(line.split()) for line in SUMMARY.splitlines()[1:-3]]
    assert [each.replace("_", " ") for each in written] == shown


def test_rows_are_exact_and_under_their_study(world, ingest, lines, store):
    ingest(store, f"--input={lines}")

    one, two = world.pseudonym(1), world.pseudonym(2)
    in_pond, in_house = world.pseudonym(1, POND), world.platform_pseudonym(1)
    deletion_id = world.deletion_pseudonym(50, GARDEN)
    found = {}
    for partition, stored in stored_rows(store):
        time = stored.pop("submission_timestamp")
        assert time.isoformat() == f"{partition[-10:]}T10:00:00+00:00"
        assert partition not in found
        found[partition] = stored
    assert found == {
        f"{GARDEN}/visit.1/{DAY}": row(one, 1, pseudonymous_visit(one), "Glean"),
        f"{GARDEN}/visit.1/{NEXT_DAY}": row(
            two,
            2,
            pseudonymous_visit(two, page=f"/{two}", labels={two.replace("-", ""): "x"}),
        ),
        f"{GARDEN}/study-enrollment.1/{DAY}": row(
            one, 4, {"rally_id": one, "deletion_id": deletion_id}
        ),
        f"{POND}/visit.1/{DAY}": row(in_pond, 6, pseudonymous_visit(in_pond)),
        f"{HOUSE}/enrollment.1/{DAY}": row(
            in_house, 9, {"rally_id": in_house, "deletion_id": None}
        ),
    }


def test_events_say_who_joined_and_left(world, ingest, lines, store):
    ingest(store, f"--input={lines}")

    one = world.platform_pseudonym(1)
    deletion_id = world.deletion_pseudonym(50)

    def event(kind, scope, person, hashed, number, signal):
        return Event(
            kind, scope, person, SENT_MICROS, hashed, document_id(number), signal
        )

    joined, left = EventKind.JOINED, EventKind.LEFT
    assert stored_events(store) == {
        event(joined, GARDEN, one, deletion_id, 4, f"{GARDEN}/study-enrollment.1"),
        event(left, GARDEN, one, None, 5, f"{GARDEN}/study-unenrollment.1"),
        event(joined, RALLY, one, None, 9, f"{HOUSE}/enrollment.1"),
        event(left, RALLY, None, deletion_id, 10, f"{HOUSE}/uninstall-deletion.1"),
    }


def test_dead_letters_are_the_envelopes_as_received(
    world, ingest, lines, messages, store
):
    ingest(store, f"--input={lines}")

    letters = world.dead_letters(store)
    by_reason = {letter.reason: letter for letter in letters}
    assert len(by_reason) == len(letters)
    reasons = FailureReason
    assert {
        reason: (letter.envelope.payload, letter.envelope.uri)
        for reason, letter in by_reason.items()
    } == {
        reasons.SCHEMA_MISMATCH: (messages[2].body, messages[2].attributes["uri"]),
        reasons.INVALID_TIMESTAMP: (messages[11].body, messages[11].attributes["uri"]),
        reasons.UNKNOWN_DOCUMENT: (messages[12].body, messages[12].attributes["uri"]),
        reasons.DECRYPTION_FAILED: (messages[13].body, messages[13].attributes["uri"]),
        reasons.INVALID_URI: (messages[14].body, "/submit/../x"),
        reasons.NOT_ENCRYPTED: (b"{}", messages[15].attributes["uri"]),
        reasons.MALFORMED_LINE: (b"", None),
    }
    offset = lines.read_text().index("no message")
    assert by_reason[reasons.MALFORMED_LINE].origin == f"{lines}:{offset}"


def test_dead_letters_tell_when_and_by_whom_they_failed(world, ingest, lines, store):
    ingest(store, f"--input={lines}")

    for letter in world.dead_letters(store):
        assert letter.time == datetime.fromisoformat(AS_OF)
        assert letter.version == pipeline_version()


def test_second_run_changes_no_byte(ingest, lines, store):
    ingest(store, f"--input={lines}")
    once = contents(store)

    assert ingest(store, f"--input={lines}") == SUMMARY
    assert contents(store) == once


@pytest.mark.slow("processes")
def test_two_workers_do_what_one_does(ingest, lines, tmp_path):
    unit = "--split_bytes=2000"
    processes = "--direct_running_mode=multi_processing"
    one, two = str(tmp_path / "one"), str(tmp_path / "two")

    assert ingest(one, f"--input={lines}", unit) == SUMMARY
    summary = ingest(two, f"--input={lines}", unit, processes, "--direct_num_workers=2")

    assert summary == SUMMARY
    assert data_of(two) == data_of(one)
    assert stored_events(two) == stored_events(one)
    assert contents(two).keys() == contents(one).keys()


def test_store_may_be_split_by_study(world, ingest, lines, store, tmp_path):
    by_study, platform = f"{tmp_path}/of/{{study}}", f"{tmp_path}/platform"
    ingest(store, f"--input={lines}")
    world.make_stores(by_study, platform)

    ingest(by_study, f"--input={lines}", f"--platform={platform}")

    together = data_of(store)
    for study in (GARDEN, HOUSE, POND):
        apart = {
            name: data
            for name, data in together.items()
            if name.startswith(f"data/study={study}/")
        }
        of_study = contents(by_study.format(study=study))
        view = view_file(study)
        always = {name: of_study[name] for name in (NAME, view) if name in of_study}
        assert of_study == apart | always
    assert stored_events(str(tmp_path)) == stored_events(store)


@pytest.fixture
def in_form(messages, tmp_path):
    """Writes the messages in one of the forms, and gives the path."""

    def write(form):
        path = tmp_path / "in"
        if form == "avro":
            return write_avro(path, messages)
        line = {"gcp": Message.gcp_line, "pubsub": Message.pubsub_line}[form]
        path.write_text("".join(f"{line(message)}\n" for message in messages))
        return str(path)

    return write


@pytest.mark.parametrize("form", ["gcp", "pubsub", "avro"])
def test_every_form_of_input_gives_the_same_store(form, in_form, ingest, lines, store):
    path = in_form(form)
    other = f"{store}-of-lines"
    without_malformed = SUMMARY.replace(MALFORMED, "")
    ingest(other, f"--input={lines}")

    assert ingest(store, f"--input={path}") == without_malformed

    assert data_of(store) == data_of(other)
    assert stored_events(store) == stored_events(other)


def test_files_of_several_globs_and_forms_are_one_input(world, ingest, store, tmp_path):
    write_lines(tmp_path / "a.ndjson", [world.visit(1, 1)])
    write_avro(tmp_path / "b.avro", [world.visit(1, 2)])
    (tmp_path / "deep" / "er").mkdir(parents=True)
    write_lines(tmp_path / "deep" / "er" / "c.ndjson", [world.visit(1, 3)])

    ingest(store, f"--input={tmp_path}/*.ndjson,{tmp_path}/b.avro,{tmp_path}/**/c.*")

    ids = [number for _, number in stored_ids(store)]
    assert ids == [document_id(number) for number in (1, 2, 3)]


def test_country_decides_on_enrolments_only(world, ingest, store, tmp_path):
    path = write_lines(
        tmp_path / "in.ndjson",
        [
            world.message(f"{GARDEN}/study-enrollment/1", who(1), 1, geo="US"),
            world.message(f"{GARDEN}/study-enrollment/1", who(2), 2, geo="FR"),
            world.message(f"{GARDEN}/study-enrollment/1", who(3), 3),
            world.visit(4, 4, geo="FR"),
            world.message(f"{GARDEN}/study-enrollment/1", who(5), 5, geo="ZZ"),
        ],
    )

    assert ingest(store, f"--input={path}", "--country_attribute=geo") == (
        "STUDY         DOCUMENT            OUTCOME          PINGS\n"
        "rally-garden  study-enrollment.1  joined               3\n"
        "rally-garden  study-enrollment.1  refused country      1\n"
        "rally-garden  study-enrollment.1  stored               3\n"
        "rally-garden  visit.1             stored               1\n"
    )


def data_of(store):
    """The objects of rows, and not the sealed ones, which differ each time."""
    objects = contents(store)
    return {name: objects[name] for name in objects if name.startswith("data/")}
