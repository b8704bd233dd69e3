"""The registry loads what is good, and says in one line what is not."""

import pickle
from datetime import date

import pytest

from rally.registry.study import (
    Access,
    AfterEnd,
    Document,
    Keep,
    Means,
    Policy,
    Study,
    StudyKind,
    Unmatched,
)
from tests.rally.registry.conftest import STUDY


def test_good_study_becomes_typed_records(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    visit, joined = study.documents["visit.1"], study.documents["joined.1"]
    assert study == Study(
        namespace="rally-x",
        kind=StudyKind.STUDY,
        name="Study X",
        aliases=("studyX", "x@example.org"),
        starts=date(2022, 3, 10),
        ending_announced=date(2023, 2, 27),
        collect_through=date(2023, 3, 27),
        analysis_until=date(2024, 3, 27),
        policy=Policy(
            enrolment_required=True,
            refuse_do_not_track=True,
            private_browsing="/private",
            countries=frozenset({"US", "CA"}),
            minimum_age=19,
            after_end=AfterEnd.DEFER,
            unmatched_withdrawals=Unmatched.DELETE,
        ),
        access=(
            Access("x@example.org", "MOU 7", date(2022, 3, 10), date(2024, 3, 27)),
        ),
        derived=("gs://tables-of-x",),
        documents={"visit.1": visit, "joined.1": joined},
    )
    assert visit == Document(
        namespace="rally-x",
        type="visit",
        version=1,
        means=Means.DATA,
        scope=(),
        delete_after_days=180,
        keep=Keep.LATEST,
        buckets=64,
        purpose="what is visited",
        schema=visit.schema,
        sent="as a page is left",
    )
    assert visit.name == "visit.1"
    assert (joined.means, joined.scope) == (Means.JOINS, ("/study",))
    assert joined.sent is None
    assert (joined.delete_after_days, joined.keep, joined.buckets) == (
        None,
        Keep.ALL,
        1,
    )
    assert study.reviews == ()


def test_optional_entries_have_their_defaults(folder):
    for path in ("aliases", "access", "derived", "policy countries"):
        folder.drop(path)
    for path in ("ending_announced", "collect_through", "analysis_until"):
        folder.drop(path)
    folder.drop("policy minimum_age")
    folder.set("policy private_browsing", "client")
    study = folder.load().study("rally-x")
    assert (study.aliases, study.access, study.derived) == ((), (), ())
    assert (study.ending_announced, study.collect_through) == (None, None)
    assert study.analysis_until is None
    assert (study.policy.countries, study.policy.minimum_age) == (frozenset(), None)
    assert study.policy.private_browsing is None
    assert study.policy.refuse_automation


def test_names_and_aliases_resolve_exactly(folder):
    registry = folder.load()
    study = registry.study("rally-x")
    assert registry.resolve("rally-x") is study
    assert registry.resolve("studyX") is study
    assert registry.resolve("x@example.org") is study
    assert registry.resolve("studyx") is None
    assert registry.study("studyX") is None
    assert registry.study("rally-y") is None


def test_registry_travels_to_workers(folder):
    registry = folder.load()
    assert pickle.loads(pickle.dumps(registry)).studies == registry.studies


@pytest.mark.parametrize("alias", ["rally-x", "studyX"])
def test_alias_names_one_study(folder, alias):
    folder.set("aliases", ["studyX", alias])
    assert folder.error() == (
        f'{STUDY}: aliases.1: "{alias}" is a name of rally-x already; remove one'
    )


def test_alias_of_another_study_is_refused(folder):
    folder.texts["rally-y/study.yaml"] = (
        "{namespace: rally-y, kind: platform, name: Y, starts: 2022-01-01, "
        "aliases: [studyX], documents: {}, "
        "policy: {enrolment: none, do_not_track: consent, private_browsing: client}}"
    )
    assert folder.faults() == {
        "rally-x": f'{STUDY}: aliases.0: "studyX" is a name of rally-y already; '
        "remove one",
        "rally-y": 'schemas/rally-y/study.yaml: aliases.0: "studyX" is a name of '
        "rally-x already; remove one",
    }
