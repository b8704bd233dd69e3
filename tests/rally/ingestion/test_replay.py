import json
import shutil
from dataclasses import replace
from datetime import date

import pytest
import yaml

from rally.dead_letters import (
    LetterKind,
    LetterPlace,
    list_dead_letters,
    read_sealed,
    unseal,
)
from rally.envelope import parse_timestamp
from rally.errors import ConfigurationError
from rally.events import RALLY, EventKind, read_events
from rally.ingestion.replay import DamagedObject, Replay, Replayed
from rally.ingestion.setup import make_intake, make_unsealer, make_writer
from rally.initialisation.development_reviews import REGISTRAR, import_reviews
from rally.keys import administration, names
from rally.keys.folder import KeyFolder
from rally.keys.kek_assignment import assign_kek
from rally.outcomes import FailureReason
from rally.registry.registry import Registry
from rally.registry.review_files import cover, dump_review, placeholder_review
from rally.storage.container import read_rows
from rally.storage.objectstore.open_store import open_store
from rally.times import midnight, to_micros
from tests.rally.withdrawal.lists import joined, left, publish
from tests.support.expunges import order_expunge
from tests.support.people import signer
from tests.support.schemas import SAYS
from tests.support.stores import FOUNDED

NOW = to_micros(parse_timestamp("2022-06-01T12:00:00.000000Z"))
ID = "65f58083-cefe-4201-832f-0505c3b73d76"


class Job:
    """Ingests and replays with one store; keys and registry may change between."""

    def __init__(self, small_rally, root):
        self.small_rally = small_rally
        self.settings = small_rally.start_job(
            root, platform_keys=small_rally.platform_keys_uri
        )
        self.platform = open_store(f"{root}/platform")
        self.root = root

    def change(self, **settings):
        self.settings = replace(self.settings, **settings)

    def ingest(self, *envelopes, malformed=()):
        intake = make_intake(self.settings)
        writer = make_writer(self.settings, lambda: intake.counter)
        for envelope in envelopes:
            if row := intake.take(envelope):
                writer.add(*row)
        for origin in malformed:
            intake.take_malformed(origin)
        writer.flush()
        intake.flush()

    def sign_reviews(self, day):
        """The registrar attests on this day what nobody has attested yet."""
        registry, at = (
            Registry.load(self.settings.studies),
            midnight(date.fromisoformat(day)),
        )
        list(import_reviews(self.platform, registry, signer(REGISTRAR), lambda _: at))

    def publish(self, counter, *records):
        key = self.small_rally.platform_keys.signer(names.Job.DELETE)
        publish(self.platform, counter, *records, key=key)

    def objects(self):
        return list(list_dead_letters(self.platform))

    def replay(self, reason=None, objects=None):
        """What became of each object, and the counts."""
        intake = make_intake(self.settings)
        job = Replay(
            intake,
            make_writer(self.settings, lambda: intake.counter),
            self.platform,
            make_unsealer(self.settings),
            reason,
        )
        work = self.objects() if objects is None else objects
        done = [job.replay(*each) for each in work]
        return done, {count.name: number for count, number in intake.counts.items()}

    def sealed(self):
        return [
            sealed
            for _, info in self.objects()
            for sealed in read_sealed(self.platform.read(info.name))
        ]

    def letters(self):
        unsealer = make_unsealer(self.settings)
        return [
            unseal(sealed, place, unsealer)
            for place, info in self.objects()
            for sealed in read_sealed(self.platform.read(info.name))
        ]

    def rows(self):
        return [
            row
            for path in sorted(self.root.glob("data/**/*.avro"))
            for row in read_rows(path.read_bytes())
        ]


@pytest.fixture
def job(small_rally, tmp_path):
    return Job(small_rally, tmp_path / "store")


@pytest.fixture(scope="module")
def no_x(tmp_path_factory):
    """A key folder that lacks the keys of rally-x."""
    folder = KeyFolder(str(tmp_path_factory.mktemp("other-keys")))
    assign_kek(folder, "namespaces", "any")
    administration.create(folder, "rally-hub", "jwk")
    return folder.uri


@pytest.fixture
def registry(small_registry, tmp_path):
    """A copy of the small registry with a document new.1 and a review of it."""
    root = tmp_path / "registry"
    shutil.copytree(small_registry, root)
    path = root / "rally-x/study.yaml"
    study = yaml.safe_load(path.read_text())
    study["documents"]["new.1"] = study["documents"]["visit.1"]
    path.write_text(yaml.safe_dump(study))
    shutil.copy(root / "rally-x/visit.1.avsc", root / "rally-x/new.1.avsc")

    def write(first="2022-03-10"):
        write_review(root, "new.1", first)
        return str(root)

    return write


