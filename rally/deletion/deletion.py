"""The deletion job: admits requests, deletes rows, verifies, and writes receipts.

Each step leaves a readable object behind, and every run continues from what it finds.
So a plain run completes what a killed one began, wherever that was killed.
"""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rally.decisions.chain import LOSS, Chain
from rally.decisions.verifying import read_chain
from rally.deletion.admitting import admit_new
from rally.deletion.derived import find_leavers, remove_stale_parts
from rally.deletion.file_work import (
    PASSES,
    FileWork,
    ParallelMap,
    faults,
    unsettled_files,
)
from rally.deletion.finish_compactions import report_half_compacted
from rally.deletion.log_keeping import LogKeeper
from rally.deletion.old_copies import purge_old_copies
from rally.deletion.order_receipts import find_open
from rally.deletion.plan import FileOutcome, FileResult, ListedFile
from rally.deletion.plan_store import PlanStore
from rally.deletion.progress import advance_requests
from rally.deletion.publishing import ListPublisher
from rally.deletion.report import DeletionReport
from rally.deletion.run_basis import RunBasis
from rally.deletion.run_findings import RunFindings, find_people
from rally.deletion.scope import find_strays, find_unregistered
from rally.deletion.settings import DeletionSettings
from rally.deletion.waiting import find_waiting
from rally.errors import CorruptFile
from rally.event_log.event_log import LogState
from rally.keys.names import Job
from rally.registry.legal_holds import LegalHolds
from rally.registry.transitions import States
from rally.settings import make_pseudonyms
from rally.storage.layout import study_folder
from rally.storage.leases import Leases
from rally.storage.objectstore.interface import GenerationMismatch, ObjectHeld
from rally.storage.runs import live_runs
from rally.times import to_micros
from rally.withdrawal.bootstrap import begin_anew, open_list
from rally.withdrawal.list_object import Published, read_list
from rally.withdrawal.newest_list import newest_signed, put_back
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unavailable_studies import find_carriers
from rally.withdrawal.withdrawal_list import WithdrawalList

_JOB, _COMPACTION = "delete", "compact"
_LEASE = "deletion"


