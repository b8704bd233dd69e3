"""Runs a whole audit: reads the store and proves the promises, or names faults.

This process reads listings and the platform's own records; workers read the files of
rows. A part that cannot be read is named, and the audit goes on with the others.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from rally.audit.calendar_audit import audit_calendar
from rally.audit.conclusion_audit import ConclusionAudit
from rally.audit.consents_audit import ConsentsAudit
from rally.audit.copies_audit import audit_copies
from rally.audit.current_withdrawals import OLDER_LIST, CurrentWithdrawals, OlderLog
from rally.audit.deadline_audit import audit_deadlines
from rally.audit.decisions_audit import (
    audit_cases,
    audit_entries,
    audit_letters,
    audit_rulings,
)
from rally.audit.derived_audit import DerivedAudit
from rally.audit.expunge_audit import audit_orders
from rally.audit.findings import AuditReport, Check, Scope, Unit
from rally.audit.letters_audit import LettersAudit
from rally.audit.platform_audit import LogSummary, PlatformAudit, read_log
from rally.audit.platform_end_audit import PlatformEndAudit
from rally.audit.releases_audit import audit_releases
from rally.audit.row_audit import ROW_CHECKS
from rally.audit.searching import Searches, make_searches, redact_known_ids
from rally.audit.settings import AuditSettings
from rally.audit.store_audit import LISTED, Listing, StoreAudit
from rally.audit.tally import Tally, count_expiring
from rally.audit.units import WorkUnit
from rally.audit.verified_receipts import verify_receipts
from rally.audit.views_audit import ViewsAudit
from rally.decisions.chain import PlatformConcluded
from rally.decisions.verifying import read_chain
from rally.deletion.study_views import studies_with_views
from rally.errors import ConfigurationError, CorruptFile, cause_of
from rally.observability.progress import announce_total
from rally.registry.approvals import Approvals
from rally.registry.expunges import Expunges
from rally.registry.legal_holds import LegalHolds
from rally.settings import make_pseudonyms
from rally.storage.objectstore.interface import ObjectStore, StrayInTheWay
from rally.validation.pseudonyms import PLATFORM
from rally.withdrawal.concluded_list import read_surviving_list
from rally.withdrawal.overview import Group, Overview
from rally.withdrawal.root import ROOT
from rally.withdrawal.unreadable import UnreadableLetters, find_unreadable
from rally.withdrawal.withdrawal_list import WithdrawalList

ParallelMap = Callable[[Sequence[WorkUnit], int], Iterable[Any]]
"""Audits units on workers; the results are the JSON of tallies.

