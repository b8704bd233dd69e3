"""Searches researchers' own tables of a study for people who have left.

Their bytes are searched for the pseudonyms: of Avro files inflated, of gzip likewise,
of text in any case of letters, of all of them for their 16 raw bytes, too. Of parts of
kept tables (rally.dataset.kept_parts) the participants are read, and the stored file
that each was made of must be there. What else is packed is named as not looked at.
"""

from collections.abc import Mapping
from itertools import chain

from rally.audit.clear_bytes import encode_name, header_in, walk_clear
from rally.audit.current_withdrawals import Fate
from rally.audit.findings import Check, Unit
from rally.audit.searching import redact_id_like
from rally.audit.tally import Tally
from rally.dataset.kept_parts import find_stale, parse_part
from rally.dataset.part_participants import PACKED, read_participants
from rally.deletion.scanner import Scanner
from rally.errors import ConfigurationError, CorruptFile, cause_of
from rally.registry.study import Study
from rally.storage.layout import Stores
from rally.storage.marker import require_derived
from rally.storage.objectstore.interface import (
    GenerationMismatch,
    ObjectInfo,
    ObjectNotFound,
    ObjectStore,
    Snapshot,
)
from rally.storage.objectstore.open_store import open_store
from rally.storage.objectstore.strays import describe
from rally.storage.partitions import list_files

_STALE = "parts of kept tables whose stored files have changed since"


class DerivedAudit:
    """Audits registered folders.

    Attributes:
        tally: Findings.
    """

    def __init__(self, stores: Stores) -> None:
        """Has searched nothing yet.

        Args:
            stores: Stores of the studies, and of the platform whose folders they are.
        """
        self.tally = Tally()
        self._stores = stores

    def audit_study(self, study: Study, gone: Mapping[Fate, list[bytes]]) -> None:
        """Searches the folders of one study for those who are gone from it."""
        scanners = {fate: Scanner(people) for fate, people in gone.items() if people}
        for uri in study.derived:
            try:
                store = open_store(uri)
            except ConfigurationError:
                if scanners:
                    why = "is no store that can be looked into from here"
                    self._record_unseen(study, uri, why)
                continue
            try:
                require_derived(store, self._stores.platform, study.namespace)
                listed = list(store.list())
                self._count_stale(study, uri, listed)
                for info in listed if scanners else ():
                    self._search_object(study, store, info, scanners)
                for stray in store.strays() if scanners else ():
                    where = f"{store.uri.rstrip('/')}/{redact_id_like(stray.name)}"
                    self._record_unseen(study, where, describe(stray))
            except ConfigurationError as error:
                self._record_unseen(study, uri, str(error).removeprefix(f"{uri}: "))
            except OSError as error:
                why = f"cannot be read ({cause_of(error)})"
                self._record_unseen(study, uri, why)

    def _count_stale(self, study: Study, uri: str, listed: list[ObjectInfo]) -> None:
        """Counts parts that the next deletion removes."""
        if any(parse_part(each) for each in listed):
            files = list_files(self._stores.of(study.namespace), study.namespace)
            stale = sum(1 for _ in find_stale(listed, study.namespace, files))
            where = f"{study.namespace}: {uri}"
            self.tally.add_apart(Check.DERIVED, where, _STALE, stale, Unit.OBJECTS)

    def _search_object(
        self,
        study: Study,
        store: ObjectStore,
        info: ObjectInfo,
        scanners: Mapping[Fate, Scanner],
    ) -> None:
        name = f"{store.uri.rstrip('/')}/{redact_id_like(info.name)}"
        try:
            with store.open(info.name, info.generation) as snapshot:
                found = _find_fates(snapshot, scanners)
        except (ObjectNotFound, GenerationMismatch):
            self._record_unseen(study, name, "changes while it is read")
            return
        except CorruptFile as error:
            self._record_unseen(study, name, str(error))
            return
        where = f"{study.namespace}: {name}"
        if Fate.LEFT_OVER in found:
            what = Fate.LEFT_OVER.value
            self.tally.add_broken(Check.DERIVED, where, what, 1, Unit.OBJECTS)
        elif found:
            what = Fate.ON_ITS_WAY.value
            self.tally.add_apart(Check.DERIVED, where, what, 1, Unit.OBJECTS)

    def _record_unseen(self, study: Study, where: str, why: str) -> None:
        self.tally.add_unseen(Check.DERIVED, f"{study.namespace}: {where}", why)


def _find_fates(snapshot: Snapshot, scanners: Mapping[Fate, Scanner]) -> set[Fate]:
    """Returns the fates of people in an object. Raises CorruptFile."""
    found, header = set[Fate](), header_in(snapshot)
    part = parse_part(snapshot.info)
    if part and part.format in PACKED:
        pieces = read_participants(snapshot, part.format)
    else:
        pieces = walk_clear(snapshot, header)
    noted = [
        encode_name(snapshot.info.name),
        *(header.entries.values() if header else ()),
    ]
    for piece in chain(noted, pieces):
        lowered = piece.lower()
        found |= {
            fate
            for fate, each in scanners.items()
            if each.found_in(lowered) or each.found_raw_in(piece)
        }
    return found
