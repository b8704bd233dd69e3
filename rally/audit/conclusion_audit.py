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
from rally.storage.layout import EVENTS, Stores, study_folder
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
            folders: Folders of ping keys, where it is named, and of platform keys.
            as_of: Clock of the audit, UTC.
            purge_days: Time after a conclusion in which purge may be at work.
        """
        self.tally = Tally()
        self._stores = stores
        self._states = states
        self._holds = holds
        self._events = events
        self._folders = folders
        self._as_of = as_of
        self._allowed = timedelta(days=purge_days)
        self._event_copies: list[OldCopy] | None = None

    def see(self, study: Study) -> None:
        """Looks at one study that is concluded."""
        namespace = study.namespace
        at = self._states.concluded_at(namespace)
        is_young = at is not None and self._as_of - at <= self._allowed
        try:
            left = self._left(study)
            copies = self._copies(study)
            of_events = self._copies_of_events()
        except OSError as error:
            why = f"cannot be listed ({cause_of(error)})"
            self.tally.unseen(Check.CONCLUDED, namespace, why)
            self.tally.unseen(Check.KEYS, namespace, why)
            return
        for (where, what, unit), number in left.items():
            self._tell(namespace, where, what, number, unit, is_young)
        for copy in copies:
            self._tell_copy(Check.CONCLUDED, namespace, copy, is_young)
        unserved = self._unserved(study)
        if self._events is None or is_young or left or copies or unserved:
            return  # a key goes last, and may still be needed
        if of_events:
            self._wait_for(namespace, of_events)
        else:
            self._see_keys(namespace)

    def _left(self, study: Study) -> Counter[tuple[str, str, Unit]]:
        """Counts what is live, by place."""
        namespace, platform = study.namespace, self._stores.platform
        found = Counter[tuple[str, str, Unit]]()
        rows, letters = study_folder(namespace), f"{DEAD_LETTERS}study={namespace}/"
        places = [(self._stores.of(namespace), rows), (platform, letters)]
        for info in list_but_strays(*places[0]):
            if not is_marker(info):
                found[_document(namespace, info.name), "rows", Unit.OBJECTS] += 1
        for info in list_but_strays(*places[1]):
            if not is_marker(info):
                found[namespace, "dead letters", Unit.OBJECTS] += 1
        if events := (self._events or {}).get(namespace):
            found[namespace, "events", Unit.ROWS] += events
        for uri, store in self._derived(study):
            for info in store.list() if store else ():
                if info.name != NAME and not is_marker(info):
                    found[f"{namespace}: {uri}", "derived", Unit.OBJECTS] += 1
            places += [(store, "")] if store else []
        for store, prefix in places:
            for stray in store.strays(prefix):
                found[namespace, stray.kind.value, Unit.OBJECTS] += 1
        return found

    def _unserved(self, study: Study) -> bool:
        """Names folders of a study that cannot be read; returns whether any is."""
        is_whole = True
        for uri, store in self._derived(study):
            why = "is no store that can be looked into from here"
            if store is not None:
                why = self._why_absent(store, study.namespace)
            if why:
                where = f"{study.namespace}: {uri}"
                self.tally.unseen(Check.CONCLUDED, where, why)
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

    def _copies(self, study: Study) -> list[OldCopy]:
        """Lists old copies in the stores."""
        namespace = study.namespace
        store, platform = self._stores.of(namespace), self._stores.platform
        found = list[OldCopy]()
        with suppress(StrayInTheWay):  # which is left, and told
            found += store.old_copies(study_folder(namespace))
        with suppress(StrayInTheWay):
            found += platform.old_copies(f"{DEAD_LETTERS}study={namespace}/")
        for _, derived in self._derived(study):
            found += derived.old_copies("") if derived else ()
        return found

    def _copies_of_events(self) -> list[OldCopy]:
        """Lists old copies of events, which leave the log by a conclusion alone."""
        if self._event_copies is None:
            self._event_copies = list(self._stores.platform.old_copies(EVENTS))
            late = [
                each
                for each in self._event_copies
                if each.until is None and self._as_of - each.since > self._allowed
            ]
            what = "old copies of events"
            self.tally.broken(Check.CONCLUDED, EVENTS, what, len(late), Unit.OBJECTS)
        return self._event_copies

    def _wait_for(self, namespace: str, copies: list[OldCopy]) -> None:
        """Notes that a study's keys rightly stay until the last of these has gone."""
        last = max(each.until or self._as_of for each in copies)
        until = None if last == FOREVER else last.date()
        what = "wait for old copies of events"
        self.tally.apart(Check.KEYS, namespace, what, 1, Unit.STUDIES, until)

    def _derived(self, study: Study) -> Iterator[tuple[str, ObjectStore | None]]:
        for uri in study.derived:
            try:
                yield uri, open_store(uri)
            except ConfigurationError:
                yield uri, None

    def _tell(
        self,
        namespace: str,
        where: str,
        what: str,
        number: int,
        unit: Unit,
        is_young: bool,
    ) -> None:
        why = _BEING_PURGED if is_young else ""
        if self._holds.of(namespace):
            why = _LEGAL_HOLD
        if why:
            said = f"{what}, {why}"
            self.tally.apart(Check.CONCLUDED, where, said, number, unit)
        else:
            self.tally.broken(Check.CONCLUDED, where, what, number, unit)

    def _tell_copy(
        self, check: Check, namespace: str, copy: OldCopy, is_young: bool
    ) -> None:
        what = f"an old copy: {copy.why}"
        if copy.until is None:
            self._tell(namespace, namespace, what, 1, Unit.OBJECTS, is_young)
            return
        until = None if copy.until == FOREVER else copy.until.date()
        self.tally.apart(check, namespace, what, 1, Unit.OBJECTS, until)

    def _see_keys(self, namespace: str) -> None:
        ping_keys, platform_keys = self._folders
        if ping_keys is None:
            why = "the folder of ping keys is not named; give --keys"
            self.tally.unseen(Check.KEYS, namespace, why)
        else:
            for suffix in (KEYSET, JWK):
                self._see_key(namespace, ping_keys, namespace + suffix)
        pseudonym = names.pseudonym(namespace) + KEYSET
        self._see_key(namespace, platform_keys, pseudonym)

    def _see_key(self, namespace: str, folder: KeyFolder, name: str) -> None:
        try:
            if folder.exists(name):
                self.tally.broken(Check.KEYS, namespace, name, 1, Unit.OBJECTS)
            copies = list(open_store(folder.uri).old_copies(name))
        except (ConfigurationError, OSError):
            why = f"{name}: the folder cannot be looked into"
            self.tally.unseen(Check.KEYS, namespace, why)
            return
        for copy in copies:
            what = f"{name}, an old copy: {copy.why}"
            if copy.until is None:
                self.tally.broken(Check.KEYS, namespace, what, 1, Unit.OBJECTS)
            else:
                until = None if copy.until == FOREVER else copy.until.date()
                unit = Unit.OBJECTS
                self.tally.apart(Check.KEYS, namespace, what, 1, unit, until)


def _document(namespace: str, name: str) -> str:
    """`<study>/<document>`, where the path names one."""
    _, found, rest = name.partition("/document=")
    return f"{namespace}/{rest.partition('/')[0]}" if found else namespace
