"""What is written, byte by byte: rows, events and sealed dead letters."""

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.dead_letters import LetterPlace, list_dead_letters, read_sealed, unseal
from rally.envelope import Envelope
from rally.event_log.event_log import EventLog
from rally.events import EventKind
from rally.ingestion.setup import make_intake, make_writer
from rally.outcomes import Count, FailureReason
from rally.storage.container import read_rows
from rally.storage.header import read_header
from rally.storage.marker import NAME
from rally.storage.objectstore.local_files import LOCK_NAME
from rally.storage.objectstore.open_store import open_store
from rally.validation.pseudonyms import stands_in

RALLY_ID = "c286f4ba-6713-4d3d-b955-8eaeede6846d"
ID = "65f58083-cefe-4201-832f-0505c3b73d76"
CANARY = "canary-in-the-coal-mine"
DAY = "2022-06-02"  # the job's clock: retention of dead letters counts from there


def ingest(settings, envelopes, malformed=()):
    """Takes envelopes, flushes, and returns the counts."""
    intake = make_intake(settings)
    writer = make_writer(settings, lambda: intake.counter)
    for envelope in envelopes:
        if row := intake.take(envelope):
            writer.add(*row)
    for origin in malformed:
        intake.take_malformed(origin)
    writer.flush()
    intake.flush()
    return {count.name: number for count, number in intake.counts.items()}