def write_review(root, name, first):
    """Adds a review of a document's newest schema from a day on."""
    study = Registry.load(str(root)).studies["rally-x"]
    first = date.fromisoformat(first)
    covered = cover(study.documents[name], first, study.collect_through)
    review = placeholder_review("new", study, [covered], first)
    (root / "rally-x/reviews/new.yaml").write_text(dump_review(review))


def ids(number):
    return f"{ID[:-1]}{number:x}"


def test_replay_goes_through_after_the_key_was_added(small_rally, payload, job, no_x):
    visits = [
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url=str(n)), document_id=ids(n)
        )
        for n in range(3)
    ]
    left = small_rally.seal_glean("rally-x", "left.1", payload())
    job.change(ping_keys=no_x)
    job.ingest(*visits, left)
    assert job.rows() == []
    assert [each.reason for each in job.letters()] == [FailureReason.NO_KEY] * 4
    assert job.replay() == (
        [Replayed(0, 3), Replayed(0, 1)],
        {"rally-x/visit.1/failed/no_key": 3, "rally-x/left.1/failed/no_key": 1},
    )
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay() == (
        [Replayed(3, 0), Replayed(1, 0)],
        {"rally-x/visit.1/stored": 3, "rally-x/left.1/left": 1},
    )
    assert job.objects() == []
    assert sorted(row["payload"]["url"] for row in job.rows()) == ["0", "1", "2"]
    (event,) = read_events(job.platform)
    assert (event.kind, event.scope) == (EventKind.LEFT, "rally-x")
    assert job.replay() == ([], {})


def test_replay_stores_what_ingest_would_have_stored(
    small_rally, payload, job, no_x, tmp_path
):
    visits = [
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url=str(n)), document_id=ids(n)
        )
        for n in range(3)
    ]
    job.change(ping_keys=no_x)
    job.ingest(*visits)
    job.change(ping_keys=small_rally.keys_uri)
    job.replay()
    straight = Job(small_rally, tmp_path / "straight")
    straight.ingest(*visits)
    written = [
        {
            path.relative_to(root): path.read_bytes()
            for path in root.glob("data/**/*.avro")
        }
        for root in (job.root, straight.root)
    ]
    assert written[0] == written[1]


def test_replay_keeps_what_fails_again_as_it_is(small_rally, payload, job):
    bad = small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1))
    job.ingest(bad, small_rally.make_envelope(b"", document="left.1"))
    before = {info.name: job.platform.read(info.name) for _, info in job.objects()}
    done, counts = job.replay()
    assert done == [Replayed(0, 1), Replayed(0, 1)]
    assert counts == {
        "rally-x/visit.1/failed/schema_mismatch": 1,
        "rally-x/left.1/failed/invalid_body": 1,
    }
    after = {info.name: job.platform.read(info.name) for _, info in job.objects()}
    assert after == before


def test_replay_takes_what_goes_through_out_of_an_object(
    small_rally, payload, job, no_x
):
    good = small_rally.seal_glean("rally-x", "visit.1", payload())
    refused = small_rally.seal_glean("rally-x", "visit.1", payload(private=True))
    bad = small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1))
    job.change(ping_keys=no_x)
    job.ingest(good, refused, bad)
    ((place, info),) = job.objects()
    sealed = set(job.sealed())
    job.change(ping_keys=small_rally.keys_uri)
    done, counts = job.replay()
    assert done == [Replayed(2, 1)]
    assert counts == {
        "rally-x/visit.1/stored": 1,
        "rally-x/visit.1/refused/private_browsing": 1,
        "rally-x/visit.1/failed/schema_mismatch": 1,
    }
    ((left_place, left_info),) = job.objects()
    assert (left_place, left_info.name) == (place, info.name)
    assert left_info.generation != info.generation
    (kept,) = job.sealed()
    assert kept in sealed  # not sealed anew
    (letter,) = job.letters()
    assert letter.envelope == bad
    assert letter.reason is FailureReason.NO_KEY  # why it failed first
    assert len(job.rows()) == 1


