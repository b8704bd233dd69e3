"""What the platform's own objects are called; all else in its store is foreign.

Wherever a folder is, other programs leave something: markers of folders, `.DS_Store`,
`_SUCCESS`, what an editor or a backup put beside. It stops nobody: who lists records
gets these alone, and the audit names the rest. A record that is damaged is none of it.
"""

import re
from collections.abc import Iterator, Sequence

from rally.storage import last_runs, marker, plan_objects
from rally.storage.layout import is_day
from rally.storage.objectstore.interface import (
    ObjectInfo,
    ObjectStore,
    StrayInTheWay,
    is_object_name,
)
from rally.storage.plan_objects import PlanObject

_ID = "[0-9a-f]{32}"
_DAY = "date=([0-9-]{10})"
_PATHS = (
    f"(?:consents|events)/{_DAY}/{_ID}[.]avro",
    "events/log/bucket=[0-9]{1,2}-[0-9a-f]{1,8}/[0-9]{12}-[0-9a-f]{16}[.]avro",
    f"dead-letters/study=[a-z0-9-]+/kind=(?:lapsed|ping|withdrawal)/{_DAY}/{_ID}[.]avro",
    "decisions/[0-9]{12}[.]json",
    "cases/[0-9a-f]{8}/(?:[0-9a-f]{64}[.]age|(?:built|fetched|destroyed)[.]json)",
    "withdrawals/root[.]json",
    "withdrawals/list/[0-9]{12}-[0-9a-f]{16}[.]bin",
    "withdrawals/requests/[0-9]{12}-[0-9a-f]{16}[.]jsonl",
    "conclusion[.]json",
    f"{plan_objects.FOLDER}{_ID}/(?:{'|'.join(map(re.escape, PlanObject))})",
    f"results/(?:audit|compact|delete|purge|release)/{_ID}[.]json",
    f"{last_runs.FOLDER}(?:{'|'.join(last_runs.JOBS)})[.]json",
    "receipts/(?:[0-9]{12}|anchor)[.]json",
    "receipts/changes/[0-9]{12}-[0-9a-f]{16}[.]jsonl",
    "releases/ledger/[0-9]{12}[.]json",
    "releases/study=[a-z0-9-]+/[a-z0-9][a-z0-9-]{0,39}(?:[.][0-9-]{10})?[.]json",
    r"leases/[\w-]+[.]json",
    r"leases/runs/[\w-]+[.]json",
    f"leases/study=[a-z0-9-]+/document=[^=]+/{_DAY}[.]json",
    "reports/.+",
    re.escape(marker.NAME),
)
_PARTS = [[re.compile(part) for part in path.split("/")] for path in _PATHS]
_LITTER = re.compile(
    r"lost\+found/.*|(?:.*/)?(?:|[.]DS_Store|[.]_[^/]*|[.]directory|Thumbs[.]db"
    r"|desktop[.]ini|_SUCCESS|[^/]*_\$folder\$|[.](?:git)?keep)"
)


def is_record(name: str) -> bool:
    """Tells whether a name in the platform's store is one that a job of ours gives."""
    parts = name.split("/")
    return is_object_name(name) and any(
        len(path) == len(parts) and _fits(parts, path) for path in _PARTS
    )


def list_records(
    platform: ObjectStore, folder: str, *, may_be_links: bool = False
) -> Iterator[ObjectInfo]:
    """The platform's own objects in one of its folders, sorted by name.

    Args:
        platform: The platform's store.
        folder: Folder of one kind of records, or a part of it, with a slash at its end.
        may_be_links: Whether links in the place of records are left out; whoever says
            so names them.

    Raises:
        StrayInTheWay: a link stands in the place of a record, and whoever read the
            others alone would believe that they are all.
        OSError: the store cannot be listed.
    """
    for info in platform.list(folder):
        if is_record(info.name):
            yield info
    if not may_be_links:
        refuse_links(platform, folder)


def refuse_links(platform: ObjectStore, folder: str) -> None:
    """Makes sure that no record of a folder is hidden behind a link.

    Raises:
        StrayInTheWay: a link stands in the place of a record.
        OSError: the store cannot be listed.
    """
    for stray in platform.strays(folder):
        if stray.kind.is_in_the_way and leads_to_records(stray.name):
            raise StrayInTheWay(stray, f"{platform.uri.rstrip('/')}/{stray.name}")


def leads_to_records(name: str) -> bool:
    """Tells whether it is the name of a record, or of a folder of some."""
    parts = name.split("/")
    return is_object_name(name) and any(
        len(path) >= len(parts) and _fits(parts, path) for path in _PARTS
    )


def is_marker(info: ObjectInfo) -> bool:
    """Tells whether it only stands for a folder, or says that something is done."""
    return not info.size and not info.name.endswith(".avro")


def is_litter(name: str) -> bool:
    """Tells whether desktops, disks and tools leave objects of such a name."""
    return _LITTER.fullmatch(name) is not None


def _fits(parts: Sequence[str], path: Sequence[re.Pattern[str]]) -> bool:
    """Tells whether the parts of a name are such as a path's first parts have to be."""
    for part, pattern in zip(parts, path, strict=False):
        match = pattern.fullmatch(part)
        if match is None or not all(map(is_day, match.groups())):
            return False
    return True
