"""Collects the rules for the rows of each partition, read once for a worker."""

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property, lru_cache
from typing import Any
from zlib import crc32

import fastavro

from rally.audit.clear_bytes import encode_name
from rally.audit.collection_windows import (
    CollectionWindow,
    collection_times,
    interval_of_day,
    until_stopped,
    window_of,
    windows_in,
)
from rally.audit.current_withdrawals import CurrentWithdrawals
from rally.audit.expunge_audit import JudgedOrders
from rally.audit.findings import Check
from rally.audit.foreign_schema import resembles
from rally.audit.row_checks import PartitionRules
from rally.audit.searching import Searches, make_searches
from rally.audit.settings import AuditSettings
from rally.audit.whole_files import RowBlock
from rally.compaction.partition_view import canonical_schema
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, CorruptFile
from rally.event_log.event_log import EventLog
from rally.registry.approvals import Approvals
from rally.registry.expunges import Expunges
from rally.registry.intervals import Interval
from rally.registry.legal_holds import LegalHolds
from rally.registry.registry import Registry
from rally.registry.rows import row_schema
from rally.registry.study import Document, Means, PayloadSchema, Study, StudyKind
from rally.registry.transitions import States
from rally.settings import make_pseudonyms
from rally.storage.header import FINGERPRINT, Header
from rally.storage.layout import Partition, Stores
from rally.storage.row_keys import RowWalker, row_walker
from rally.storage.row_skipper import Walker, compile_walker
from rally.validation.leaves import zig_zag
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.enrolments import EnrolledPeople, Grace, needs_enrolment
from rally.withdrawal.list_object import read_list
from rally.withdrawal.newest_list import newest_signed
from rally.withdrawal.selection import Selection
from rally.withdrawal.unavailable_studies import find_carriers


class SchemaCheck:
    """Checks files and rows against the known schemas of their document.

    Attributes:
        fingerprints: Fingerprints of these schemas.
    """

    def __init__(self, document: Document) -> None:
        """Takes all revisions of a document."""
        known = document.revisions
        self._revisions = {each.fingerprint: _Revision(each) for each in known}
        self.fingerprints = self._revisions.keys()

    def walker(self, header: Header) -> Walker | RowWalker | None:
        """Returns a walker of a file's rows; None if it has another schema than these.

        A file of another program's writer has no fingerprint of ours, nor has what
        was compacted of it; its columns may be the same in another form, which a
        RowWalker reads.
        """
        stated = header.entries.get(FINGERPRINT, b"").decode("ascii", "replace")
        named = self._revisions.get(stated)
        candidates = self._revisions.values() if not stated else [named]
        walkers = (each.walker(header) for each in candidates if each)
        return next((walker for walker in walkers if walker), None)


class _Revision:
    """One schema of a document's rows; its walker is compiled when a file needs it."""

    def __init__(self, payload: PayloadSchema) -> None:
        self._text = row_schema(payload)

    @cached_property
    def _schema(self) -> Any:
        return json.loads(self._text)

    @cached_property
    def _walk(self) -> Walker:
        return compile_walker(self._schema)

    def walker(self, header: Header) -> Walker | RowWalker | None:
        """Returns a walker of a file's rows; None if it has another schema."""
        try:
            if header.is_indexed:
                own = canonical_schema(self._text)
                return self._walk if canonical_schema(header.schema) == own else None
            if resembles(json.loads(header.schema), self._schema):
                return row_walker(header.schema)
        except (CorruptFile, ValueError):
            pass
        return None


def chosen_block(name: str, day: str, blocks: int) -> int:
    """Returns the block of a file that is decoded on a day, another one each day."""
    return crc32(encode_name(f"{day}/{name}")) % max(blocks, 1)


