"""A concluded platform goes kind by kind, its keys last; the proof stays."""

from datetime import timedelta

from rally.consent.records import (
    CONSENT_LOG,
    ConsentChoice,
    ConsentPurpose,
    ConsentRecord,
)
from rally.dead_letters import LetterKind, LetterPlace
from rally.decisions.verifying import read_chain
from rally.events import RALLY
from rally.receipts.conclusion import NAME, read_conclusion
from rally.receipts.receipt import number_in
from rally.receipts.verify import verify_chain
from rally.registry.registry import Registry
from rally.retention.platform_records import RECEIPT_DAYS
from rally.storage.layout import UNKNOWN
from tests.support.memory_deployment import Row, micros
from tests.support.platform_conclusion import conclude_platform
from tests.support.purge_deployment import (
    CONCLUDED,
    PLATFORM_KEYS,
    deleted_counts,
    planned_counts,
)
from tests.support.study_decisions import release_rows
from tests.support.world import GARDEN, HOUSE, POND

RELEASE = f"releases/study={GARDEN}/visits.json"


def furnish(deployment, *, leaves=True):
    """People joined, sent, agreed and left; then all studies were concluded."""
    deployment.add_platform_keys()
    for person, study in ((1, GARDEN), (2, POND)):
        deployment.join(person, RALLY)
        deployment.join(person, study)
    deployment.put(deployment.indexed_file([Row(1, 100), Row(2, 101)]), "a")
    rows = [Row(1, 1, 1), Row(2, 2, 1)]
    deployment.put(deployment.indexed_file(rows, HOUSE), "b", HOUSE, "2026-05-02")
    if leaves:
        deployment.leave(1, when=12)
        assert deployment.delete().receipts
    deployment.conclude_all()
    deployment.put(deployment.indexed_file(rows, HOUSE), "c", HOUSE, "2026-05-03")
    record = ConsentRecord(
        choice=ConsentChoice.GIVEN,
        study=RALLY,
        participant=deployment.platform_pseudonym(2),
        purpose=next(iter(ConsentPurpose)),
        fields=("age",),
        at=micros(2),
        submission_timestamp=micros(2),
        notice=None,
        document_id="c",
        signal="x/y.1",
    )
    CONSENT_LOG.write(deployment.platform, [record], "1")
    letters = LetterPlace(UNKNOWN, LetterKind.PING, "2026-05-20").folder
    for name in (
        f"{letters}{'0' * 32}.avro",
        f"cases/{'a' * 8}/destroyed.json",
        f"plans/{'1' * 32}/plan.json",
        f"results/audit/{'2' * 32}.json",
        "leases/delete.json",
        "runs/ingest.json",
        "runs/purge.json",
        "reports/audit.json",
        RELEASE,
    ):
        deployment.platform.create(name, b"{}")


def left(deployment):
    """What there is of the platform, but for its decisions, and the key files."""
    names = deployment.records()
    return (
        [each for each in names if not each.startswith("decisions/")],
        deployment.key_files(),
    )


STAYS = [
    NAME,
    "rally-store.json",
    RELEASE,
    "reports/audit.json",
    "runs/purge.json",
]
PURGE_KEYS = [f"platform/{each}" for each in PLATFORM_KEYS if "signing.purge" in each]


def last_receipt(deployment):
    return read_conclusion(deployment.platform, read_chain(deployment.platform))


def test_everything_goes_but_the_proof_and_what_was_published(deployment):
    furnish(deployment, leaves=False)
    report = deployment.purge()
    assert [*report.problems] == []
    assert left(deployment) == (STAYS, [])
    assert deployment.names() == []
    last = last_receipt(deployment)
    assert [(each.what, each.objects) for each in last.gone] == [
        (f"rows of {HOUSE}", 2), ("consents", 1), ("dead letters", 1),
        ("copies of people", 1), ("plans", 3), ("results", 1), ("leases", 1),
        ("last runs", 1), ("events", 2), ("withdrawal list", 3),
        ("keys", len(PLATFORM_KEYS) - len(PURGE_KEYS)),
    ]  # fmt: skip
    assert last.finished == deployment.now.replace(microsecond=0)
    assert deleted_counts(report)["", "(events)", "concluded"] == (2, 0)
    assert report.remarks[-1] == (
        "the platform: nothing is left but the chain of decisions, the last receipt and"
        " what was published"
    )
    assert read_chain(deployment.platform).against(last.head).has_loss is False


def test_run_after_it_changes_nothing(deployment):
    furnish(deployment, leaves=False)
    deployment.purge()
    before = deployment.all_objects()
    report = deployment.purge()
    assert ([*report.problems], report.done, report.destroyed) == ([], {}, [])
    assert deployment.all_objects() == before


def test_plan_says_what_will_go_and_takes_nothing(deployment):
    furnish(deployment, leaves=False)
    before = deployment.all_objects()
    report = deployment.purging().plan()
    planned = planned_counts(report)
    assert planned[HOUSE, "enrollment.1", "concluded"] == (2, 0)
    assert planned["", "(withdrawal list)", "concluded"] == (3, 0)
    after = deployment.all_objects()
    assert {name: after[name] for name in before} == before