@pytest.mark.parametrize(
    ("reason", "gone"),
    [
        (FailureReason.NO_KEY, 1),
        (FailureReason.UNKNOWN_DOCUMENT, 1),
        (FailureReason.INVALID_URI, 0),
        (None, 2),
    ],
)
def test_replay_of_one_reason_leaves_the_others(
    small_rally, payload, job, no_x, registry, reason, gone
):
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean("rally-x", "new.1", payload(), document_id=ids(1)),
    )
    job.change(ping_keys=small_rally.keys_uri, studies=registry())
    job.sign_reviews("2022-03-09")
    done, _ = job.replay(reason)
    assert done == [Replayed(gone, 2 - gone)]
    assert len(job.letters()) == 2 - gone
    assert len(job.rows()) == gone


@pytest.mark.parametrize(
    ("first", "signed", "expected"),
    [
        ("2022-06-01", "2022-05-31", {"rally-x/new.1/stored": 1}),
        ("2022-06-01", "2022-06-02", {"rally-x/new.1/refused/not_approved": 1}),
        ("2022-06-02", "2022-05-31", {"rally-x/new.1/refused/not_approved": 1}),
    ],
)
def test_replay_admits_nothing_that_was_approved_later(
    small_rally, payload, job, registry, first, signed, expected
):
    """Either way the dead letter goes: what was never allowed is not kept."""
    job.ingest(small_rally.seal_glean("rally-x", "new.1", payload()))
    (letter,) = job.letters()
    assert letter.reason is FailureReason.UNKNOWN_DOCUMENT
    job.change(studies=registry(first))
    job.sign_reviews(signed)
    assert job.replay() == ([Replayed(1, 0)], expected)
    assert job.objects() == []
    assert len(job.rows()) == (1 if "stored" in str(expected) else 0)


@pytest.mark.parametrize(
    ("field", "expected", "urls"),
    [
        (None, {"rally-x/visit.1/refused/expunged": 1}, []),
        ("/url", {"rally-x/visit.1/stored": 1, "rally-x/visit.1/left_out": 1}, [None]),
        ("/nested", {"rally-x/visit.1/stored": 1}, ["u"]),
    ],
    ids=["rows", "its field", "another field"],
)
def test_replay_keeps_nothing_that_was_expunged(
    small_rally, payload, job, no_x, field, expected, urls
):
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload(url="u")))
    assert len(job.letters()) == 1
    day = date(2022, 6, 1)
    order_expunge(job.platform, "rally-x", "visit.1", (day, day), FOUNDED, field)
    job.change(ping_keys=small_rally.keys_uri)
    done, counts = job.replay()
    assert (done, counts) == ([Replayed(1, 0)], expected)
    assert [row["payload"]["url"] for row in job.rows()] == urls
    assert job.objects() == []


@pytest.mark.parametrize(
    ("first", "signed", "outcome"),
    [
        (None, None, "failed/review_lapsed"),
        ("2022-07-01", "2022-06-30", "stored"),
        ("2022-07-01", "2022-07-03", "failed/review_lapsed"),
        ("2022-07-02", "2022-06-30", "failed/review_lapsed"),
    ],
    ids=["no renewal", "in time", "signed later", "of later days"],
)
def test_ping_of_a_lapsed_review_waits_for_a_renewal_that_covers_it(
    small_rally, payload, job, small_registry, tmp_path, first, signed, outcome
):
    job.change(as_of="2022-07-03T00:00:00Z")
    sent = {"submission_timestamp": "2022-07-01T12:00:00Z"}
    job.ingest(small_rally.seal_glean("rally-x", "short.1", payload(), **sent))
    (letter,) = job.letters()
    assert letter.reason is FailureReason.REVIEW_LAPSED
    assert job.rows() == []
    if first:
        renewed = tmp_path / "renewed"
        shutil.copytree(small_registry, renewed)
        write_review(renewed, "short.1", first)
        job.change(studies=str(renewed))
        job.sign_reviews(signed)
    is_stored = outcome == "stored"
    assert job.replay() == (
        [Replayed(int(is_stored), int(not is_stored))],
        {f"rally-x/short.1/{outcome}": 1},
    )
    assert len(job.letters()) == (0 if is_stored else 1)
    assert len(job.rows()) == (1 if is_stored else 0)


LAPSED_PLACE = LetterPlace("rally-x", LetterKind.LAPSED, "2022-07-01")


def lapsed_ping(small_rally, payload):
    sent = {"submission_timestamp": "2022-07-01T12:00:00Z"}
    return small_rally.seal_glean("rally-x", "short.1", payload(), **sent)


