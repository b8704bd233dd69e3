"""Which rows go into a compaction, which come out of it, and in which files."""

import io
import json

import fastavro
import pytest

from rally.compaction.outcomes import CompactionOutcome, CompactionResult, LeftOutRows
from rally.decisions.entry import entry_name
from rally.storage.marker import NAME
from rally.withdrawal.fold import RequestStatus
from rally.withdrawal.people_index import Enrolment
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList
from tests.rally.compaction.memory_study import (
    STUDY,
    SURVEY,
    VISIT,
    MemoryStudy,
    Row,
    day_of,
    partition,
)
from tests.support.stores import save_list

D0, D1, D2 = day_of(0), day_of(1), day_of(2)


def withdrawal(study, row, **more):
    """A withdrawal of the person of a row, at its time."""
    return Withdrawal(
        request="ab" * 16,
        participant=f"platform {row.person}",
        deletion_id=None,
        scope=STUDY,
        time=row.time,
        received=row.time,
        document_id="",
        signal="",
        **more,
    )


@pytest.fixture
def known(study):
    """Pseudonyms by which the study knows `platform <person>` as that person."""
    from tests.rally.compaction.memory_study import participant

    class Known:
        def knows(self, namespace):
            return True

        def of_study(self, namespace, pseudonym):
            assert namespace == STUDY
            return participant(int(pseudonym.removeprefix("platform ")))

    study.pseudonyms = Known()


def test_rows_are_sorted_into_buckets_and_the_new_files_go(study):
    a, b, c = Row(0xF, 1), Row(3, 2, second=5), Row(3, 1, second=9)
    study.add(a, c)
    study.add(b)

    done = study.compact()

    assert study.files() == {
        study.compacted(0, "2-0"): [c, b],
        study.compacted(0, "2-3"): [a],
    }
    assert done == [CompactionResult(partition(), CompactionOutcome.COMPACTED, 2, 2, 3)]


def test_a_compacted_file_says_what_it_holds_and_what_went_into_it(study):
    (name,) = study.add(Row(0, 1))
    made = study.entries(name), study.store.stat(name)
    study.compact()
    compacted = f"data/study={STUDY}/document={VISIT}/date={study.compacted(0, '2-0')}"
    entries = study.entries(compacted)
    assert json.loads(entries["rally.inputs"]) == [
        [name, made[1].generation, made[0]["rally.checksum"].decode()]
    ]
    assert entries["rally.schema"] == made[0]["rally.schema"]
    assert entries["avro.schema"] == made[0]["avro.schema"]
    assert (entries["rally.rows"], entries["rally.list"]) == (b"1", b"0")
    data = study.store.read(compacted)
    assert fastavro.reader(io.BytesIO(data)).metadata["rally.rows"] == "1"


def test_the_same_rows_make_the_same_bytes(registries):
    made = []
    for _ in range(2):
        study = MemoryStudy(registries[4])
        study.add(Row(0, 1), Row(9, 1))
        study.compact()
        made.append({i.name: study.store.read(i.name) for i in study.store.list()})
    assert made[0] == made[1]


def test_only_buckets_with_something_new_are_written(study):
    study.add(Row(0, 1), Row(9, 1), Row(0xF, 1))
    study.compact()
    before = study.generations()
    study.add(Row(9, 2))

    done = study.compact()

    after = study.generations()
    assert done == [CompactionResult(partition(), CompactionOutcome.COMPACTED, 4, 3, 4)]
    changed = [name for name in after if after[name] != before[name]]
    assert [name.partition("date=")[2] for name in changed] == [
        study.compacted(0, "2-2")
    ]


def test_the_earliest_of_duplicates_stays_then_the_smallest(study):
    first = Row(1, 1, second=2, page="z")
    study.add(Row(1, 1, second=300), Row(1, 1, second=4, page="a"), first)
    study.add(Row(2, 1, second=2, page="b"), Row(2, 1, second=2, page="a"))

    done = study.compact()

    assert study.view() == [first, Row(2, 1, second=2, page="a")]
    assert [each.counts for each in done] == [LeftOutRows(duplicates=3)]
    study.add(Row(1, 1, second=3))
    assert [each.counts for each in study.compact()] == [LeftOutRows(duplicates=1)]
    study.add(earlier := Row(1, 1, second=1))
    study.compact()
    assert study.view() == [earlier, Row(2, 1, second=2, page="a")]


