"""The deletion job: who asked, what goes, that it is gone, and who is told.

Each step leaves an object behind that can be read, and every run goes on from what it
finds, so that a run that was killed anywhere is made good by a plain one after it.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from rally.decisions.chain import LOSS
from rally.decisions.verifying import read_chain
from rally.deletion.file_work import PASSES, FileWork, ParallelMap, faults, open_files
from rally.deletion.finish_compactions import left_out
from rally.deletion.old_copies import purge_old_copies
from rally.deletion.people import find_strays, unregistered
from rally.deletion.plan import FileResult, Outcome, Plans, StoredFile
from rally.deletion.progress import advance
from rally.deletion.report import Report
from rally.deletion.request_expiry import closings
from rally.deletion.run_findings import RunFindings
from rally.deletion.settings import DeletionSettings
from rally.events import EventLog, write_events
from rally.keys.names import Job
from rally.receipts.receipt import Stage
from rally.registry.legal_holds import LegalHolds
from rally.registry.transitions import States, Transition, transitions_in
from rally.storage.layout import study_folder
from rally.storage.leases import Leases
from rally.storage.objectstore.interface import GenerationMismatch
from rally.storage.runs import live_runs
from rally.times import to_micros
from rally.version import pipeline_version
from rally.withdrawal.admission import admit
from rally.withdrawal.bootstrap import begin_anew, open_list
from rally.withdrawal.fold import Standing
from rally.withdrawal.list_object import Published, publish_list, read_list
from rally.withdrawal.newest_list import newest_signed, put_back
from rally.withdrawal.rulings import Rulings
from rally.withdrawal.unavailable_studies import find_carriers
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_JOB, _COMPACTION = "delete", "compact"
_LEASE = "deletion"


class Deletion:
    """One run of the job, in the process that launches it."""

    def __init__(self, settings: DeletionSettings, run_step: ParallelMap) -> None:
        """Opens what it needs.

        Raises:
            ConfigurationError: something is not as it must be; nothing was done.
        """
        self._settings = settings
        self._clock = settings.clock()
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        keys = settings.keys(self._registry)
        decisions = read_chain(self._platform)
        self._key = decisions.check_key(Job.DELETE, keys.signer(Job.DELETE))
        self._plans = Plans(self._platform)
        self._files = FileWork(
            settings, self._registry, self._stores, self._plans, run_step
        )
        self._lost: Published[WithdrawalList] | None = None
        if settings.rebuild_list:
            self._lost = begin_anew(self._stores, list(self._registry.studies))
            return
        open_list(self._platform, may_be_older=True)

    def plan(self) -> Report:
        """Admits requests, and makes the plan that `run` would apply.

        Raises:
            LeaseHeld: another deletion is at work.
            GenerationMismatch: another run has published the list meanwhile.
        """
        with self._alone():
            return self._plan()

    def _plan(self) -> Report:
        alarms = self._put_back(self._read())
        report = Report(self._admit(), alarms=alarms)
        begun = [
            file
            for plan, settled in self._plans.unfinished()
            if plan.withdrawal_list == report.withdrawals.counter
            for file in open_files(plan, settled)
        ]
        refused = left_out(self._stores, self._registry.studies)
        refused += find_strays(self._stores, self._registry.studies)
        met, plan = self._files.find(report.withdrawals, [*begun, *refused], set())
        report.faults = refused + met
        report.planned = begun + list(plan.files)
        report.plans.append(self._plans.record(plan))
        return report

    def run(self) -> Report:
        """Admits, deletes, purges, verifies, writes receipts.

        Raises:
            LeaseHeld: another deletion is at work.
            GenerationMismatch: another run has published the list meanwhile.
        """
        with self._alone() as counter:
            return self._run(counter)

    @contextmanager
    def _alone(self) -> Iterator[int]:
        """Keeps other deletions away meanwhile; the list's counter. See `run`."""
        counter = self._read().list.counter
        run = self._settings.run or uuid.uuid4().hex
        with Leases(self._platform, run, _JOB, counter) as leases:
            leases.acquire(_LEASE)
            yield counter

    def _run(self, counter: int) -> Report:
        published = self._read()
        alarms = self._put_back(published)
        if published.decisions.has_loss:  # what is lost may have forbidden it
            return Report(self._admit(), alarms=[*alarms, LOSS])
        begun = {
            file.study
            for plan, _ in self._plans.unfinished()
            for file in plan.files
            if file.study in self._registry.studies
        }
        halves = self._files.settle(sorted(begun))
        finished = self._files.finish_begun(counter, halves)
        rewritten = [each for each in finished if each.outcome is Outcome.REWRITTEN]
        report = Report(self._admit(), rewritten=rewritten, alarms=alarms)
        report.unregistered = unregistered(self._stores, self._registry)
        others = [each for each in self._registry.studies if each not in begun]
        halves += self._files.settle(others)
        refused = [each for each in finished if each.outcome.may_pass]
        known = {(each.study, each.name) for each in refused}
        refused += [
            each
            for each in halves + find_strays(self._stores, self._registry.studies)
            if (each.study, each.name) not in known
        ]
        read, left_over = dict[StoredFile, FileResult](), set[StoredFile]()
        holds = LegalHolds.read(self._platform, self._clock())
        counter = report.withdrawals.counter
        for _ in range(PASSES):
            self._files.delete(report, refused)
            concerned = self._concerned(report)
            report.copies = {
                each: purge_old_copies(self._stores.of(each), each, holds)
                for each in concerned
            }
            report.faults += [
                fault for copies in report.copies.values() for fault in copies.refused
            ]
            older = self._compacting(concerned, counter)
            report.verified = self._files.verify(concerned, counter, read)
            found = _left_over(report.verified)
            if found <= left_over:
                break
            left_over = found  # a stream wrote under the list before: once more
        known = {(each.study, each.name) for each in report.faults}
        report.faults += [
            each
            for each in faults(report.verified)
            if (each.study, each.name) not in known
        ]
        report.faults += older or self._compacting(concerned, counter)
        report.derived = [
            uri
            for namespace in sorted({each.study for each in report.rewritten})
            for uri in self._registry.studies[namespace].derived
        ]
        report.returned = _returned(report)
        self._conclude(report)
        return report

    def _concerned(self, report: Report) -> list[str]:
        """The namespaces that are purged of old copies and read whole.

        Those that open requests are about; and any other in which rows were found,
        which somebody has brought back whose request is closed.
        """
        found = {each.study for each in report.planned}
        found.update(each.study for each in report.rewritten)
        for results in self._plans.untold().values():
            found.update(each.study for each in results)
        found.update(self._files.concerned(report.withdrawals))
        return [each for each in self._registry.studies if each in found]

    def _compacting(self, namespaces: Sequence[str], counter: int) -> list[FileResult]:
        """A fault for each namespace while a compaction acts on an older list.

        It may yet write what it read before its rows were deleted.
        """
        older = any(
            run.list < counter
            for run in live_runs(self._platform)
            if run.job == _COMPACTION
        )
        why = "a compaction under an older withdrawal list is still running"
        return [
            FileResult(each, study_folder(each), Outcome.BUSY, why)
            for each in namespaces
            if older
        ]

    def _put_back(self, published: Published[WithdrawalList]) -> list[str]:
        """Says that the list is older than signed records know, where it is."""
        newest = newest_signed(self._platform, published)
        if newest == published.list.counter:
            return []
        return [put_back(self._platform, published, newest)]

    def _read(self) -> Published[WithdrawalList]:
        """The list; one that is lost is made anew."""
        return self._lost or read_list(self._platform)

    def _admit(self) -> WithdrawalList:
        """Publishes what was asked since; from then on ingest refuses it."""
        published = self._read()
        before, now = published.list, self._clock()
        states = States.of_chain(self._registry, published.decisions)
        log, rules = EventLog(self._platform), self._settings.rules
        fold = partial(
            admit,
            log,
            before,
            self._registry,
            states,
            now,
            rules,
            Rulings.of(published.decisions),
            is_anew=self._lost is not None,
        )
        admitted = fold()
        carriers = find_carriers(self._registry, log)
        closed = list(closings(admitted, self._registry, carriers, states, now, rules))
        if closed:  # the log says so first; so who folds it finds what is published
            write_events(self._platform, closed, pipeline_version())
            admitted = fold()
        suppressed = tuple(
            _suppressed(each, to_micros(now)) for each in admitted.withdrawals
        )
        return self._publish(published, replace(admitted, withdrawals=suppressed))

    def _publish(
        self, before: Published[WithdrawalList], after: WithdrawalList
    ) -> WithdrawalList:
        """Publishes what is new of it, and how far the decisions go by now.

        It counts on from the newest list that was ever signed, whichever was there.
        Where one of them is lost the list goes on naming what was there, so that the
        loss is seen until two owners accept it.
        """
        decisions = before.decisions
        head, steps = decisions.head, tuple(transitions_in(decisions))
        if decisions.has_loss:
            head, steps = (
                before.head,
                tuple(sorted({*before.steps, *map(_bare, steps)})),
            )
        newest = newest_signed(self._platform, before)
        is_newest = newest == before.list.counter and before.generation is not None
        if is_newest and (after, head) == (before.list, before.head):
            return before.list
        after = replace(after, counter=newest + 1)
        publish_list(self._platform, after, head, self._key, before.generation, steps)
        self._lost = None
        return after

    def _conclude(self, report: Report) -> None:
        """Moves requests on, writes their receipts, and publishes both."""
        untold = self._plans.untold()
        findings = RunFindings(
            registry=self._registry,
            now=to_micros(self._clock()),
            longest_delay_days=self._settings.longest_delay_days,
            results=untold,
            faults=report.faults,
            unregistered=report.unregistered,
            copies=report.copies,
            removed=frozenset(
                request for each in report.rewritten for request in each.requests
            ),
            verified=report.verified,
            counter=report.withdrawals.counter,
            carriers=find_carriers(self._registry, EventLog(self._platform)),
        )
        before = read_list(self._platform)
        if before.list.counter != report.withdrawals.counter:
            raise GenerationMismatch("the withdrawal list")
        progress = advance(
            self._platform, before.decisions, self._key, report.withdrawals, findings
        )
        report.withdrawals = self._publish(before, progress.withdrawals)
        report.receipts = progress.receipts
        report.waiting = progress.unavailable
        self._plans.tell(
            plan
            for plan, results in untold.items()
            if plan not in progress.waiting
            and not any(each.outcome.may_pass for each in results)
        )


def _bare(step: Transition) -> Transition:
    """A step as the list remembers it."""
    return step._replace(by="", note="")


def _suppressed(withdrawal: Withdrawal, now: int) -> Withdrawal:
    if withdrawal.participant is None or withdrawal.standing is not Standing.ACTIVE:
        return withdrawal
    return withdrawal.reached(Stage.SUPPRESSED, now)


def _returned(report: Report) -> Counter[str]:
    """The rows that were deleted of people whose requests had closed, by study."""
    closed = {
        each.request
        for each in report.withdrawals.withdrawals
        if Stage.CLOSED in each.stages
    }
    found = Counter[str]()
    for result in report.rewritten:
        for request in closed.intersection(result.requests):
            found[result.study] += result.requests[request]
    return found


def _left_over(results: Iterable[FileResult]) -> set[StoredFile]:
    return {
        StoredFile(each.study, each.name, 0, each.generation_before)
        for each in results
        if each.outcome is Outcome.LEFT_OVER
    }
