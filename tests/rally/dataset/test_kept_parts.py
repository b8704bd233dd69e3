"""Parts of kept tables: which have lost their source, by their names alone."""

from rally.dataset.formats import Format
from rally.dataset.kept_parts import part_name, remove_stale
from rally.storage.objectstore.interface import ObjectInfo
from rally.storage.partitions import parse_file
from tests.fakes.memory_store import MemoryStore

STUDY = "rally-grove"
FOLDER = f"data/study={STUDY}/document=visit.1/date=2026-05-18/"
SOURCE = f"{FOLDER}a.avro"
OTHERS = (
    "rally-store.json",
    "mine.parquet",
    "document=visit.1/mine.parquet",
    "document=visit.1/date=2026-05-18/part-1.parquet",
    f"document=visit.1/date=2026-05-18/part-{'0' * 32}.xlsx",
)


def test_name_is_made_of_study_source_and_generation():
    name = part_name(STUDY, (SOURCE, 7), Format.PARQUET)

    assert name == (
        "document=visit.1/date=2026-05-18/part-c2d91be4a4a48f69a51f62e879ba41eb.parquet"
    )
    others = [
        part_name(STUDY, (SOURCE, 8), Format.PARQUET),
        part_name(STUDY, (f"{FOLDER}b.avro", 7), Format.PARQUET),
        part_name("rally-birch", (SOURCE, 7), Format.PARQUET),
        part_name(STUDY, (SOURCE, 7), Format.CSV),
    ]
    assert len({name, *others}) == 5


def test_parts_without_their_source_go_and_nothing_else():
    folder = MemoryStore()
    live = part_name(STUDY, (SOURCE, 7), Format.CSV)
    stale = [
        part_name(STUDY, (SOURCE, 6), Format.PARQUET),
        part_name(STUDY, (f"{FOLDER}gone.avro", 7), Format.ARROW),
    ]
    for name in (*OTHERS, live, *stale):
        folder.create(name, b"rows")
    file = parse_file(ObjectInfo(SOURCE, 1, 7), STUDY)

    assert remove_stale(folder, STUDY, lambda: [file]) == 2
    assert {each.name for each in folder.list()} == {*OTHERS, live}
    assert remove_stale(folder, STUDY, lambda: [file]) == 0
