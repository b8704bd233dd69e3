"""Which objects are the platform's own; the others stop nobody, and hide nothing."""

import pytest

from rally.storage.objectstore.interface import ObjectInfo, StrayInTheWay, StrayKind
from rally.storage.records import is_litter, is_marker, is_record, list_records
from tests.fakes.memory_store import MemoryStore

ID = "0123456789abcdef" * 2
RECORDS = [
    f"events/date=2022-03-10/{ID}.avro",
    f"events/log/bucket=8-0f/000000000017-{ID[:16]}.avro",
    f"dead-letters/study=unknown/kind=withdrawal/date=2022-03-10/{ID}.avro",
    "decisions/000000000017.json",
    *("conclusion.json", "withdrawals/root.json"),
    f"withdrawals/list/000000000017-{ID[:16]}.bin",
    f"withdrawals/requests/000000000017-{ID[:16]}.jsonl",
    *(f"plans/{ID}/done.json", f"plans/{ID}/purge.ndjson"),
    *(f"results/{job}/{ID}.json" for job in ("audit", "compact", "delete", "purge")),
    *("receipts/000000000001.json", "receipts/anchor.json", f"leases/runs/{ID}.json"),
    *("leases/deletion.json", "reports/audit.html", "rally-store.json"),
    "leases/study=rally-x/document=visit.1/date=2022-03-10.json",
]
FOREIGN = [
    *(
        "",
        "events/",
        "events/.DS_Store",
        f"events/{ID}.avro",
        "events/date=2022-03-10/",
    ),
    *(f"events/date=2022-13-45/{ID}.avro", f"events/date=9999-12-31/{ID}.avro"),
    *(f"events/date=2022-03-10/._{ID}.avro", f"events/date=2022-03-10/{ID}.avro.crc"),
    *(f"events/date=2022-03-10/a/{ID}.avro", f"events/date=2022-03-10/{ID[1:]}.avro"),
    *(f"events/log/{ID}.avro", f"events/log/bucket=8-0f/17-{ID[:16]}.avro"),
    *(f"dead-letters/study=x/kind=other/date=2022-03-10/{ID}.avro", f"{ID}.json"),
    *("decisions/17.json", "decisions/000000000017.json~", f"decisions/{ID}.json"),
    *(f"states/{ID}.json", f"holds/placed/{ID}.json", f"holds/released/{ID}.json"),
    *("old/conclusion.json", "conclusion.json.bak", "withdrawals/root.json.bak"),
    *("withdrawals/list.json", f"withdrawals/list/17-{ID[:16]}.bin"),
    *("plans/x/done.json", f"plans/{ID}/notes.json"),
    *("receipts/1.json", "leases/notes (copy).json", "old/withdrawals/root.json"),
    *("reports/../list.json", "reports/a\x1b", "leases/study=x/document=\n/a.json"),
    *(f"results/{ID}.json", f"results/ingest/{ID}.json", f"plans/results/{ID}.json"),
    *(f"plans/{ID}\n/done.json", f"plans/{ID}/done.json\n", "rally-store.json.old"),
]


@pytest.mark.parametrize("name", RECORDS)
def test_what_jobs_write_is_a_record(name):
    assert is_record(name)


@pytest.mark.parametrize("name", FOREIGN)
def test_what_others_leave_is_none(name):
    assert not is_record(name)


def test_records_are_listed_and_what_is_foreign_is_not():
    platform = MemoryStore()
    for name in (*RECORDS, *FOREIGN):
        platform.create(name, b"x")
    listed = [
        info.name
        for folder in sorted({name.partition("/")[0] for name in RECORDS})
        for info in list_records(platform, f"{folder}/")
    ]
    assert listed == sorted(name for name in RECORDS if "/" in name)


@pytest.mark.parametrize("kind", [StrayKind.LINK, StrayKind.SPECIAL, StrayKind.DEEP])
@pytest.mark.parametrize(
    "name", ["events", "events/date=2022-03-10", f"events/date=2022-03-10/{ID}.avro"]
)
def test_link_in_the_place_of_a_record_is_no_empty_folder(kind, name):
    """Else whoever left by an event behind it would be kept."""
    platform = MemoryStore()
    platform.stray[name] = kind
    with pytest.raises(StrayInTheWay, match=kind):
        list(list_records(platform, "events/"))
    assert list(list_records(platform, "decisions/")) == []


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("events/.snapshot", StrayKind.LINK),
        (f"events/date=2022-03-10/{ID}.avro", StrayKind.SHARED),
    ],
)
def test_links_of_others_and_second_names_stop_nobody(name, kind):
    platform = MemoryStore()
    platform.create(RECORDS[0], b"x")
    platform.stray[name] = kind
    assert [info.name for info in list_records(platform, "events/")] == RECORDS[:1]


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("events/", 0, True), ("data/_SUCCESS", 0, True), ("a_$folder$", 0, True),
        ("data/_SUCCESS", 1, False), ("data/a.avro", 0, False),
    ],
)  # fmt: skip
def test_marker_is_empty(name, size, expected):
    assert is_marker(ObjectInfo(name, size, 1)) is expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lost+found/#1", True), ("a/.DS_Store", True), ("._a", True), ("a/", True),
        ("data/Thumbs.db", True), ("a/b_$folder$", True), ("data/_SUCCESS", True),
        ("photographs/cat.jpg", False), ("a/lost+found/b", False), ("list.json", False),
    ],
)  # fmt: skip
def test_litter_is_known_by_its_name(name, expected):
    assert is_litter(name) is expected
