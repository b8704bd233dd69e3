"""What is wrong with one partition is named, and the others go on."""

import json
from datetime import UTC, datetime

import pytest

from rally.compaction.outcomes import CompactionOutcome
from rally.registry.rows import row_schema
from rally.storage.container import encode_container
from rally.storage.header import join_header, read_header
from rally.storage.leases import Leases
from rally.withdrawal.withdrawal_list import WithdrawalList
from tests.rally.compaction.memory_study import VISIT, Row, expected_rows, partition

GOOD = Row(0, 9, day=8)
"""Is compacted whatever happens to the others."""


@pytest.fixture
def other(study):
    study.add(GOOD)
    return study


def compact(study):
    """The troubles, and whether the good partition was compacted."""
    done = {each.partition: each for each in study.compact()}
    good = done.pop(partition(8))
    assert (good.outcome, good.rows_after) == (CompactionOutcome.COMPACTED, 1)
    troubles = [trouble for each in done.values() for trouble in each.troubles]
    return [(outcome, name) for outcome, name, _ in troubles], done


def alter(study, name, change):
    info = study.store.stat(name)
    study.store.replace(name, change(study.store.read(name)), info.generation)


def at_a_block(data):
    """Plain readers take such a file for whole."""
    header = read_header(data)
    return data[: header.length + header.blocks[1].offset]


@pytest.mark.parametrize("cut", [at_a_block, lambda data: data[:-9]], ids=["block", ""])
def test_a_file_that_is_cut_off_leaves_its_partition_alone(other, cut):
    study = other
    study.add(Row(1, 1))
    (name,) = study.add(*(Row(2, number, page="x" * 999) for number in range(200)))
    alter(study, name, cut)
    before = study.generations()

    troubles, done = compact(study)

    assert troubles == [(CompactionOutcome.DAMAGED, name)]
    assert done[partition()].outcome is CompactionOutcome.DAMAGED
    assert before.items() - study.generations().items() == {
        each for each in before.items() if "05-26" in each[0]
    }


def test_a_damaged_block_leaves_its_partition_as_readers_can_read_it(other):
    study = other
    study.add(Row(1, 1))
    (name,) = study.add(Row(2, 1), Row(0xF, 1))
    alter(study, name, lambda data: data[:-20] + bytes(20))

    troubles, _ = compact(study)

    assert troubles == [(CompactionOutcome.DAMAGED, name)]
    assert name in study.generations()


def test_a_damaged_day_does_not_keep_its_neighbours_back(other):
    study = other
    (name,) = study.add(Row(1, 1))
    alter(study, name, lambda data: data[:40])
    study.add(Row(1, 2, 1))

    troubles, done = compact(study)

    assert set(troubles) == {(CompactionOutcome.DAMAGED, name)}
    assert done[partition(1)].outcome is CompactionOutcome.COMPACTED
    assert study.rows_of(next(iter_compacted(study, 1))) == [Row(1, 2, 1)]


def iter_compacted(study, day):
    folder = partition(day).folder
    return (i.name for i in study.store.list(folder) if "compacted" in i.name)


def write(study, name, rows, *, indexed=True, schema=None, **entries):
    schema = schema or row_schema(study.document(VISIT).schema)
    encoded = [study.encode(row) for row in rows]
    data = encode_container(schema, encoded, entries, bytes(16), indexed=indexed)
    path = f"{partition().folder}{name}.avro"
    assert study.store.create(path, data)
    return path


def test_files_without_an_index_stay_where_they_are(other):
    study = other
    name = write(study, "part-0", [Row(1, 1), Row(0, 1)], indexed=False)
    study.add(Row(1, 2))

    troubles, done = compact(study)

    assert troubles == [(CompactionOutcome.NOT_INDEXED, name)]
    assert done[partition()].outcome is CompactionOutcome.COMPACTED
    assert study.view() == sorted([Row(1, 1), Row(0, 1), Row(1, 2), GOOD])
    before = study.generations()
    (again,) = study.compact()
    assert (again.outcome, again.troubles) == (
        CompactionOutcome.NOT_INDEXED,
        done[partition()].troubles,
    )
    assert study.generations() == before


def test_files_whose_rows_are_not_sorted_stay_where_they_are(other):
    study = other
    name = write(study, "part-0", [Row(0, 1), Row(0, 3), Row(0, 2), Row(9, 1)])
    study.add(Row(1, 2))

    troubles, _ = compact(study)

    assert troubles == [(CompactionOutcome.NOT_INDEXED, name)]
    stored = [Row(0, 1), Row(0, 3), Row(0, 2), Row(9, 1), Row(1, 2), GOOD]
    assert study.view() == sorted(stored)


def test_schemas_that_differ_in_words_only_are_one(other):
    study = other
    study.add(Row(1, 1))
    schema = json.loads(row_schema(study.document(VISIT).schema))
    write(study, "words", [Row(1, 2)], schema=json.dumps(schema | {"doc": "Visits."}))

    troubles, _ = compact(study)

    assert troubles == []
    assert study.view() == [Row(0, 9, day=8), Row(1, 1), Row(1, 2)]


def test_schemas_of_one_fingerprint_that_differ_leave_their_partition_alone(other):
    study = other
    (name,) = study.add(Row(1, 1))
    schema = json.loads(row_schema(study.document(VISIT).schema))
    schema["fields"][-1]["type"]["fields"].reverse()
    stated = {"rally.schema": study.schema().fingerprint}
    path = write(study, "other", [Row(1, 2)], schema=json.dumps(schema), **stated)
    before = study.generations()

    troubles, _ = compact(study)

    assert troubles == [(CompactionOutcome.SCHEMAS_DIFFER, partition().folder)]
    after = study.generations()
    assert [after[each] for each in (name, path)] == [before[name], before[path]]


