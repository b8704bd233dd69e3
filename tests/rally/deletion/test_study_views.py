"""Each study's view follows the list: whoever reads there knows whom not to read."""

import errno

import pytest

from rally.decisions.contents import DecisionKind
from rally.decisions.entry import entry_name
from rally.decisions.release_contents import Allotment
from rally.decisions.verifying import read_chain
from rally.decisions.writing import approve, decide
from rally.events import RALLY
from rally.keys.names import Job
from rally.keys.signing import verifier_of
from rally.registry.transitions import StudyAction
from rally.releases.ledger import read_ledger
from rally.releases.ledger_lines import line_name
from rally.storage.layout import view_file
from rally.withdrawal.list_object import read_people
from rally.withdrawal.study_view import StudyView
from tests.support.ledger_lines import put_lines, reservation
from tests.support.memory_deployment import Killed, Row, day, micros
from tests.support.people import job_key, signer
from tests.support.stores import replace_key
from tests.support.study_decisions import decide_study
from tests.support.world import GARDEN, HOUSE, POND

KEY = job_key(Job.DELETE)


def names(deployment):
    return [info.name for info in deployment.data.list("views/")]


def view(deployment, study=GARDEN, key=KEY):
    """A study's view as a reader of today knows it."""
    return StudyView.read(deployment.data, study, key.public, deployment.now)


def of_list(deployment, study=GARDEN):
    """What the published list says."""
    published = read_people(deployment.platform)
    table = deployment.registry.studies[study]
    return StudyView.of_list(published, table, deployment.pseudonyms, deployment.now)


def own(deployment, *people, study=GARDEN):
    return [deployment.pseudonym(each, study).encode() for each in people]


def test_every_study_has_a_view_and_the_platform_has_none(deployment):
    deployment.delete()
    assert names(deployment) == [view_file(GARDEN), view_file(POND)]
    assert HOUSE in deployment.registry.studies
    for study in (GARDEN, POND):
        found = view(deployment, study)
        assert (found.head.study, found.head.people) == (study, 0)


def test_view_says_who_left_its_study_or_rally(deployment):
    deployment.join(1)
    deployment.leave(1)
    deployment.leave(2, RALLY)
    deployment.leave(3, POND)
    deployment.put(deployment.indexed_file([Row(1, 1), Row(4, 2)]))
    report = deployment.delete()
    assert (report.alarms, deployment.numbers()) == ([], [2])
    found = view(deployment)
    assert found.head.counter == deployment.withdrawals().counter
    assert found.left_out(
        own(deployment, 1, 2, 3, 4), [micros(10)] * 4
    ).tolist() == [True, True, False, False]  # fmt: skip
    for study in (GARDEN, POND):
        assert view(deployment, study).says_the_same(of_list(deployment, study))


def test_each_run_publishes_anew(deployment):
    """Readers refuse a view of two days ago, though nobody left since."""
    deployment.delete()
    before = view(deployment).head
    deployment.now = day(31)
    deployment.delete()
    after = view(deployment).head
    assert (after.published, after.counter) == (micros(31), before.counter)
    assert after.number > before.number > 0


def test_view_is_there_before_rows_are_rewritten(deployment):
    """Deletion of a large store takes hours; nobody reads who left meanwhile."""
    deployment.leave(1)
    deployment.put(deployment.indexed_file([Row(1, 1)]))
    seen = []

    def look(operation, name):
        if operation == "delete" and name.startswith("data/"):
            seen.append(view(deployment).head.people)

    deployment.data.fault = look
    deployment.delete()
    assert seen[:1] == [1]


def test_plan_publishes_views_as_it_publishes_the_list(deployment):
    deployment.leave(1)
    deployment.job().plan()
    assert view(deployment).head.people == 1


@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_killed_run_is_made_good_by_the_next(deployment, at):
    deployment.delete()
    deployment.leave(1)
    written = []

    def die(operation, name):
        if name.startswith("views/") and operation in ("create", "replace"):
            written.append(name)
            if len(written) == at:
                raise Killed

    deployment.data.fault = die
    with pytest.raises(Killed):
        deployment.delete()
    deployment.mark_runs_dead()
    deployment.delete()
    for study in (GARDEN, POND):
        assert view(deployment, study).says_the_same(of_list(deployment, study))


