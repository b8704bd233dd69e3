"""Which rows go into a compaction, which come out of it, and in which files."""

import io
import json

import fastavro
import pytest

from rally.compaction.outcomes import Compacted, Counts, Outcome
from rally.decisions.entry import entry_name
from rally.storage.marker import NAME
from rally.withdrawal.fold import Standing
from rally.withdrawal.withdrawal_list import Enrolment, Withdrawal, WithdrawalList
from tests.rally.compaction.place import (
    STUDY,
    SURVEY,
    VISIT,
    Place,
    Row,
    day_of,
    partition,
)

D0, D1, D2 = day_of(0), day_of(1), day_of(2)


def withdrawal(place, row, **more):
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
def known(place):
    """Pseudonyms by which the study knows `platform <person>` as that person."""
    from tests.rally.compaction.place import participant

    class Known:
        def knows(self, namespace):
            return True

        def of_study(self, namespace, pseudonym):
            assert namespace == STUDY
            return participant(int(pseudonym.removeprefix("platform ")))

    place.pseudonyms = Known()


def test_rows_are_sorted_into_buckets_and_the_new_files_go(place):
    a, b, c = Row(0xF, 1), Row(3, 2, second=5), Row(3, 1, second=9)
    place.add(a, c)
    place.add(b)

    done = place.compact()

    assert place.files() == {
        f"{D0}/bucket=2-0/compacted.avro": [c, b],
        f"{D0}/bucket=2-3/compacted.avro": [a],
    }
    assert done == [Compacted(partition(), Outcome.COMPACTED, 2, 2, 3)]


def test_a_compacted_file_says_what_it_holds_and_what_went_into_it(place):
    (name,) = place.add(Row(0, 1))
    made = place.entries(name), place.store.stat(name)
    place.compact()
    compacted = f"data/study={STUDY}/document={VISIT}/date={D0}/bucket=2-0"
    entries = place.entries(f"{compacted}/compacted.avro")
    assert json.loads(entries["rally.inputs"]) == [
        [name, made[1].generation, made[0]["rally.checksum"].decode()]
    ]
    assert entries["rally.schema"] == made[0]["rally.schema"]
    assert entries["avro.schema"] == made[0]["avro.schema"]
    assert (entries["rally.rows"], entries["rally.list"]) == (b"1", b"0")
    data = place.store.read(f"{compacted}/compacted.avro")
    assert fastavro.reader(io.BytesIO(data)).metadata["rally.rows"] == "1"


def test_the_same_rows_make_the_same_bytes(registries):
    made = []
    for _ in range(2):
        place = Place(registries[4])
        place.add(Row(0, 1), Row(9, 1))
        place.compact()
        made.append({i.name: place.store.read(i.name) for i in place.store.list()})
    assert made[0] == made[1]


def test_only_buckets_with_something_new_are_written(place):
    place.add(Row(0, 1), Row(9, 1), Row(0xF, 1))
    place.compact()
    before = place.generations()
    place.add(Row(9, 2))

    done = place.compact()

    after = place.generations()
    assert done == [Compacted(partition(), Outcome.COMPACTED, 4, 3, 4)]
    changed = [name for name in after if after[name] != before[name]]
    assert [name.partition("bucket=")[2] for name in changed] == ["2-2/compacted.avro"]


def test_the_earliest_of_duplicates_stays_then_the_smallest(place):
    first = Row(1, 1, second=2, page="z")
    place.add(Row(1, 1, second=300), Row(1, 1, second=4, page="a"), first)
    place.add(Row(2, 1, second=2, page="b"), Row(2, 1, second=2, page="a"))

    done = place.compact()

    assert place.view() == [first, Row(2, 1, second=2, page="a")]
    assert [each.counts for each in done] == [Counts(duplicates=3)]
    place.add(Row(1, 1, second=3))
    assert [each.counts for each in place.compact()] == [Counts(duplicates=1)]
    place.add(earlier := Row(1, 1, second=1))
    place.compact()
    assert place.view() == [earlier, Row(2, 1, second=2, page="a")]


