"""What cannot be looked at is named, and all else is looked at."""

import errno
import gzip
from dataclasses import replace

from rally.audit import rule_book
from rally.audit.findings import Check
from rally.errors import ConfigurationError
from rally.events import EventKind
from rally.registry.transitions import StudyAction
from rally.storage.layout import EVENTS
from rally.withdrawal.root import ROOT
from tests.model.words import moment
from tests.rally.audit.audited_platform import (
    InMemoryAuditSettings,
    lines_by_check,
    partition_of,
)
from tests.rally.audit.foreign_files import put_foreign
from tests.rally.audit.studies import BOG
from tests.support.world import GARDEN, rally_id

OF_ROWS = {
    *(Check.WITHDRAWN, Check.DATES, Check.PLACE, Check.SCHEMA, Check.DUPLICATES),
    *(Check.ENROLMENT, Check.IDS, Check.NETWORK, Check.FILES),
}


def refuse(store, *names):
    """The store refuses to read or list what begins so."""

    def fault(operation, name):
        if name.startswith(names) and operation in ("read", "open", "list"):
            raise OSError(errno.EACCES, "permission denied")

    store.fault = fault


def unseen(deployment, **settings):
    """The checks that are unknown, where nothing is seen to be broken."""
    report = deployment.audit(**settings)
    assert lines_by_check(report) == {}
    assert report.exit_status == 2
    return lines_by_check(report, "unseen")


OF_THE_LIST = {
    *(Check.WITHDRAWN, Check.DECISIONS, Check.DERIVED, Check.EXPUNGED, Check.VIEWS),
}
OF_THE_LOG = {  # whose files the root names as well
    *(Check.ENROLMENT, Check.IDS, Check.CONCLUDED, Check.KEYS, Check.LOCKS),
    *(Check.ANNOUNCED, Check.NOTICES, Check.FILES),
}


def test_missing_list(deployment):
    deployment.platform.delete(ROOT, deployment.platform.stat(ROOT).generation)
    seen = unseen(deployment)
    assert set(seen) == OF_THE_LIST | OF_THE_LOG
    told = " ".join(each.what for each in seen[Check.WITHDRAWN])
    assert "the withdrawal list is missing" in told


def test_changed_list(deployment):
    deployment.damage(deployment.platform, ROOT)
    assert set(unseen(deployment)) == OF_THE_LIST | OF_THE_LOG


def test_damaged_log_is_broken_and_hides_who_left(deployment):
    info = next(deployment.platform.list(EVENTS))
    deployment.damage(deployment.platform, info.name, -20)

    report = deployment.audit()

    assert [each.where for each in lines_by_check(report)[Check.FILES]] == [info.name]
    assert set(lines_by_check(report)) == {Check.FILES}
    assert set(lines_by_check(report, "unseen")) == {
        *(Check.WITHDRAWN, Check.ENROLMENT, Check.IDS, Check.DERIVED),
        *(Check.CONCLUDED, Check.KEYS, Check.LOCKS, Check.ANNOUNCED, Check.NOTICES),
        Check.DECISIONS,
    }
    assert report.exit_status == 1