Args: the units, and the number of bytes that they have together.
"""

_LOG_CHECKS = (
    *(Check.WITHDRAWN, Check.ENROLMENT, Check.IDS, Check.DERIVED),
    *(Check.CONCLUDED, Check.KEYS, Check.LOCKS, Check.ANNOUNCED, Check.DECISIONS),
    Check.NOTICES,
)
_LIST_CHECKS = (
    *(Check.WITHDRAWN, Check.DERIVED, Check.DECISIONS, Check.EXPUNGED, Check.VIEWS),
)
_STUDY_UNAVAILABLE = "its study does not load"


class Audit:
    """Audits the store of a platform and its studies once."""

    def __init__(self, settings: AuditSettings, run_step: ParallelMap) -> None:
        """Opens stores, keys and the registry; reads nothing else yet.

        Args:
            settings: Settings of the audit, with a clock that stands still.
            run_step: Function that audits units on workers.

        Raises:
            ConfigurationError: One of them is not as it must be.
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
        self._decisions = read_chain(self._platform)
        self._holds = LegalHolds.of_chain(self._decisions, self._as_of)
        self._concluded = self._states.concluded_by(self._as_of)
        self._is_over = self._decisions.is_concluded(self._as_of)
        self._tally = Tally()

    def run(self) -> AuditReport:
        """Audits everything, and returns the report."""
        log = self._read_log()
        searches = make_searches(
            self._settings.forbidden, self._keys.find_prf(PLATFORM), log.known
        )
        self._redact = partial(
            redact_known_ids, ids=searches.ids, is_whole=log.is_whole
        )
        withdrawals = self._read_withdrawals()
        consents = self._read_consents(log)
        listing = self._list(log)
        self._read_platform(searches)
        self._check_receipts(withdrawals)
        self._check_decisions(log, withdrawals)
        self._check_copies(withdrawals)
        self._check_views(withdrawals)
        self._check_releases(withdrawals)
        self._check_studies(log, consents.studies, listing, withdrawals)
        self._read_rows(listing)
        for study, letters in log.settled.items():
            check, what = Check.DEAD_LETTERS, "withdrawals that were settled unread"
            self._tally.add_apart(check, study, what, letters, Unit.ROWS)
        return self._report(self._check_deadlines(withdrawals))

    def _read_log(self) -> LogSummary:
        log = LogSummary(is_whole=False)
        with self._recording_failures(Check.FILES):
            log = read_log(self._platform, self._tally)
        if not log.is_whole:
            for check in _LOG_CHECKS:
                self._tally.add_unseen(check, "events", "the event log is not whole")
        return log

    def _read_withdrawals(self) -> CurrentWithdrawals | None:
        try:
            withdrawals = CurrentWithdrawals.read(
                self._platform,
                self._registry,
                self._pseudonyms,
                self._as_of,
                self._settings.limits.deadline_days,
            )
            self._record_age(withdrawals.is_older)
            return withdrawals
        except PlatformConcluded:
            return None  # the list went with its platform
        except CorruptFile as error:  # of the log, which _read_log has recorded
            self._record_age(isinstance(error, OlderLog))
            return None
        except (ConfigurationError, OSError) as error:
            for check in _LIST_CHECKS:
                self._tally.add_unseen(check, "withdrawals", _reason(error))
            return None

    def _record_age(self, is_older: bool) -> None:
        where, number = (Check.WITHDRAWN, ROOT), int(is_older)
        self._tally.add_broken(*where, OLDER_LIST, number, Unit.OBJECTS)

    def _read_consents(self, log: LogSummary) -> ConsentsAudit:
        consents = ConsentsAudit(self._platform, self._registry)
        with self._recording_failures(Check.FILES, Check.NOTICES, Check.CONCLUDED):
            consents.read_log()
        consents.check_enrolments(log.enrolments)
        with self._recording_failures(Check.DECISIONS):
            after = read_chain(self._platform)
            consents.check_letters(self._decisions, after, self._concluded)
        self._tally.merge(consents.tally)
        return consents

    def _list(self, log: LogSummary) -> Listing:
        listing = StoreAudit(
            self._stores,
            self._registry,
            Approvals.of_chain(self._registry, self._decisions),
            self._holds,
            self._concluded,
            self._as_of,
            self._settings.limits.purge_days,
        ).run()
        self._tally.merge(listing.tally)
        for namespace in sorted(listing.unlisted):
            is_known = namespace in log.scopes
            more = () if is_known else (Check.LOCKS, Check.ANNOUNCED)
            self._record_unproven(namespace, "its store cannot be listed", *more)
        for namespace in self._registry.unavailable:
            # Its dead letters are what ingest has done for it.
            self._record_unproven(
                namespace, _STUDY_UNAVAILABLE, *LISTED, Check.LOCKS, Check.ANNOUNCED
            )
        return listing

    def _record_unproven(self, namespace: str, why: str, *more: Check) -> None:
        for check in dict.fromkeys((*ROW_CHECKS, *more)):
            self._tally.add_unseen(check, namespace, why, Unit.STUDIES)

    def _read_platform(self, searches: Searches) -> None:
        records = PlatformAudit(self._platform, searches)
        with self._recording_failures(Check.IDS, Check.NETWORK):
            records.run()
        self._tally.merge(records.tally)
        if self._is_over:
            return  # no letter may be there at all
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
        with self._recording_failures(Check.DEAD_LETTERS, Check.FILES):
            letters.run()
        self._tally.merge(letters.tally)

    def _sealing_prefixes(self) -> tuple[bytes, ...]:
        with self._recording_failures(Check.DEAD_LETTERS):
            return self._settings.sealing_prefixes()
        return ()

    def _check_receipts(self, withdrawals: CurrentWithdrawals | None) -> None:
        last = withdrawals.published.last_receipt if withdrawals else 0
        with self._recording_failures(Check.RECEIPTS):
            decisions = withdrawals.decisions if withdrawals else self._decisions
            parts = (self._platform, decisions, self._stores, last)
            key, is_whole = self._keys.find_prf(PLATFORM), self._settings.share == 1
            for each in verify_receipts(*parts, key, is_whole=is_whole):
                # What exactly is for who verifies them: it may tell numbers of rows.
                what = each.kind.value
                self._tally.add_broken(Check.RECEIPTS, each.name, what, 1, Unit.OBJECTS)

    def _check_decisions(
        self, log: LogSummary, withdrawals: CurrentWithdrawals | None
    ) -> None:
        with self._recording_failures(Check.DECISIONS):
            if withdrawals is None or self._is_over:
                chain = read_chain(self._platform)
                if self._is_over:
                    chain = read_surviving_list(self._platform).decisions
                self._tally.merge(audit_entries(chain))
                return
            # Read after the log, and held against the list.
            chain = withdrawals.decisions
            self._tally.merge(audit_entries(chain))
            self._tally.merge(audit_rulings(chain, withdrawals.folded))
            self._tally.merge(audit_cases(chain))
            orders = audit_orders(
                Expunges.of_chain(chain),
                withdrawals.published,
                self._holds,
                self._as_of,
                self._settings.limits.deadline_days,
            )
            self._tally.merge(orders)
            if log.is_whole:
                self._tally.merge(
                    audit_letters(self._decisions, log.letters, chain, self._concluded)
                )

    def _check_copies(self, withdrawals: CurrentWithdrawals | None) -> None:
        """Audits copies; without a list, which is named, nobody is known to leave."""
        chain = withdrawals.decisions if withdrawals else self._decisions
        published = withdrawals.published if withdrawals else WithdrawalList()
        days = self._settings.limits.purge_days
        with self._recording_failures(Check.COPIES):
            self._tally.merge(
                audit_copies(self._platform, chain, published, self._as_of, days)
            )

    def _check_views(self, withdrawals: CurrentWithdrawals | None) -> None:
        if withdrawals is None:
            return  # it is named, and nothing is to be compared
        studies = studies_with_views(self._registry, self._pseudonyms, self._concluded)
        views = ViewsAudit(self._stores, studies, self._pseudonyms, withdrawals.newest)
        with self._recording_failures(Check.VIEWS):
            self._tally.merge(views.run())

    def _check_releases(self, withdrawals: CurrentWithdrawals | None) -> None:
        """Audits releases; the ledger also where their place cannot be looked at."""
        chain = withdrawals.decisions if withdrawals else self._decisions
        releases: ObjectStore | None = None
        with self._recording_failures(Check.RELEASES):
            releases = self._settings.open_releases(chain)
        studies = studies_with_views(self._registry, self._pseudonyms, self._concluded)
        with self._recording_failures(Check.RELEASES, Check.LEDGER):
            self._tally.merge(audit_releases(self._stores, chain, releases, studies))

    def _check_studies(
        self,
        log: LogSummary,
        consents: Counter[str],
        listing: Listing,
        withdrawals: CurrentWithdrawals | None,
    ) -> None:
        limits = self._settings.limits
        known = {*listing.studies, *log.scopes}
        calendar = audit_calendar(
            self._registry,
            self._states,
            self._decisions,
            known,
            self._as_of,
            limits.announced_days,
        )
        self._tally.merge(calendar)
        conclusions = ConclusionAudit(
            self._stores,
            self._states,
            self._holds,
            log.scopes if log.is_whole else None,
            consents,
            self._settings.key_folders(),
            self._as_of,
            limits.purge_days,
        )
        derived = DerivedAudit(self._stores)
        for namespace, study in self._registry.studies.items():
            if namespace in self._concluded:
                conclusions.audit_study(study)
            elif study.derived and withdrawals:
                derived.audit_study(study, withdrawals.gone_from(study))
        self._tally.merge(conclusions.tally)
        self._tally.merge(derived.tally)
        if self._is_over:
            self._check_end()

    def _check_end(self) -> None:
        end = PlatformEndAudit(
            self._platform,
            self._decisions,
            self._holds,
            self._settings.key_folders(),
            self._as_of,
            self._settings.limits.purge_days,
        )
        with self._recording_failures(Check.CONCLUDED, Check.KEYS):
            end.run()
        self._tally.merge(end.tally)

    def _read_rows(self, listing: Listing) -> None:
        units, size = list[WorkUnit](), 0
        for (namespace, name), extent in sorted(listing.extents.items()):
            study = self._registry.studies[namespace]
            units += extent.units(self._registry.documents(study)[name])
            size += extent.size
        if units:
            if self._settings.share == 1:  # of a sample nobody knows it beforehand
                announce_total(self._settings.progress, size)
            for found in self._run_step(units, size):
                self._tally.merge(Tally.from_json(found))

    def _check_deadlines(
        self, withdrawals: CurrentWithdrawals | None
    ) -> tuple[Group, ...]:
        """Records requests and unreadable withdrawals past their deadline."""
        days = self._settings.limits.deadline_days
        unreadable = tuple[UnreadableLetters, ...]()
        with self._recording_failures(Check.DEAD_LETTERS):
            unreadable = find_unreadable(self._platform, days)
        due = withdrawals.due(self._holds.namespaces) if withdrawals else ()
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
            checks=tally.results(self._redact),
            rows=tally.days,
            expiring=count_expiring(tally, self._registry),
            withdrawals=groups,
            development=self._decisions.development,
        )

    @contextmanager
    def _recording_failures(self, *checks: Check) -> Iterator[None]:
        """Records for these checks that something could not be read, and why."""
        try:
            yield
        except (ConfigurationError, OSError) as error:
            where = self._platform.uri
            if isinstance(error, StrayInTheWay):
                where = error.filename
            for check in checks:
                self._tally.add_unseen(check, where, _reason(error))


def _reason(error: ConfigurationError | OSError) -> str:
    if isinstance(error, OSError):
        return f"cannot be read ({cause_of(error)})"
    return str(error)
