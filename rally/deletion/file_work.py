"""The parts of a deletion that workers do file by file."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from rally.deletion.file_steps import (
    FileSteps,
    JsonStep,
    RewriteTask,
    make_finder,
    make_rewriter,
    make_verifier,
    named,
)
from rally.deletion.finish_compactions import (
    find_half_compacted,
    make_compaction_finisher,
    report_half_compacted,
)
from rally.deletion.plan import (
    DeletionPlan,
    FileOutcome,
    FileResult,
    ListedFile,
    PlannedFile,
    make_plan,
    result_from_json,
)
from rally.deletion.plan_store import PlanStore
from rally.deletion.report import DeletionReport
from rally.deletion.run_basis import RunBasis
from rally.deletion.scope import concerns, list_files
from rally.deletion.settings import DeletionSettings
from rally.deletion.waiting import excuse, find_unsettled, is_postponed
from rally.errors import CorruptFile
from rally.registry.registry import Registry
from rally.results import WrongResults, read_strictly
from rally.storage.header import LIST_COUNTER
from rally.storage.layout import Stores
from rally.storage.objectstore.strays import check_erasable
from rally.storage.partitions import partition_of
from rally.storage.snapshots import header_of, outline_of, walk_frames

PASSES = 5
"""Number of attempts at files that another writer changes meanwhile."""

_NOTHING_FOUND = (FileOutcome.UNTOUCHED, FileOutcome.NOT_EXPUNGED)

FileVersion = tuple[str, str, int]
"""Study, name and generation of a file."""

ParallelMap = Callable[
    [str, Sequence[Any], Callable[[DeletionSettings], Callable[[Any], Any]]], list[Any]
]
"""Runs a step on workers for each of some tasks; returns JSON results in their order.