class Deletion:
    """One run of deletion, in the process that launches the job."""

    def __init__(self, settings: DeletionSettings, run_step: ParallelMap) -> None:
        """Opens registry, stores, keys and the withdrawal list.

        Args:
            settings: Settings of the job.
            run_step: Runs a step on workers.

        Raises:
            ConfigurationError: One of them is not usable; nothing was changed.
        """
        self._settings = settings
        self._clock = settings.clock()
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        keys = settings.keys(self._registry)
        decisions = read_chain(self._platform)
        self._key = decisions.check_key(Job.DELETE, keys.signer(Job.DELETE))
        self._plans = PlanStore(self._platform)
        self._files = FileWork(
            settings, self._registry, self._stores, self._plans, run_step
        )
        self._pseudonyms = make_pseudonyms(keys, self._registry)
        self._publisher = ListPublisher(
            self._stores,
            self._registry,
            self._pseudonyms,
            self._key,
            self._clock,
        )
        self._log = LogKeeper(self._platform, self._key)
        self._lost: Published[WithdrawalList] | None = None
        if settings.rebuild_list:
            self._lost = begin_anew(self._stores, list(self._registry.studies))
            return
        open_list(self._platform, may_be_older=True)

    def plan(self) -> DeletionReport:
        """Admits requests, and makes the plan that `run` would apply.

        Raises:
            LeaseHeld: Another deletion is running.
            GenerationMismatch: Another run published the list meanwhile.
        """
        with self._exclusive():
            report = self._plan()
        report.alarms += self._publisher.views.faults + self._log.faults
        return report

    def _plan(self) -> DeletionReport:
        alarms = self._check_age(self._read())
        report = DeletionReport(self._admit(), alarms=alarms)
        basis = self._find_basis(report)
        begun = [
            file
            for plan, settled in self._plans.unfinished()
            if plan.withdrawal_list == report.withdrawals.counter
            for file in unsettled_files(plan, settled)
        ]
        refused = report_half_compacted(self._stores, self._registry.studies)
        refused += find_strays(self._stores, self._registry.studies)
        found = self._files.find(basis, [*begun, *refused], set())
        report.faults = refused + found.faults
        report.planned = begun + list(found.plan.files)
        report.postponed = found.postponed
        report.plans.append(self._plans.record(found.plan))
        return report

    def run(self) -> DeletionReport:
        """Admits requests, deletes rows and old copies, verifies, and writes receipts.

        Raises:
            LeaseHeld: Another deletion is running.
            GenerationMismatch: Another run published the list meanwhile.
        """
        with self._exclusive() as counter:
            report = self._run(counter)
        report.alarms += self._publisher.views.faults + self._log.faults
        return report

    @contextmanager
    def _exclusive(self) -> Iterator[int]:
        """Holds the lease of deletion; yields the counter of the list. See `run`."""
        counter = self._read().list.counter
        run = self._settings.run or uuid.uuid4().hex
        with Leases(self._platform, run, _JOB, counter) as leases:
            leases.acquire(_LEASE)
            yield counter

    def _run(self, counter: int) -> DeletionReport:
        published = self._read()
        alarms = self._check_age(published)
        if published.decisions.has_loss:  # a lost decision may have forbidden deletion
            return DeletionReport(self._admit(), alarms=[*alarms, LOSS])
        report, refused = self._finish_begun(counter)
        report.alarms = alarms
        report.unregistered = find_unregistered(self._stores, self._registry)
        self._delete_and_verify(report, refused)
        report.derived = [
            uri
            for namespace in sorted({each.study for each in report.rewritten})
            for uri in self._registry.studies[namespace].derived
        ]
        studies = self._registry.studies.values()
        leavers = find_leavers(report, studies, self._pseudonyms)
        removed = remove_stale_parts(self._stores, studies, leavers)
        report.removed_parts = removed.parts
        report.alarms += [f"{uri}: {why}" for uri, why in removed.faults]
        report.returned = report.count_returned()
        self._conclude(report)
        return report

    def _finish_begun(self, counter: int) -> tuple[DeletionReport, list[FileResult]]:
        """Finishes the plans of a killed run, and then admits new requests.

        In this order, since a plan is finished under the list that it was made for.

        Returns:
            The report, with files that these plans rewrote; and faults of files that
            this run has to leave out.
        """
        begun = {
            file.study
            for plan, _ in self._plans.unfinished()
            for file in plan.files
            if file.study in self._registry.studies
        }
        half_compacted = self._files.finish_compactions(sorted(begun))
        finished = self._files.finish_begun(counter, half_compacted)
        rewritten = [each for each in finished if each.outcome is FileOutcome.REWRITTEN]
        report = DeletionReport(self._admit(), rewritten=rewritten)
        others = [each for each in self._registry.studies if each not in begun]
        half_compacted += self._files.finish_compactions(others)
        refused = [each for each in finished if each.outcome.may_pass]
        strays = find_strays(self._stores, self._registry.studies)
        return report, refused + _without(half_compacted + strays, refused)

    def _delete_and_verify(
        self, report: DeletionReport, refused: list[FileResult]
    ) -> None:
        """Deletes rows and old copies, and reads every file to prove it.

        A stream may write rows by the list before this one meanwhile. Verification
        finds them, and they are deleted in another pass.
        """
        read, left_over = dict[ListedFile, FileResult](), set[ListedFile]()
        basis = self._find_basis(report)
        holds = LegalHolds.read(self._platform, self._clock())
        counter = report.withdrawals.counter
        for _ in range(PASSES):
            self._files.delete(basis, report, refused)
            concerned = self._concerned(basis, report)
            report.copies = {
                each: purge_old_copies(self._stores.of(each), each, holds)
                for each in concerned
            }
            report.faults += [
                fault for copies in report.copies.values() for fault in copies.refused
            ]
            compacting = self._find_older_compaction(concerned, counter)
            report.verified = self._files.verify(concerned, basis, read)
            found = _left_over(report.verified)
            if found <= left_over:
                break
            left_over, basis = found, basis.reopening(found)
        report.faults += _without(faults(report.verified), report.faults)
        # Twice, since a compaction may begin or end during the verification.
        report.faults += compacting or self._find_older_compaction(concerned, counter)

    def _find_basis(self, report: DeletionReport) -> RunBasis:
        """Returns what the run goes by, and notes the orders in its report."""
        expunges, now = self._publisher.expunges, self._clock()
        report.orders = expunges.orders
        delay = self._settings.longest_delay_days
        is_open = find_open(expunges, report.withdrawals, now, delay)
        decisions = self._read().decisions
        concluded = States.of_chain(self._registry, decisions).concluded_by(now)
        report.waits = find_waiting(
            report.withdrawals.withdrawals,
            self._registry,
            Rulings.of(decisions),
            filter(self._pseudonyms.knows, concluded),
            now,
            self._settings.rewrite_after_days,
        )
        return RunBasis(report.withdrawals, expunges, is_open, report.waits)

    def _concerned(self, basis: RunBasis, report: DeletionReport) -> list[str]:
        """Lists the namespaces to purge of old copies and to verify.

        These are the ones that open requests and orders are about, and any other in
        which rows were found: somebody restored what a closed request or order took.
        """
        found = {each.study for each in report.planned}
        found.update(each.study for each in report.rewritten)
        for results in self._plans.unreported().values():
            found.update(each.study for each in results)
        found.update(self._files.concerned(basis))
        return [each for each in self._registry.studies if each in found]

    def _find_older_compaction(
        self, namespaces: Sequence[str], counter: int
    ) -> list[FileResult]:
        """Reports each namespace as BUSY while a compaction runs by an older list.

        That compaction may still write rows that it read before they were deleted.
        """
        older = any(
            run.list < counter
            for run in live_runs(self._platform)
            if run.job == _COMPACTION
        )
        detail = "a compaction under an older withdrawal list is still running"
        return [
            FileResult(each, study_folder(each), FileOutcome.BUSY, detail)
            for each in namespaces
            if older
        ]

    def _check_age(self, published: Published[WithdrawalList]) -> list[str]:
        """Returns an alarm if the list is older than signed records say."""
        newest = newest_signed(self._platform, published)
        if newest == published.list.counter:
            return []
        return [put_back(self._platform, published, newest)]

    def _read(self) -> Published[WithdrawalList]:
        """Reads the list, or takes the one that was made anew for a lost one."""
        return self._lost or read_list(self._platform)

    def _admit(self) -> WithdrawalList:
        """Publishes new requests; from then on ingest refuses their rows."""
        published = self._read()
        newest = newest_signed(self._platform, published)
        self._log.open(published, newest, is_lost=self._lost is not None)
        admitted = admit_new(
            self._platform,
            self._log,
            published,
            self._registry,
            self._settings.rules,
            self._clock(),
            is_anew=self._lost is not None,
        )
        log = None
        if self._log.is_anew:  # the root that is there does not name it
            log = self._merge_log(published.decisions, self._log.newest + 1)
        return self._publish(published, admitted, log)

    def _merge_log(self, decisions: Chain, counter: int) -> LogState:
        """Writes the files of the log that the root of a counter is to name."""
        now = self._clock()
        return self._log.merge(
            counter,
            States.of_chain(self._registry, decisions).concluded_by(now),
            LegalHolds.of_chain(decisions, now),
            may_forget=not decisions.has_loss,
        )

    def _publish(
        self,
        before: Published[WithdrawalList],
        after: WithdrawalList,
        log: LogState | None,
    ) -> WithdrawalList:
        published = self._publisher.publish(before, after, log, self._log.newest)
        if log is not None:
            self._log.remove_merged(log, published.counter)
        self._lost = None
        return published

    def _conclude(self, report: DeletionReport) -> None:
        """Moves requests to their next stages, and publishes list and receipts."""
        unreported = self._plans.unreported()
        findings = RunFindings(
            registry=self._registry,
            now=to_micros(self._clock()),
            longest_delay_days=self._settings.longest_delay_days,
            results=unreported,
            faults=report.faults,
            unregistered=report.unregistered,
            copies=report.copies,
            removed=find_people(report.rewritten, report.withdrawals.withdrawals),
            verified=report.verified,
            counter=report.withdrawals.counter,
            carriers=find_carriers(self._registry, self._log.log),
            orders=report.orders,
            waiting=find_people(
                (
                    each
                    for each in [*report.postponed, *report.verified]
                    if each.outcome is FileOutcome.WAITING
                ),
                report.withdrawals.withdrawals,
            ),
        )
        before = read_list(self._platform)
        if before.list.counter != report.withdrawals.counter:
            raise GenerationMismatch("the withdrawal list")
        progress = advance_requests(
            self._platform, before.decisions, self._key, report.withdrawals, findings
        )
        log = None
        try:
            log = self._merge_log(before.decisions, before.list.counter + 1)
        except (CorruptFile, ObjectHeld, OSError) as error:  # it is whole without
            report.alarms.append(f"the event log is not merged ({error})")
        report.withdrawals = self._publish(before, progress.withdrawals, log)
        report.receipts = progress.receipts
        report.waiting = progress.unavailable
        self._plans.finish(
            plan
            for plan, results in unreported.items()
            if plan not in progress.waiting
            and not any(each.outcome.may_pass for each in results)
        )


def _without(
    results: Iterable[FileResult], others: Iterable[FileResult]
) -> list[FileResult]:
    """Selects the results about files that no other result is about."""
    known = {(each.study, each.name) for each in others}
    return [each for each in results if (each.study, each.name) not in known]


def _left_over(results: Iterable[FileResult]) -> set[ListedFile]:
    return {
        ListedFile(each.study, each.name, 0, each.generation_before)
        for each in results
        if each.outcome is FileOutcome.LEFT_OVER
    }
