"""A garden and a pond with everything that a conclusion takes."""

from dataclasses import replace

from rally.dead_letters import LetterKind, LetterPlace
from rally.event_log.event_log import EventLog
from rally.events import RALLY
from rally.registry.registry import Registry
from tests.support.memory_deployment import Row, document_id
from tests.support.world import GARDEN, HOUSE, POND

KEYS = [
    f"{kind}/{name}"
    for kind, names in (
        ("keys", ["{}.jwk.json", "{}.keyset.json"]),
        ("platform", ["pseudonym.{}.keyset.json"]),
    )
    for name in names
]


def key_files(*studies):
    return sorted(name.format(study) for name in KEYS for study in studies)


def store_two_studies(deployment):
    """Stores rows, enrolments and dead letters of three people in two studies."""
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND)):
        deployment.join(person, RALLY, when=1, document=document_id(10 * person))
        deployment.join(
            person,
            study,
            when=1,
            document=document_id(10 * person + 1),
            signal=f"{HOUSE}/enrollment.1",
        )
    enrolments = [
        Row(person, 10 * person + each, 1) for person in (1, 2, 3) for each in (0, 1)
    ]
    deployment.put(
        deployment.indexed_file(enrolments, HOUSE), "joined", HOUSE, "2026-05-02"
    )
    deployment.put(deployment.indexed_file([Row(1, 100), Row(2, 101)]), "a")
    deployment.put(deployment.indexed_file([Row(1, 102)]), "b", date="2026-05-12")
    deployment.put(deployment.indexed_file([Row(3, 103)], POND), "c", POND)
    for study, kind in (
        (GARDEN, LetterKind.PING),
        (GARDEN, LetterKind.WITHDRAWAL),
        (POND, LetterKind.PING),
        (POND, LetterKind.WITHDRAWAL),
    ):
        folder = LetterPlace(study, kind, "2026-05-20").folder
        deployment.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")


def event_scopes(deployment):
    return sorted(event.scope for event in EventLog(deployment.platform))


def dead_letter_folders(deployment):
    return [name.partition("/date=")[0] for name in deployment.records("dead-letters/")]


def only_the_garden_is_gone(deployment):
    """Asserts that nothing of the garden is left, and all of the others."""
    assert deployment.names(f"data/study={GARDEN}/") == []
    assert deployment.numbers(HOUSE) == [10, 20, 30, 31]
    assert deployment.numbers(POND) == [103]
    assert event_scopes(deployment) == [RALLY, RALLY, RALLY, POND]
    assert dead_letter_folders(deployment) == [
        f"dead-letters/study={POND}/kind={kind}" for kind in ("ping", "withdrawal")
    ]
    assert deployment.key_files() == key_files(HOUSE, POND)
    return True


def register_folders(deployment, study, *uris):
    """Registers researchers' own folders in the registry."""
    studies = dict(deployment.registry.studies)
    studies[study] = replace(studies[study], derived=uris)
    deployment.registry = Registry(studies)
