"""Of a study that does not load nothing is proven, and it is said of each check."""

from rally.audit.findings import Check
from rally.registry.study import StudyKind
from tests.rally.audit.place import found
from tests.rally.audit.test_unknown import OF_ROWS
from tests.rally.audit.test_violations import old_letters, unenrolled
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

NOT_PROVEN = OF_ROWS | {
    *(Check.RETENTION, Check.REVIEW, Check.COPIES, Check.LOCKS, Check.ANNOUNCED)
}


def unseen(place):
    report = place.audit()
    assert found(report) == {}
    return found(report, "unseen")


def test_study_that_does_not_load_is_named_and_nothing_of_it_is_broken(place):
    place.registry = without_study(place.registry, POND, StudyKind.STUDY)
    seen = unseen(place)
    assert set(seen) == NOT_PROVEN
    assert {(each.where, each.what) for lines in seen.values() for each in lines} == {
        (POND, "its study does not load")
    }


def test_rows_without_an_enrolment_are_not_judged_without_the_platform(place):
    where, broken = unenrolled(place)
    assert found(place.audit())[Check.ENROLMENT][0].where == where
    place.registry = without_study(place.registry, HOUSE, StudyKind.PLATFORM)
    assert broken
    assert set(unseen(place)) == NOT_PROVEN


def test_old_dead_letters_of_it_wait_and_break_nothing(place):
    where, broken = old_letters(place)
    assert found(place.audit())[Check.DEAD_LETTERS][0].where == where
    place.registry = without_study(place.registry, GARDEN, StudyKind.STUDY)
    report = place.audit()
    [apart] = found(report, "apart")[Check.DEAD_LETTERS]
    what = "past their time, of a study that does not load"
    assert (apart.where, apart.what) == (where, what)
    assert [apart.number] == list(broken.values())
    assert Check.DEAD_LETTERS not in found(report)