def test_times_are_compared_and_not_their_bytes(study):
    rows = [Row(1, 1, second=second) for second in range(0, 300, 7)]
    study.add(*rows)
    study.compact()
    assert study.view() == rows[:1]


@pytest.mark.parametrize(
    ("days", "staying"),
    [([0, 1], [0]), ([0, 3], [0]), ([0, 4], [0, 4]), ([1, 2, 3, 4], [1])],
    ids=["midnight", "three days", "four days", "every day"],
)
@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
def test_duplicates_of_the_three_days_before_go(study, days, staying, order):
    rows = [Row(5, 1, day) for day in days]
    for row in reversed(rows) if order == "backwards" else rows:
        study.add(row)
        if order != "at once":
            study.compact()
    study.compact()

    assert study.view() == [Row(5, 1, day) for day in staying]


def test_a_late_file_takes_duplicates_out_of_the_days_behind(study):
    study.add(Row(5, 1, 1), Row(5, 2, 1), Row(0xF, 1, 1))
    study.compact()
    study.add(Row(5, 1, 0))

    done = study.compact()

    assert done == [
        CompactionResult(partition(0), CompactionOutcome.COMPACTED, 1, 1, 1),
        CompactionResult(
            partition(1),
            CompactionOutcome.COMPACTED,
            2,
            2,
            2,
            LeftOutRows(duplicates=1),
        ),
    ]
    assert study.view() == [Row(5, 1, 0), Row(5, 2, 1), Row(0xF, 1, 1)]


def test_a_file_that_a_late_duplicate_empties_goes(study):
    study.add(Row(5, 1, 1))
    study.compact()
    study.add(Row(5, 1, 0))

    done = study.compact()

    assert done[1] == (
        CompactionResult(
            partition(1),
            CompactionOutcome.COMPACTED,
            1,
            0,
            0,
            LeftOutRows(duplicates=1),
        )
    )
    assert study.files() == {study.compacted(0, "2-1"): [Row(5, 1, 0)]}


@pytest.mark.parametrize(
    ("document", "stored", "arriving"),
    [(VISIT, Row(5, 1, 1), Row(5, 1, 0)), (SURVEY, Row(5, 1, 0), Row(5, 2, 1))],
    ids=["duplicate", "superseded"],
)
def test_a_row_that_arrives_and_is_compacted_meanwhile_wins(
    study, document, stored, arriving
):
    study.add(stored, document=document)
    came = []

    def come(operation, name):
        if operation == "draft" and not came:
            came.append(name)
            study.add(arriving, document=document)
            study.compact(arriving.day)

    study.store.fault = come
    study.compact()

    assert study.view(document) == [arriving]
    assert study.compact() == []


@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
def test_the_latest_answer_of_all_dates_stays(study, order):
    rows = [Row(5, 1, 0), Row(5, 2, 9), Row(5, 3, 9, 7), Row(6, 4, 2), Row(6, 5, 2)]
    parts = [rows[:1], rows[1:2], rows[2:3], rows[3:]]
    for part in reversed(parts) if order == "backwards" else parts:
        study.add(*part, document=SURVEY)
        if order != "at once":
            study.compact()
    study.compact()

    assert study.view(SURVEY) == [Row(5, 3, 9, 7), Row(6, 4, 2)]
    assert list(study.files(SURVEY)) == [
        study.compacted(2, "0-0", SURVEY),
        study.compacted(9, "0-0", SURVEY),
    ]


def test_superseded_answers_are_counted(study):
    study.add(Row(5, 1, 0), Row(5, 1, 0, 1), Row(5, 2, 0, 2), document=SURVEY)
    study.add(Row(5, 3, 1), document=SURVEY)
    counts = LeftOutRows()
    for each in study.compact():
        counts += each.counts
    assert counts.total == 3
    assert study.view(SURVEY) == [Row(5, 3, 1)]


