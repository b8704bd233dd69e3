"""The deletion job: who asked, what goes, that it is gone, and who is told.

Each step leaves an object behind that can be read, and every run goes on from what it
finds, so that a run that was killed anywhere is made good by a plain one after it.
"""

import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from rally.deleting.findings import Findings
from rally.deleting.old_copies import Copies, purge_old_copies
from rally.deleting.people import list_files, unregistered
from rally.deleting.plan import (
    FileResult,
    Outcome,
    Plan,
    PlannedFile,
    StoredFile,
    make_plan,
    result_from_json,
)
from rally.deleting.plans import Plans
from rally.deleting.progress import advance
from rally.deleting.settings import DeletionSettings
from rally.deleting.settling import find_unsettled, left_out, make_settler
from rally.deleting.steps import (
    FileSteps,
    JsonStep,
    PlannedWork,
    make_finder,
    make_rewriter,
    make_verifier,
    named,
)
from rally.envelope import to_micros
from rally.events import EventLog
from rally.keys.names import LIST_MAC, RECEIPT_MAC
from rally.storing.layout import study_folder
from rally.storing.leases import Leases
from rally.storing.objects import GenerationMismatch
from rally.storing.runs import live_runs
from rally.studies.transitions import States, read_transitions
from rally.withdrawing.admission import admit
from rally.withdrawing.fold import Standing
from rally.withdrawing.starting import check_counter, rebuild_list, start_list
from rally.withdrawing.withdrawal_list import (
    Stage,
    Withdrawal,
    WithdrawalList,
    publish_list,
    read_list,
)

_PASSES = 5
_JOB, _COMPACTION = "delete", "compact"
_LEASE = "deletion"

_Seen = tuple[str, str, int]
"""A file at a generation: study, name, generation."""

WorkThrough = Callable[
    [str, Sequence[Any], Callable[[DeletionSettings], Callable[[Any], Any]]], list[Any]
]
"""Has a step done for each of some works; the results as JSON, in the same order.

Args: the step's name, the works, and what makes the step on a worker.
"""


@dataclass
class Report:
    """What a run did.

    Attributes:
        withdrawals: the list as it is published now.
        plans: where the plans of this run are.
        planned: files that the plans take rows out of.
        rewritten: files that lost rows.
        faults: files that are not as promised, and why.
        copies: old copies that the stores still have, by namespace.
        verified: files that were read at the end, by namespace.
        receipts: numbers of those that were written.
        unregistered: folders of rows whose study the registry does not know.
    """

    withdrawals: WithdrawalList
    plans: list[str] = field(default_factory=list)
    planned: list[PlannedFile] = field(default_factory=list)
    rewritten: list[FileResult] = field(default_factory=list)
    faults: list[FileResult] = field(default_factory=list)
    copies: dict[str, Copies] = field(default_factory=dict)
    verified: list[FileResult] = field(default_factory=list)
    receipts: list[int] = field(default_factory=list)
    unregistered: list[str] = field(default_factory=list)


