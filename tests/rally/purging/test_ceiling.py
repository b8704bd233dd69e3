"""More than a run may delete is planned and refused until a person confirms it."""

import pytest

from rally.errors import ConfigurationError
from rally.purging.settings import Limits
from tests.pipelines.world import GARDEN, POND
from tests.rally.deleting.place import Row
from tests.rally.purging.place import gone, planned

OLD, NEW = "2025-01-01", "2026-05-01"


def put(place, number, date, study=GARDEN):
    """So many files of a date."""
    place.join(1, study, when=-1000)
    for each in range(number):
        place.put(place.ours([Row(1, each)], study), f"{each:04}", study, date)


def test_share_of_a_study_s_objects(place):
    put(place, 101, OLD)
    put(place, 100, NEW)
    put(place, 5, OLD, POND)

    report = place.purge()

    assert report.refused == (
        "rally-garden: loses more of its objects than --max_share allows; nothing was"
        " deleted. Look at the plan, and run it again with --confirm"
        f" {report.plan} if it is right"
    )
    assert [*report.problems] == [report.refused]
    assert report.done == {}
    assert len(place.names()) == 206
    assert planned(report)[GARDEN, "visit.1", "expired"][0] == 101

    report = place.purge(confirm=report.plan)
    assert gone(report) == {
        (GARDEN, "visit.1", "expired"): (101, 101),
        (POND, "visit.1", "expired"): (5, 5),
    }
    assert report.exit_status == 0


@pytest.mark.parametrize(("old", "new"), [(100, 0), (101, 101), (150, 150)])
def test_few_or_not_too_large_a_share_goes(place, old, new):
    put(place, old, OLD)
    put(place, new, NEW)
    assert place.purge().exit_status == 0
    assert len(place.names()) == new


def test_number_of_objects_in_all(place):
    put(place, 6, OLD)
    put(place, 5, OLD, POND)
    report = place.purge(limits=Limits(max_objects=10))
    assert report.refused.startswith("11 objects go, more than --max_objects allows")
    assert len(place.names()) == 11
    assert place.purge(limits=Limits(max_objects=11)).exit_status == 0


def test_concluded_study_counts_for_the_number_and_not_for_its_share(place):
    put(place, 120, NEW)
    place.conclude()
    report = place.purge(limits=Limits(max_objects=100))
    assert "--max_objects" in report.refused
    assert len(place.names()) == 120
    assert place.key_files() != []
    assert place.purge().exit_status == 0
    assert place.names() == []


def test_confirmed_plan_has_to_be_that_of_now(place):
    put(place, 120, OLD)
    plan = place.purge().plan
    place.put(place.ours([Row(1, 999)]), "more", date=OLD)
    with pytest.raises(ConfigurationError) as caught:
        place.purge(confirm=plan)
    new = place.purge().plan
    assert str(caught.value) == (
        f"--confirm: the plan has changed; look at the new one, {new}"
    )
    assert new != plan
    assert len(place.names()) == 121
    assert place.purge(confirm=new).exit_status == 0


def test_confirmation_of_what_is_done_already(place):
    put(place, 120, OLD)
    plan = place.purge().plan
    place.purge(confirm=plan)
    with pytest.raises(ConfigurationError, match="which is empty"):
        place.purge(confirm=plan)
