"""Audits dead letters: each is whole, sealed, and gone when its time is over."""

import json
from collections.abc import Collection
from datetime import date, datetime

from rally.audit.findings import Check, Unit
from rally.audit.limits import Limits
from rally.audit.platform_audit import read_whole_header
from rally.audit.sealed import count_unsealed
from rally.audit.searching import Searches, redact_id_like, search_header
from rally.audit.tally import Tally
from rally.dead_letters import FOLDER, LetterPlace, place_of, read_sealed
from rally.errors import CorruptFile
from rally.registry.legal_holds import LegalHolds
from rally.registry.registry import Registry
from rally.storage.header import Header
from rally.storage.layout import UNKNOWN
from rally.storage.objectstore.interface import ObjectNotFound, ObjectStore
from rally.storage.records import is_marker
from rally.withdrawal.unavailable_studies import waits_for_study
from rally.withdrawal.unreadable import is_owed


class LettersAudit:
    """Audits every object of dead letters.

    Attributes:
        tally: Findings.
    """

    def __init__(
        self,
        platform: ObjectStore,
        registry: Registry,
        concluded: Collection[str],
        holds: LegalHolds,
        prefixes: tuple[bytes, ...],
        searches: Searches,
        limits: Limits,
        as_of: datetime,
    ) -> None:
        """Reads nothing yet.

        Args:
            platform: Store of the platform.
            registry: Registry of the studies.
            concluded: Studies that may have none, which is another check.
            holds: Legal holds.
            prefixes: First bytes of what is sealed; where there are none, sealing is
                not looked at.
            searches: Searches for what must stand nowhere.
            limits: Times for which letters may stay.
            as_of: Clock of the audit, UTC.
        """
        self.tally = Tally()
        self._platform = platform
        self._studies = {UNKNOWN, *registry.namespaces}
        self._registry = registry
        self._concluded = concluded
        self._holds = holds
        self._prefixes = prefixes
        self._searches = searches
        self._limits = limits
        self._today = as_of.date()

    def run(self) -> None:
        """Reads all dead letters. Raises OSError: The store cannot be reached."""
        for info in self._platform.list(FOLDER):
            place = place_of(info.name)
            if place is None and is_marker(info):
                continue
            if place is None or place.study not in self._studies:
                what = "no object of dead letters"
                self._broken(redact_id_like(info.name), what, 1, Unit.OBJECTS)
            elif place.study not in self._concluded:
                try:
                    self._check_letters(
                        place, info.name, self._platform.read(info.name)
                    )
                except ObjectNotFound:
                    continue

    def _check_letters(self, place: LetterPlace, name: str, data: bytes) -> None:
        header = read_whole_header(self.tally, name, data)
        if header is None:
            return
        search_header(self.tally, self._searches, name, header)
        try:
            letters = read_sealed(data)
        except (CorruptFile, KeyError):
            self._broken(name, "no dead letters", 1, Unit.OBJECTS)
            return
        if not _is_sealed_alone(header):
            self._broken(name, "beside something in clear", len(letters), Unit.ROWS)
        if self._prefixes:
            unsealed = count_unsealed(letters, self._prefixes)
            self._broken(name, "not sealed", unsealed, Unit.ROWS)
        self._check_age(place, len(letters))

    def _check_age(self, place: LetterPlace, letters: int) -> None:
        day = date.fromisoformat(place.day)
        where = f"{place.study}/{place.kind}/{place.day}"
        if is_owed(place):
            return  # whether it is late, rally.withdrawal.overview says
        if (self._today - day).days > place.days_kept(self._limits.dead_letter_days):
            what = "past their time"
            if waits_for_study(place, self._registry):
                what = f"{what}, of a study that does not load"
                self.tally.add_apart(
                    Check.DEAD_LETTERS, where, what, letters, Unit.ROWS
                )
            elif self._holds.over(place.study, place.day):
                what = f"{what}, under a legal hold"
                self.tally.add_apart(
                    Check.DEAD_LETTERS, where, what, letters, Unit.ROWS
                )
            else:
                self._broken(where, what, letters, Unit.ROWS)

    def _broken(self, where: str, what: str, number: int, unit: Unit) -> None:
        self.tally.add_broken(Check.DEAD_LETTERS, where, what, number, unit)


def _is_sealed_alone(header: Header) -> bool:
    """Returns whether an object has nothing but what is sealed."""
    fields = json.loads(header.schema)["fields"]
    return [field["name"] for field in fields] == ["sealed"]
