"""Counts what an order to expunge would rewrite, and changes nothing."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rally.dead_letters import FOLDER as LETTERS
from rally.decisions.contents import Expunge
from rally.errors import CorruptFile
from rally.registry.legal_holds import LegalHold, LegalHolds
from rally.registry.registry import Registry
from rally.storage.field_eraser import FieldRequired, find_eraser
from rally.storage.layout import Stores
from rally.storage.objectstore.interface import GenerationMismatch, ObjectNotFound
from rally.storage.partitions import StoredFile, list_files
from rally.storage.snapshots import outline_of


@dataclass(slots=True)
class DayTotals:
    """Sums over the files of one submission date that can have what is to go.

    Attributes:
        day: Submission date, YYYY-MM-DD.
        files: Number of files.
        rows: Number of rows, by their headers.
        bytes: Size of the files.
    """

    day: str
    files: int = 0
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class ExpungePreview:
    """Files and rows that an order would rewrite.

    Attributes:
        days: Sums by date, in their order; dates without files are left out.
        unread: Number of files whose header has no number of rows, or whose schema
            cannot be walked; they count all the same.
        required: Dates of files in which the field is required, so that it cannot be
            taken out, each with the number of these files; in their order.
        dead_letters: Number of objects of dead letters of the study, which are sealed.
        derived: URIs of researchers' own tables.
        holds: Legal holds over a date that has files.
    """

    days: tuple[DayTotals, ...]
    unread: int
    required: Mapping[str, int]
    dead_letters: int
    derived: tuple[str, ...]
    holds: tuple[LegalHold, ...]

    @property
    def files(self) -> int:
        """Number of files of all dates."""
        return sum(each.files for each in self.days)


class _Counter:
    """Counts the files that an order is about."""

    def __init__(self, stores: Stores, order: Expunge) -> None:
        self._store = stores.of(order.namespace)
        self._field = order.field
        self.days: dict[str, DayTotals] = {}
        self.unread = 0
        self.required = Counter[str]()

    def count(self, file: StoredFile) -> None:
        """Counts a file in, unless its schema has not the field."""
        rows: int | None = None
        try:
            with self._store.open(*file.identity) as snapshot:
                header = outline_of(snapshot)
            if self._field and not find_eraser(header.schema, self._field).is_there:
                return
            rows = header.rows
        except FieldRequired:
            self.required[file.partition.day] += 1
        except (CorruptFile, KeyError, ValueError):
            self.unread += 1
        except (ObjectNotFound, GenerationMismatch):
            return  # compacted in this moment, or deleted
        day = file.partition.day
        totals = self.days.setdefault(day, DayTotals(day))
        totals.files += 1
        totals.rows += rows or 0
        totals.bytes += file.info.size


def preview_expunge(
    stores: Stores, registry: Registry, order: Expunge, holds: LegalHolds
) -> ExpungePreview:
    """Counts what an order would rewrite, by the headers of files.

    Args:
        stores: Stores of the studies and the platform.
        registry: Registry of the studies, which has the order's.
        order: The order, signed or not.
        holds: Legal holds of now.

    Raises:
        OSError: A store cannot be read.
    """
    counter = _Counter(stores, order)
    for file in list_files(stores.of(order.namespace), order.namespace):
        _, document, day = file.partition
        if document == order.document and (
            order.first.isoformat() <= day <= order.last.isoformat()
        ):
            counter.count(file)
    days = tuple(counter.days[day] for day in sorted(counter.days))
    held = (holds.over(order.namespace, each.day) for each in days)
    letters = stores.platform.list(f"{LETTERS}study={order.namespace}/")
    return ExpungePreview(
        days,
        counter.unread,
        dict(sorted(counter.required.items())),
        sum(1 for _ in letters),
        registry.studies[order.namespace].derived,
        tuple(dict.fromkeys(filter(None, held))),
    )