Args: the name of the step, the tasks, and the function that makes the step on a worker.
"""


class Found(NamedTuple):
    """What the finding step found.

    Attributes:
        faults: Results of the files that could not be searched, or not wholly.
        plan: Plan for the files that lose rows, or fields.
        postponed: Results of the files that are not rewritten yet.
    """

    faults: list[FileResult]
    plan: DeletionPlan
    postponed: list[FileResult]


class FileWork:
    """Distributes files to workers and collects their results."""

    def __init__(
        self,
        settings: DeletionSettings,
        registry: Registry,
        stores: Stores,
        plans: PlanStore,
        run_step: ParallelMap,
    ) -> None:
        """Stores its arguments.

        Args:
            settings: Settings for the workers.
            registry: Registry of the studies.
            stores: Stores of the studies.
            plans: Store of the plans.
            run_step: Runs a step on workers.
        """
        self._settings = settings
        self._registry = registry
        self._stores = stores
        self._plans = plans
        self._run_step = run_step
        self._current_steps: tuple[RunBasis, FileSteps] | None = None

    def concerned(self, basis: RunBasis) -> list[str]:
        """Lists the namespaces that open requests, or open orders, are about."""
        is_open = [each for each in basis.withdrawals.withdrawals if each.is_open]
        ordered = {each.namespace for each in basis.open}
        steps = self._steps_for(basis)
        return [
            namespace
            for namespace, study in self._registry.studies.items()
            if namespace in ordered
            or (
                steps.knows(namespace)
                and any(concerns(each, study) for each in is_open)
            )
        ]

    def finish_compactions(self, namespaces: Sequence[str]) -> list[FileResult]:
        """Finishes killed compactions, and reports the files of those that fail."""
        tasks = list(find_half_compacted(self._stores, namespaces))
        if not tasks:
            return []
        self._run_step("settle", tasks, make_compaction_finisher)
        return report_half_compacted(self._stores, namespaces)

    def finish_begun(
        self, counter: int, half_compacted: Sequence[FileResult]
    ) -> list[FileResult]:
        """Finishes the plans that a killed run began.

        If the list changed since, keep finished work for the receipts; the rest,
        including files that were left empty, is planned anew.

        Args:
            counter: Counter of the published list.
            half_compacted: Faults of half compacted files, which stay untouched.
        """
        finished = list[FileResult]()
        for plan, settled in self._plans.unfinished():
            results = self._apply(plan, settled, half_compacted)
            finished += results
            if plan.withdrawal_list == counter:
                finished += self._remove_emptied(results)
        return finished

    def find(
        self,
        basis: RunBasis,
        without: Iterable[FileResult | PlannedFile],
        seen: set[FileVersion],
    ) -> Found:
        """Looks for rows to delete, and fields to take out, in all files.

        Args:
            basis: The published list, and the orders to expunge.
            without: Files to leave out.
            seen: Versions of files without rows to delete, which are left out too;
                those found now are added.

        Returns:
            The faults, the plan for all files that lose rows, and those that wait.
        """
        excluded = {(each.study, each.name) for each in without}
        listed = list(self._steps_for(basis).candidates(basis.searched))
        files = [
            each
            for each in listed
            if (each.study, each.name) not in excluded and _seen(each) not in seen
        ]
        results = self._each("find", files, make_finder)
        unsettled = find_unsettled(listed)
        postponed = [
            replace(each, outcome=FileOutcome.WAITING)
            for each in results
            if each.planned
            and is_postponed(each, basis.waiting)
            and partition_of(each.study, each.name) not in unsettled
        ]
        waits = {(each.study, each.name) for each in postponed}
        seen.update(
            _seen(file)
            for file, result in zip(files, results, strict=True)
            if (file.study, file.name) in waits
            or (result.outcome in _NOTHING_FOUND and not result.planned)
        )
        found = [each for each in results if (each.study, each.name) not in waits]
        plan = make_plan(basis.withdrawals.counter, found)
        return Found(faults(results), plan, postponed)

    def delete(
        self, basis: RunBasis, report: DeletionReport, refused: Sequence[FileResult]
    ) -> None:
        """Plans and deletes until a pass finds nothing more.

        A file that cannot be dealt with is reported and left. A file that another
        writer changed meanwhile is read again in the next pass.

        Args:
            basis: The published list, and the orders to expunge.
            report: Report of the run; plans and results are added.
            refused: Faults of files to leave out.
        """
        left, seen = list(refused), set[FileVersion]()
        report.postponed = []
        for _ in range(PASSES):
            found_faults, plan, postponed = self.find(basis, left, seen)
            report.postponed += postponed
            changed = [
                each for each in found_faults if each.outcome is FileOutcome.CHANGED
            ]
            # Rows of who left still go out of a file in which an order is impossible;
            # verification reports it.
            passed = (FileOutcome.CHANGED, FileOutcome.NOT_EXPUNGED)
            left += [each for each in found_faults if each.outcome not in passed]
            if plan.files:
                report.plans.append(self._plans.record(plan))
                report.planned += plan.files
                results = self._apply(plan)
                results += self._remove_emptied(results)
                rewritten = [
                    each for each in results if each.outcome is FileOutcome.REWRITTEN
                ]
                report.rewritten += rewritten
                seen.update(
                    (each.study, each.name, each.generation_after) for each in rewritten
                )
                changed += [
                    each for each in results if each.outcome is FileOutcome.CHANGED
                ]
                left += [
                    each
                    for each in faults(results)
                    if each.outcome is not FileOutcome.CHANGED
                ]
            elif not changed:
                break
        report.faults = left + changed

    def verify(
        self,
        namespaces: Sequence[str],
        basis: RunBasis,
        read: dict[ListedFile, FileResult],
    ) -> list[FileResult]:
        """Verifies every file of some namespaces, even if others write meanwhile.

        Rows of requests that wait are not left over.

        Args:
            namespaces: Namespaces of the files.
            basis: The list that is verified against, and the orders to expunge.
            read: Results of the files that this run has verified already; new ones
                are added.
        """
        for _ in range(PASSES):
            live = list(list_files(self._stores, namespaces))
            unread = [file for file in live if file not in read]
            if not unread:
                break
            results = self._each("verify", unread, make_verifier)
            for file, result in zip(unread, results, strict=True):
                if result.outcome not in (FileOutcome.GONE, FileOutcome.CHANGED):
                    read[file] = excuse(result, basis.waiting)
        live = list(list_files(self._stores, namespaces))
        return [
            read[file]
            if file in read
            else self._unread(file, basis.withdrawals.counter)
            for file in live
        ]

    def _unread(self, file: ListedFile, counter: int) -> FileResult:
        """Returns the result of a file that is newer than the last pass.

        A stream may write faster than verification reads. It suffices that the stream
        wrote by this list, or a newer one.
        """

        def judged() -> FileResult:
            with self._stores.of(file.study).open(file.name, file.generation) as new:
                stated = outline_of(new).entries.get(LIST_COUNTER, b"")
            is_judged = stated.isdigit() and int(stated) >= counter
            outcome = FileOutcome.UNTOUCHED if is_judged else FileOutcome.CHANGED
            return FileResult(file.study, file.name, outcome)

        return named(file, judged)

    def _apply(
        self,
        plan: DeletionPlan,
        settled: Sequence[FileResult] = (),
        half_compacted: Sequence[FileResult] = (),
    ) -> list[FileResult]:
        """Rewrites the files of a plan without a final result, and records results."""
        self._plans.begin(plan)
        plan_id = plan.id  # computed once: it hashes the whole plan
        planned = {(file.study, file.name) for file in plan.files}
        refused = [
            each for each in half_compacted if (each.study, each.name) in planned
        ]
        tasks = [
            RewriteTask(file, plan_id, plan.withdrawal_list)
            for file in unsettled_files(plan, [*settled, *refused])
        ]
        results = refused + self._each("rewrite", tasks, make_rewriter)
        self._plans.record_results(plan, [*settled, *results])
        return results

    def _remove_emptied(self, results: Iterable[FileResult]) -> list[FileResult]:
        """Deletes the files that have no row any more, and returns the faults."""
        emptied = [
            each
            for each in results
            if each.outcome is FileOutcome.REWRITTEN and not each.rows_after
        ]
        return faults(map(self._remove_empty, emptied))

    def _remove_empty(self, result: FileResult) -> FileResult:
        """Deletes one file that a result calls empty.

        The result came from a worker, so the file is read again before it is deleted.

        Returns:
            The same result, or a fault; CHANGED if another writer replaced the file.
        """

        def remove() -> FileResult:
            store = self._stores.of(result.study)
            with store.open(result.name, result.generation_after) as left:
                if any(frame.rows for frame in walk_frames(left, header_of(left))):
                    raise CorruptFile("it has rows, and was said to have none")
            check_erasable(store, result.name)
            store.delete(result.name, result.generation_after)
            return result

        return named(result, remove)

    def _steps_for(self, basis: RunBasis) -> FileSteps:
        """Returns the steps for a list, which open keys and registry once."""
        if self._current_steps is None or self._current_steps[0] is not basis:
            people = basis.withdrawals.people()
            steps = FileSteps(self._settings, people, basis.expunges)
            self._current_steps = basis, steps
        return self._current_steps[1]

    def _each(
        self,
        step: str,
        tasks: Sequence[Any],
        make_step: Callable[[DeletionSettings], JsonStep],
    ) -> list[FileResult]:
        if not tasks:
            return []
        found = self._run_step(step, tasks, make_step)
        with read_strictly(step):
            results = [result_from_json(each) for each in found]
        if not all(_answers(*each) for each in zip(tasks, results, strict=True)):
            raise WrongResults(f"step {step}: a result is about another file")
        return results


def _answers(task: ListedFile | RewriteTask, result: FileResult) -> bool:
    """Tells whether a result is about the file of its task, at the same generation."""
    file = task.file if isinstance(task, RewriteTask) else task
    planned = result.planned
    if planned and (planned.size, planned.generation) != (file.size, file.generation):
        return False
    names = {(each.study, each.name) for each in (file, result, planned) if each}
    return len(names) == 1


def unsettled_files(
    plan: DeletionPlan, settled: Iterable[FileResult]
) -> list[PlannedFile]:
    """Lists the files of a plan that have no final result."""
    known = {(each.study, each.name) for each in settled}
    return [file for file in plan.files if (file.study, file.name) not in known]


def faults(results: Iterable[FileResult]) -> list[FileResult]:
    """Selects the results that a report names as faults."""
    return [each for each in results if each.outcome.is_fault]


def _seen(file: ListedFile) -> FileVersion:
    return file.study, file.name, file.generation
