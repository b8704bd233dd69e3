"""Delete merges what it admitted; nobody's events are lost, or come twice as two."""

from itertools import count

import pytest

from rally.errors import CorruptFile
from rally.event_log.event_log import EventLog
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
        if not _killed(deployment, at):
            break
        deployment.mark_runs_dead()
        assert set(EventLog(deployment.platform)) == written
        assert deployment.delete().alarms == []
        assert sorted(EventLog(deployment.platform)) == sorted(written)
        ends.append((objects(deployment), {*deployment.stages()}))
    assert at > 10
    assert set(map(repr, ends)) == {repr(((0, 1), {*("garden", "again")}))}


def _killed(deployment, at):
    """Whether a run dies before the change of the platform of that number."""
    steps = count(1)

    def die(operation, name):
        is_change = operation in ("create", "replace", "delete")
        if deployment.dead or (is_change and next(steps) == at):
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
    logged.platform.create(f"{LOG}bucket=0-0/{7:012}-{'0' * 16}.avro", b"planted")
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


def test_what_others_put_beside_the_files_goes_and_counts_for_nothing(logged):
    logged.delete()
    [file] = read_root(logged.platform).root.log
    data = logged.platform.read(file.name)
    for number in (1, 99):
        name = f"{LOG}bucket=0-0/{number:012}-{'a' * 16}.avro"
        logged.platform.create(name, b"x" + data[1:])
    logged.leave(2, document="later", when=25)
    logged.delete()
    assert objects(logged) == (0, 1)
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
