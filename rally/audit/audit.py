"""Runs a whole audit: reads the store and proves the promises, or names faults.

What is listed and what is the platform's own is looked at here; files of rows are
dealt out to workers. Each part that cannot be looked at is named, and the others go on.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import partial
from typing import Any

from rally.audit.calendar_audit import audit_calendar
from rally.audit.conclusion_audit import ConclusionAudit
from rally.audit.deadline_audit import audit_deadlines
from rally.audit.decisions_audit import audit_entries, audit_letters, audit_rulings
from rally.audit.derived_audit import DerivedAudit
from rally.audit.findings import AuditReport, Check, Scope
from rally.audit.findings import Unit as Counted
from rally.audit.leaving import Leaving
from rally.audit.letters_audit import LettersAudit
from rally.audit.platform_audit import Log, PlatformAudit, read_log
from rally.audit.row_audit import ROW_CHECKS
from rally.audit.searching import Searches, make_searches, shown
from rally.audit.settings import AuditSettings
from rally.audit.store_audit import LISTED, Listing, StoreAudit
from rally.audit.tally import Tally
from rally.audit.units import Unit
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, CorruptFile, cause_of
from rally.receipts.verify import verify_chain
from rally.registry.legal_holds import LegalHolds
from rally.settings import make_pseudonyms
from rally.storage.objectstore.interface import StrayInTheWay
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.list_object import LIST
from rally.withdrawal.overview import Group, Overview
from rally.withdrawal.unreadable import UnreadableLetters, find_unreadable

ParallelMap = Callable[[Sequence[Unit], int], Iterable[Any]]
"""Has workers look at units; the results are the JSON of tallies.

