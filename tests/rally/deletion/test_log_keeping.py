"""Delete merges what it admitted; nobody's events are lost, or come twice as two."""

from itertools import count

import pytest

from rally.errors import CorruptFile
from rally.event_log.event_log import EventLog
from rally.event_log.merging import remove_unnamed
from rally.events import MAIL, RALLY
from rally.storage.layout import EVENTS, LOG
from rally.withdrawal.list_object import read_list
from rally.withdrawal.root import ROOT, read_root
from tests.rally.deletion.test_lost_list import lose_list
from tests.support.memory_deployment import Killed, Row, day
from tests.support.stores import restore_list, save_list


@pytest.fixture
def logged(deployment):
    """Two who joined, one of whom has left."""
    deployment.join(1)
    deployment.join(2)
    deployment.leave(1, document="garden")
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    return deployment


def objects(deployment):
    """Numbers of loose objects and of files of the log."""
    names = [info.name for info in deployment.platform.list(EVENTS)]
    merged = sum(name.startswith(LOG) for name in names)
    return len(names) - merged, merged


def remove(deployment, name):
    deployment.platform.delete(name, deployment.platform.stat(name).generation)


def test_events_are_merged_under_a_root_that_names_their_files(logged):
    written = set(EventLog(logged.platform))
    assert logged.delete().alarms == []
    root = read_root(logged.platform).root
    assert objects(logged) == (0, len(root.log)) == (0, 1)
    assert sum(each.events for each in root.log) == 3
    assert sorted(EventLog(logged.platform)) == sorted(written)


def test_a_run_without_news_changes_nothing(logged):
    logged.delete()
    before = logged.all_objects()
    logged.delete()
    assert logged.all_objects() == before


def test_later_events_are_admitted_on_top_of_the_merged_ones(logged):
    logged.delete()
    logged.leave(2, document="later", when=25)
    logged.join(1, when=26)
    logged.delete()
    assert {*logged.stages()} == {"garden", "later"}
    assert logged.numbers() == []
    assert objects(logged) == (0, 1)
    assert len([*EventLog(logged.platform)]) == 5
    enrolments = read_list(logged.platform).list.enrolments
    assert len(enrolments) == 3


def test_a_letter_that_nobody_signed_stays_loose_until_somebody_does(logged):
    letters = []
    logged.sign_letter = letters.append
    logged.leave(2, RALLY, signal=MAIL, document="letter")
    logged.delete()
    assert objects(logged) == (1, 1)
    del logged.sign_letter
    logged.sign_letter(letters[0])
    logged.delete()
    assert "letter" in logged.stages()
    assert objects(logged) == (0, 1)


def test_a_killed_run_is_made_good_wherever_it_was_killed(make_deployment):
    ends = []
    for at in count(1):
        deployment = make_deployment()
        for person in (1, 2, 3):
            deployment.join(person)
        deployment.delete()
        deployment.leave(1, document="garden")
        deployment.leave(2, document="again")
        written = set(EventLog(deployment.platform))
        if not _killed_at(deployment, at):
            break
        deployment.mark_runs_dead()
        assert set(EventLog(deployment.platform)) == written
        assert deployment.delete().alarms == []
        assert sorted(EventLog(deployment.platform)) == sorted(written)
        ends.append((objects(deployment), *sorted(deployment.stages())))
    assert at > 10
    assert {*ends} == {((0, 1), "again", "garden")}


def _killed_at(deployment, at):
    """Whether a run dies before the change of the platform of that number."""
    steps = count(1)
    changes = ("create", "replace", "delete")
    return _killed(deployment, lambda what, _: what in changes and next(steps) == at)


def _killed(deployment, dies_before):
    """Whether a run dies before an operation on an object of the platform."""

    def die(operation, name):
        if deployment.dead or dies_before(operation, name):
            deployment.dead = True
            raise Killed

    deployment.platform.fault = die
    try:
        deployment.delete()
    except Killed:
        return True
    return False


def test_under_an_older_root_nothing_is_lost_and_the_next_names_it_all(logged):
    old = save_list(logged.platform)
    logged.delete()
    logged.leave(2, document="later", when=25)
    logged.now = day(31)
    logged.delete()
    written = set(EventLog(logged.platform))
    restore_list(logged.platform, old)
    report = logged.delete()
    assert len(report.alarms) == 1
    assert {*logged.stages()} == {"garden", "later"}
    assert set(EventLog(logged.platform)) == written
    assert objects(logged) == (0, 1)


def test_a_lost_root_is_made_anew_from_whole_files_and_loose_objects(logged):
    logged.delete()
    logged.leave(2, document="later", when=25)
    written = set(EventLog(logged.platform))
    logged.platform.create(f"{LOG}bucket=0-0/{1:012}-{'0' * 16}.avro", b"planted")
    lose_list(logged)
    with pytest.raises(CorruptFile, match="root"):
        list(EventLog(logged.platform))
    logged.delete(rebuild_list=True)
    assert {*logged.stages()} == {"garden", "later"}
    assert set(EventLog(logged.platform)) == written
    assert objects(logged) == (0, 1)


def test_a_missing_file_that_the_root_names_stops_the_job(logged):
    logged.delete()
    [file] = read_root(logged.platform).root.log
    remove(logged, file.name)
    with pytest.raises(CorruptFile, match=f"{file.name}: is missing"):
        logged.delete()


