"""What the store refuses or changes meanwhile is named, and made good by a run."""

import errno
from datetime import UTC, datetime

import pytest

from rally.deletion.plan import Outcome
from rally.deletion.rewriting import REWROTE
from rally.storage.header import join_header, read_header
from rally.storage.layout import Partition
from rally.storage.leases import Leases
from tests.pipelines.world import GARDEN
from tests.rally.deletion.crowd import around, check_others, leaver, ours, people
from tests.rally.deletion.place import Row, live, nothing


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
def test_object_that_the_store_refuses_is_named(place, operation, error, detail):
    name = place.put(ours(place), "spoilt")
    beside, _, _ = around(place)
    before = {info.name: place.data.read(info.name) for info in place.data.list()}
    info = live(place.data, name)
    job = place.job()
    place.data.fault = refuse(operation, name, error)

    report = job.run()

    place.data.fault = nothing
    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(name, Outcome.UNREACHABLE, detail)]
    assert place.data.stat(name) == info
    check_others(place, report, beside, before)

    assert place.delete().faults == []
    assert place.stages()["garden"][-1] == "verified"
    assert place.told() == {"pond": [("deletion", 1)], "garden": [("deletion", 2)]}
    assert leaver(place) not in place.numbers()
    place.check()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_error_that_passes_is_made_good_in_the_same_run_or_the_next(place, times):
    name = place.put(ours(place))
    place.leave(leaver(place), document="garden")
    place.data.fault = refuse("replace", name, UNAVAILABLE, times)
    while place.delete().faults:
        pass
    assert leaver(place) not in place.numbers()
    assert place.told() == {"garden": [("deletion", 1)]}
    place.check()


@pytest.mark.parametrize("again", [0, 1, 5], ids=["seen at once", "late", "much later"])
def test_write_whose_answer_is_lost_is_recognised_and_told_once(place, again):
    """It was done; and for `again` looks the store could not even say that."""
    name = place.put(ours(place))
    place.leave(leaver(place), document="garden")
    lost = []

    def after(operation, of):
        if (operation, of) == ("replace", name) and not lost:
            lost.extend(range(again + 1))
            raise UNAVAILABLE

    def fault(operation, of):
        if lost and (operation, of) == ("open", name) and len(lost) > 1:
            lost.pop()
            raise UNAVAILABLE

    place.data.after, place.data.fault = after, fault

    runs = 0
    while place.delete().faults:
        runs += 1
        assert runs < 9

    assert leaver(place) not in place.numbers()
    assert place.told() == {"garden": [("deletion", 1)]}
    place.check()


@pytest.mark.parametrize("until", [None, "2026-07-01"], ids=["for ever", "a time"])
def test_object_that_is_held_is_named_and_deleted_once_it_is_not(place, until):
    name = place.put(ours(place), "spoilt")
    beside, _, _ = around(place)
    before = {info.name: place.data.read(info.name) for info in place.data.list()}
    end = until and datetime.fromisoformat(until).replace(tzinfo=UTC)
    if end:
        place.data.retain(name, end)
    else:
        place.data.hold(name)

    report = place.delete()

    detail = "the bucket holds it" + (f" until {until}" if until else "")
    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [
        (name, Outcome.HELD, detail),
    ]
    check_others(place, report, beside, before)

    if end:
        place.now = end
    else:
        place.data.hold(name, on=False)
    assert place.delete().faults == []
    assert place.stages()["garden"][2:] == ["rewritten", "purged", "verified"]
    assert place.told()["garden"] == [("deletion", 2)]
    place.check()


def test_file_that_goes_during_the_run_is_nobodys_fault(place):
    """Compaction or retention removed it between the plan and the rewrite."""
    name = place.put(ours(place))
    place.leave(leaver(place))
    job = place.job()

    def fault(operation, of):
        if place.steps[-1:] == ["rewrite"] and of == name:
            place.data.fault = nothing
            place.data.delete(name, live(place.data, name).generation)

    place.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert report.rewritten == []
    assert place.stages()[f"left-{leaver(place)}-{GARDEN}-20.0"][-1] == "verified"


@pytest.mark.parametrize("step", ["find", "rewrite", "verify"])
def test_file_that_is_replaced_between_two_steps_is_looked_at_again(place, step):
    name = place.put(ours(place))
    place.leave(leaver(place))
    job = place.job()
    other = place.ours([Row(leaver(place), 7000), Row(1, 7001)])

    def fault(operation, of):
        if operation == "open" and place.steps[-1:] == [step] and of == name:
            place.data.fault = nothing
            place.data.replace(name, other, live(place.data, name).generation)

    place.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert place.numbers() == [7001]
    place.check()