class Deletion:
    """One run of the job, in the process that launches it."""

    def __init__(self, settings: DeletionSettings, work_through: WorkThrough) -> None:
        """Opens what it needs.

        Raises:
            ConfigurationError: something is not as it must be; nothing was done.
        """
        self._settings = settings
        self._work_through = work_through
        self._clock = settings.clock()
        self._registry = settings.registry()
        self._stores = settings.stores()
        self._platform = self._stores.platform
        keys = settings.keys(self._registry)
        self._list_mac = keys.mac(LIST_MAC)
        self._receipt_mac = keys.mac(RECEIPT_MAC)
        self._plans = Plans(self._platform)
        namespaces = list(self._registry.studies)
        if settings.rebuild_list:
            rebuild_list(self._stores, namespaces, self._list_mac)
        withdrawals = start_list(self._stores, namespaces, self._list_mac)
        check_counter(self._stores, namespaces, withdrawals)

    def plan(self) -> Report:
        """Admits requests, and makes the plan that `run` would apply.

        Raises:
            LeaseHeld: another deletion is at work.
            GenerationMismatch: another run has published the list meanwhile.
        """
        with self._alone():
            return self._plan()

    def _plan(self) -> Report:
        report = Report(self._admit())
        begun = [
            file
            for plan, settled in self._plans.unfinished()
            if plan.withdrawal_list == report.withdrawals.counter
            for file in _open_files(plan, settled)
        ]
        report.faults, plan = self._find(report.withdrawals, begun, set())
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
        withdrawals, _ = read_list(self._platform, self._list_mac)
        run = self._settings.run or uuid.uuid4().hex
        with Leases(self._platform, run, _JOB, withdrawals.counter) as leases:
            leases.acquire(_LEASE)
            yield withdrawals.counter

    def _run(self, counter: int) -> Report:
        halves = self._settle(list(self._registry.studies))
        finished = self._finish_begun(counter, halves)
        rewritten = [each for each in finished if each.outcome is Outcome.REWRITTEN]
        report = Report(self._admit(), rewritten=rewritten)
        report.unregistered = unregistered(self._stores, self._registry)
        concerned = self._concerned(report.withdrawals)
        refused = [each for each in finished if each.outcome.may_pass]
        known = {(each.study, each.name) for each in refused}
        refused += [
            each
            for each in halves
            if each.study in concerned and (each.study, each.name) not in known
        ]
        left_over = set[StoredFile]()
        for _ in range(_PASSES):
            self._delete(report, refused)
            report.copies = {
                each: purge_old_copies(self._stores.of(each), each)
                for each in concerned
            }
            report.faults += [
                fault for copies in report.copies.values() for fault in copies.refused
            ]
            report.verified = self._verify(concerned)
            found = _left_over(report.verified)
            if found <= left_over:
                break
            left_over = found  # a stream wrote under the list before: once more
        known = {(each.study, each.name) for each in report.faults}
        report.faults += [
            each
            for each in _faults(report.verified)
            if (each.study, each.name) not in known
        ]
        report.faults += self._compacting(concerned, report.withdrawals.counter)
        self._conclude(report)
        return report

    def _settle(self, namespaces: Sequence[str]) -> list[FileResult]:
        """Has half compactions finished; the files of those that could not be."""
        works = list(find_unsettled(self._stores, namespaces))
        if not works:
            return []
        self._work_through("settle", works, make_settler)
        return left_out(self._stores, namespaces)

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

    def _finish_begun(
        self, counter: int, halves: Sequence[FileResult]
    ) -> list[FileResult]:
        """Goes on with what a killed run began, under the list that it had published.

        Under a newer list the plan is not what would be planned: what it has done is
        kept for the receipts, and the rest is planned anew, with what it left empty.
        """
        finished = list[FileResult]()
        for plan, settled in self._plans.unfinished():
            results = self._apply(plan, settled, halves)
            finished += results
            if plan.withdrawal_list == counter:
                finished += self._remove_emptied(results)
        return finished

    def _admit(self) -> WithdrawalList:
        """Publishes what was asked since; from then on ingest refuses it."""
        before, generation = read_list(self._platform, self._list_mac)
        now = self._clock()
        states = States(self._registry, read_transitions(self._platform))
        admitted = admit(
            EventLog(self._platform),
            before,
            self._registry,
            states,
            now,
            self._settings.rules,
        )
        suppressed = tuple(
            _suppressed(each, to_micros(now)) for each in admitted.withdrawals
        )
        return self._publish(
            before, replace(admitted, withdrawals=suppressed), generation
        )

    def _publish(
        self, before: WithdrawalList, after: WithdrawalList, generation: int
    ) -> WithdrawalList:
        if after == before:
            return before
        after = replace(after, counter=before.counter + 1)
        publish_list(self._platform, after, self._list_mac, generation)
        return after

    def _find(
        self,
        withdrawals: WithdrawalList,
        without: Iterable[FileResult | PlannedFile],
        seen: set[_Seen],
    ) -> tuple[list[FileResult], Plan]:
        """The faults that finding met, and the plan for all other files.

        Args:
            withdrawals: the list.
            without: files that are left out.
            seen: generations of which it is known that they lose nothing, left out
                too; those that are found now are added.
        """
        left_out = {(each.study, each.name) for each in without}
        files = [
            each
            for each in FileSteps(self._settings, withdrawals).candidates()
            if (each.study, each.name) not in left_out and _seen(each) not in seen
        ]
        results = self._each("find", files, make_finder)
        seen.update(
            _seen(file)
            for file, result in zip(files, results, strict=True)
            if result.outcome is Outcome.UNTOUCHED and not result.planned
        )
        return _faults(results), make_plan(withdrawals.counter, results)

    def _delete(self, report: Report, refused: Sequence[FileResult]) -> None:
        """Plans and applies until a pass finds nothing more.

        A file that could not be dealt with is reported and left; one that somebody
        else wrote meanwhile is looked at again.
        """
        left, seen = list(refused), set[_Seen]()
        for _ in range(_PASSES):
            met, plan = self._find(report.withdrawals, left, seen)
            changed = [each for each in met if each.outcome is Outcome.CHANGED]
            left += [each for each in met if each.outcome is not Outcome.CHANGED]
            if plan.files:
                report.plans.append(self._plans.record(plan))
                report.planned += plan.files
                results = self._apply(plan)
                results += self._remove_emptied(results)
                rewritten = [
                    each for each in results if each.outcome is Outcome.REWRITTEN
                ]
                report.rewritten += rewritten
                seen.update(
                    (each.study, each.name, each.generation_after) for each in rewritten
                )
                changed += [each for each in results if each.outcome is Outcome.CHANGED]
                left += [
                    each
                    for each in _faults(results)
                    if each.outcome is not Outcome.CHANGED
                ]
            elif not changed:
                break
        report.faults = left + changed

    def _apply(
        self,
        plan: Plan,
        settled: Sequence[FileResult] = (),
        halves: Sequence[FileResult] = (),
    ) -> list[FileResult]:
        """What became of each file, but for those of which it is settled."""
        self._plans.begin(plan)
        plan_id = plan.id  # a hash over all of it
        planned = {(file.study, file.name) for file in plan.files}
        refused = [each for each in halves if (each.study, each.name) in planned]
        works = [
            PlannedWork(file, plan_id, plan.withdrawal_list)
            for file in _open_files(plan, [*settled, *refused])
        ]
        results = refused + self._each("rewrite", works, make_rewriter)
        self._plans.finish(plan, [*settled, *results])
        return results

    def _remove_emptied(self, results: Iterable[FileResult]) -> list[FileResult]:
        """Removes the files that have no row any more; the faults."""
        emptied = [
            each
            for each in results
            if each.outcome is Outcome.REWRITTEN and not each.rows_after
        ]
        return _faults(map(self._remove_empty, emptied))

    def _remove_empty(self, result: FileResult) -> FileResult:
        """The same result; or a fault, CHANGED where it is somebody's file again."""

        def remove() -> FileResult:
            store = self._stores.of(result.study)
            store.delete(result.name, result.generation_after)
            return result

        return named(result, remove)

    def _concerned(self, withdrawals: WithdrawalList) -> list[str]:
        """The namespaces that open requests are about."""
        steps = FileSteps(self._settings, withdrawals)
        return [each for each in self._registry.studies if steps.people(each)]

    def _verify(self, namespaces: Sequence[str]) -> list[FileResult]:
        """Reads every file of these namespaces, whoever writes meanwhile."""
        read: dict[StoredFile, FileResult] = {}
        for _ in range(_PASSES):
            live = list(list_files(self._stores, namespaces))
            read = {file: read[file] for file in live if file in read}
            wanted = [file for file in live if file not in read]
            if not wanted:
                break
            results = self._each("verify", wanted, make_verifier)
            for file, result in zip(wanted, results, strict=True):
                if result.outcome is not Outcome.GONE:
                    read[file] = result
        return list(read.values())

    def _conclude(self, report: Report) -> None:
        """Moves requests on, writes their receipts, and publishes both."""
        untold = self._plans.untold()
        findings = Findings(
            registry=self._registry,
            now=to_micros(self._clock()),
            longest_delay_days=self._settings.longest_delay_days,
            results=untold,
            faults=report.faults,
            unregistered=report.unregistered,
            copies=report.copies,
            verified=report.verified,
            counter=report.withdrawals.counter,
        )
        before, generation = read_list(self._platform, self._list_mac)
        if before.counter != report.withdrawals.counter:
            raise GenerationMismatch("the withdrawal list")
        progress = advance(
            self._platform, self._receipt_mac, report.withdrawals, findings
        )
        report.withdrawals = self._publish(before, progress.withdrawals, generation)
        report.receipts = progress.receipts
        self._plans.tell(
            plan
            for plan, results in untold.items()
            if plan not in progress.waiting
            and not any(each.outcome.may_pass for each in results)
        )

    def _each(
        self,
        step: str,
        works: Sequence[Any],
        make_step: Callable[[DeletionSettings], JsonStep],
    ) -> list[FileResult]:
        if not works:
            return []
        found = self._work_through(step, works, make_step)
        return [result_from_json(each) for each in found]


def _seen(file: StoredFile) -> _Seen:
    return file.study, file.name, file.generation


def _suppressed(withdrawal: Withdrawal, now: int) -> Withdrawal:
    if withdrawal.participant is None or withdrawal.standing is not Standing.ACTIVE:
        return withdrawal
    return withdrawal.reached(Stage.SUPPRESSED, now)


def _open_files(plan: Plan, settled: Iterable[FileResult]) -> list[PlannedFile]:
    known = {(each.study, each.name) for each in settled}
    return [file for file in plan.files if (file.study, file.name) not in known]


def _faults(results: Iterable[FileResult]) -> list[FileResult]:
    return [each for each in results if each.outcome.is_fault]


def _left_over(results: Iterable[FileResult]) -> set[StoredFile]:
    return {
        StoredFile(each.study, each.name, 0, each.generation_before)
        for each in results
        if each.outcome is Outcome.LEFT_OVER
    }
