"""A garden and a pond with everything that a conclusion takes."""

from dataclasses import replace
from itertools import product

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY, read_events
from rally.registry.registry import Registry
from tests.pipelines.world import GARDEN, HOUSE, POND
from tests.rally.deletion.place import Row, document_id

KEYS = [
    f"{kind}/{name}"
    for kind, names in (
        ("keys", ["{}.jwk.json", "{}.keyset.json"]),
        ("platform", ["pseudonym.{}.keyset.json"]),
    )
    for name in names
]


def keys(*studies):
    return sorted(name.format(study) for name in KEYS for study in studies)


def furnish(place):
    """Three people in two studies; their enrolments, and dead letters."""
    for person, study in ((1, GARDEN), (2, GARDEN), (3, POND)):
        place.join(person, RALLY, when=1, document=document_id(10 * person))
        place.join(
            person, study, when=1, document=document_id(10 * person + 1),
            signal=f"{HOUSE}/enrollment.1",
        )  # fmt: skip
    enrolments = [Row(person, 10 * person + each, 1) for person in (1, 2, 3)
                  for each in (0, 1)]  # fmt: skip
    place.put(place.ours(enrolments, HOUSE), "joined", HOUSE, "2026-05-02")
    place.put(place.ours([Row(1, 100), Row(2, 101)]), "a")
    place.put(place.ours([Row(1, 102)]), "b", date="2026-05-12")
    place.put(place.ours([Row(3, 103)], POND), "c", POND)
    for study, kind in product((GARDEN, POND), LetterKind):
        folder = LetterPlace(study, kind, "2026-05-20").folder
        place.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")


def scopes(place):
    return sorted(event.scope for event in read_events(place.platform))


def letters(place):
    return [name.partition("/date=")[0] for name in place.records("dead-letters/")]


def is_over(place):
    """Nothing is left of the garden, and all of the others."""
    assert place.names(f"data/study={GARDEN}/") == []
    assert place.numbers(HOUSE) == [10, 20, 30, 31]
    assert place.numbers(POND) == [103]
    assert scopes(place) == [RALLY, RALLY, RALLY, POND]
    assert letters(place) == [
        f"dead-letters/study={POND}/kind={kind}" for kind in ("ping", "withdrawal")
    ]
    assert place.key_files() == keys(HOUSE, POND)
    return True


def register(place, study, *uris):
    """Researchers' own folders."""
    studies = dict(place.registry.studies)
    studies[study] = replace(studies[study], derived=uris)
    place.registry = Registry(studies)
