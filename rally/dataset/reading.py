"""Opens a study's store and reads a document of it as a table."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime

import pyarrow as pa

from rally.bounded_files import read_bounded_text
from rally.dataset.filters import Filters
from rally.dataset.scan import Scan
from rally.errors import ConfigurationError, Faults, ManyFaults
from rally.registry.registry import SHIPPED, Registry
from rally.registry.study import Document, StudyKind
from rally.storage.marker import PlaceKind, require_marker
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.objectstore.open_store import open_store
from rally.times import RANGE, InvalidTime, parse_day
from rally.withdrawal.study_view import StudyView

Day = str | date
_STUDY = "{study}"
_MOST_KEY_BYTES = 64 * 1024


def read(
    store: str,
    study: str,
    document: str,
    *,
    view_key: str | os.PathLike[str],
    since: Day | None = None,
    until: Day | None = None,
    columns: Sequence[str] | None = None,
    filters: Filters | None = None,
    studies: str = SHIPPED,
) -> pa.RecordBatchReader:
    """Reads the rows of a document as a table, in bounded memory.

    Each ping is there once. Rows of people who left, or whose leaving is being looked
    into, are not, nor are those past their retention.

        reader = rally.read(
            "gs://rally-birds", "rally-birds", "visit.1",
            view_key="signing.delete.public.json", since="2026-03-01",
            columns=["participant", "page_attention"],
            filters=[("client_info_os", "==", "Windows")],
        )
        frame = reader.read_pandas()

    Args:
        store: URI of the study's store, as `--store` has it; may hold `{study}`.
        study: Namespace of the study.
        document: Name of the document, such as visit.1; without a version the newest.
        view_key: File with the public half of `signing.delete`, which `rally keys
            public` writes: by it the study's view of who left is verified.
        since: First submission date, UTC, such as "2026-03-01".
        until: Last submission date.
        columns: Names of columns, in the order of the table; None is all.
        filters: Conditions such as ("page_attention", ">=", 1000), all of which hold;
            or a list of such lists, of which one holds.
        studies: URI of the registry.

    Raises:
        ConfigurationError: Something is not as it must be: an argument, the store, or
            the view, which may be at most two days old.
        OSError: The store cannot be reached.
    """
    scan = open_scan(
        store,
        find_table(Registry.load(studies), study, document),
        view_key,
        since=since,
        until=until,
        columns=columns,
        filters=filters,
    )
    return pa.RecordBatchReader.from_batches(scan.schema, scan.read())


def open_scan(
    store: str,
    document: Document,
    view_key: str | os.PathLike[str],
    *,
    since: Day | None = None,
    until: Day | None = None,
    columns: Sequence[str] | None = None,
    filters: Filters | None = None,
    now: datetime | None = None,
) -> Scan:
    """Opens a study's store and makes the scan of a document; see `read`.

    Args:
        store: URI of the study's store.
        document: The document.
        view_key: File with the public half of `signing.delete`.
        since: First submission date.
        until: Last submission date.
        columns: Names of columns.
        filters: Conditions.
        now: Time of the reader, UTC; None is the clock's.

    Raises:
        ConfigurationError: As `read`.
    """
    now, study = now or datetime.now(UTC), document.namespace
    faults, days = Faults(), list[date | None]()
    for name, day in (("since", since), ("until", until)):
        with faults.collected():
            days.append(_read_day(name, day))
    faults.check()
    key = read_bounded_text(view_key, _MOST_KEY_BYTES)
    opened = open_study_store(store, study)
    view = StudyView.read(opened, study, key, now)
    return Scan(
        opened,
        document,
        view,
        now,
        since=days[0],
        until=days[1],
        columns=columns,
        filters=filters,
    )


def open_study_store(store: str, study: str) -> ObjectStore:
    """Opens the store of a study, which is marked.

    Args:
        store: URI, as `--store` has it; may hold `{study}`.
        study: Namespace of the study.

    Raises:
        ConfigurationError: It is no store.
    """
    opened = open_store(store.replace(_STUDY, study))
    own = study if _STUDY in store else None
    require_marker(opened, PlaceKind.STORE, study=own)
    return opened


def find_table(registry: Registry, study: str, document: str) -> Document:
    """Finds the document of a study whose rows researchers read.

    Raises:
        ConfigurationError: There is none, or the study does not load, or has no
            researchers.
    """
    if study in registry.unavailable:
        raise ManyFaults(registry.unavailable[study].faults)
    found = registry.study(study)
    if found is None:
        raise ConfigurationError(f"{study}: is no study of the registry")
    if found.kind is StudyKind.PLATFORM:
        raise ConfigurationError(
            f"{study}: is the platform's own, whose rows nobody studies"
        )
    return registry.find_document(found, document)


def _read_day(name: str, day: Day | None) -> date | None:
    if day is None or (isinstance(day, date) and not isinstance(day, datetime)):
        return day
    try:
        return parse_day(str(day))
    except InvalidTime:
        raise ConfigurationError(
            f"{name}: must be a date such as 2022-03-10, {RANGE}"
        ) from None
