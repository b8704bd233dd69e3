"""What is in the way of a platform's conclusion is told at once; nothing changes."""

from datetime import timedelta

import pytest

from rally.dead_letters import LetterKind, LetterPlace
from rally.events import RALLY
from rally.registry.registry import Registry
from rally.registry.transitions import StudyAction
from rally.retention.platform_blockers import preview_conclusion
from rally.storage.layout import UNKNOWN
from tests.support.access_cases import open_case
from tests.support.memory_deployment import Row
from tests.support.purge_deployment import CONCLUDED, ENDED, PLATFORM_KEYS
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND


@pytest.fixture
def ready(deployment):
    """A platform of which all studies are gone, and whose own namespace has ended."""
    deployment.add_platform_keys()
    deployment.join(1, RALLY)
    deployment.join(1, GARDEN)
    deployment.put(deployment.indexed_file([Row(1, 1, 1)], HOUSE), "b", HOUSE)
    for study in (GARDEN, POND):
        deployment.conclude(study)
    decide_study(deployment.platform, HOUSE, StudyAction.END, ENDED)
    assert [*deployment.purge().problems] == []
    return deployment


def preview_of(deployment):
    return preview_conclusion(deployment.purging()._settings)


def blockers(deployment):
    before = deployment.all_objects()
    found = preview_of(deployment).blockers
    assert deployment.all_objects() == before
    return list(found)


def test_platform_that_is_ready_has_none_and_says_what_will_go(ready):
    found = preview_of(ready)
    assert found.blockers == ()
    assert {each.what: each.objects for each in found.kinds if each.objects} == {
        f"rows of {HOUSE}": 1, "plans": 1, "events": 1, "withdrawal list": 3,
    }  # fmt: skip
    assert found.receipts == 0
    assert len(found.keys) == len(PLATFORM_KEYS) + 3


def test_studies_that_go_on_or_are_not_gone_are_each_named(deployment):
    deployment.put(deployment.indexed_file([Row(1, 100)]), "a")
    deployment.conclude(GARDEN, at=CONCLUDED)
    assert blockers(deployment) == [
        f"{GARDEN}: is concluded, and not all of it is gone; run `rally purge`, which"
        " says what is left",
        f"{HOUSE}: is collecting, and must be ended before; see `rally studies end`",
        f"{POND}: is collecting, and must be concluded before; see `rally studies"
        " conclude`",
    ]


def test_study_that_was_never_begun_is_in_nobodys_way(ready):
    decided = preview_of(ready)
    assert decided.blockers == ()
    (ready.folder / "platform" / f"pseudonym.{HOUSE}.keyset.json").unlink()
    assert blockers(ready) == []


STRANGER = (
    "has keys or decisions here, and is not in the registry; put it back, or correct"
    " --studies"
)


def forget(deployment, *namespaces):
    """Gives the deployment a registry without these studies."""
    studies = deployment.registry.studies.items()
    deployment.registry = Registry({k: v for k, v in studies if k not in namespaces})


@pytest.mark.parametrize(
    "file",
    [
        f"keys/{POND}.keyset.json",
        f"keys/{POND}.jwk.json",
        f"platform/pseudonym.{POND}.keyset.json",
    ],
)
def test_each_key_of_a_study_that_is_not_registered_is_in_the_way(ready, file):
    forget(ready, POND)  # which is concluded and gone, as it may
    assert blockers(ready) == []
    (ready.folder / file).write_text("{}")
    assert blockers(ready) == [f"{POND}: {STRANGER}"]
    assert not any(POND in key for key in preview_of(ready).keys)


def test_decided_study_that_is_not_registered_is_in_the_way(ready):
    decide_study(ready.platform, "rally-lake", StudyAction.PAUSE, ENDED)
    assert blockers(ready) == [f"rally-lake: {STRANGER}"]
    decide_study(ready.platform, "rally-lake", StudyAction.CONCLUDE, ENDED)
    assert blockers(ready) == []


def test_study_whose_pings_alone_have_keys_is_in_the_way(deployment):
    deployment.conclude(GARDEN)
    (deployment.folder / "platform" / f"pseudonym.{POND}.keyset.json").unlink()
    line = f"{POND}: is collecting, and must be concluded before; see `rally studies"
    assert f"{line} conclude`" in blockers(deployment)


def test_whoever_waits_for_something_is_counted(ready):
    ready.leave(1, RALLY, when=29)  # after the conclusions, which nothing waits for
    assert blockers(ready) == [
        "withdrawals that are not closed: 1; `rally withdrawals --requests` lists them,"
        " and `rally delete` settles them"
    ]
    open_case(ready.platform, ready.platform_pseudonym(1), when=ready.now)
    for study, kind in (
        (HOUSE, LetterKind.WITHDRAWAL),
        (UNKNOWN, LetterKind.WITHDRAWAL),  # of nobody's data, and not owed
        (HOUSE, LetterKind.PING),
    ):
        folder = LetterPlace(study, kind, "2026-05-20").folder
        ready.platform.create(f"{folder}{'0' * 32}.avro", b"sealed")
    hold = ready.legal_hold(HOUSE, "2026-05-01", "2026-05-02")
    assert blockers(ready)[1:] == [
        f"{HOUSE}: a legal hold is in force, by {hold.by}; release it by `rally studies"
        f" release {HOUSE} --hold={hold.number}`",
        "cases of people that are open: 1; see `rally person cases`",
        "withdrawals that cannot be read: 1; `rally replay` them, or see `rally"
        " withdrawals settle`",
    ]


def test_request_is_in_the_way_until_it_is_closed(ready):
    ready.leave(1, RALLY, when=20)
    ready.delete()
    assert len(blockers(ready)) == 1
    ready.now += timedelta(days=60)
    ready.delete()
    assert blockers(ready) == []


def test_object_that_is_nobodys_is_in_the_way(ready):
    ready.data.create("notes.txt", b"somebody's")
    (line,) = blockers(ready)
    assert (
        line
        == "memory://test/notes.txt: is an unregistered copy, one of 1; remove them"
    )