def files(root: Path) -> dict[str, bytes]:
    """Every file but for what was there before: see `rally init`."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and path.name not in (NAME, LOCK_NAME)
        and not {"decisions", "withdrawals"}.intersection(path.parts)
    }


def letters(small_rally, root: Path):
    """Every dead letter, opened with the private key, and its place."""
    platform = open_store(str(root / "platform"))
    unsealer = small_rally.platform_keys.dead_letter_opener()
    return [
        (place, unseal(sealed, place, unsealer))
        for place, info in list_dead_letters(platform)
        for sealed in read_sealed(platform.read(info.name))
    ]


def pings(small_rally, payload, canary=CANARY):
    """Good and bad together, each with the canary in its clear text."""
    clear = payload(url=canary, extra={canary: canary})
    unknown = payload(**{canary: canary})
    visit = [small_rally.seal_glean("rally-x", "visit.1", clear)]
    visit += [
        small_rally.seal_tink("rally-x", "visit.1", clear, document_id=ID[:-1] + "0")
    ]
    return [
        *visit,
        small_rally.seal_glean("rally-x", "visit.1", clear, dnt="1"),
        small_rally.seal_glean("rally-x", "visit.1", {**clear, "private": True}),
        small_rally.seal_glean("rally-x", "visit.1", unknown),
        small_rally.seal_glean("rally-x", "visit.1", payload(rally_id=canary)),
        small_rally.seal_glean(
            "rally-x", "joined.1", payload(string={"study": canary})
        ),
        small_rally.seal_glean("rally-x", "left.1", unknown),
        small_rally.seal_glean(
            "rally-hub", "enrollment.1", payload(string={"study": canary})
        ),
        small_rally.seal_glean(
            "rally-hub", "study-unenrollment.1", payload(string={"study": canary})
        ),
        small_rally.seal_pioneer("pioneer-y", "measures.1", {"text": canary}),
        small_rally.seal_pioneer(
            "pioneer-y", "measures.1", {"text": canary}, key_id="none"
        ),
        small_rally.seal_pioneer(
            "pioneer-hub", "pioneer-enrollment.1", {}, key_id="none"
        ),
        small_rally.make_envelope(json.dumps(clear).encode()),
        small_rally.make_envelope(json.dumps(clear).encode(), "rally-x", "left.1"),
        Envelope(json.dumps(clear).encode(), uri=f"/{canary}/{RALLY_ID}"),
        visit[0]._replace(uri=f"/submit/{canary}/visit/1/{RALLY_ID}"),
        visit[0]._replace(uri=f"/submit/rally-x/{canary}/1/{RALLY_ID}"),
        visit[0]._replace(submission_timestamp=f"{canary} {RALLY_ID}"),
        visit[1]._replace(uri=f"/submit/rally-x/visit/1/{RALLY_ID}"),
    ]


COUNTS = {
    "rally-x/visit.1/stored": 2,
    "rally-x/visit.1/refused/do_not_track": 1,
    "rally-x/visit.1/refused/private_browsing": 1,
    "rally-x/visit.1/failed/schema_mismatch": 1,
    "rally-x/visit.1/failed/invalid_id": 1,
    "rally-x/visit.1/failed/not_encrypted": 1,
    "rally-x/visit.1/failed/invalid_timestamp": 1,
    "rally-x/visit.1/failed/decryption_failed": 1,
    "rally-x/joined.1/stored": 1,
    "rally-x/joined.1/joined": 1,
    "rally-x/left.1/left": 1,
    "rally-x/left.1/failed/not_encrypted": 1,
    "rally-x/unknown/failed/unknown_document": 1,
    "rally-hub/enrollment.1/stored": 1,
    "rally-hub/enrollment.1/joined": 1,
    "rally-hub/study-unenrollment.1/failed/unknown_study": 1,
    "pioneer-y/measures.1/stored": 1,
    "pioneer-y/measures.1/failed/no_key": 1,
    "pioneer-hub/pioneer-enrollment.1/stored": 1,
    "pioneer-hub/pioneer-enrollment.1/joined": 1,
    "pioneer-hub/pioneer-enrollment.1/failed/unreadable_enrolment": 1,
    "unknown/unknown/failed/invalid_uri": 1,
    "unknown/unknown/failed/unknown_namespace": 1,
    "unknown/unknown/failed/malformed_line": 1,
}


def test_every_ping_is_counted_once_for_each_thing_that_it_became(
    small_rally, payload, tmp_path
):
    settings = small_rally.start_job(tmp_path)
    counts = ingest(settings, pings(small_rally, payload), [f"/{CANARY}.ndjson:7"])
    assert counts == COUNTS


def test_folders_are_named_by_the_registry_alone(small_rally, payload, tmp_path):
    ingest(
        small_rally.start_job(tmp_path),
        pings(small_rally, payload),
        ["/input.ndjson:7"],
    )
    folders = {name.rpartition("/")[0] for name in files(tmp_path)}
    assert folders == {
        "data/study=rally-x/document=visit.1/date=2022-06-01/bucket=new",
        "data/study=rally-x/document=joined.1/date=2022-06-01/bucket=new",
        "data/study=rally-hub/document=enrollment.1/date=2022-06-01/bucket=new",
        "data/study=pioneer-y/document=measures.1/date=2022-06-01/bucket=new",
        "data/study=pioneer-hub/document=pioneer-enrollment.1/date=2022-06-01/bucket=new",
        "platform/events/date=2022-06-01",
        f"platform/dead-letters/study=rally-x/kind=ping/date={DAY}",
        f"platform/dead-letters/study=rally-x/kind=withdrawal/date={DAY}",
        f"platform/dead-letters/study=rally-hub/kind=withdrawal/date={DAY}",
        f"platform/dead-letters/study=pioneer-y/kind=ping/date={DAY}",
        f"platform/dead-letters/study=pioneer-hub/kind=ping/date={DAY}",
        f"platform/dead-letters/study=unknown/kind=ping/date={DAY}",
    }


def clear_bytes(data: bytes) -> bytes:
    """All that a reader without a key can see of a file, unpacked."""
    return (
        data + repr(read_header(data)).encode() + repr(list(read_rows(data))).encode()
    )


def test_no_byte_that_is_written_holds_the_id_nor_a_canary_but_its_row(
    small_rally, payload, tmp_path, caplog, capfd
):
    caplog.set_level(0)
    settings = small_rally.start_job(tmp_path)
    counts = ingest(settings, pings(small_rally, payload), [f"/{CANARY}/{RALLY_ID}:7"])
    written = files(tmp_path)
    assert len(written) == 12
    with_canary = set()
    for name, data in written.items():
        seen = name.encode() + clear_bytes(data)
        assert not stands_in(RALLY_ID, seen), name
        if CANARY.encode() in seen:
            with_canary.add(name.split("/")[0] + "/" + name.split("/")[2])
    assert with_canary == {
        "data/document=visit.1",
        "data/document=joined.1",
        "data/document=enrollment.1",
        "data/document=measures.1",
    }
    told = repr(counts) + caplog.text + "".join(capfd.readouterr())
    assert CANARY not in told
    assert not stands_in(RALLY_ID, told.encode())


FORMS = [RALLY_ID, RALLY_ID.upper(), RALLY_ID.replace("-", "")]
WORDS = st.sampled_from([*FORMS, CANARY, f"{CANARY}{RALLY_ID}", "", "other"])


@given(
    data=st.lists(
        st.tuples(
            st.sampled_from(["visit.1", "joined.1", "left.1", "late.1", "none.1"]),
            st.sampled_from([*FORMS, CANARY, None]),
            st.dictionaries(st.sampled_from(["url", "tags", "x"]) | WORDS, WORDS),
            st.fixed_dictionaries(
                {},
                optional={
                    "dnt": WORDS,
                    "source_tags": WORDS,
                    "client_agent": WORDS,
                    "debug_id": WORDS,
                    "country": WORDS,
                    "document_id": st.sampled_from([RALLY_ID, ID, CANARY]),
                },
            ),
            st.booleans(),
        ),
        max_size=6,
    )
)
def test_no_ping_makes_its_id_or_clear_text_appear(
    small_rally, payload, tmp_path_factory, data
):
    root = tmp_path_factory.mktemp("platform")
    intake = small_rally.make_intake(root)
    for document, identifier, others, attributes, spoilt in data:
        clear = payload(identifier, **others)
        envelope = small_rally.seal_glean("rally-x", document, clear, **attributes)
        if spoilt:
            envelope = envelope._replace(payload=json.dumps(clear).encode())
        if taken := intake.take(envelope):
            assert not stands_in(RALLY_ID, taken.row)
            assert CANARY not in "/".join(taken.partition)
    intake.flush()
    for name, content in files(root).items():
        seen = name.encode() + clear_bytes(content)
        assert not stands_in(RALLY_ID, seen)
        assert CANARY.encode() not in seen
    told = " ".join(map(repr, intake.counts))
    assert CANARY not in told
    assert not stands_in(RALLY_ID, told.encode())
    assert {count.study for count in intake.counts} <= {"rally-x", "unknown"}


def test_dead_letter_is_the_envelope_as_it_was_received(small_rally, payload, tmp_path):
    everything = pings(small_rally, payload)
    ingest(small_rally.start_job(tmp_path), everything, ["/input.ndjson:7"])
    found = letters(small_rally, tmp_path)
    reasons = Counter(letter.reason for _, letter in found)
    expected = Counter()
    for name, number in COUNTS.items():
        if "failed" in name:
            expected[FailureReason(Count.parse(name).reason)] += number
    assert reasons == expected
    for place, letter in found:
        assert place.day == letter.time.date().isoformat() == DAY
        if letter.reason is FailureReason.MALFORMED_LINE:
            assert (letter.envelope, letter.origin) == (
                Envelope(b""),
                "/input.ndjson:7",
            )
        else:
            assert letter.envelope in everything
            assert letter.origin is None
        is_mismatch = letter.reason is FailureReason.SCHEMA_MISMATCH
        assert letter.where == ("undeclared, below /" if is_mismatch else None)


def test_malformed_line_keeps_where_it_stands_and_nothing_of_it(small_rally, tmp_path):
    ingest(small_rally.start_job(tmp_path), [], ["/in/a.ndjson:0", "/in/a.ndjson:9"])
    found = letters(small_rally, tmp_path)
    assert {letter.origin for _, letter in found} == {
        "/in/a.ndjson:0",
        "/in/a.ndjson:9",
    }
    for place, letter in found:
        assert place == LetterPlace("unknown", "ping", DAY)
        assert letter.reason is FailureReason.MALFORMED_LINE
        assert letter.envelope == Envelope(b"")


def test_same_envelopes_again_write_the_same_objects(small_rally, payload, tmp_path):
    envelopes = pings(small_rally, payload)
    settings = small_rally.start_job(tmp_path)
    ingest(settings, envelopes, ["/input.ndjson:7"])
    first = files(tmp_path)
    ingest(settings, envelopes, ["/input.ndjson:7"])
    assert files(tmp_path) == first
    ingest(settings, reversed(envelopes), ["/input.ndjson:7"])
    assert files(tmp_path) == first


def test_events_are_those_of_who_joined_and_left(small_rally, payload, tmp_path):
    ingest(small_rally.start_job(tmp_path), pings(small_rally, payload))
    events = list(EventLog(open_store(str(tmp_path / "platform"))))
    platform = small_rally.pseudonyms.of_platform(RALLY_ID)
    assert {event.participant for event in events} == {platform}
    assert sorted((event.kind, event.scope, event.signal) for event in events) == [
        (EventKind.JOINED, "rally", "pioneer-hub/pioneer-enrollment.1"),
        (EventKind.JOINED, "rally", "rally-hub/enrollment.1"),
        (EventKind.JOINED, "rally-x", "rally-x/joined.1"),
        (EventKind.LEFT, "rally-x", "rally-x/left.1"),
    ]


def test_nothing_is_written_before_the_flush(small_rally, payload, tmp_path):
    intake = make_intake(small_rally.start_job(tmp_path))
    for envelope in pings(small_rally, payload):
        intake.take(envelope)
    assert files(tmp_path) == {}
    assert not intake.is_full
    intake.flush()
    assert all(name.startswith("platform/") for name in files(tmp_path))
    written = files(tmp_path)
    intake.flush()
    assert files(tmp_path) == written


def test_intake_is_full_when_it_holds_what_may_be_held(small_rally, tmp_path):
    intake = make_intake(small_rally.start_job(tmp_path))
    for _ in range(8):
        assert not intake.is_full
        intake.take(small_rally.make_envelope(bytes(8 * 1024 * 1024 + 1)))
    assert intake.is_full
    intake.flush()
    assert not intake.is_full


def test_intake_counts_events_and_attributes_as_held(
    small_rally, payload, tmp_path, monkeypatch
):
    monkeypatch.setattr("rally.ingestion.intake.FLUSH_BYTES", 100_000)
    intake = make_intake(small_rally.start_job(tmp_path))
    leaving = small_rally.seal_glean("rally-x", "left.1", payload())
    while not intake.is_full:
        intake.take(leaving)
    assert intake.counts.total() < 1_000
    intake.flush()
    intake.take(small_rally.make_envelope(b"", client_agent="a" * 100_000))
    assert intake.is_full


@pytest.mark.parametrize("document", ["visit.1", "left.1"])
def test_withdrawals_dead_letters_are_kept_apart(small_rally, tmp_path, document):
    ingest(
        small_rally.start_job(tmp_path),
        [small_rally.make_envelope(b"", document=document)],
    )
    kind = "withdrawal" if document == "left.1" else "ping"
    assert [place for place, _ in letters(small_rally, tmp_path)] == [
        LetterPlace("rally-x", kind, DAY)
    ]
