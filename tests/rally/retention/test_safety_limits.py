"""What is above the ceiling of its study and reason waits; all the rest goes."""

import re

import pytest

from rally.errors import ConfigurationError
from rally.retention.limits import Limits
from rally.retention.search_tasks import select_joins
from rally.storage.layout import EVENTS, Partition, new_file
from tests.model.studies import load_studies
from tests.support.memory_deployment import Row, document_id
from tests.support.purge_deployment import deleted_counts, planned_counts
from tests.support.world import GARDEN, HOUSE, POND

OLD, NEW, DATE = "2025-01-01", "2026-05-01", "2026-05-11"


def put(deployment, number, date, study=GARDEN):
    """So many files of a date."""
    deployment.join(1, study, when=-1000)
    for each in range(number):
        deployment.put(
            deployment.indexed_file([Row(1, each)], study), f"{each:04}", study, date
        )


def confirmed(report):
    """Settings that confirm all that waits."""
    ids = [re.search("--confirm ([0-9a-f]{32}) ", each)[1] for each in report.withheld]
    return {"confirm": ",".join(ids)}


def test_share_of_a_study_s_objects_waits_and_another_study_s_go(deployment):
    put(deployment, 101, OLD)
    put(deployment, 100, NEW)
    put(deployment, 5, OLD, POND)

    report = deployment.purge()

    [line] = report.withheld
    group = confirmed(report)["confirm"]
    assert line == (
        "rally-garden: expired: more of its objects go than --max_share allows; these"
        f" were not deleted. Look at the plan, and run it again with --confirm {group}"
        " if they are right to go"
    )
    assert [*report.problems] == [line]
    assert report.exit_status == 1
    assert deleted_counts(report) == {(POND, "visit.1", "expired"): (5, 5)}
    assert len(deployment.names()) == 201
    assert planned_counts(report)[GARDEN, "visit.1", "expired"][0] == 101

    report = deployment.purge(**confirmed(report))
    assert deleted_counts(report) == {(GARDEN, "visit.1", "expired"): (101, 101)}
    assert report.exit_status == 0


@pytest.mark.parametrize(("old", "new"), [(100, 0), (101, 101), (150, 150)])
def test_few_or_not_too_large_a_share_goes(deployment, old, new):
    put(deployment, old, OLD)
    put(deployment, new, NEW)
    assert deployment.purge().exit_status == 0
    assert len(deployment.names()) == new


def test_number_of_objects_counts_by_study_and_reason(deployment):
    put(deployment, 11, OLD)
    put(deployment, 10, OLD, POND)
    report = deployment.purge(limits=Limits(max_objects=10))
    [line] = report.withheld
    assert line.startswith(
        "rally-garden: expired: 11 objects go, more than --max_objects allows; "
    )
    assert deleted_counts(report) == {(POND, "visit.1", "expired"): (10, 10)}
    assert deployment.purge(limits=Limits(max_objects=11)).exit_status == 0
    assert deployment.names() == []


def test_strangers_of_one_study_keep_nothing_else(deployment):
    """250 pings of nobody: their study's expired rows go, and so does all of others."""
    strangers = [Row(person, person) for person in range(2, 252)]
    deployment.put(deployment.indexed_file(strangers), "strangers", date=DATE)
    put(deployment, 1, OLD)
    put(deployment, 1, OLD, POND)
    deployment.put(deployment.indexed_file([Row(7, 7)], POND), "few", POND, DATE)

    report = deployment.purge()

    [line] = report.withheld
    assert line.startswith("rally-garden: unenrolled: more of its rows have no enrolme")
    assert deleted_counts(report) == {
        (GARDEN, "visit.1", "expired"): (1, 1),
        (POND, "visit.1", "expired"): (1, 1),
        (POND, "visit.1", "unenrolled"): (1, 1),
    }
    assert report.exit_status == 1
    assert len(deployment.numbers()) == 250
    assert deployment.purge(**confirmed(report)).exit_status == 0
    assert deployment.numbers() == []


def test_concluded_study_counts_for_the_number_and_not_for_its_share(deployment):
    put(deployment, 120, NEW)
    put(deployment, 3, OLD, POND)
    deployment.conclude()
    report = deployment.purge(limits=Limits(max_objects=100))
    [line] = report.withheld
    assert line.startswith("rally-garden: concluded: 12")
    assert "--max_objects" in line
    assert len(deployment.names()) == 120
    assert len([name for name in deployment.key_files() if GARDEN in name]) == 3
    assert deleted_counts(report) == {(POND, "visit.1", "expired"): (3, 3)}

    report = deployment.purge(limits=Limits(max_objects=100), **confirmed(report))
    assert report.exit_status == 0
    assert deployment.names() == []
    assert not any(GARDEN in name for name in deployment.key_files())


