"""All rows of one person are found, each once, and no byte of anybody else."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rally.access.person_rows import UnreadFile, find_person_rows
from rally.registry.study import StudyKind
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.partitions import Bucket, compacted_file
from rally.validation.pseudonyms import PLATFORM, Pseudonyms
from tests.support.memory_deployment import (
    OURS,
    KeylessPrf,
    MemoryDeployment,
    Row,
    document_id,
)
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

ANN, BEN = 1, 2
MANY = 4000


def found(deployment, person=ANN, registry=None, pseudonyms=None):
    return find_person_rows(
        registry or deployment.registry,
        deployment.stores,
        pseudonyms or deployment.pseudonyms,
        deployment.platform_pseudonym(person),
    )


def numbers(result):
    """Study and number of each row."""
    return [
        (row.partition.study, int(row.key.document_id[-12:])) for row in result.rows
    ]


def compact(deployment, rows, bits, study=GARDEN, date="2026-05-11", **entries):
    """Stores files of buckets, as compaction leaves them."""
    partition = Partition(study, deployment.document(study).name, date)
    for number in range(1 << bits):
        bucket = Bucket(bits, number)
        start, end = bucket.people
        own = [
            row
            for row in rows
            if start <= deployment.pseudonym(row.person, study).encode() < end
        ]
        if own:
            data = deployment.indexed_file(own, study, **entries)
            name = compacted_file(partition, bucket, "0" * 12)
            assert deployment.data.create(name, data)


def test_rows_of_all_studies_in_all_kinds_of_files(deployment):
    deployment.put(deployment.indexed_file([Row(ANN, 1, 9), Row(BEN, 2)]))
    deployment.put(deployment.foreign_file([Row(BEN, 3), Row(ANN, 4)]), "b")
    deployment.put(deployment.indexed_file([Row(ANN, 5)], POND), study=POND)
    deployment.put(deployment.indexed_file([Row(ANN, 6)], HOUSE), study=HOUSE)
    deployment.put(deployment.indexed_file([Row(BEN, 7)], HOUSE), "b", study=HOUSE)
    compact(deployment, [Row(ANN, 8), Row(BEN, 9)], 2, date="2026-05-12")
    other = deployment.foreign_file([Row(ANN, 10, 11)])
    deployment.data.create(f"data/study={GARDEN}/_another.tool", other)
    result = found(deployment)
    assert [number for study, number in numbers(result) if study == GARDEN] == [
        *(10, 1, 4, 8)
    ]
    assert numbers(result)[-2:] == [(HOUSE, 6), (POND, 5)]
    assert result.unread == result.closed == result.concluded == ()


def test_rows_are_decoded_as_they_were_sent(deployment):
    deployment.put(deployment.indexed_file([Row(ANN, 1, page="é")]))
    (row,) = found(deployment).rows
    own = deployment.pseudonym(ANN)
    assert row.decode() == {
        "participant": own,
        "document_id": document_id(1),
        "submission_timestamp": row.key.time,
        "payload": {"rally.id": own, "page": "é", "count": 1},
    }
    assert row.partition == (GARDEN, "visit.1", "2026-05-11")
    assert row.fingerprint == OURS["rally.schema"]


def test_a_killed_compaction_leaves_rows_twice_which_count_once(deployment):
    rows = [Row(ANN, number) for number in range(3)]
    deployment.put(deployment.indexed_file([*rows, Row(BEN, 9)]))
    compact(deployment, [*rows, Row(BEN, 9)], 1)
    assert [number for _, number in numbers(found(deployment))] == [0, 1, 2]


@pytest.mark.slow("volumes")
def test_only_the_bucket_and_the_blocks_of_the_person_are_read(deployment):
    crowd = [Row(person, person) for person in range(MANY)]
    compact(deployment, crowd, 2)
    stored = sum(info.size for info in deployment.data.list("data/"))
    result = found(deployment)
    assert numbers(result) == [(GARDEN, ANN)]
    assert (result.costs.listed, result.costs.opened) == (8, 1)
    assert result.costs.bytes < stored / 2


def test_a_person_whose_rows_fill_many_blocks(deployment):
    rows = [Row(ANN, number, page=_noise(number)) for number in range(60)]
    crowd = [Row(person, 1000 + person, page=_noise(person)) for person in range(2, 60)]
    deployment.put(deployment.indexed_file([*rows, *crowd]))
    assert sorted(number for _, number in numbers(found(deployment))) == [*range(60)]


def _noise(number):
    """Text that no codec makes short, so that blocks have few rows."""
    return "".join(
        hashlib.sha256(f"{number} {part}".encode()).hexdigest() for part in range(300)
    )


def test_closed_and_concluded_studies_are_named(deployment):
    for study in (GARDEN, POND):
        deployment.put(deployment.indexed_file([Row(ANN, 1)], study), study=study)
    registry = without_study(deployment.registry, GARDEN, StudyKind.STUDY)
    prfs = {name: KeylessPrf(name) for name in (PLATFORM, HOUSE)}
    result = found(deployment, registry=registry, pseudonyms=Pseudonyms(prfs))
    assert (result.rows, result.closed, result.concluded) == ((), (GARDEN,), (POND,))


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_read(deployment):
    data = deployment.indexed_file([Row(ANN, 1)])
    bad = deployment.put(data[:-20], "bad")
    deployment.put(data, "good")
    result = found(deployment)
    assert [number for _, number in numbers(result)] == [1]
    reason = "the block index is not that of this file"
    assert result.unread == (UnreadFile(GARDEN, bad, reason),)


@pytest.mark.parametrize(
    ("error", "is_unavailable"),
    [(ConnectionError("away"), True), (PermissionError(13, "refused"), False)],
)
def test_a_file_that_cannot_be_reached_is_told_from_others(
    deployment, error, is_unavailable
):
    name = deployment.put(deployment.indexed_file([Row(ANN, 1)]))

    def fail(operation, of):
        if of == name and operation == "open":
            raise error

    deployment.data.fault = fail
    [unread] = found(deployment).unread
    assert (unread.name, unread.is_unavailable) == (name, is_unavailable)
    deployment.data.fault = lambda *_: None
    assert found(deployment).unread == ()


def test_what_compaction_moves_meanwhile_is_found(deployment):
    rows = [Row(ANN, 1), Row(BEN, 2)]
    name = deployment.put(deployment.indexed_file(rows))

    def move(operation, of):
        if (operation, of) == ("open", name) and deployment.data.stat(name):
            compact(deployment, rows, 1)
            deployment.data.delete(name, deployment.data.stat(name).generation)

    deployment.data.fault = move
    assert numbers(found(deployment)) == [(GARDEN, 1)]


def test_a_store_that_changes_all_the_time_is_said_to(deployment):
    count = iter(range(1000))
    data = deployment.indexed_file([Row(ANN, 1)])

    def write(operation, of):
        if operation == "list":
            deployment.data.fault = lambda *_: None
            deployment.put(data, f"f{next(count)}")
            deployment.data.fault = write

    deployment.data.fault = write
    with pytest.raises(GenerationMismatch):
        found(deployment)


people = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from([GARDEN, POND, HOUSE])), max_size=30
)


@given(people, st.integers(0, 3), st.booleans())
def test_nobody_elses_row_is_found(registry, stored, bits, foreign):
    deployment = MemoryDeployment(registry)
    by_study = {}
    for number, (person, study) in enumerate(stored):
        by_study.setdefault(study, []).append(Row(person, number))
    for study, rows in by_study.items():
        if foreign:
            deployment.put(deployment.foreign_file(rows, study), study=study)
        compact(deployment, rows, bits, study)
    for person in range(6):
        result = found(deployment, person)
        assert sorted(numbers(result)) == sorted(
            (study, number)
            for number, (whose, study) in enumerate(stored)
            if whose == person
        )
        others = {
            deployment.pseudonym(other, study)
            for other in range(6)
            for study in (GARDEN, POND, HOUSE)
            if other != person
        }
        text = "".join(row.data.decode("latin-1") for row in result.rows)
        assert not [each for each in others if each in text]