def test_receipts_stay_their_time_and_the_purge_its_key(deployment):
    furnish(deployment)
    report = deployment.purge()
    assert [*report.problems] == []
    names, keys = left(deployment)
    receipts = [each for each in names if each.startswith("receipts/")]
    assert receipts
    assert ([each for each in names if each not in receipts], keys) == (
        STAYS, sorted(PURGE_KEYS),
    )  # fmt: skip
    assert last_receipt(deployment).finished is None
    number = sum(bool(number_in(each)) for each in receipts)
    assert report.remarks[-1].startswith(f"the platform: {number} receipts stay")
    decisions = read_chain(deployment.platform)
    assert list(verify_chain(deployment.platform, decisions, deployment.stores)) == []

    deployment.now += timedelta(days=RECEIPT_DAYS)
    assert deployment.purge().done == {}
    deployment.now += timedelta(days=1)
    report = deployment.purge()
    assert deleted_counts(report) == {("", "(receipts)", "concluded"): (number, 0)}
    assert left(deployment) == (sorted([*STAYS, "receipts/anchor.json"]), [])
    assert last_receipt(deployment).finished == deployment.now.replace(microsecond=0)


def test_what_comes_late_goes_with_the_next_run(deployment):
    furnish(deployment, leaves=False)
    deployment.purge()
    last = last_receipt(deployment)
    deployment.join(3, RALLY)
    deployment.put(deployment.indexed_file([Row(3, 3, 1)], HOUSE), "d", HOUSE)
    report = deployment.purge()
    assert [*report.problems] == []
    assert left(deployment) == (STAYS, [])
    assert last_receipt(deployment) == last


def test_hold_of_the_law_keeps_records_and_keys(deployment):
    furnish(deployment, leaves=False)
    hold = deployment.legal_hold(HOUSE, "2026-05-02", "2026-05-02")
    before = left(deployment)
    report = deployment.purge()
    assert [*report.problems] == []
    assert deployment.numbers(HOUSE) == [1, 2]
    names, keys = left(deployment)
    assert (set(names) >= {*before[0]}, keys) == (True, before[1])
    assert any("BLOCKED" in each for each in report.remarks)
    release_rows(deployment.platform, hold, deployment.now)
    assert [*deployment.purge().problems] == []
    assert left(deployment) == (STAYS, [])


def test_keys_wait_for_the_last_old_copies(make_deployment):
    deployment = make_deployment(platform={"soft_delete": timedelta(days=3)})
    furnish(deployment, leaves=False)
    deployment.purge()
    assert f"platform/pseudonym.{HOUSE}.keyset.json" in deployment.key_files()
    deployment.now += timedelta(days=3)
    report = deployment.purge()
    assert [*report.problems] == []
    assert report.remarks[-1] == (
        "the platform: its keys wait for the last old copies of its records"
    )
    assert "platform/pseudonym.platform.keyset.json" in deployment.key_files()
    deployment.now += timedelta(days=3)
    deployment.purge()
    assert left(deployment) == (STAYS, [])


def test_object_that_the_store_keeps_stops_what_follows(deployment):
    furnish(deployment, leaves=False)

    def refuse(done, name):
        if done == "delete" and name.startswith("dead-letters/"):
            raise OSError(13, "Permission denied")

    deployment.platform.fault = refuse
    report = deployment.purge()
    assert [each[0].split("/")[0] for each in report.faults] == ["dead-letters"]
    assert report.exit_status == 1
    assert "withdrawals/root.json" in deployment.records()
    assert "platform/signing.delete.keyset.json" in deployment.key_files()
    deployment.platform.fault = lambda *_: None
    assert deployment.purge().exit_status == 0
    assert left(deployment) == (STAYS, [])


def test_keys_of_pings_that_nobody_named_stop_it(deployment):
    furnish(deployment, leaves=False)
    report = deployment.purge(ping_keys=None)
    assert "the keys that open pings were not looked at; give --keys" in report.waits
    assert "withdrawals/root.json" in deployment.records()


def test_key_of_a_study_that_may_still_collect_stops_it(deployment):
    furnish(deployment, leaves=False)
    registry = deployment.registry
    others = {k: v for k, v in registry.studies.items() if k != POND}
    files = (f"keys/{POND}.jwk.json", f"platform/pseudonym.{POND}.keyset.json")
    for file in files:
        (deployment.folder / file).write_text("{}")
    deployment.registry = Registry(others)
    report = deployment.purge()
    assert report.exit_status == 1
    assert report.waits == [
        f"{POND}: has keys or decisions here, and is not in the registry; put it back,"
        " or correct --studies; what follows waits for the next run"
    ]
    assert "withdrawals/root.json" in deployment.records()
    assert {*files} <= {*deployment.key_files()}
    deployment.registry = registry  # in which it is concluded
    assert [*deployment.purge().problems] == []
    assert left(deployment) == (STAYS, [])


def test_registered_study_that_is_not_concluded_keeps_its_keys(deployment):
    deployment.add_platform_keys()
    deployment.conclude(GARDEN)
    conclude_platform(deployment.platform, CONCLUDED)
    report = deployment.purge()
    line = f"{POND}: has keys, and is not concluded; what follows waits for the next"
    assert report.waits == [f"{line} run"]
    assert f"keys/{POND}.jwk.json" in deployment.key_files()