def test_a_partition_where_another_run_works_is_busy(other):
    study = other
    (name,) = study.add(Row(1, 1))
    with Leases(study.stores.platform, "other", "delete") as leases:
        leases.acquire(partition())
        troubles, done = compact(study)
        assert name in study.generations()
    assert troubles == [(CompactionOutcome.BUSY, partition().folder)]
    assert "`rally delete` works there" in done[partition()].troubles[0].reason
    assert study.compact()[0].outcome is CompactionOutcome.COMPACTED


def test_a_lease_on_a_day_behind_keeps_the_inputs_until_it_is_free(other):
    study = other
    study.add(Row(5, 1, 1))
    study.compact()
    (name,) = study.add(Row(5, 1, 0))
    with Leases(study.stores.platform, "other", "delete") as leases:
        leases.acquire(partition(1))
        assert [each.outcome for each in study.compact()] == [CompactionOutcome.BUSY]
        assert name in study.generations()
    study.compact()
    assert study.view() == [GOOD, Row(5, 1, 0)]
    assert name not in study.generations()


def test_an_object_that_the_store_refuses_is_named(other):
    study = other
    (name,) = study.add(Row(1, 1))

    def refuse(operation, which):
        if operation == "open" and which == name:
            raise PermissionError(13, "Permission denied")

    study.store.fault = refuse
    troubles, done = compact(study)
    assert troubles == [(CompactionOutcome.UNREACHABLE, name)]
    assert done[partition()].troubles[0].reason == (
        "it cannot be read (Permission denied)"
    )


def test_a_write_that_was_done_though_it_failed_is_not_done_twice(other):
    study = other
    study.add(Row(1, 1), Row(9, 1))

    def time_out(operation, which):
        if operation == "create" and "05-18" in which:
            raise TimeoutError("timed out")

    study.store.after = time_out
    troubles, _ = compact(study)
    assert troubles == [(CompactionOutcome.UNREACHABLE, partition().folder)]
    study.store.after = lambda *_: None
    before = study.generations()
    assert sorted(study.view()) == [GOOD, Row(1, 1), Row(9, 1)]
    study.compact()
    assert study.view() == [GOOD, Row(1, 1), Row(9, 1)]
    first = next(name for name in before if "2-0/" in name)
    assert study.generations()[first] == before[first]


@pytest.mark.parametrize("until", [None, datetime(2100, 9, 1, tzinfo=UTC)])
def test_an_input_that_is_held_stays_and_shows_nothing_twice(other, until):
    study = other
    (name,) = study.add(Row(1, 1))
    if until:
        study.store.retain(name, until)
    else:
        study.store.hold(name)

    troubles, done = compact(study)

    assert troubles == [(CompactionOutcome.HELD, name)]
    said = "2100-09-01" if until else "somebody lifts it"
    assert done[partition()].troubles[0].reason.endswith(f"until {said}")
    assert study.view() == [GOOD, Row(1, 1)]


def test_a_compacted_file_that_is_held_is_named(other):
    study = other
    study.add(Row(1, 1))
    study.compact()
    (name,) = iter_compacted(study, 0)
    study.store.hold(name)
    study.add(Row(1, 2))
    assert [each.outcome for each in study.compact()] == [CompactionOutcome.HELD]
    assert study.view() == [GOOD, Row(1, 1), Row(1, 2)]


def test_a_partition_that_is_always_written_is_told(other):
    study = other
    study.add(Row(1, 1))
    study.compact()
    (name,) = iter_compacted(study, 0)
    study.add(Row(1, 2))

    def write_again(operation, which):
        if operation == "draft" and which == name:
            alter(study, name, lambda data: data)

    study.store.fault = write_again
    (done,) = study.compact()
    assert done.outcome is CompactionOutcome.CHANGED
    assert study.view() == [GOOD, Row(1, 1), Row(1, 2)]


def test_rows_that_claim_a_list_that_nobody_signed_stop_nobody(study):
    """They are judged by the list that there is; the audit names their file."""
    study.add(Row(1, 1), withdrawal_list=3)
    (done,) = study.compact()
    assert done.outcome is CompactionOutcome.COMPACTED
    assert study.view() == expected_rows([Row(1, 1)])


def test_a_list_that_was_published_meanwhile_is_read(study):
    compactor = study.compactor()
    study.add(Row(1, 1), withdrawal_list=3)
    study.publish(WithdrawalList(3))
    from rally.compaction.compactor import plan_compaction

    (work,) = plan_compaction(study.stores, study.registry)
    (done,) = compactor(work)
    assert done.outcome is CompactionOutcome.COMPACTED


def test_inputs_that_are_no_list_of_inputs_are_damage(other):
    study = other
    study.add(Row(1, 1))
    study.compact()
    (name,) = iter_compacted(study, 0)

    def break_inputs(data):
        header = read_header(data)
        entries = dict(header.entries) | {"rally.inputs": b"[1]"}
        return join_header(entries, header.sync) + data[header.length :]

    alter(study, name, break_inputs)
    study.add(Row(1, 2))
    done = study.compact()
    assert [each.outcome for each in done] == [CompactionOutcome.DAMAGED]