def test_confirmed_plan_has_to_be_that_of_now(deployment):
    put(deployment, 120, OLD)
    plan = deployment.purge().plan
    deployment.put(deployment.indexed_file([Row(1, 999)]), "more", date=OLD)
    with pytest.raises(ConfigurationError) as caught:
        deployment.purge(confirm=plan)
    new = confirmed(deployment.purge())["confirm"]
    assert str(caught.value) == (
        f"--confirm: the plan has changed; look at the new one, {new}"
    )
    assert len(deployment.names()) == 121
    assert deployment.purge(confirm=new).exit_status == 0


def test_plan_is_confirmed_as_a_whole_too(deployment):
    put(deployment, 120, OLD)
    put(deployment, 120, OLD, POND)
    report = deployment.purging().plan()
    assert len(report.withheld) == 2
    assert len(deployment.names()) == 240
    one = confirmed(report)["confirm"].split(",")[0]
    assert len(deployment.purge(confirm=one).withheld) == 1
    assert len(deployment.names()) == 120
    whole = deployment.purging().plan().plan
    assert deployment.purge(confirm=whole).exit_status == 0
    assert deployment.names() == []


def test_confirmation_of_what_is_done_already(deployment):
    put(deployment, 120, OLD)
    plan = deployment.purge().plan
    deployment.purge(confirm=plan)
    with pytest.raises(ConfigurationError, match="which is empty"):
        deployment.purge(confirm=plan)


def enrol(deployment, *people):
    """A file of rows that say who joined the garden, in one object of the log."""
    rows = [Row(person, 100 + person) for person in people]
    partition = Partition(GARDEN, "study-enrollment.1", DATE)
    deployment.data.create(new_file(partition, "joined"), deployment.indexed_file(rows))
    for each in rows:
        deployment.join(each.person, document=document_id(each.number))


def lose_events(deployment):
    """Of all objects of the log; what they held."""
    lost = {}
    for info in [*deployment.platform.list(EVENTS)]:
        lost[info.name] = deployment.platform.read(info.name)
        deployment.platform.delete(info.name, info.generation)
    return lost


def test_lost_batch_of_enrolments_stops_the_strangers_of_its_study(deployment):
    """Fewer than any limit: nobody may lose rows for an event that we lost."""
    enrol(deployment, 1, 3)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)], POND), study=POND)
    deployment.put(deployment.indexed_file([Row(1, 1)]), date=OLD)
    lost = lose_events(deployment)

    report = deployment.purge()

    [line] = report.withheld
    assert line.startswith(
        "rally-garden: unenrolled: 2 rows of rally-garden/study-enrollment.1 say that"
        " somebody joined, and have no event: the event log has lost some, so that"
        " nobody knows who never enrolled; restore events/ first; these were not"
    )
    assert report.exit_status == 1
    assert deployment.numbers() == [1, 2, 101, 103]
    assert deleted_counts(report) == {
        (GARDEN, "visit.1", "expired"): (1, 1),
        (POND, "visit.1", "unenrolled"): (1, 2),
    }
    for name, data in lost.items():
        deployment.platform.create(name, data)
    assert deployment.purge().exit_status == 0
    assert deployment.numbers() == [1, 101, 103]


def test_people_who_never_joined_are_no_lost_batch(deployment):
    enrol(deployment, 1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    report = deployment.purge()
    assert report.withheld == []
    assert deployment.numbers() == [1, 101]


def test_event_that_comes_while_the_log_is_read_is_no_lost_one(deployment):
    """Ingest writes an event and then its row; the log may have been read before."""
    enrol(deployment, 1)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(2, 2)]))
    [late] = lose_events(deployment).items()

    def arrive(operation, name):
        if operation == "open" and "study-enrollment" in name:
            deployment.platform.create(*late)

    deployment.data.fault = arrive
    assert deployment.purge().withheld == []


def test_enrolments_of_a_platform_that_name_their_study_tell_of_every_one(tmp_path):
    registry = load_studies(tmp_path, "2026-11-25")
    joins = {
        Partition(study, document, DATE): 1
        for study, document in (
            (HOUSE, "enrollment.1"),
            (HOUSE, "study-enrollment.1"),
            (GARDEN, "study-enrollment.1"),
            (POND, "study-enrollment.1"),
        )
    }
    found = select_joins(registry, {POND}, joins)
    assert [each[:2] for each in found] == [
        (HOUSE, "study-enrollment.1"),
        (POND, "study-enrollment.1"),
    ]