def test_ping_of_a_lapsed_review_waits_below_the_day_on_which_it_was_sent(
    small_rally, payload, job
):
    for as_of in ("2022-07-03T00:00:00Z", "2022-07-04T00:00:00Z"):
        job.change(as_of=as_of)
        job.ingest(lapsed_ping(small_rally, payload))
    places = [place for place, _ in job.objects()]
    assert places == [LAPSED_PLACE, LAPSED_PLACE]  # each is sealed in another JWE
    job.change(as_of="2022-07-16T00:00:00Z")
    refused = {"rally-x/short.1/refused/not_approved": 2}
    assert job.replay() == ([Replayed(1, 0), Replayed(1, 0)], refused)
    assert job.objects() == []


def test_ping_that_waited_for_its_study_moves_where_its_review_has_lapsed(
    small_rally, payload, job, tmp_path
):
    broken = tmp_path / "broken"
    shutil.copytree(job.settings.studies, broken)
    (broken / "rally-x/study.yaml").write_text("{")
    whole = job.settings.studies
    job.change(as_of="2022-07-03T00:00:00Z", studies=str(broken))
    ping = lapsed_ping(small_rally, payload)
    job.ingest(ping)
    [(place, _)] = job.objects()
    assert place == LetterPlace("rally-x", LetterKind.PING, "2022-07-03")
    job.change(as_of="2022-07-10T00:00:00Z", studies=whole)

    assert job.replay() == (
        [Replayed(1, 0)],
        {"rally-x/short.1/failed/review_lapsed": 1},
    )
    assert [place for place, _ in job.objects()] == [LAPSED_PLACE]
    [letter] = job.letters()
    assert letter.envelope == ping
    assert letter.reason is FailureReason.REVIEW_LAPSED
    assert job.replay()[0] == [Replayed(0, 1)]


def test_replay_judges_by_when_a_ping_was_sent(small_rally, payload, job, no_x):
    """Long after the study's end what came in time is stored, unless it is expired."""
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean("rally-x", "short.1", payload(), document_id=ids(1)),
    )
    job.change(ping_keys=small_rally.keys_uri, as_of="2024-06-01T00:00:00Z")
    assert job.replay() == (
        [Replayed(2, 0)],
        {"rally-x/visit.1/refused/expired": 1, "rally-x/short.1/stored": 1},
    )


def test_enrolment_whose_row_fails_again_is_one_event_and_one_letter(
    small_rally, job, payload
):
    job.ingest(small_rally.seal_tink("rally-x", "joined.1", payload(unknown=1)))
    (event,) = read_events(job.platform)
    assert (event.kind, event.scope) == (EventKind.JOINED, "rally-x")
    counts = {"rally-x/joined.1/failed/schema_mismatch": 1}
    for _ in range(2):
        assert job.replay() == ([Replayed(0, 1)], counts)
    assert (list(read_events(job.platform)), len(job.letters())) == ([event], 1)


def test_replay_of_an_unreadable_enrolment_brings_its_deletion_id(
    small_rally, job, no_x
):
    deletion_id = "0b6b7c5e-2f4d-4c3e-9d6f-5f4e3d2c1b0a"
    enrolment = small_rally.seal_pioneer(
        "pioneer-hub", "pioneer-enrollment.1", {"deletionId": deletion_id}
    )
    job.change(ping_keys=no_x)
    job.ingest(enrolment)
    (letter,) = job.letters()
    assert letter.reason is FailureReason.UNREADABLE_ENROLMENT
    assert [event.deletion_id for event in read_events(job.platform)] == [None]
    assert job.replay() == (
        [Replayed(0, 1)],
        {"pioneer-hub/pioneer-enrollment.1/failed/unreadable_enrolment": 1},
    )
    assert len(list(read_events(job.platform))) == 1
    assert len(job.rows()) == 1
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay()[0] == [Replayed(1, 0)]
    found = {event.deletion_id for event in read_events(job.platform)}
    assert found == {None, small_rally.pseudonyms.of_deletion_id(deletion_id)}
    expected = {
        small_rally.document_id_of(enrolment)
    }  # opened or not, it is the same ping
    assert {row["document_id"] for row in job.rows()} == expected


