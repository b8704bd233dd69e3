"""What the store refuses or changes meanwhile is named, and made good by a run."""

import errno
from datetime import UTC, datetime

import pytest

from rally.deletion.plan import FileOutcome
from rally.deletion.rewriting import REWROTE
from rally.storage.header import join_header, read_header
from rally.storage.layout import VIEWS, Partition
from rally.storage.leases import Leases
from tests.rally.deletion.crowd import around, check_others, leaver, ours, people
from tests.support.memory_deployment import Row, live, nothing
from tests.support.world import GARDEN


def refuse(operation, name, error, times=None):
    """Makes operations on one object fail; for ever, or so many times."""
    left = [times]

    def fault(each, of):
        if (each, of) == (operation, name) and left[0] != 0:
            if left[0] is not None:
                left[0] -= 1
            raise error

    return fault


DENIED = PermissionError(errno.EACCES, "Permission denied")
TOO_MANY = OSError("429 Too Many Requests")
UNAVAILABLE = OSError(errno.EIO, "503 Service Unavailable")


@pytest.mark.parametrize("operation", ["open", "read", "draft", "replace"])
@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (DENIED, "Permission denied"),
        (TOO_MANY, "OSError"),
        (UNAVAILABLE, "503 Service Unavailable"),
    ],
    ids=["403", "429", "503"],
)
def test_object_that_the_store_refuses_is_named(deployment, operation, error, detail):
    name = deployment.put(ours(deployment), "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }
    info = live(deployment.data, name)
    job = deployment.job()
    deployment.data.fault = refuse(operation, name, error)

    report = job.run()

    deployment.data.fault = nothing
    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(name, FileOutcome.UNREACHABLE, detail)]
    assert deployment.data.stat(name) == info
    check_others(deployment, report, beside, before)

    assert deployment.delete().faults == []
    assert deployment.stages()["garden"][-1] == "verified"
    assert deployment.told() == {"pond": [("deletion", 1)], "garden": [("deletion", 2)]}
    assert leaver(deployment) not in deployment.numbers()
    deployment.check()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_error_that_passes_is_made_good_in_the_same_run_or_the_next(deployment, times):
    name = deployment.put(ours(deployment))
    deployment.leave(leaver(deployment), document="garden")
    deployment.data.fault = refuse("replace", name, UNAVAILABLE, times)
    while deployment.delete().faults:
        pass
    assert leaver(deployment) not in deployment.numbers()
    assert deployment.told() == {"garden": [("deletion", 1)]}
    deployment.check()


@pytest.mark.parametrize("again", [0, 1, 5], ids=["seen at once", "late", "much later"])
def test_write_whose_answer_is_lost_is_recognised_and_told_once(deployment, again):
    """It was done; and for `again` looks the store could not even say that."""
    name = deployment.put(ours(deployment))
    deployment.leave(leaver(deployment), document="garden")
    lost = []

    def after(operation, of):
        if (operation, of) == ("replace", name) and not lost:
            lost.extend(range(again + 1))
            raise UNAVAILABLE

    def fault(operation, of):
        if lost and (operation, of) == ("open", name) and len(lost) > 1:
            lost.pop()
            raise UNAVAILABLE

    deployment.data.after, deployment.data.fault = after, fault

    runs = 0
    while deployment.delete().faults:
        runs += 1
        assert runs < 9

    assert leaver(deployment) not in deployment.numbers()
    assert deployment.told() == {"garden": [("deletion", 1)]}
    deployment.check()


@pytest.mark.parametrize("until", [None, "2026-07-01"], ids=["for ever", "a time"])
def test_object_that_is_held_is_named_and_deleted_once_it_is_not(deployment, until):
    name = deployment.put(ours(deployment), "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }
    end = until and datetime.fromisoformat(until).replace(tzinfo=UTC)
    if end:
        deployment.data.retain(name, end)
    else:
        deployment.data.hold(name)

    report = deployment.delete()

    detail = "the bucket holds it" + (f" until {until}" if until else "")
    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [
        (name, FileOutcome.HELD, detail),
    ]
    check_others(deployment, report, beside, before)

    if end:
        deployment.now = end
    else:
        deployment.data.hold(name, on=False)
    assert deployment.delete().faults == []
    assert deployment.stages()["garden"][2:] == ["rewritten", "purged", "verified"]
    assert deployment.told()["garden"] == [("deletion", 2)]
    deployment.check()


def test_file_that_goes_during_the_run_is_nobodys_fault(deployment):
    """Compaction or retention removed it between the plan and the rewrite."""
    name = deployment.put(ours(deployment))
    deployment.leave(leaver(deployment))
    job = deployment.job()

    def fault(operation, of):
        if deployment.steps[-1:] == ["rewrite"] and of == name:
            deployment.data.fault = nothing
            deployment.data.delete(name, live(deployment.data, name).generation)

    deployment.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert report.rewritten == []
    assert (
        deployment.stages()[f"left-{leaver(deployment)}-{GARDEN}-20.0"][-1]
        == "verified"
    )


@pytest.mark.parametrize("step", ["find", "rewrite", "verify"])
def test_file_that_is_replaced_between_two_steps_is_looked_at_again(deployment, step):
    name = deployment.put(ours(deployment))
    deployment.leave(leaver(deployment))
    job = deployment.job()
    other = deployment.indexed_file([Row(leaver(deployment), 7000), Row(1, 7001)])

    def fault(operation, of):
        if operation == "open" and deployment.steps[-1:] == [step] and of == name:
            deployment.data.fault = nothing
            deployment.data.replace(name, other, live(deployment.data, name).generation)

    deployment.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert deployment.numbers() == [7001]
    deployment.check()


@pytest.mark.parametrize("step", ["find", "rewrite", "verify"])
def test_file_that_comes_between_two_steps_is_looked_at_too(deployment, step):
    deployment.put(ours(deployment))
    deployment.leave(leaver(deployment))
    job = deployment.job()
    other = deployment.indexed_file([Row(leaver(deployment), 7000), Row(1, 7001)])

    def fault(operation, of):
        if operation == "open" and deployment.steps[-1:] == [step]:
            deployment.data.fault = nothing
            deployment.put(other, "new")

    deployment.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert 7000 not in deployment.numbers()
    assert 7001 in deployment.numbers()
    deployment.check()


def test_file_that_never_stands_still_is_named(deployment):
    """Somebody writes it before every single look."""
    name = deployment.put(ours(deployment))
    deployment.leave(leaver(deployment), document="garden")
    job = deployment.job()
    data = deployment.data.read(name)

    def fault(operation, of):
        if (operation, of) == ("open", name):
            deployment.data.fault = nothing
            deployment.data.replace(name, data, live(deployment.data, name).generation)
            deployment.data.fault = fault

    deployment.data.fault = fault
    report = job.run()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(name, FileOutcome.CHANGED, "written by somebody else meanwhile")]
    assert deployment.stages()["garden"] == ["requested", "suppressed"]
    deployment.data.fault = nothing
    assert deployment.delete().faults == []
    assert leaver(deployment) not in deployment.numbers()


