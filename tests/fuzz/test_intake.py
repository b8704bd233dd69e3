"""Whatever arrives: one outcome, and neither clear text nor an id where none may be."""

import logging
from types import SimpleNamespace

import pytest
from hypothesis import event, given
from hypothesis import strategies as st
from tink import hybrid

from rally.dead_letters import LetterKind, list_dead_letters, read_sealed
from rally.decryption.opener import Opener
from rally.envelope import make_envelope
from rally.event_log.event_log import EventLog, LogState
from rally.ingestion.decisions import Decisions
from rally.ingestion.intake import Intake
from rally.ingestion.judge import Judge
from rally.ingestion.routes import Routes
from rally.ingestion.settings import IngestSettings
from rally.keys import administration, jwk
from rally.keys.folder import KeyFolder
from rally.keys.ping_keys import PingKeys
from rally.outcomes import (
    FAILED,
    JOINED,
    LEFT,
    REFUSED,
    STORED,
    FailureReason,
    RefusalReason,
)
from rally.registry.approvals import Approvals
from rally.registry.transitions import States
from rally.storage.layout import UNKNOWN
from rally.storage.objectstore.interface import ObjectInfo
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.fuzz.generators import BARE_ID, CANARY, ID, hostile_messages, messages
from tests.support.world import AS_OF, GARDEN, NAMESPACES, World

_OUTCOMES = {
    STORED: {""},
    JOINED: {""},
    LEFT: {""},
    FAILED: set(FailureReason),
    REFUSED: set(RefusalReason),
}


class Memory:
    """Objects in a dictionary."""

    uri = "memory"

    def __init__(self):
        self.objects = {}

    def create(self, name, data):
        return self.objects.setdefault(name, data) is data

    def read(self, name):
        return self.objects[name]

    def read_range(self, name, start, length):
        return self.objects[name][start : start + length]

    def list(self, prefix=""):
        for name in sorted(self.objects):
            if name.startswith(prefix):
                yield ObjectInfo(name, len(self.objects[name]), 1)

    def strays(self, prefix=""):
        return iter(())


class Log(logging.Handler):
    """Keeps what is logged, however little it matters."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.text = ""

    def emit(self, record):
        self.text += self.format(record)


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    """A judge, what it needs, and what clients seal to."""
    world = World(tmp_path_factory.mktemp("world"))
    folder = KeyFolder(world.keys)
    glean = jwk.generate()
    pioneer = jwk.EcPrivateKey(glean.key, glean.thumbprint, GARDEN)
    administration.import_jwk(folder, GARDEN, glean)
    administration.import_jwk(folder, GARDEN, pioneer)
    settings = IngestSettings(
        store="s", ping_keys=world.keys, studies=world.studies, as_of=AS_OF
    )
    registry = settings.load_registry()
    keys = settings.keys(registry)
    states = States(registry, [])
    judge = Judge(
        Routes(registry),
        Opener(PingKeys.load(world.keys)),
        Pseudonyms({name: keys.prf(name) for name in (PLATFORM, *NAMESPACES)}),
        Decisions(states, Approvals.of_registry(registry)),
        SimpleNamespace(people=dict, counter=0),
        settings.clock(),
    )
    sealers = {
        name: folder.read_keyset(name)
        .public_keyset_handle()
        .primitive(hybrid.HybridEncrypt)
        for name in NAMESPACES
    }
    return SimpleNamespace(
        seal=lambda name, path, clear: sealers[name].encrypt(clear, path.encode()),
        jwe_key=glean.key.public_key(),
        intake=lambda memory: Intake(
            judge,
            memory,
            keys.dead_letter_sealer(),
            keys.prf(PLATFORM),
            settings.clock(),
            "version",
        ),
        documents={
            study.namespace: set(registry.documents(study))
            for study in registry.studies.values()
        },
    )


@pytest.fixture(scope="module")
def log():
    handler, root = Log(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


def has_id(data):
    """Whether the known id stands there, in any case, with hyphens or without."""
    lowered = (data if isinstance(data, bytes) else repr(data).encode()).lower()
    return ID.encode() in lowered or BARE_ID.encode() in lowered


def has_clear_text(data):
    return CANARY.encode() in (data if isinstance(data, bytes) else repr(data).encode())


def check_names(intake, platform):
    """What is counted is named by the registry or by a closed set."""
    for count in intake.counts:
        assert count.study == UNKNOWN or count.study in platform.documents
        known = platform.documents.get(count.study, set())
        assert count.document == UNKNOWN or count.document in known
        assert count.reason in _OUTCOMES[count.outcome]


def check_outcome(intake, row):
    """Stored, refused or failed, and no fourth; an enrolment may be two of them."""
    outcomes = {count.outcome: number for count, number in intake.counts.items()}
    assert set(outcomes.values()) == {1}
    assert (STORED in outcomes) == (row is not None)
    assert set(outcomes) in (
        {STORED},
        {REFUSED},
        {FAILED},
        {LEFT},
        {JOINED, STORED},
        {JOINED, REFUSED},
        {JOINED, STORED, FAILED},
        {JOINED, FAILED},  # its row does not fit, and its path proves what it is
    )
    event(" ".join(sorted({f"{c.outcome} {c.reason}" for c in intake.counts})))
    return outcomes


def take(message, platform, log):
    """Takes one message, and checks all that comes of it but for its row."""
    memory, log.text = Memory(), ""
    intake = platform.intake(memory)
    envelope = make_envelope(message.body, message.attributes, "country")
    taken = intake.take(envelope)
    intake.flush()
    row = taken.row if taken else None
    outcomes = check_outcome(intake, row)
    check_names(intake, platform)
    events = list(EventLog(memory, LogState))
    places = list(list_dead_letters(memory))
    assert len(events) == (JOINED in outcomes) + (LEFT in outcomes)
    assert len(places) == (FAILED in outcomes)
    for place, info in places:
        assert place.study == UNKNOWN or place.study in platform.documents
        assert place.kind in set(LetterKind)
        assert len(read_sealed(memory.read(info.name))) == 1
    for shown in (
        taken and taken.partition,
        events,
        memory.objects,
        log.text,
        intake.counts,
    ):
        assert not has_clear_text(shown)
        assert not has_id(shown)
    for data in memory.objects.values():
        assert not has_clear_text(data)
        assert not has_id(data)
    return row


@given(data=st.data())
def test_ping_of_a_known_person_leaks_nothing(data, platform, log):
    message = data.draw(messages(platform.seal, platform.jwe_key))

    row = take(message, platform, log)

    assert row is None or not has_id(row)


@given(message=hostile_messages)
def test_message_of_no_client_is_a_dead_letter_and_leaks_nothing(
    message, platform, log
):
    assert take(message, platform, log) is None