def test_what_others_put_beside_the_files_counts_for_nothing(logged):
    logged.delete()
    [file] = read_root(logged.platform).root.log
    data = logged.platform.read(file.name)
    for number in (1, 99):
        name = f"{LOG}bucket=0-0/{number:012}-{'a' * 16}.avro"
        logged.platform.create(name, b"x" + data[1:])
    later = f"{file.name[:-33]}{88:012}{file.name[-21:]}"
    logged.platform.create(later, data)  # signed, but under another name
    logged.leave(2, document="later", when=25)
    logged.delete()
    logged.delete()
    root = read_root(logged.platform).root
    assert root.counter < 9  # nobody is made to count on from there
    assert {info.name for info in logged.platform.list(LOG)} == {
        root.log[0].name, name, later,
    }  # fmt: skip
    assert len([*EventLog(logged.platform)]) == 4


def test_a_lost_list_is_made_of_the_whole_log_though_the_root_is_there(logged):
    logged.delete()
    name = read_root(logged.platform).root.list.name
    remove(logged, name)
    logged.delete(rebuild_list=True)
    assert {*logged.stages()} == {"garden"}


def test_a_letter_that_is_signed_while_a_run_is_at_work_is_admitted_later(logged):
    letters = []
    logged.sign_letter = letters.append
    logged.leave(2, RALLY, signal=MAIL, document="letter")
    del logged.sign_letter

    def sign(operation, name):
        if operation == "replace" and name == ROOT and letters:
            logged.sign_letter(letters.pop())

    logged.platform.after = sign
    logged.delete()
    assert not letters
    logged.delete()
    assert "letter" in logged.stages()


def test_a_run_that_lost_its_lease_removes_nothing_of_the_next_one(logged):
    logged.delete()
    late = read_root(logged.platform).root
    logged.leave(2, document="later", when=25)
    logged.delete()
    written = set(EventLog(logged.platform))
    remove_unnamed(logged.platform, late.log, late.counter)
    assert set(EventLog(logged.platform)) == written
    assert objects(logged) == (0, 1)


def test_what_a_hold_keeps_is_named_and_merged_once(logged):
    names = [info.name for info in logged.platform.list(EVENTS)]
    logged.platform.hold(names[0])
    report = logged.delete()
    alarms = [f"{names[0]}: is merged, and a hold keeps it"]
    assert report.alarms == alarms
    assert (report.receipts, objects(logged)) == ([1], (1, 1))
    before = logged.all_objects()
    assert logged.delete().alarms == alarms
    assert logged.all_objects() == before

    [file] = read_root(logged.platform).root.log
    logged.platform.hold(file.name)
    logged.leave(2, document="later", when=25)
    alarms.append(f"{file.name}: is merged, and a hold keeps it")
    assert logged.delete().alarms == alarms
    assert len({*EventLog(logged.platform)}) == 4
    for name in (names[0], file.name):
        logged.platform.hold(name, on=False)
    logged.join(2, when=26)
    assert logged.delete().alarms == []
    assert objects(logged) == (0, 1)


def damage(deployment, name):
    """Another last byte: the header is as it was signed."""
    data = bytearray(deployment.platform.read(name))
    data[-1] ^= 1
    generation = deployment.platform.stat(name).generation
    deployment.platform.replace(name, bytes(data), generation)


@pytest.mark.parametrize("is_root_lost", [True, False])
def test_a_damaged_file_stops_a_job_that_would_make_the_log_anew(logged, is_root_lost):
    logged.delete()
    [file] = read_root(logged.platform).root.log
    logged.leave(2, document="later", when=25)
    if is_root_lost:
        lose_list(logged)
    else:
        assert _killed_at_swap(logged, file.name)
        logged.mark_runs_dead()
    damage(logged, file.name)
    before = {each.name for each in logged.platform.list(EVENTS)}
    assert len(before) > 1 + (not is_root_lost)
    with pytest.raises(CorruptFile, match=file.name):
        logged.delete(rebuild_list=is_root_lost)
    assert {each.name for each in logged.platform.list(EVENTS)} == before


def _killed_at_swap(deployment, former):
    """Whether a run dies after it wrote a file of the log, before a root names it."""
    written = []

    def is_swap(operation, name):
        if operation == "create" and name.startswith(LOG) and name != former:
            written.append(name)
        return operation == "replace" and name == ROOT and written

    return _killed(deployment, is_swap)


def test_a_root_that_nobody_else_knows_was_put_back_is_counted_on_from(logged):
    """Files of the log alone tell that there were later ones."""
    logged.delete()
    [file] = read_root(logged.platform).root.log
    old = save_list(logged.platform) | {file.name: logged.platform.read(file.name)}
    for number in range(4):
        logged.join(1, when=26 + number)
        logged.delete()
    newest = read_root(logged.platform).root.counter
    written = set(EventLog(logged.platform))
    restore_list(logged.platform, old)
    logged.delete()
    assert read_root(logged.platform).root.counter == newest + 1
    assert set(EventLog(logged.platform)) == written
    assert objects(logged) == (0, 1)
    before = logged.all_objects()
    logged.delete()
    assert logged.all_objects() == before
