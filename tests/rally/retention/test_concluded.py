"""A concluded study goes as a whole, step by step, and then its keys."""

from datetime import timedelta

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.registry.notices import NoticeName
from rally.storage.layout import view_file
from rally.storage.objectstore.interface import ObjectHeld
from tests.rally.retention.stored_studies import (
    dead_letter_folders,
    event_scopes,
    key_files,
    only_the_garden_is_gone,
    store_two_studies,
)
from tests.support.memory_deployment import day, micros
from tests.support.purge_deployment import deleted_counts
from tests.support.world import GARDEN, HOUSE, POND


def test_everything_of_it_goes_and_nothing_else(deployment):
    store_two_studies(deployment)
    assert deployment.purge().plan == ""
    deployment.data.create(f"data/study={GARDEN}/notes.txt", b"somebody's")
    deployment.delete()  # publishes views, and merges events
    deployment.conclude()

    report = deployment.purge()

    assert deleted_counts(report) == {
        (GARDEN, "visit.1", "concluded"): (2, 3),
        (GARDEN, "(no file of ours)", "concluded"): (1, 0),
        (GARDEN, "(withdrawal view)", "concluded"): (1, 0),
        (GARDEN, "(dead letters)", "concluded"): (2, 0),
        (HOUSE, "enrollment.1", "concluded"): (1, 2),
    }
    assert deployment.names("views/") == [view_file(POND)]
    assert list(report.problems) == []
    assert report.destroyed == []
    deployment.delete()
    report = deployment.purge()
    assert only_the_garden_is_gone(deployment)
    assert list(report.problems) == []
    assert [each.rpartition("/")[2] for each in report.destroyed] == [
        f"{GARDEN}.keyset.json", f"{GARDEN}.jwk.json",
        f"pseudonym.{GARDEN}.keyset.json",
    ]  # fmt: skip
    assert "copies that nobody registered" in report.remarks[-1]


def test_second_run_changes_nothing(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.purge()
    before = deployment.all_objects()
    report = deployment.purge()
    assert deployment.all_objects() == before
    assert (report.plan, report.destroyed, report.exit_status) == ("", [], 0)


def test_conclusion_that_is_yet_to_come_does_nothing(deployment):
    store_two_studies(deployment)
    deployment.conclude(at=day(31))
    assert deployment.purge().plan == ""
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)


def test_keys_wait_until_soft_delete_has_forgotten(make_deployment):
    deployment = make_deployment(
        soft_delete=timedelta(days=7), platform={"soft_delete": timedelta(days=3)}
    )
    store_two_studies(deployment)
    deployment.conclude()

    report = deployment.purge()

    assert deployment.names(f"data/study={GARDEN}/") == []
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert {each.reason for each in report.remains} == {"soft-deleted"}
    assert f"{GARDEN}: its keys wait for the last old copies" in report.remarks
    assert [*report.problems] == []

    deployment.now += timedelta(days=6)
    assert deployment.purge().destroyed == []
    deployment.now += timedelta(days=1)
    assert len(deployment.purge().destroyed) == 3
    assert only_the_garden_is_gone(deployment)


def test_keys_wait_for_the_old_copies_of_events_alone(make_deployment):
    deployment = make_deployment(platform={"soft_delete": timedelta(days=3)})
    deployment.join(1, GARDEN, when=1)
    deployment.conclude()
    deployment.purge()
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    deployment.now += timedelta(days=3)
    deployment.purge()
    assert deployment.key_files() == key_files(HOUSE, POND)


def test_noncurrent_generations_go_before_the_keys(make_deployment):
    deployment = make_deployment(versioned=True, platform={"versioned": True})
    store_two_studies(deployment)
    deployment.conclude()
    deployment.purge()
    assert only_the_garden_is_gone(deployment)
    assert list(deployment.data.old_copies("")) == []
    for folder in ("events/", "dead-letters/"):
        assert list(deployment.platform.old_copies(folder)) == []


