"""What other programs leave in a store stops nobody: every job in every folder."""

import json
import re
import shutil
from pathlib import Path

import pytest

from rally.audit.findings import Check
from tests.support.populated_store import PopulatedStore
from tests.support.world import GARDEN, HOUSE

GARDENS = f"data/study={GARDEN}/"
DOCUMENT = f"{GARDENS}document=visit.1/"
FOLDERS = [
    *("", "data/", GARDENS, f"data/study={HOUSE}/", DOCUMENT, f"{DOCUMENT}date=x/"),
    f"{DOCUMENT}date=2026-05-20/",
    f"{DOCUMENT}date=2026-05-20/bucket=new/",
    f"{DOCUMENT}date=2022-13-45/bucket=new/",
    f"{DOCUMENT}date=9999-12-31/bucket=new/",
    f"{DOCUMENT}_temporary/0/",
    *("platform/", "platform/events/", "platform/events/date=2026-05-20/"),
    *("platform/events/date=2022-13-45/", "platform/dead-letters/"),
    f"platform/dead-letters/study={GARDEN}/kind=ping/date=2026-05-20/",
    f"platform/dead-letters/study={GARDEN}/kind=ping/date=2026-02-30/",
    *("platform/decisions/", "platform/states/", "platform/holds/placed/"),
    *("platform/withdrawals/", "platform/plans/"),
    f"platform/plans/{'0' * 32}/",
    *("platform/results/", "platform/results/purge/", "platform/receipts/"),
    *("platform/leases/", "platform/leases/runs/"),
    f"platform/leases/study={GARDEN}/document=visit.1/",
]
MARKERS = ("_SUCCESS", ".keep", "_$folder$")
"""Empty: known, and named by nobody."""

LITTER = {
    ".DS_Store": b"\0\0\0\1Bud1",
    "._x.avro": b"\0\5\x16\7",
    ".part-0.avro.crc": b"crc\0",
    "Thumbs.db": b"\xd0\xcf\x11\xe0",
    "desktop.ini": b"[.ShellClassInfo]\r\n",
    "lost+found/#12": b"\0",
    "notes (copy).json": b'{"kind": 1}',
    "root.json.bak": b"[" * 100_000,
}
JOBS = {
    "ingest": ["ingest", "--input={folder}/in.ndjson"],
    "replay": ["replay"],
    "compact": ["compact"],
    "delete": ["delete"],
    "delete --plan_only": ["delete", "--plan_only"],
    "purge": ["purge"],
    "withdrawals": ["withdrawals", "--requests"],
    "receipts": ["receipts", "verify"],
    "list": ["studies", "list"],
    "hold": ["studies", "hold", GARDEN, "--from=2026-05-01", "--until=2026-05-02",
             "--by=stop", "--people_keys={world.people_keys}", "--note=n"],
    "pause": ["studies", "pause", GARDEN, "--by=stop",
              "--people_keys={world.people_keys}", "--note=n"],
}  # fmt: skip
WITHOUT = {"list": ("keys",), "receipts": ("as_of",)}


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A store in which something of everything is."""
    return PopulatedStore(tmp_path_factory.mktemp("foreign"))


def litter(store):
    """Plants it everywhere; gives the names that are no markers'."""
    planted = []
    for folder in FOLDERS:
        for name, data in {**LITTER, **dict.fromkeys(MARKERS, b"")}.items():
            path = Path(store, folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            if data:
                planted.append(path)
    return planted


@pytest.fixture
def stores(here, tmp_path):
    """The store as it is, and one with litter everywhere."""
    for name in ("clean", "littered"):
        shutil.copytree(here.store, tmp_path / name)
    return tmp_path / "clean", tmp_path / "littered"


def neutral(text, store):
    """Without what differs from run to run."""
    text = text.replace(str(store), "store")
    return re.sub(r"[0-9a-f]{32}|\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)", "…", text)


@pytest.mark.slow("jobs")
@pytest.mark.parametrize("job", JOBS)
def test_foreign_objects_stop_no_job(here, stores, capsys, job):
    clean, littered = stores
    planted = litter(littered)
    ended = []
    for store in (clean, littered):
        capsys.readouterr()
        status = here.run(*JOBS[job], store=store, without=WITHOUT.get(job, ()))
        ended.append((status, *(neutral(each, store) for each in capsys.readouterr())))
        assert status in (0, 1), ended  # 2: it did not take its options
    if job == "purge":  # which names what is in a study's store
        (_, out, _), (status, said, alarms) = ended
        assert (status, said) == (1, out)
        assert {each.rpartition(": is ")[2] for each in alarms.splitlines()} <= {
            *("an unregistered copy", "a file without a date"),
            *("no object of dead letters", "[1]"),
        } | {each for each in alarms.splitlines() if " others are " in each}
    else:
        assert ended[1] == ended[0]
    assert [path for path in planted if not path.exists()] == []
    assert rows(littered) == rows(clean)


def rows(store):
    """The names of rows and records that are ours."""
    found = (str(path.relative_to(store)) for path in Path(store).rglob("*.avro"))
    return sorted(neutral(each, store) for each in found if "._x" not in each)


def test_audit_names_each_and_goes_on(here, stores, capsys):
    clean, littered = stores
    planted = litter(littered)
    told = []
    for store in (clean, littered):
        here.run("audit", f"--json={store}.json", "--threshold=1", store=store)
        told.append(json.loads(Path(f"{store}.json").read_text()))
    before, after = (
        {each["check"]: each for each in report["checks"]} for report in told
    )
    assert {check for check in after if after[check] != before[check]} == {
        Check.COPIES,
        Check.DEAD_LETTERS,
    }
    seen = after[Check.COPIES]["findings"] + after[Check.DEAD_LETTERS]["findings"]
    assert sum(each["number"] for each in seen) == len(planted)