def test_times_are_compared_and_not_their_bytes(place):
    rows = [Row(1, 1, second=second) for second in range(0, 300, 7)]
    place.add(*rows)
    place.compact()
    assert place.view() == rows[:1]


@pytest.mark.parametrize(
    ("days", "staying"),
    [([0, 1], [0]), ([0, 3], [0]), ([0, 4], [0, 4]), ([1, 2, 3, 4], [1])],
    ids=["midnight", "three days", "four days", "every day"],
)
@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
def test_duplicates_of_the_three_days_before_go(place, days, staying, order):
    rows = [Row(5, 1, day) for day in days]
    for row in reversed(rows) if order == "backwards" else rows:
        place.add(row)
        if order != "at once":
            place.compact()
    place.compact()

    assert place.view() == [Row(5, 1, day) for day in staying]


def test_a_late_file_takes_duplicates_out_of_the_days_behind(place):
    place.add(Row(5, 1, 1), Row(5, 2, 1), Row(0xF, 1, 1))
    place.compact()
    place.add(Row(5, 1, 0))

    done = place.compact()

    assert done == [
        Compacted(partition(0), Outcome.COMPACTED, 1, 1, 1),
        Compacted(partition(1), Outcome.COMPACTED, 2, 2, 2, Counts(duplicates=1)),
    ]
    assert place.view() == [Row(5, 1, 0), Row(5, 2, 1), Row(0xF, 1, 1)]


def test_a_file_that_a_late_duplicate_empties_goes(place):
    place.add(Row(5, 1, 1))
    place.compact()
    place.add(Row(5, 1, 0))

    done = place.compact()

    assert done[1] == (
        Compacted(partition(1), Outcome.COMPACTED, 1, 0, 0, Counts(duplicates=1))
    )
    assert place.files() == {f"{D0}/bucket=2-1/compacted.avro": [Row(5, 1, 0)]}


@pytest.mark.parametrize(
    ("document", "stored", "arriving"),
    [(VISIT, Row(5, 1, 1), Row(5, 1, 0)), (SURVEY, Row(5, 1, 0), Row(5, 2, 1))],
    ids=["duplicate", "superseded"],
)
def test_a_row_that_arrives_and_is_compacted_meanwhile_wins(
    place, document, stored, arriving
):
    place.add(stored, document=document)
    came = []

    def come(operation, name):
        if operation == "draft" and not came:
            came.append(name)
            place.add(arriving, document=document)
            place.compact(arriving.day)

    place.store.fault = come
    place.compact()

    assert place.view(document) == [arriving]
    assert place.compact() == []


@pytest.mark.parametrize("order", ["at once", "in turn", "backwards"])
def test_the_latest_answer_of_all_dates_stays(place, order):
    rows = [Row(5, 1, 0), Row(5, 2, 9), Row(5, 3, 9, 7), Row(6, 4, 2), Row(6, 5, 2)]
    parts = [rows[:1], rows[1:2], rows[2:3], rows[3:]]
    for part in reversed(parts) if order == "backwards" else parts:
        place.add(*part, document=SURVEY)
        if order != "at once":
            place.compact()
    place.compact()

    assert place.view(SURVEY) == [Row(5, 3, 9, 7), Row(6, 4, 2)]
    assert list(place.files(SURVEY)) == [
        f"{D2}/bucket=0-0/compacted.avro",
        f"{day_of(9)}/bucket=0-0/compacted.avro",
    ]


def test_superseded_answers_are_counted(place):
    place.add(Row(5, 1, 0), Row(5, 1, 0, 1), Row(5, 2, 0, 2), document=SURVEY)
    place.add(Row(5, 3, 1), document=SURVEY)
    counts = Counts()
    for each in place.compact():
        counts += each.counts
    assert counts.total == 3
    assert place.view(SURVEY) == [Row(5, 3, 1)]