def test_replay_of_what_fails_again_brings_nothing_back(small_rally, job, no_x):
    """A row or an event that was deleted since stays deleted."""
    joined = small_rally.seal_pioneer("pioneer-hub", "pioneer-enrollment.1", {})
    job.change(ping_keys=no_x)
    job.ingest(joined)
    shutil.rmtree(job.root / "data")
    shutil.rmtree(job.root / "platform/events")
    assert job.replay()[0] == [Replayed(0, 1)]
    assert job.rows() == []
    assert list(read_events(job.platform)) == []


def test_replay_leaves_malformed_lines(job):
    job.ingest(malformed=["/input.ndjson:7"])
    assert job.replay() == ([Replayed(0, 1)], {})
    (letter,) = job.letters()
    assert letter.origin == "/input.ndjson:7"


def test_replay_leaves_what_does_not_unseal(small_rally, payload, job, no_x):
    """Moved to another place, or sealed to a key that is gone."""
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    ((place, info),) = job.objects()
    moved = place._replace(study="rally-hub")
    data = job.platform.read(info.name)
    job.platform.create(moved.folder + info.name.rpartition("/")[2], data)
    job.platform.delete(info.name, info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay() == ([Replayed(0, 1, unopened=1)], {})
    ((found, info),) = job.objects()
    assert found == moved
    assert job.platform.read(info.name) == data


def test_replay_again_after_it_was_done_changes_nothing(
    small_rally, payload, job, no_x
):
    """A step that is repeated after a crash finds its object gone or rewritten."""
    job.change(ping_keys=no_x)
    job.ingest(
        small_rally.seal_glean("rally-x", "visit.1", payload()),
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(unknown=1), document_id=ids(1)
        ),
        small_rally.seal_glean("rally-x", "left.1", payload()),
    )
    stale = job.objects()
    job.change(ping_keys=small_rally.keys_uri)
    assert job.replay(objects=stale)[0] == [Replayed(1, 1), Replayed(1, 0)]
    rows, letters = job.rows(), job.letters()
    events = list(read_events(job.platform))
    assert job.replay(objects=stale)[0] == [Replayed(0, 1), Replayed(0, 0)]
    assert (job.rows(), job.letters()) == (rows, letters)
    assert list(read_events(job.platform)) == events


def test_replay_beside_another_loses_nothing(small_rally, payload, job, no_x):
    """The other was faster by one letter; what it left is not thrown away."""
    job.change(ping_keys=no_x)
    good = small_rally.seal_glean("rally-x", "visit.1", payload())
    bad = small_rally.seal_glean(
        "rally-x", "visit.1", payload(unknown=1), document_id=ids(1)
    )
    job.ingest(good, bad)
    ((place, info),) = job.objects()
    data = job.platform.read(info.name)
    job.platform.replace(info.name, data, info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    job.replay(objects=[(place, info)])
    assert job.platform.read(info.name) == data
    assert len(job.rows()) == 1


def test_replay_of_a_damaged_object_stops_and_replays_nothing(
    small_rally, job, payload, no_x
):
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    ((_, info),) = job.objects()
    data = job.platform.read(info.name)
    job.platform.replace(info.name, data[:-20] + bytes(20), info.generation)
    job.change(ping_keys=small_rally.keys_uri)
    with pytest.raises(DamagedObject, match=f"^{info.name}: "):
        job.replay()
    assert len(job.objects()) == 1
    assert job.rows() == []


@pytest.mark.parametrize(
    ("signed", "stored"), [("2022-05-31", True), ("2022-06-02", False)]
)
def test_replay_after_a_schema_was_mended(
    small_rally, payload, job, small_registry, tmp_path, signed, stored
):
    """A mended schema is another one, which somebody approved before it was sent."""
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload(unknown=1)))
    mended = tmp_path / "mended"
    shutil.copytree(small_registry, mended)
    path = mended / "rally-x/visit.1.avsc"
    schema = json.loads(path.read_text())
    new = {"name": "unknown", "type": ["null", "long"], "default": None}
    schema["fields"].append({**SAYS, **new})
    path.write_text(json.dumps(schema))
    write_review(mended, "visit.1", "2022-03-10")
    job.change(studies=str(mended))
    job.sign_reviews(signed)
    outcome = "stored" if stored else "refused/not_approved"
    assert job.replay() == ([Replayed(1, 0)], {f"rally-x/visit.1/{outcome}": 1})
    assert [row["payload"]["unknown"] for row in job.rows()] == [1] * stored


