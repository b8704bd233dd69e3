"""Proves that nothing is left of each concluded study, and then no key.

The whole of it is listed: what is live, what the store keeps of earlier states, and
what else the platform had of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from rally.audit.findings import Check, Unit
from rally.audit.tally import Tally
from rally.dead_letters import FOLDER as DEAD_LETTERS
from rally.errors import ConfigurationError, cause_of
from rally.keys import names
from rally.keys.folder import JWK, KEYSET, KeyFolder
from rally.registry.legal_holds import LegalHolds
from rally.registry.study import Study
from rally.registry.transitions import States
from rally.retention.logs import LOGS
from rally.storage.layout import Stores, study_folder, view_folder
from rally.storage.marker import NAME, require_derived
from rally.storage.objectstore.interface import (
    FOREVER,
    ObjectStore,
    OldCopy,
    StrayInTheWay,
)
from rally.storage.objectstore.open_store import open_store
from rally.storage.objectstore.strays import list_but_strays
from rally.storage.records import is_marker

_BEING_PURGED = "being purged"

_FORGETTING_DAYS = 1
"""A conclusion takes a day more than other purges: once a purge has taken all else of
the study, deletion's next run makes the event log forget it, and keys go after that."""

_LEGAL_HOLD = "under a legal hold"


class ConclusionAudit:
    """Audits concluded studies.

    Attributes:
        tally: Findings.
    """

    def __init__(
        self,
        stores: Stores,
        states: States,
        holds: LegalHolds,
        events: Mapping[str, int] | None,
        consents: Mapping[str, int],
        folders: tuple[KeyFolder | None, KeyFolder],
        as_of: datetime,
        purge_days: float,
    ) -> None:
        """Lists nothing yet.

        Args:
            stores: Stores of the studies and of the platform.
            states: States of the studies.
            holds: Legal holds.
            events: Number of events of each scope; None where the log is not whole.
            consents: Number of records of consents to each study.
            folders: Folders of ping keys, where it is named, and of platform keys.
            as_of: Clock of the audit, UTC.
            purge_days: Days in which purge may be at work, but for the one above.
        """
        self.tally = Tally()
        self._stores = stores
        self._states = states
        self._holds = holds
        self._events = events
        self._consents = consents
        self._folders = folders
        self._as_of = as_of
        self._allowed = timedelta(days=purge_days + _FORGETTING_DAYS)
        self._event_copies: list[OldCopy] | None = None

    def audit_study(self, study: Study) -> None:
        """Audits one concluded study."""
        namespace = study.namespace
        at = self._states.concluded_at(namespace)
        is_recent = at is not None and self._as_of - at <= self._allowed
        try:
            remaining = self._count_remaining(study)
            copies = self._list_copies(study)
            # A study's keys go last: copies of later days have nothing of it.
            event_copies = self._list_event_copies() if self._has_key(namespace) else []
        except OSError as error:
            why = f"cannot be listed ({cause_of(error)})"
            self.tally.add_unseen(Check.CONCLUDED, namespace, why)
            self.tally.add_unseen(Check.KEYS, namespace, why)
            return
        for (where, what, unit), number in remaining.items():
            self._record(namespace, where, what, number, unit, is_recent)
        for copy in copies:
            self._record_copy(Check.CONCLUDED, namespace, copy, is_recent)
        is_unreadable = self._has_unreadable_folder(study)
        if self._events is None or is_recent or remaining or copies or is_unreadable:
            return  # a key goes last, and may still be needed
        if event_copies:
            self._record_waiting_keys(namespace, event_copies)
        else:
            self._check_keys(namespace)

    def _count_remaining(self, study: Study) -> Counter[tuple[str, str, Unit]]:
        """Counts what is live, by place."""
        namespace, platform = study.namespace, self._stores.platform
        found = Counter[tuple[str, str, Unit]]()
        rows, letters = study_folder(namespace), f"{DEAD_LETTERS}study={namespace}/"
        store, view = self._stores.of(namespace), view_folder(namespace)
        places = [(store, rows), (platform, letters), (store, view)]
        for info in list_but_strays(*places[0]):
            if not is_marker(info):
                found[_document_path(namespace, info.name), "rows", Unit.OBJECTS] += 1
        for what, place in zip(("dead letters", "views"), places[1:], strict=True):
            for info in list_but_strays(*place):
                if not is_marker(info):
                    found[namespace, what, Unit.OBJECTS] += 1
        if events := (self._events or {}).get(namespace):
            found[namespace, "events", Unit.ROWS] += events
        if consents := self._consents.get(namespace):
            found[namespace, "consents", Unit.ROWS] += consents
        for uri, derived in self._derived(study):
            for info in derived.list() if derived else ():
                if info.name != NAME and not is_marker(info):
                    found[f"{namespace}: {uri}", "derived", Unit.OBJECTS] += 1
            places += [(derived, "")] if derived else []
        for store, prefix in places:
            for stray in store.strays(prefix):
                found[namespace, stray.kind.value, Unit.OBJECTS] += 1
        return found

    def _has_unreadable_folder(self, study: Study) -> bool:
        """Names folders of a study that cannot be read; returns whether any is."""
        is_whole = True
        for uri, store in self._derived(study):
            why = "is no store that can be looked into from here"
            if store is not None:
                why = self._why_absent(store, study.namespace)
            if why:
                where = f"{study.namespace}: {uri}"
                self.tally.add_unseen(Check.CONCLUDED, where, why)
                is_whole = False
        return not is_whole

    def _why_absent(self, folder: ObjectStore, namespace: str) -> str:
        """Returns what is wrong with a folder's marker; "" is nothing.

        When a study's pseudonyms have no key any more, nothing of it was left, and its
        researchers' folders may be gone.
        """
        try:
            require_derived(folder, self._stores.platform, namespace)
        except ConfigurationError as error:
            keys = self._folders[1]
            if keys.exists(names.pseudonym(namespace) + KEYSET):
                return str(error).removeprefix(f"{folder.uri}: ")
        return ""

    def _list_copies(self, study: Study) -> list[OldCopy]:
        """Lists old copies in the stores."""
        namespace = study.namespace
        store, platform = self._stores.of(namespace), self._stores.platform
        found = list[OldCopy]()
        for folder in (study_folder(namespace), view_folder(namespace)):
            with suppress(StrayInTheWay):  # _count_remaining has counted it
                found += store.old_copies(folder)
        with suppress(StrayInTheWay):
            found += platform.old_copies(f"{DEAD_LETTERS}study={namespace}/")
        for _, derived in self._derived(study):
            found += derived.old_copies("") if derived else ()
        return found

    def _list_event_copies(self) -> list[OldCopy]:
        """Lists old copies of the logs, some of which may have records of a study."""
        if self._event_copies is None:
            self._event_copies = []
            for each in LOGS:
                self._event_copies += self._list_log_copies(each.log.folder)
        return self._event_copies

    def _list_log_copies(self, folder: str) -> list[OldCopy]:
        copies = list(self._stores.platform.old_copies(folder))
        late = [
            each
            for each in copies
            if each.until is None and self._as_of - each.since > self._allowed
        ]
        what = f"old copies of {folder.rstrip('/')}"
        self.tally.add_broken(Check.CONCLUDED, folder, what, len(late), Unit.OBJECTS)
        return copies

    def _record_waiting_keys(self, namespace: str, copies: list[OldCopy]) -> None:
        """Records that a study's keys rightly stay until the last copy has gone."""
        last = max(each.until or self._as_of for each in copies)
        until = None if last == FOREVER else last.date()
        what = "wait for old copies of events"
        self.tally.add_apart(Check.KEYS, namespace, what, 1, Unit.STUDIES, until)

    def _derived(self, study: Study) -> Iterator[tuple[str, ObjectStore | None]]:
        for uri in study.derived:
            try:
                yield uri, open_store(uri)
            except ConfigurationError:
                yield uri, None

    def _record(
        self,
        namespace: str,
        where: str,
        what: str,
        number: int,
        unit: Unit,
        is_recent: bool,
    ) -> None:
        why = _BEING_PURGED if is_recent else ""
        if self._holds.of(namespace):
            why = _LEGAL_HOLD
        if why:
            described = f"{what}, {why}"
            self.tally.add_apart(Check.CONCLUDED, where, described, number, unit)
        else:
            self.tally.add_broken(Check.CONCLUDED, where, what, number, unit)

    def _record_copy(
        self, check: Check, namespace: str, copy: OldCopy, is_recent: bool
    ) -> None:
        what = f"an old copy: {copy.why}"
        if copy.until is None:
            self._record(namespace, namespace, what, 1, Unit.OBJECTS, is_recent)
            return
        until = None if copy.until == FOREVER else copy.until.date()
        self.tally.add_apart(check, namespace, what, 1, Unit.OBJECTS, until)

    def _has_key(self, namespace: str) -> bool:
        """Tells whether a key of a study is, or may be, left."""
        try:
            return any(folder.exists(name) for folder, name in self._keys_of(namespace))
        except (ConfigurationError, OSError):
            return True

    def _keys_of(self, namespace: str) -> Iterator[tuple[KeyFolder, str]]:
        """Names each key that a study may have, and the folder that it is in."""
        ping_keys, platform_keys = self._folders
        if ping_keys is not None:
            for suffix in (KEYSET, JWK):
                yield ping_keys, namespace + suffix
        yield platform_keys, names.pseudonym(namespace) + KEYSET

    def _check_keys(self, namespace: str) -> None:
        if self._folders[0] is None:
            why = "the folder of ping keys is not named; give --keys"
            self.tally.add_unseen(Check.KEYS, namespace, why)
        for folder, name in self._keys_of(namespace):
            self._check_key(namespace, folder, name)

    def _check_key(self, namespace: str, folder: KeyFolder, name: str) -> None:
        try:
            if folder.exists(name):
                self.tally.add_broken(Check.KEYS, namespace, name, 1, Unit.OBJECTS)
            copies = list(open_store(folder.uri).old_copies(name))
        except (ConfigurationError, OSError):
            why = f"{name}: the folder cannot be looked into"
            self.tally.add_unseen(Check.KEYS, namespace, why)
            return
        for copy in copies:
            what = f"{name}, an old copy: {copy.why}"
            if copy.until is None:
                self.tally.add_broken(Check.KEYS, namespace, what, 1, Unit.OBJECTS)
            else:
                until = None if copy.until == FOREVER else copy.until.date()
                unit = Unit.OBJECTS
                self.tally.add_apart(Check.KEYS, namespace, what, 1, unit, until)


def _document_path(namespace: str, name: str) -> str:
    """`<study>/<document>`, where the path names one."""
    _, found, rest = name.partition("/document=")
    return f"{namespace}/{rest.partition('/')[0]}" if found else namespace
