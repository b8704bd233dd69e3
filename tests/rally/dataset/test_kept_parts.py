"""Parts of kept tables: which have lost their source, by their names alone."""

from rally.dataset.formats import Format
from rally.dataset.kept_parts import part_name, remove_stale
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import parse_file
from tests.fakes.memory_store import MemoryStore

STUDY = "rally-grove"
DAY = "2026-05-18"
FOLDER = f"data/study={STUDY}/document=visit.1/date={DAY}/"
STATE = "0123456789abcdef"
SOURCE = f"{FOLDER}a.avro"
OTHERS = (
    "rally-store.json",
    "mine.parquet",
    "document=visit.1/mine.parquet",
    "document=visit.1/date=2026-05-18/part-1.parquet",
    f"document=visit.1/date=2026-05-18/part-{'0' * 32}-{'0' * 16}.xlsx",
    f"document=visit.1/date=2026-05-18/part-{'0' * 32}.csv",
)


def test_name_is_made_of_study_source_and_generation():
    name = part_name(STUDY, (SOURCE, 7), STATE, Format.PARQUET)

    assert name == (
        "document=visit.1/date=2026-05-18/"
        "part-c2d91be4a4a48f69a51f62e879ba41eb-0123456789abcdef.parquet"
    )
    others = [
        part_name(STUDY, (SOURCE, 8), STATE, Format.PARQUET),
        part_name(STUDY, (f"{FOLDER}b.avro", 7), STATE, Format.PARQUET),
        part_name("rally-birch", (SOURCE, 7), STATE, Format.PARQUET),
        part_name(STUDY, (SOURCE, 7), "f" * 16, Format.PARQUET),
        part_name(STUDY, (SOURCE, 7), STATE, Format.CSV),
    ]
    assert len({name, *others}) == 6


def test_parts_without_their_source_go_and_nothing_else():
    folder = MemoryStore()
    live = part_name(STUDY, (SOURCE, 7), STATE, Format.CSV)
    stale = [
        part_name(STUDY, (SOURCE, 6), STATE, Format.PARQUET),
        part_name(STUDY, (f"{FOLDER}gone.avro", 7), STATE, Format.ARROW),
    ]
    for name in (*OTHERS, live, *stale):
        folder.create(name, b"rows")
    file = parse_file(ObjectInfo(SOURCE, 1, 7), STUDY)

    assert remove_stale(folder, STUDY, lambda: [file]) == 2
    assert {each.name for each in folder.list()} == {*OTHERS, live}
    assert remove_stale(folder, STUDY, lambda: [file]) == 0


def test_parts_of_another_state_go_where_the_state_is_known():
    folder = MemoryStore()
    names = [part_name(STUDY, (SOURCE, 7), it, Format.CSV) for it in (STATE, "f" * 16)]
    for name in names:
        folder.create(name, b"rows")
    file = parse_file(ObjectInfo(SOURCE, 1, 7), STUDY)

    assert remove_stale(folder, STUDY, lambda: [file]) == 0
    assert (
        remove_stale(folder, STUDY, lambda: [file], "", {file: STATE}.__getitem__) == 1
    )
    assert [each.name for each in folder.list()] == names[:1]