@pytest.mark.parametrize("noted", [b"\xff", b"[]", b"{}", b'{"plan": 1}'])
def test_note_of_a_rewrite_that_is_nonsense_is_somebody_elses(deployment, noted):
    """Where a write fails, deletion looks whether the file is its own."""
    data = ours(deployment)
    header = read_header(data)
    entries = {**header.entries, REWROTE: noted}
    name = deployment.put(join_header(entries, header.sync) + data[header.length :])
    deployment.leave(leaver(deployment), document="garden")
    deployment.data.fault = refuse("replace", name, UNAVAILABLE, 1)

    assert deployment.delete().faults == []
    assert deployment.told() == {"garden": [("deletion", 1)]}
    assert deployment.steps.count("rewrite") == 2


def test_partition_that_another_job_has_leased_is_busy(deployment):
    """A compaction that began under the list before may write what it read then."""
    name = deployment.put(ours(deployment), "spoilt")
    beside, _, _ = around(deployment)
    before = {
        info.name: deployment.data.read(info.name) for info in deployment.data.list()
    }
    deployment.delete()
    third = next(
        person for person in people(deployment) if person != leaver(deployment)
    )
    deployment.leave(third, document="third")
    compaction = Leases(deployment.platform, "other", "compact", 1)
    with compaction:
        compaction.acquire(Partition(GARDEN, "visit.1", "2026-05-11"))
        report = deployment.delete(run="a" * 32)

    folder = f"data/study={GARDEN}/"
    assert {(each.name, each.outcome) for each in report.faults} >= {
        (name, FileOutcome.BUSY),
        (folder, FileOutcome.BUSY),
    }
    assert third in deployment.numbers_in(name)
    assert deployment.stages()["third"] == ["requested", "suppressed"]
    assert beside in before

    assert deployment.delete(run="b" * 32).faults == []
    assert third not in deployment.numbers()
    assert deployment.told()["third"] == [("deletion", 1)]
    deployment.check()


@pytest.mark.parametrize("what", ["old_copies", "list"])
def test_listing_that_fails_stops_the_run_and_the_next_makes_it_good(deployment, what):
    deployment.put(ours(deployment))
    deployment.leave(leaver(deployment), document="garden")
    job = deployment.job()
    failed = []

    def fault(operation, of):
        if operation == what and not failed and not of.startswith(VIEWS):
            failed.append(of)
            raise UNAVAILABLE

    deployment.data.fault = fault
    with pytest.raises(OSError, match="503"):
        job.run()

    assert deployment.delete().faults == []
    assert deployment.stages()["garden"][-1] == "verified"
    assert deployment.told() == {"garden": [("deletion", 1)]}
    deployment.check()


@pytest.mark.parametrize("why", ["held", "denied"])
def test_emptied_file_that_cannot_be_removed_is_named_and_goes_later(deployment, why):
    name = deployment.put(deployment.indexed_file([Row(1, 1)]))
    deployment.leave(1, document="garden")

    def after(operation, of):
        if (operation, of, why) == ("replace", name, "held"):
            deployment.data.hold(name)  # as a bucket does with each new object

    deployment.data.after = after
    if why == "denied":
        deployment.data.fault = refuse("delete", name, DENIED)
    report = deployment.delete()

    expected = {
        "held": (FileOutcome.HELD, "the bucket holds it"),
        "denied": (FileOutcome.UNREACHABLE, "Permission denied"),
    }
    faults = [(each.outcome, each.detail) for each in report.faults]
    assert faults == [expected[why]]
    assert deployment.numbers() == []
    assert deployment.stages()["garden"] == ["requested", "suppressed"]
    info = live(deployment.data, name)
    assert deployment.delete().faults != []
    assert deployment.data.stat(name) == info  # nothing is written again and again

    deployment.data.hold(name, on=False)
    deployment.data.fault = nothing
    assert deployment.delete().faults == []
    assert deployment.data.stat(name) is None
    assert deployment.told() == {"garden": [("deletion", 1)]}
    deployment.check()
