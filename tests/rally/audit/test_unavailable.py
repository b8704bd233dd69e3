"""Of a study that does not load nothing is proven, and it is said of each check."""

from rally.audit.findings import Check
from rally.registry.study import StudyKind
from tests.rally.audit.audited_platform import lines_by_check
from tests.rally.audit.letter_violations import old_letters
from tests.rally.audit.row_violations import unenrolled
from tests.rally.audit.test_unknown import OF_ROWS
from tests.support.registries import without_study
from tests.support.world import GARDEN, HOUSE, POND

NOT_PROVEN = OF_ROWS | {
    *(Check.RETENTION, Check.REVIEW, Check.EXPUNGED),
    *(Check.COPIES, Check.LOCKS, Check.ANNOUNCED),
}


def unseen(deployment):
    report = deployment.audit()
    assert lines_by_check(report) == {}
    return lines_by_check(report, "unseen")


def test_study_that_does_not_load_is_named_and_nothing_of_it_is_broken(deployment):
    deployment.registry = without_study(deployment.registry, POND, StudyKind.STUDY)
    seen = unseen(deployment)
    assert set(seen) == NOT_PROVEN
    assert {(each.where, each.what) for lines in seen.values() for each in lines} == {
        (POND, "its study does not load")
    }


def test_rows_without_an_enrolment_are_not_judged_without_the_platform(deployment):
    where, broken = unenrolled(deployment)
    assert lines_by_check(deployment.audit())[Check.ENROLMENT][0].where == where
    deployment.registry = without_study(deployment.registry, HOUSE, StudyKind.PLATFORM)
    assert broken
    assert set(unseen(deployment)) == NOT_PROVEN


def test_old_dead_letters_of_it_wait_and_break_nothing(deployment):
    where, broken = old_letters(deployment)
    assert lines_by_check(deployment.audit())[Check.DEAD_LETTERS][0].where == where
    deployment.registry = without_study(deployment.registry, GARDEN, StudyKind.STUDY)
    report = deployment.audit()
    [apart] = lines_by_check(report, "apart")[Check.DEAD_LETTERS]
    what = "past their time, of a study that does not load"
    assert (apart.where, apart.what) == (where, what)
    assert [apart.number] == list(broken.values())
    assert Check.DEAD_LETTERS not in lines_by_check(report)