def undecodable(block: RowBlock, header: Header) -> set[int]:
    """Returns the places of a block's rows that no Avro reader takes."""
    schema = _parsed(header.schema)
    return {
        place
        for place, bounds in enumerate(zip(block.starts, block.ends, strict=True))
        if not _decodes(block.data[slice(*bounds)], schema)
    }


def _decodes(row: bytes, schema: Any) -> bool:
    try:
        fastavro.schemaless_reader(io.BytesIO(row), schema, None)
    except Exception:  # whatever a library makes of damaged bytes
        return False
    return True


@lru_cache(maxsize=8)
def _parsed(schema: str) -> Any:
    return fastavro.parse_schema(json.loads(schema))


class RuleBook:
    """Reads the log, the list, the decisions and the registry as of one time.

    A part of the log that cannot be read is no error: `unread` names what then is not
    proven.

    Attributes:
        registry: Registry of the studies.
        stores: Stores of the studies and of the platform.
        approvals: Approvals by the reviews.
        holds: Legal holds.
        unread: Checks that are not proven, since the log could not be read.
    """

    def __init__(self, settings: AuditSettings) -> None:
        """Opens keys and stores, and reads the list.

        Raises:
            ConfigurationError: One of them is not as it must be.
        """
        self.registry: Registry = settings.registry()
        self.stores: Stores = settings.stores()
        self._settings = settings
        self._as_of = settings.clock()()
        platform = self.stores.platform
        self._keys = settings.keys(self.registry)
        self._pseudonyms = make_pseudonyms(self._keys, self.registry)
        decided = read_chain(platform)
        self._states = States.of_chain(self.registry, decided)
        self.approvals = Approvals.of_chain(self.registry, decided)
        self.holds = LegalHolds.of_chain(decided, self._as_of)
        self.unread = set[Check]()
        self._withdrawals = self._read_withdrawals()
        self._orders = JudgedOrders.judge(
            Expunges.of_chain(decided),
            self._withdrawals.published if self._withdrawals else None,
            self._as_of,
            settings.limits.deadline_days,
        )
        self._newest = self._withdrawals.newest if self._withdrawals else 0
        self._unsigned = set[int]()  # lists that only headers name
        self._selections: dict[str, Selection] = {}
        self._enrolled: dict[str, EnrolledPeople] = {}
        self._collecting: dict[str, tuple[Interval, ...]] = {}

    def document(self, study: str, document: str) -> Document:
        """Returns a document of the registry, or one that is built in."""
        return self.registry.documents(self.registry.studies[study])[document]

    def is_signed(self, counter: int) -> bool:
        """Tells whether signed records know of a withdrawal list of this counter.

        One may have been published since this one was read.
        """
        if self._withdrawals is None or counter <= self._newest:
            return True
        if counter not in self._unsigned:
            with self._recording_unread(Check.WITHDRAWN):
                platform = self.stores.platform
                published = read_list(platform)
                self._newest = max(self._newest, newest_signed(platform, published))
            if counter > self._newest:
                self._unsigned.add(counter)
        return counter <= self._newest

    def rules(self, partition: Partition) -> PartitionRules:
        """Returns the rules of a partition."""
        study = self.registry.studies[partition.study]
        day = interval_of_day(partition.day)
        return PartitionRules(
            partition,
            window_of(day),
            windows_in(self._collection_times(study), day),
            self._approved(partition, day),
            self.holds.over(partition.study, partition.day) is not None,
            self._withdrawals,
            self._selection(study),
            self._required_enrolments(study, partition),
            self._concluded if self._has_scope(study, partition) else (),
            self._orders.over(*partition),
        )

    def prepare(self, namespace: str) -> None:
        """Reads the log for a study now; `rules` would do it when it has to."""
        study = self.registry.studies[namespace]
        _ = self.searches, self._selection(study), self._enrolments_in(study)

    @cached_property
    def searches(self) -> Searches:
        """Searches for what must stand nowhere: ids of all in the log, and others."""
        known = set[str]()
        with self._recording_unread(Check.IDS):
            log = EventLog(self.stores.platform)
            known = {each.participant for each in log if each.participant}
        return make_searches(
            self._settings.forbidden, self._keys.find_prf(PLATFORM), known
        )

    def _has_scope(self, study: Study, partition: Partition) -> bool:
        """Tells whether rows name the study that they are about, as purge reads it."""
        document = self.document(partition.study, partition.document)
        return study.kind is StudyKind.PLATFORM and bool(document.scope)

    @cached_property
    def _carriers(self) -> frozenset[str]:
        """Studies that do not load, whose dead letters may be enrolments in others."""
        with self._recording_unread(Check.ENROLMENT):
            return find_carriers(self.registry, EventLog(self.stores.platform))
        return frozenset()

    @cached_property
    def _concluded(self) -> list[bytes]:
        """Names of concluded studies of which nothing may be left, as rows have them.

        A study under a legal hold is left out: its enrolments stay, too.
        """
        allowed = timedelta(days=self._settings.limits.purge_days)
        names = [
            name.encode()
            for namespace, study in self.registry.studies.items()
            if (at := self._states.concluded_at(namespace))
            and self._as_of - at > allowed
            if not self.holds.of(namespace)
            for name in (namespace, *study.aliases)
        ]
        return [zig_zag(len(name)) + name for name in names]

    def _collection_times(self, study: Study) -> tuple[Interval, ...]:
        if study.namespace not in self._collecting:
            self._collecting[study.namespace] = collection_times(self._states, study)
        return self._collecting[study.namespace]

    def _approved(
        self, partition: Partition, day: Interval
    ) -> dict[str, list[CollectionWindow]]:
        document = self.document(partition.study, partition.document)
        approved = {
            each.schema.fingerprint: each.windows
            for each in self.approvals.of(document)
        }
        approved[""] = self.approvals.windows(document)
        return {
            fingerprint: windows_in(until_stopped(windows), day)
            for fingerprint, windows in approved.items()
        }

    def _selection(self, study: Study) -> Selection | None:
        if self._withdrawals is None:
            return None
        if study.namespace not in self._selections:
            self._selections[study.namespace] = self._withdrawals.selection(study)
        return self._selections[study.namespace]

    def _required_enrolments(
        self, study: Study, partition: Partition
    ) -> EnrolledPeople | None:
        """Returns who enrolled, where each row must be of one of them by now.

        So must a row that says that somebody joined, or the log has lost its event.
        """
        document = self.document(partition.study, partition.document)
        joins = document.means is Means.JOINS and not document.scope
        late = Grace(self._settings.limits.grace_days + 1)  # the others go daily
        is_due = not self._carriers and late.is_due(
            date.fromisoformat(partition.day), self._as_of
        )
        if is_due and (joins or needs_enrolment(study, document)):
            return self._enrolments_in(study)
        return None

    def _enrolments_in(self, study: Study) -> EnrolledPeople | None:
        """Returns everybody who ever enrolled in a study."""
        is_unread = Check.ENROLMENT in self.unread
        if study.namespace not in self._enrolled and not is_unread:
            grace = Grace(self._settings.limits.grace_days)
            with self._recording_unread(Check.ENROLMENT):
                log = EventLog(self.stores.platform)
                found = EnrolledPeople(study, self._pseudonyms, log, grace)
                self._enrolled[study.namespace] = found
        return self._enrolled.get(study.namespace)

    def _read_withdrawals(self) -> CurrentWithdrawals | None:
        with self._recording_unread(Check.WITHDRAWN):
            return CurrentWithdrawals.read(
                self.stores.platform,
                self.registry,
                self._pseudonyms,
                self._as_of,
                self._settings.limits.deadline_days,
            )
        return None

    @contextmanager
    def _recording_unread(self, check: Check) -> Iterator[None]:
        try:
            yield
        except (ConfigurationError, CorruptFile, OSError):
            self.unread.add(check)