def test_keys_are_not_judged_by_a_log_that_is_not_whole(make_deployment):
    deployment = make_deployment()
    deployment.decide(BOG, StudyAction.CONCLUDE, 0)
    deployment.event(EventKind.JOINED, 0, BOG, 0)
    (deployment.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    deployment.at(7)
    for info in list(deployment.platform.list(EVENTS)):
        deployment.damage(deployment.platform, info.name)
    report = deployment.audit()
    assert set(lines_by_check(report)) == {Check.FILES}
    assert Check.KEYS in lines_by_check(report, "unseen")


def test_log_that_cannot_be_read_stops_nothing_else(deployment):
    refuse(deployment.platform, EVENTS)
    deployment.data.create("exports/a.csv", b"1")
    report = deployment.audit()
    assert set(lines_by_check(report)) == {Check.COPIES}
    assert {Check.WITHDRAWN, Check.ENROLMENT, Check.IDS} <= set(
        lines_by_check(report, "unseen")
    )


def test_what_only_workers_cannot_read_is_named_as_well(deployment, monkeypatch):
    def refused(platform):
        raise OSError(errno.EACCES, "permission denied")

    deployment.at(9)
    monkeypatch.setattr(rule_book, "EventLog", refused)
    seen = unseen(deployment)
    assert {each.where for each in seen[Check.IDS]} == {"workers"}
    assert set(seen) == {Check.IDS, Check.ENROLMENT}


def test_record_that_cannot_be_read_is_searched_as_it_is(deployment):
    names = [f"plans/{each * 32}/applied.json" for each in "ab"]
    deployment.platform.create(names[0], b"Obj\x01" + rally_id(2).encode())
    deployment.platform.create(names[1], b"PK\x03\x04")
    report = deployment.audit()
    assert [each.where for each in lines_by_check(report)[Check.IDS]] == names[:1]
    unread = [each.where for each in lines_by_check(report, "unseen")[Check.IDS]]
    assert unread == names


def test_record_that_cannot_be_opened_hides_no_other(deployment):
    refuse(deployment.platform, "plans/a")
    deployment.platform.create("plans/a", b"")
    deployment.platform.create("plans/b", rally_id(2).encode())
    report = deployment.audit()
    assert [each.where for each in lines_by_check(report)[Check.IDS]] == ["plans/b"]
    assert set(lines_by_check(report, "unseen")) == {Check.IDS, Check.NETWORK}


def test_store_that_cannot_be_listed_hides_calendars(make_deployment):
    deployment = make_deployment()
    deployment.begin_views(BOG)
    deployment.data.fault = lambda operation, name: _no_listing(operation, name)
    assert {Check.LOCKS, Check.ANNOUNCED} <= set(unseen(deployment))


def test_file_that_cannot_be_read(deployment):
    folder = partition_of(GARDEN).folder
    refuse(deployment.data, folder)
    seen = unseen(deployment)
    assert set(seen) >= OF_ROWS
    assert {each.where for each in seen[Check.DATES]} == {
        "/".join(partition_of(GARDEN))
    }


def test_store_that_cannot_be_listed(deployment):
    deployment.data.fault = lambda operation, name: _no_listing(operation, name)
    seen = unseen(deployment)
    assert OF_ROWS | {Check.COPIES, Check.RETENTION, Check.REVIEW} <= set(seen)


def _no_listing(operation, name):
    if operation == "list" and not name:
        raise OSError(errno.EACCES, "permission denied")


def test_old_copies_that_cannot_be_listed(deployment):
    def fault(operation, name):
        if (operation, name) == ("old_copies", "data/"):
            raise OSError(errno.EACCES, "permission denied")

    deployment.data.fault = fault
    assert set(unseen(deployment)) == {Check.RETENTION}


def test_dead_letters_that_cannot_be_listed(deployment):
    refuse(deployment.platform, "dead-letters/")
    assert set(unseen(deployment)) == {
        *(Check.DEAD_LETTERS, Check.FILES, Check.CONCLUDED, Check.KEYS)
    }


def test_ping_keys_that_are_not_named(deployment):
    assert set(unseen(deployment, ping_keys=None)) == {Check.KEYS}


def test_derived_formats_that_cannot_be_searched(deployment):
    garden = deployment.derived / "garden"
    for name, data in {
        "a.parquet": b"PAR1....PAR1",
        "b.zip": b"PK\x03\x04",
        "c.bin": b"abc\0def",
        "d.gz": b"\x1f\x8b\x08",
        "e.avro": b"Obj\x01 and nothing",
        "f.txt": b"fine",
        "g.gz": gzip.compress(b"PAR1....PAR1"),
        "h.gz": gzip.compress(gzip.compress(b"fine")),
    }.items():
        (garden / name).write_bytes(data)
    names = [
        each.where.rpartition("/")[2] for each in unseen(deployment)[Check.DERIVED]
    ]
    packed = ["a.parquet", "b.zip", "c.bin", "d.gz", "e.avro", "g.gz", "h.gz"]
    assert names == packed


def test_derived_uri_that_no_store_serves(deployment, monkeypatch):
    study = deployment.registry.studies[GARDEN]
    monkeypatch.setitem(
        deployment.registry.studies, GARDEN, _with_derived(study, "bq://a/b")
    )
    assert set(unseen(deployment)) == {Check.DERIVED}


def test_derived_uri_of_a_concluded_study_that_no_store_serves(deployment, monkeypatch):
    study = deployment.registry.studies[BOG]
    monkeypatch.setitem(
        deployment.registry.studies, BOG, _with_derived(study, "bq://a/b")
    )
    assert set(unseen(deployment)) == {Check.CONCLUDED}


def _with_derived(study, *uris):
    return replace(study, derived=uris)


def test_file_without_a_checksum(deployment):
    name = put_foreign(deployment, [deployment.row(0), deployment.row(4, note="b")])
    seen = unseen(deployment)
    assert set(seen) == {Check.FILES}
    assert [each.where for each in seen[Check.FILES]] == [name]


def test_foreign_files_are_judged_all_the_same(deployment):
    rows = [
        deployment.row(1),
        deployment.row(0, time=moment(1)),
        deployment.row(0, number=9),
    ]
    put_foreign(deployment, rows)
    assert set(lines_by_check(deployment.audit())) == {Check.WITHDRAWN, Check.PLACE}


def test_sealing_keys_that_are_missing(deployment, monkeypatch):
    def missing(self):
        raise ConfigurationError("dead-letter.public.json: is missing")

    monkeypatch.setattr(InMemoryAuditSettings, "sealing_prefixes", missing)
    assert set(unseen(deployment)) == {Check.DEAD_LETTERS}