def test_places_of_dead_letters_say_who_and_whether_somebody_leaves(
    small_rally, payload, job
):
    job.ingest(
        small_rally.make_envelope(b""),
        small_rally.make_envelope(b"", document="left.1"),
    )
    assert [place for place, _ in job.objects()] == [
        LetterPlace("rally-x", LetterKind.PING, "2022-06-02"),
        LetterPlace("rally-x", LetterKind.WITHDRAWAL, "2022-06-02"),
    ]


@pytest.fixture
def me(small_rally):
    return small_rally.pseudonyms.of_platform("c286f4ba-6713-4d3d-b955-8eaeede6846d")


PARKED = "rally-x/visit.1/failed/left"
SINCE = {
    "nothing": ([], [Replayed(0, 3)], {PARKED: 2}, 3),
    "the enrolment arrived": (
        [lambda me: joined(me, "rally-x", NOW - 1)],
        [Replayed(2, 1)],
        {"rally-x/visit.1/stored": 2},
        1,
    ),
    "an enrolment of a later day": (
        [lambda me: joined(me, "rally-x", NOW + 1)],
        [Replayed(0, 3)],
        {PARKED: 2},
        3,
    ),
    "left for good": (
        [lambda me: left(me, "rally-x", NOW + 1)],
        [Replayed(2, 1)],
        {"rally-x/visit.1/refused/withdrawn": 2},
        1,
    ),
}


@pytest.mark.parametrize(("since", "done", "counts", "kept"), SINCE.values(), ids=SINCE)
def test_replay_judges_who_has_left_by_the_list_of_now(
    small_rally, payload, job, me, since, done, counts, kept
):
    before = left(me, "rally-x", NOW - 9)
    job.publish(1, before)
    job.ingest(
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url="a"), document_id=ids(1)
        ),
        small_rally.seal_glean(
            "rally-x", "visit.1", payload(url="b"), document_id=ids(2)
        ),
        small_rally.seal_glean(
            "rally-x", "short.1", payload("not an id"), document_id=ids(3)
        ),
    )
    reasons = sorted(letter.reason for letter in job.letters())
    assert reasons == [FailureReason.INVALID_ID, *[FailureReason.LEFT] * 2]
    assert job.rows() == []

    job.publish(2, before, *(each(me) for each in since))

    assert job.replay(FailureReason.LEFT) == (done, counts)
    assert len(job.letters()) == kept
    stored = counts.get("rally-x/visit.1/stored", 0)
    assert sorted(row["payload"]["url"] for row in job.rows()) == ["a", "b"][:stored]
    assert job.replay(FailureReason.INVALID_ID)[0] == [Replayed(0, kept)]


def test_replay_of_who_has_left_fails_without_the_list(small_rally, payload, job, me):
    job.publish(1, left(me, "rally-x", NOW - 9))
    job.ingest(small_rally.seal_glean("rally-x", "visit.1", payload()))
    (path,) = job.root.glob("platform/withdrawals/root.json")
    path.unlink()
    with pytest.raises(ConfigurationError, match="the withdrawal list is missing"):
        job.replay(FailureReason.LEFT)
    assert len(job.letters()) == 1


def test_enrolment_that_is_read_at_last_is_an_event_though_it_waits_for_another(
    small_rally, payload, job, no_x, me
):
    """Who left Rally and joins a study again has yet to join Rally.

    The pings that follow it need both enrolments in the log, and this is one.
    """
    job.publish(1, left(me, RALLY, NOW - 9))
    job.change(ping_keys=no_x)
    job.ingest(small_rally.seal_glean("rally-x", "joined.1", payload()))
    assert list(read_events(job.platform)) == []
    job.change(ping_keys=small_rally.keys_uri)

    for _ in range(2):
        assert job.replay() == (
            [Replayed(0, 1)],
            {"rally-x/joined.1/joined": 1, "rally-x/joined.1/failed/left": 1},
        )
        (event,) = set(read_events(job.platform))
        assert (event.kind, event.scope) == (EventKind.JOINED, "rally-x")

    job.publish(2, left(me, RALLY, NOW - 9), joined(me, RALLY, NOW - 1))
    assert job.replay()[0] == [Replayed(1, 0)]
    assert len(job.rows()) == 1


def test_enrolment_that_fails_as_before_is_not_written_again(
    small_rally, payload, job, me
):
    job.publish(1, left(me, RALLY, NOW - 9))
    job.ingest(small_rally.seal_glean("rally-x", "joined.1", payload()))
    assert job.replay() == ([Replayed(0, 1)], {"rally-x/joined.1/failed/left": 1})
    assert len(list(read_events(job.platform))) == 1