def test_rows_of_who_left_go_and_later_ones_of_who_came_back_stay(place, known):
    place.add(Row(1, 1), Row(1, 2, second=50), Row(2, 1), Row(3, 1))
    left = withdrawal(place, Row(1, 0, second=20))
    held = withdrawal(place, Row(3, 0, second=20), standing=Standing.HELD)
    place.publish(WithdrawalList(1, (left, held), ()))

    done = place.compact()

    # What came later waits for an enrolment, which deletion alone would know of.
    assert place.view() == [Row(1, 2, second=50), Row(2, 1), Row(3, 1)]
    assert done == [
        Compacted(partition(), Outcome.COMPACTED, 1, 1, 3, Counts(withdrawn=1))
    ]
    (name,) = place.generations()
    assert place.entries(name)["rally.list"] == b"1"


@pytest.mark.parametrize("day", [0, 1], ids=["one date", "two dates"])
def test_a_copy_from_before_an_enrolment_beats_none_from_after_it(place, known, day):
    """Deletion takes the first one; without the other nothing would be left."""
    early, late = Row(1, 1, second=10), Row(1, 1, day, second=30)
    place.add(early)
    place.add(late)
    left = withdrawal(place, Row(1, 0, second=5))
    back = Enrolment("platform 1", STUDY, Row(1, 0, second=20).time, "")
    place.publish(WithdrawalList(1, (left,), (back,)))

    place.compact()

    assert late in place.view()


def test_a_row_of_who_left_does_not_win(place, known):
    place.add(Row(1, 1, 0), Row(1, 1, 1))
    left = withdrawal(place, Row(1, 0, 0, 50))
    back = Enrolment("platform 1", STUDY, Row(1, 0, 0, 60).time, "")
    place.publish(WithdrawalList(1, (left,), (back,)))
    place.compact()
    assert place.view() == [Row(1, 1, 1)]


def test_a_bucket_of_people_who_all_left_goes(place, known):
    place.add(Row(1, 1))
    place.compact()
    place.publish(WithdrawalList(1, (withdrawal(place, Row(1, 0, second=99)),), ()))
    place.add(Row(1, 2))

    done = place.compact()

    assert place.files() == {}
    assert done[0].files_after == 0
    assert done[0].counts == Counts(withdrawn=2)


@pytest.mark.parametrize("buckets", [1, 2, 16])
def test_another_number_of_buckets_comes_with_the_next_new_file(
    place, registries, buckets
):
    rows = [Row(person, 1) for person in range(16)]
    place.add(*rows)
    place.compact()
    before = place.generations()
    place.registry = registries[buckets]
    place.compact()
    assert place.generations() == before

    place.add(Row(0, 2))
    place.compact()

    assert place.view() == sorted([*rows, Row(0, 2)])
    bits = buckets.bit_length() - 1
    assert list(place.files()) == [
        f"{D0}/bucket={bits}-{number:x}/compacted.avro" for number in range(buckets)
    ]


def test_an_empty_new_file_goes(place):
    table_row = place.add(Row(0, 1))
    place.compact()
    del table_row
    from rally.registry.rows import row_schema
    from rally.storage.container import encode_container

    schema = row_schema(place.document(VISIT))
    data = encode_container(schema, [], {}, bytes(16), indexed=True)
    place.store.create(f"{partition().folder}bucket=new/empty.avro", data)

    place.compact()

    assert place.files() == {f"{D0}/bucket=2-0/compacted.avro": [Row(0, 1)]}


def test_foreign_names_are_compacted_too(place):
    (name,) = place.add(Row(0, 1))
    place.store.create(f"{partition().folder}other.avro", place.store.read(name))
    place.compact()
    assert place.files() == {f"{D0}/bucket=2-0/compacted.avro": [Row(0, 1)]}


def test_lists_are_not_read_for_a_store_that_is_compacted(place):
    place.add(Row(0, 1), Row(0, 1, 1))
    place.compact()
    before = place.generations(), place.stores.platform.stat("withdrawals/list.json")
    assert place.compact() == []
    assert before == (
        place.generations(),
        place.stores.platform.stat("withdrawals/list.json"),
    )
    names = {info.name for info in place.stores.platform.list()}
    assert names == {"withdrawals/list.json", NAME, entry_name(1)}