def test_store_that_refuses_is_named_and_other_studies_are_told(deployment):
    deployment.leave(1, RALLY)

    def refuse(operation, name):
        if name == view_file(GARDEN) and operation == "create":
            raise OSError(errno.ENOSPC, "No space left on device")

    deployment.data.fault = refuse
    (alarm,) = deployment.delete().alarms
    assert alarm == (
        f"memory://test/{view_file(GARDEN)}: cannot be published (No space left on"
        " device); nobody reads rows of the study by a view of two days ago"
    )
    assert names(deployment) == [view_file(POND)]
    assert view(deployment, POND).head.people == 1


@pytest.mark.parametrize("planted", [b"", b"00\n{}\n", b"x" * 4096])
def test_what_is_no_view_is_replaced(deployment, planted):
    deployment.data.create(view_file(GARDEN), planted)
    assert deployment.delete().alarms == []
    assert view(deployment).head.number == 2  # with the list, and as the last step


def test_view_of_a_concluded_study_is_not_published(deployment):
    for action, at in ((StudyAction.END, 20), (StudyAction.CONCLUDE, 21)):
        decide_study(deployment.platform, GARDEN, action, day(at))
    deployment.delete()
    assert names(deployment) == [view_file(POND)]


def test_conclusion_that_is_lost_brings_no_view_back(deployment):
    entries = [
        decide_study(deployment.platform, GARDEN, action, day(at))
        for action, at in ((StudyAction.END, 20), (StudyAction.CONCLUDE, 21))
    ]
    deployment.delete()
    for each in entries:
        info = deployment.platform.stat(entry_name(each.number))
        deployment.platform.delete(info.name, info.generation)
    deployment.delete()
    assert names(deployment) == [view_file(POND)]


def test_views_are_published_while_a_decision_is_lost(deployment):
    """Rows are not rewritten then; readers have to leave out who left all the more."""
    entry = decide_study(deployment.platform, POND, StudyAction.PAUSE, day(10))
    deployment.delete()
    info = deployment.platform.stat(entry_name(entry.number))
    deployment.platform.delete(info.name, info.generation)
    deployment.leave(1)
    assert deployment.delete().alarms
    assert view(deployment).head.people == 1


def test_numbers_go_on_when_the_key_is_replaced(deployment):
    deployment.delete()
    before = view(deployment).head.number
    new = signer("jo").key
    replace_key(deployment.platform, Job.DELETE, new, deployment.withdrawals().counter)
    deployment.keys._signers[Job.DELETE] = new
    deployment.delete()
    assert view(deployment, key=new).head.number > before
    assert not verifier_of(new.public).material & verifier_of(KEY.public).material


def test_view_says_what_is_left_of_a_study_s_budget(deployment):
    allotted = Allotment(GARDEN, "1.50", "")
    kind, platform = DecisionKind.ALLOT_BUDGET, deployment.platform
    entry = decide(platform, signer("decide"), kind, allotted, day(1))
    approve(platform, signer("privacy"), entry.number, day(1))
    deployment.delete()
    heads = [view(deployment, study).head for study in (GARDEN, POND)]
    assert [(each.rho_allotted, each.rho_left) for each in heads] == [
        ("1.5", "1.5"), (None, None),
    ]  # fmt: skip


def test_view_says_how_far_the_ledger_of_releases_came(deployment):
    """An end that was lost stays known, whatever is written in its place."""
    put_lines(deployment.platform, reservation(), reservation("survey"))
    ledger = read_ledger(deployment.platform, read_chain(deployment.platform))
    deployment.delete()
    name = line_name(2)
    deployment.platform.delete(name, deployment.platform.stat(name).generation)
    others = [reservation(each) for each in ("other", "another", "third")]
    for lines in ([], [], others, []):
        put_lines(deployment.platform, *lines)
        head = view(deployment).head
        assert (head.ledger_number, head.ledger_digest) == (2, ledger.digest)
        deployment.delete()


def test_old_views_are_not_kept(make_deployment):
    deployment = make_deployment(versioned=True)
    deployment.delete()
    deployment.delete()
    assert list(deployment.data.old_copies("views/")) == []