Args: the units, and how many bytes they have together.
"""

_OF_THE_LOG = (
    *(Check.WITHDRAWN, Check.ENROLMENT, Check.IDS, Check.DERIVED),
    *(Check.CONCLUDED, Check.KEYS, Check.LOCKS, Check.ANNOUNCED, Check.DECISIONS),
)
_UNAVAILABLE = "its study does not load"
_PUT_BACK = "an older list than signed records know of"


class Audit:
    """One audit."""

    def __init__(self, settings: AuditSettings, run_step: ParallelMap) -> None:
        """Opens stores, keys and the registry; reads nothing else yet.

        Args:
            settings: with a clock that stands still.
            run_step: runs the workers.

        Raises:
            ConfigurationError: one of them is not as it must be.
        """
        self._began = time.monotonic()
        self._settings = settings
        self._run_step = run_step
        self._as_of = settings.clock()()
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        self._keys = settings.keys(self._registry)
        self._pseudonyms = make_pseudonyms(self._keys, self._registry)
        self._states = settings.states(self._registry)
        self._decided = read_chain(self._platform)
        self._holds = LegalHolds.of_chain(self._decided, self._as_of)
        self._concluded = self._states.concluded_by(self._as_of)
        self._tally = Tally()

    def run(self) -> AuditReport:
        """Looks at everything."""
        log = self._read_log()
        searches = make_searches(
            self._settings.forbidden, self._keys.prf(PLATFORM), log.known
        )
        self._shown = partial(shown, ids=searches.ids, is_whole=log.is_whole)
        leaving = self._read_leaving()
        listing = self._list(log)
        self._read_platform(searches)
        self._check_receipts(leaving)
        self._check_decisions(log, leaving)
        self._check_studies(log, listing, leaving)
        self._read_rows(listing)
        for study, letters in log.settled.items():
            check, what = Check.DEAD_LETTERS, "withdrawals that were settled unread"
            self._tally.apart(check, study, what, letters, Counted.ROWS)
        return self._report(self._see_what_is_late(leaving))

    def _read_log(self) -> Log:
        log = Log(is_whole=False)
        with self._looking(Check.FILES):
            log = read_log(self._platform, self._tally)
        if not log.is_whole:
            for check in _OF_THE_LOG:
                self._tally.unseen(check, "events", "the event log is not whole")
        return log

    def _read_leaving(self) -> Leaving | None:
        try:
            leaving = Leaving.read(
                self._platform,
                self._registry,
                self._pseudonyms,
                self._as_of,
                self._settings.limits.deadline_days,
            )
            if leaving.newest > leaving.published.counter:
                self._tally.broken(Check.WITHDRAWN, LIST, _PUT_BACK, 1, Counted.OBJECTS)
            return leaving
        except CorruptFile:
            return None  # of the log, which is told already
        except (ConfigurationError, OSError) as error:
            for check in (Check.WITHDRAWN, Check.DERIVED, Check.DECISIONS):
                self._tally.unseen(check, "withdrawals", _why(error))
            return None

    def _list(self, log: Log) -> Listing:
        listing = StoreAudit(
            self._stores,
            self._registry,
            self._holds,
            self._concluded,
            self._as_of,
            self._settings.limits.purge_days,
        ).run()
        self._tally.merge(listing.tally)
        for namespace in sorted(listing.unlisted):
            is_known = namespace in log.scopes
            more = () if is_known else (Check.LOCKS, Check.ANNOUNCED)
            self._miss(namespace, "its store cannot be listed", *more)
        for namespace in self._registry.unavailable:
            # Its dead letters are what ingest has done for it.
            self._miss(namespace, _UNAVAILABLE, *LISTED, Check.LOCKS, Check.ANNOUNCED)
        return listing

    def _miss(self, namespace: str, why: str, *more: Check) -> None:
        for check in dict.fromkeys((*ROW_CHECKS, *more)):
            self._tally.unseen(check, namespace, why, Counted.STUDIES)

    def _read_platform(self, searches: Searches) -> None:
        records = PlatformAudit(self._platform, searches)
        with self._looking(Check.IDS, Check.NETWORK):
            records.run()
        self._tally.merge(records.tally)
        letters = LettersAudit(
            self._platform,
            self._registry,
            self._concluded,
            self._holds,
            self._sealing_prefixes(),
            searches,
            self._settings.limits,
            self._as_of,
        )
        with self._looking(Check.DEAD_LETTERS, Check.FILES):
            letters.run()
        self._tally.merge(letters.tally)

    def _sealing_prefixes(self) -> tuple[bytes, ...]:
        with self._looking(Check.DEAD_LETTERS):
            return self._settings.sealing_prefixes()
        return ()

    def _check_receipts(self, leaving: Leaving | None) -> None:
        last = leaving.published.last_receipt if leaving else 0
        with self._looking(Check.RECEIPTS):
            decisions = leaving.decisions if leaving else self._decided
            for each in verify_chain(self._platform, decisions, self._stores, last):
                # What exactly is for who verifies them: it may tell numbers of rows.
                what = each.kind.value
                self._tally.broken(Check.RECEIPTS, each.name, what, 1, Counted.OBJECTS)

    def _check_decisions(self, log: Log, leaving: Leaving | None) -> None:
        with self._looking(Check.DECISIONS):
            if leaving is None:
                self._tally.merge(audit_entries(read_chain(self._platform)))
                return
            chain = leaving.decisions  # read after the log, and held against the list
            self._tally.merge(audit_entries(chain))
            self._tally.merge(audit_rulings(chain, leaving.folded))
            if log.is_whole:
                self._tally.merge(
                    audit_letters(self._decided, log.letters, chain, self._concluded)
                )

    def _check_studies(
        self, log: Log, listing: Listing, leaving: Leaving | None
    ) -> None:
        limits = self._settings.limits
        known = {*listing.studies, *log.scopes}
        calendar = audit_calendar(
            self._registry, self._states, known, self._as_of, limits.announced_days
        )
        self._tally.merge(calendar)
        conclusions = ConclusionAudit(
            self._stores,
            self._states,
            self._holds,
            log.scopes if log.is_whole else None,
            self._settings.key_folders(),
            self._as_of,
            limits.purge_days,
        )
        derived = DerivedAudit(self._platform)
        for namespace, study in self._registry.studies.items():
            if namespace in self._concluded:
                conclusions.see(study)
            elif study.derived and leaving:
                derived.see(study, leaving.gone_from(study))
        self._tally.merge(conclusions.tally)
        self._tally.merge(derived.tally)

    def _read_rows(self, listing: Listing) -> None:
        units, size = list[Unit](), 0
        for (namespace, name), extent in sorted(listing.extents.items()):
            study = self._registry.studies[namespace]
            units += extent.units(self._registry.documents(study)[name])
            size += extent.size
        if units:
            for found in self._run_step(units, size):
                self._tally.merge(Tally.from_json(found))

    def _see_what_is_late(self, leaving: Leaving | None) -> tuple[Group, ...]:
        """Names requests and unreadable withdrawals past their deadline."""
        days, unreadable = (
            self._settings.limits.deadline_days,
            tuple[UnreadableLetters, ...](),
        )
        with self._looking(Check.DEAD_LETTERS):
            unreadable = find_unreadable(self._platform, days)
        due = leaving.due(self._holds.namespaces) if leaving else ()
        overview = Overview(self._as_of, days, due, unreadable)
        self._tally.merge(audit_deadlines(overview))
        return overview.groups

    def _report(self, groups: tuple[Group, ...]) -> AuditReport:
        tally, seconds = self._tally, time.monotonic() - self._began
        return AuditReport(
            as_of=self._as_of,
            scope=Scope(self._settings.share, tally.files, tally.rows, seconds),
            studies={
                namespace: self._states.at(study, self._as_of)
                for namespace, study in self._registry.studies.items()
            },
            checks=tally.results(self._shown),
            rows=tally.days,
            expiring=self._expiring(tally),
            withdrawals=groups,
            development=self._decided.development,
        )

    def _expiring(self, tally: Tally) -> dict[tuple[str, str], int]:
        """Returns rows by the day from which they are past their retention."""
        found: dict[tuple[str, str], int] = {}
        for (namespace, document, day), rows in tally.documents.items():
            study = self._registry.studies[namespace]
            days = self._registry.documents(study)[document].delete_after_days
            if days is not None:
                goes = date.fromisoformat(day) + timedelta(days=days + 1)
                key = namespace, goes.isoformat()
                found[key] = found.get(key, 0) + rows
        return dict(sorted(found.items()))

    @contextmanager
    def _looking(self, *checks: Check) -> Iterator[None]:
        """Notes for these checks that something could not be looked at, and why."""
        try:
            yield
        except (ConfigurationError, OSError) as error:
            where = self._platform.uri
            if isinstance(error, StrayInTheWay):
                where = error.filename
            for check in checks:
                self._tally.unseen(check, where, _why(error))


def _why(error: ConfigurationError | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({cause_of(error)})"
    return str(error)
