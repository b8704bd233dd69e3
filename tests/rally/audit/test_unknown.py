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
from rally.withdrawal.list_object import LIST
from tests.model.words import moment
from tests.rally.audit.foreign import put_foreign
from tests.rally.audit.place import Settings, found, partition_of
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


def unseen(place, **settings):
    """The checks that are unknown, where nothing is seen to be broken."""
    report = place.audit(**settings)
    assert found(report) == {}
    assert report.exit_status == 2
    return found(report, "unseen")


def test_missing_list(place):
    place.platform.delete(LIST, place.platform.stat(LIST).generation)
    seen = unseen(place)
    assert set(seen) == {Check.WITHDRAWN, Check.DECISIONS, Check.DERIVED}
    assert "the withdrawal list is missing" in seen[Check.WITHDRAWN][0].what


def test_changed_list(place):
    place.damage(place.platform, LIST)
    assert set(unseen(place)) == {Check.WITHDRAWN, Check.DECISIONS, Check.DERIVED}


def test_damaged_log_is_broken_and_hides_who_left(place):
    info = next(place.platform.list(EVENTS))
    place.damage(place.platform, info.name, -20)

    report = place.audit()

    assert [each.where for each in found(report)[Check.FILES]] == [info.name]
    assert set(found(report)) == {Check.FILES}
    assert set(found(report, "unseen")) == {
        *(Check.WITHDRAWN, Check.ENROLMENT, Check.IDS, Check.DERIVED),
        *(Check.CONCLUDED, Check.KEYS, Check.LOCKS, Check.ANNOUNCED),
        Check.DECISIONS,
    }
    assert report.exit_status == 1


def test_keys_are_not_judged_by_a_log_that_is_not_whole(make_audited):
    place = make_audited()
    place.decide(BOG, StudyAction.CONCLUDE, 0)
    place.event(EventKind.JOINED, 0, BOG, 0)
    (place.folder / "keys" / f"{BOG}.keyset.json").write_text("{}")
    place.at(7)
    for info in list(place.platform.list(EVENTS)):
        place.damage(place.platform, info.name)
    report = place.audit()
    assert set(found(report)) == {Check.FILES}
    assert Check.KEYS in found(report, "unseen")


def test_log_that_cannot_be_read_stops_nothing_else(place):
    refuse(place.platform, EVENTS)
    place.data.create("exports/a.csv", b"1")
    report = place.audit()
    assert set(found(report)) == {Check.COPIES}
    assert {Check.WITHDRAWN, Check.ENROLMENT, Check.IDS} <= set(found(report, "unseen"))


def test_what_only_workers_cannot_read_is_named_as_well(place, monkeypatch):
    def refused(platform):
        raise OSError(errno.EACCES, "permission denied")

    place.at(9)
    monkeypatch.setattr(rule_book, "EventLog", refused)
    seen = unseen(place)
    assert {each.where for each in seen[Check.IDS]} == {"workers"}
    assert set(seen) == {Check.IDS, Check.ENROLMENT}


def test_record_that_cannot_be_read_is_searched_as_it_is(place):
    names = [f"plans/{each * 32}/applied.json" for each in "ab"]
    place.platform.create(names[0], b"Obj\x01" + rally_id(2).encode())
    place.platform.create(names[1], b"PK\x03\x04")
    report = place.audit()
    assert [each.where for each in found(report)[Check.IDS]] == names[:1]
    unread = [each.where for each in found(report, "unseen")[Check.IDS]]
    assert unread == names


def test_record_that_cannot_be_opened_hides_no_other(place):
    refuse(place.platform, "plans/a")
    place.platform.create("plans/a", b"")
    place.platform.create("plans/b", rally_id(2).encode())
    report = place.audit()
    assert [each.where for each in found(report)[Check.IDS]] == ["plans/b"]
    assert set(found(report, "unseen")) == {Check.IDS, Check.NETWORK}


def test_store_that_cannot_be_listed_hides_calendars(make_audited):
    place = make_audited()
    place.data.fault = lambda operation, name: _no_listing(operation, name)
    assert {Check.LOCKS, Check.ANNOUNCED} <= set(unseen(place))


def test_file_that_cannot_be_read(place):
    folder = partition_of(GARDEN).folder
    refuse(place.data, folder)
    seen = unseen(place)
    assert set(seen) >= OF_ROWS
    assert {each.where for each in seen[Check.DATES]} == {
        "/".join(partition_of(GARDEN))
    }


def test_store_that_cannot_be_listed(place):
    place.data.fault = lambda operation, name: _no_listing(operation, name)
    seen = unseen(place)
    assert OF_ROWS | {Check.COPIES, Check.RETENTION, Check.REVIEW} <= set(seen)


def _no_listing(operation, name):
    if operation == "list" and not name:
        raise OSError(errno.EACCES, "permission denied")


def test_old_copies_that_cannot_be_listed(place):
    def fault(operation, name):
        if (operation, name) == ("old_copies", "data/"):
            raise OSError(errno.EACCES, "permission denied")

    place.data.fault = fault
    assert set(unseen(place)) == {Check.RETENTION}


def test_dead_letters_that_cannot_be_listed(place):
    refuse(place.platform, "dead-letters/")
    assert set(unseen(place)) == {
        *(Check.DEAD_LETTERS, Check.FILES, Check.CONCLUDED, Check.KEYS)
    }


def test_ping_keys_that_are_not_named(place):
    assert set(unseen(place, ping_keys=None)) == {Check.KEYS}


def test_derived_formats_that_cannot_be_searched(place):
    garden = place.derived / "garden"
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
    names = [each.where.rpartition("/")[2] for each in unseen(place)[Check.DERIVED]]
    packed = ["a.parquet", "b.zip", "c.bin", "d.gz", "e.avro", "g.gz", "h.gz"]
    assert names == packed


def test_derived_uri_that_no_store_serves(place, monkeypatch):
    study = place.registry.studies[GARDEN]
    monkeypatch.setitem(
        place.registry.studies, GARDEN, _with_derived(study, "bq://a/b")
    )
    assert set(unseen(place)) == {Check.DERIVED}


def test_derived_uri_of_a_concluded_study_that_no_store_serves(place, monkeypatch):
    study = place.registry.studies[BOG]
    monkeypatch.setitem(place.registry.studies, BOG, _with_derived(study, "bq://a/b"))
    assert set(unseen(place)) == {Check.CONCLUDED}


def _with_derived(study, *uris):
    return replace(study, derived=uris)


def test_file_without_a_checksum(place):
    name = put_foreign(place, [place.row(0), place.row(4, mark="b")])
    seen = unseen(place)
    assert set(seen) == {Check.FILES}
    assert [each.where for each in seen[Check.FILES]] == [name]


def test_foreign_files_are_judged_all_the_same(place):
    rows = [place.row(1), place.row(0, time=moment(1)), place.row(0, number=9)]
    put_foreign(place, rows)
    assert set(found(place.audit())) == {Check.WITHDRAWN, Check.PLACE}


def test_sealing_keys_that_are_missing(place, monkeypatch):
    def missing(self):
        raise ConfigurationError("dead-letter.public.json: is missing")

    monkeypatch.setattr(Settings, "sealing_prefixes", missing)
    assert set(unseen(place)) == {Check.DEAD_LETTERS}
