"""What a run tells of the files that it rewrote: once, for all who left."""

from tests.support.memory_deployment import Row
from tests.support.world import GARDEN, POND


def test_receipts_of_a_run_name_one_object_of_changes(deployment):
    for name in ("a", "b"):
        rows = [Row(person, person) for person in (1, 2, 3)]
        deployment.put(deployment.indexed_file([*rows, Row(1, 9)]), name)
    deployment.put(deployment.indexed_file([Row(4, 4)], POND), "c", POND)
    for person in (1, 2):
        deployment.leave(person, document=f"left {person}")
    deployment.leave(4, POND, document="pond")

    deployment.delete()

    named = {each.changes for each in deployment.receipts()}
    assert len(named) == 1
    told = {
        each.request: sorted(it.requests[each.request] for it in lines)
        for each in deployment.receipts()
        if (lines := deployment.changes(each))
    }
    of = {
        each.request: each.document_id for each in deployment.withdrawals().withdrawals
    }
    assert {of[request]: rows for request, rows in told.items()} == {
        "left 1": [2, 2], "left 2": [1, 1], "pond": [1],
    }  # fmt: skip
    deployment.check()


def test_run_that_changes_no_file_names_no_changes(deployment):
    deployment.leave(1)
    deployment.delete()
    (receipt,) = deployment.receipts()
    (section,) = (each for each in receipt.sections if each.namespace == GARDEN)
    assert (receipt.changes, section.files, section.rows) == (None, 0, 0)
    assert not list(deployment.platform.list("receipts/changes/"))


def test_results_that_wait_are_told_with_those_of_their_own_run(deployment):
    """What one receipt has told is in no later object of changes."""
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]), "a")
    deployment.leave(1, document="first")
    deployment.delete()
    deployment.put(deployment.indexed_file([Row(2, 3), Row(1, 4)]), "b")
    deployment.leave(2, document="second")
    deployment.delete()
    first, *later = deployment.receipts()
    assert [each.requests for each in deployment.changes(first)] == [{first.request: 1}]
    assert {each.changes for each in later}.isdisjoint({first.changes})
    assert deployment.told() == {
        "first": [("deletion", 1), ("late", 1)],
        "second": [("deletion", 2)],
    }
    deployment.check()