def test_rows_of_who_left_go_and_later_ones_of_who_came_back_stay(study, known):
    study.add(Row(1, 1), Row(1, 2, second=50), Row(2, 1), Row(3, 1))
    left = withdrawal(study, Row(1, 0, second=20))
    held = withdrawal(study, Row(3, 0, second=20), status=RequestStatus.HELD)
    study.publish(WithdrawalList(1, (left, held), ()))

    done = study.compact()

    # What came later waits for an enrolment, which deletion alone would know of.
    assert study.view() == [Row(1, 2, second=50), Row(2, 1), Row(3, 1)]
    assert done == [
        CompactionResult(
            partition(), CompactionOutcome.COMPACTED, 1, 1, 3, LeftOutRows(withdrawn=1)
        )
    ]
    (name,) = study.generations()
    assert study.entries(name)["rally.list"] == b"1"


@pytest.mark.parametrize("day", [0, 1], ids=["one date", "two dates"])
def test_a_copy_from_before_an_enrolment_beats_none_from_after_it(study, known, day):
    """Deletion takes the first one; without the other nothing would be left."""
    early, late = Row(1, 1, second=10), Row(1, 1, day, second=30)
    study.add(early)
    study.add(late)
    left = withdrawal(study, Row(1, 0, second=5))
    back = Enrolment("platform 1", STUDY, Row(1, 0, second=20).time, "")
    study.publish(WithdrawalList(1, (left,), (back,)))

    study.compact()

    assert late in study.view()


def test_a_row_of_who_left_does_not_win(study, known):
    study.add(Row(1, 1, 0), Row(1, 1, 1))
    left = withdrawal(study, Row(1, 0, 0, 50))
    back = Enrolment("platform 1", STUDY, Row(1, 0, 0, 60).time, "")
    study.publish(WithdrawalList(1, (left,), (back,)))
    study.compact()
    assert study.view() == [Row(1, 1, 1)]


def test_a_bucket_of_people_who_all_left_goes(study, known):
    study.add(Row(1, 1))
    study.compact()
    study.publish(WithdrawalList(1, (withdrawal(study, Row(1, 0, second=99)),), ()))
    study.add(Row(1, 2))

    done = study.compact()

    assert study.files() == {}
    assert done[0].files_after == 0
    assert done[0].counts == LeftOutRows(withdrawn=2)


@pytest.mark.parametrize("buckets", [1, 2, 16])
def test_another_number_of_buckets_comes_with_the_next_new_file(
    study, registries, buckets
):
    rows = [Row(person, 1) for person in range(16)]
    study.add(*rows)
    study.compact()
    before = study.generations()
    study.registry = registries[buckets]
    study.compact()
    assert study.generations() == before

    study.add(Row(0, 2))
    study.compact()

    assert study.view() == sorted([*rows, Row(0, 2)])
    bits = buckets.bit_length() - 1
    assert list(study.files()) == [
        study.compacted(0, f"{bits}-{number:x}") for number in range(buckets)
    ]


def test_an_empty_new_file_goes(study):
    table_row = study.add(Row(0, 1))
    study.compact()
    del table_row
    from rally.registry.rows import row_schema
    from rally.storage.container import encode_container

    schema = row_schema(study.document(VISIT).schema)
    data = encode_container(schema, [], {}, bytes(16), indexed=True)
    study.store.create(f"{partition().folder}bucket=new/empty.avro", data)

    study.compact()

    assert study.files() == {study.compacted(0, "2-0"): [Row(0, 1)]}


def test_foreign_names_are_compacted_too(study):
    (name,) = study.add(Row(0, 1))
    study.store.create(f"{partition().folder}other.avro", study.store.read(name))
    study.compact()
    assert study.files() == {study.compacted(0, "2-0"): [Row(0, 1)]}


def test_lists_are_not_read_for_a_store_that_is_compacted(study):
    study.add(Row(0, 1), Row(0, 1, 1))
    study.compact()
    before = study.generations(), study.stores.platform.stat("withdrawals/root.json")
    assert study.compact() == []
    assert before == (
        study.generations(),
        study.stores.platform.stat("withdrawals/root.json"),
    )
    names = {info.name for info in study.stores.platform.list()}
    assert names - save_list(study.stores.platform).keys() == {NAME, entry_name(1)}