def test_events_are_purged_of_old_copies_by_a_conclusion_alone(make_deployment):
    deployment = make_deployment(platform={"versioned": True})
    store_two_studies(deployment)
    info = next(iter(deployment.platform.list("events/")))
    deployment.platform.delete(info.name, info.generation)
    deployment.purge()
    assert [each.name for each in deployment.platform.old_copies("events/")] == [
        info.name
    ]


def test_hold_of_the_bucket_keeps_what_follows(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.data.hold(deployment.names(f"data/study={GARDEN}/")[0])
    report = deployment.purge()
    assert len(dead_letter_folders(deployment)) == 4
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert report.exit_status == 1
    deployment.data.hold(deployment.names(f"data/study={GARDEN}/")[0], on=False)
    assert deployment.purge().exit_status == 0
    assert only_the_garden_is_gone(deployment)


def test_ping_keys_have_to_be_named(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    report = deployment.purge(ping_keys=None)
    assert report.faults == [
        (GARDEN, "the keys that open its pings were not looked at; give --keys")
    ]
    assert deployment.key_files() == sorted(
        [
            *key_files(HOUSE, POND),
            f"keys/{GARDEN}.jwk.json",
            f"keys/{GARDEN}.keyset.json",
        ]
    )
    assert deployment.purge().exit_status == 0
    assert only_the_garden_is_gone(deployment)


def test_event_that_comes_later_goes_as_well(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.purge()
    deployment.join(4, GARDEN, when=2)
    report = deployment.purge()
    assert deleted_counts(report) == {(GARDEN, "(events)", "concluded"): (1, 1)}
    assert only_the_garden_is_gone(deployment)


def test_consents_to_it_go_and_all_others_stay(deployment):
    store_two_studies(deployment)
    garden, pond = agreed(deployment, GARDEN), agreed(deployment, POND)
    CONSENT_LOG.write(deployment.platform, [*garden, *pond], "1")
    deployment.conclude()
    report = deployment.purge()
    counts = deleted_counts(report)
    assert counts[GARDEN, "(consents)", "concluded"] == (2, 3)
    assert sorted(CONSENT_LOG.read(deployment.platform)) == sorted(pond)
    assert only_the_garden_is_gone(deployment)
    CONSENT_LOG.write(deployment.platform, garden[:1], "1")
    assert deleted_counts(deployment.purge()) == {
        (GARDEN, "(consents)", "concluded"): (1, 1)
    }


def agreed(deployment, study):
    """Two people of a study say what they agree to, on two days."""
    return [
        ConsentRecord(
            ConsentChoice.GIVEN, study, deployment.platform_pseudonym(person),
            ConsentPurpose.DEMOGRAPHICS, ("age",), micros(when), micros(when),
            NoticeName("1", "a" * 64), f"{person}", f"{study}/agreed.1",
        )
        for person, when in ((1, 1), (2, 1), (1, 2))
    ]  # fmt: skip


def test_enrolments_that_cannot_be_written_keep_what_follows(deployment):
    """What is refused in one step keeps the next from being taken."""
    store_two_studies(deployment)
    deployment.conclude()
    name = deployment.names(f"data/study={HOUSE}/")[0]

    def refuse(operation, what):
        if (operation, what) == ("replace", name):
            raise ObjectHeld(name)

    deployment.data.fault = refuse
    report = deployment.purge()
    assert event_scopes(deployment).count(GARDEN) == 2
    assert deployment.key_files() == key_files(GARDEN, HOUSE, POND)
    assert report.exit_status == 1


def test_studies_that_are_concluded_together_go_in_one_run(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.conclude(POND)
    report = deployment.purge()
    assert [*report.problems] == []
    assert deployment.numbers(HOUSE) == [10, 20, 30]
    assert deployment.key_files() == key_files(HOUSE)


def test_enrolments_of_one_of_two_studies_go_while_the_other_waits(deployment):
    store_two_studies(deployment)
    deployment.conclude()
    deployment.conclude(POND)
    deployment.data.hold(deployment.names(f"data/study={POND}/")[0])
    deployment.purge()
    assert deployment.numbers(HOUSE) == [10, 20, 30, 31]
    assert deployment.key_files() == key_files(HOUSE, POND)