@pytest.mark.parametrize("step", ["find", "rewrite", "verify"])
def test_file_that_comes_between_two_steps_is_looked_at_too(place, step):
    place.put(ours(place))
    place.leave(leaver(place))
    job = place.job()
    other = place.ours([Row(leaver(place), 7000), Row(1, 7001)])

    def fault(operation, of):
        if operation == "open" and place.steps[-1:] == [step]:
            place.data.fault = nothing
            place.put(other, "new")

    place.data.fault = fault
    report = job.run()

    assert report.faults == []
    assert 7000 not in place.numbers()
    assert 7001 in place.numbers()
    place.check()


def test_file_that_never_stands_still_is_named(place):
    """Somebody writes it before every single look."""
    name = place.put(ours(place))
    place.leave(leaver(place), document="garden")
    job = place.job()
    data = place.data.read(name)

    def fault(operation, of):
        if (operation, of) == ("open", name):
            place.data.fault = nothing
            place.data.replace(name, data, live(place.data, name).generation)
            place.data.fault = fault

    place.data.fault = fault
    report = job.run()

    faults = [(each.name, each.outcome, each.detail) for each in report.faults]
    assert faults == [(name, Outcome.CHANGED, "written by somebody else meanwhile")]
    assert place.stages()["garden"] == ["requested", "suppressed"]
    place.data.fault = nothing
    assert place.delete().faults == []
    assert leaver(place) not in place.numbers()


@pytest.mark.parametrize("noted", [b"\xff", b"[]", b"{}", b'{"plan": 1}'])
def test_note_of_a_rewrite_that_is_nonsense_is_somebody_elses(place, noted):
    """Where a write fails, deletion looks whether the file is its own."""
    data = ours(place)
    header = read_header(data)
    entries = {**header.entries, REWROTE: noted}
    name = place.put(join_header(entries, header.sync) + data[header.length :])
    place.leave(leaver(place), document="garden")
    place.data.fault = refuse("replace", name, UNAVAILABLE, 1)

    assert place.delete().faults == []
    assert place.told() == {"garden": [("deletion", 1)]}
    assert place.steps.count("rewrite") == 2


def test_partition_that_another_job_has_leased_is_busy(place):
    """A compaction that began under the list before may write what it read then."""
    name = place.put(ours(place), "spoilt")
    beside, _, _ = around(place)
    before = {info.name: place.data.read(info.name) for info in place.data.list()}
    place.delete()
    third = next(person for person in people(place) if person != leaver(place))
    place.leave(third, document="third")
    compaction = Leases(place.platform, "other", "compact", 1)
    with compaction:
        compaction.acquire(Partition(GARDEN, "visit.1", "2026-05-11"))
        report = place.delete(run="a" * 32)

    folder = f"data/study={GARDEN}/"
    assert {(each.name, each.outcome) for each in report.faults} >= {
        (name, Outcome.BUSY),
        (folder, Outcome.BUSY),
    }
    assert third in place.numbers_in(name)
    assert place.stages()["third"] == ["requested", "suppressed"]
    assert beside in before

    assert place.delete(run="b" * 32).faults == []
    assert third not in place.numbers()
    assert place.told()["third"] == [("deletion", 1)]
    place.check()


@pytest.mark.parametrize("what", ["old_copies", "list"])
def test_listing_that_fails_stops_the_run_and_the_next_makes_it_good(place, what):
    place.put(ours(place))
    place.leave(leaver(place), document="garden")
    job = place.job()
    failed = []

    def fault(operation, of):
        if operation == what and not failed:
            failed.append(of)
            raise UNAVAILABLE

    place.data.fault = fault
    with pytest.raises(OSError, match="503"):
        job.run()

    assert place.delete().faults == []
    assert place.stages()["garden"][-1] == "verified"
    assert place.told() == {"garden": [("deletion", 1)]}
    place.check()


@pytest.mark.parametrize("why", ["held", "denied"])
def test_emptied_file_that_cannot_be_removed_is_named_and_goes_later(place, why):
    name = place.put(place.ours([Row(1, 1)]))
    place.leave(1, document="garden")

    def after(operation, of):
        if operation == "replace" and why == "held":
            place.data.hold(name)  # as a bucket does with each new object

    place.data.after = after
    if why == "denied":
        place.data.fault = refuse("delete", name, DENIED)
    report = place.delete()

    expected = {
        "held": (Outcome.HELD, "the bucket holds it"),
        "denied": (Outcome.UNREACHABLE, "Permission denied"),
    }
    faults = [(each.outcome, each.detail) for each in report.faults]
    assert faults == [expected[why]]
    assert place.numbers() == []
    assert place.stages()["garden"] == ["requested", "suppressed"]
    info = live(place.data, name)
    assert place.delete().faults != []
    assert place.data.stat(name) == info  # nothing is written again and again

    place.data.hold(name, on=False)
    place.data.fault = nothing
    assert place.delete().faults == []
    assert place.data.stat(name) is None
    assert place.told() == {"garden": [("deletion", 1)]}
    place.check()
