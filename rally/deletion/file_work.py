"""The parts of a deletion that are done file by file, on whatever runs the workers."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from rally.deletion.file_steps import (
    FileSteps,
    JsonStep,
    PlannedWork,
    make_finder,
    make_rewriter,
    make_verifier,
    named,
)
from rally.deletion.finish_compactions import find_unsettled, left_out, make_settler
from rally.deletion.people import concerns, list_files
from rally.deletion.plan import (
    FileResult,
    Outcome,
    Plan,
    PlannedFile,
    Plans,
    StoredFile,
    make_plan,
    result_from_json,
)
from rally.deletion.report import Report
from rally.deletion.settings import DeletionSettings
from rally.errors import CorruptFile
from rally.registry.registry import Registry
from rally.results import WrongResults, read_strictly
from rally.storage.header import LIST_COUNTER
from rally.storage.layout import Stores
from rally.storage.objectstore.strays import check_erasable
from rally.storage.snapshots import header_of, outline_of, walk_frames
from rally.withdrawal.withdrawal_list import WithdrawalList

PASSES = 5
"""How often files are looked at again that somebody else writes meanwhile."""

Seen = tuple[str, str, int]
"""A file at a generation: study, name, generation."""

ParallelMap = Callable[
    [str, Sequence[Any], Callable[[DeletionSettings], Callable[[Any], Any]]], list[Any]
]
"""Has a step done for each of some works; the results as JSON, in the same order.

Args: the step's name, the works, and what makes the step on a worker.
"""


class FileWork:
    """Deals files out to workers, and says what became of them."""

    def __init__(
        self,
        settings: DeletionSettings,
        registry: Registry,
        stores: Stores,
        plans: Plans,
        run_step: ParallelMap,
    ) -> None:
        """Takes its parts.

        Args:
            settings: for the workers.
            registry: of the studies.
            stores: of the studies.
            plans: where what is planned and applied is recorded.
            run_step: runs the workers.
        """
        self._settings = settings
        self._registry = registry
        self._stores = stores
        self._plans = plans
        self._run_step = run_step
        self._opened: tuple[WithdrawalList, FileSteps] | None = None

    def concerned(self, withdrawals: WithdrawalList) -> list[str]:
        """The namespaces that open requests are about."""
        is_open = [each for each in withdrawals.withdrawals if each.is_open]
        steps = self._steps(withdrawals)
        return [
            namespace
            for namespace, study in self._registry.studies.items()
            if steps.knows(namespace) and any(concerns(each, study) for each in is_open)
        ]

    def settle(self, namespaces: Sequence[str]) -> list[FileResult]:
        """Has half compactions finished; the files of those that could not be."""
        works = list(find_unsettled(self._stores, namespaces))
        if not works:
            return []
        self._run_step("settle", works, make_settler)
        return left_out(self._stores, namespaces)

    def finish_begun(
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

    def find(
        self,
        withdrawals: WithdrawalList,
        without: Iterable[FileResult | PlannedFile],
        seen: set[Seen],
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
            for each in self._steps(withdrawals).candidates()
            if (each.study, each.name) not in left_out and _seen(each) not in seen
        ]
        results = self._each("find", files, make_finder)
        seen.update(
            _seen(file)
            for file, result in zip(files, results, strict=True)
            if result.outcome is Outcome.UNTOUCHED and not result.planned
        )
        return faults(results), make_plan(withdrawals.counter, results)

    def delete(self, report: Report, refused: Sequence[FileResult]) -> None:
        """Plans and applies until a pass finds nothing more.

        A file that could not be dealt with is reported and left; one that somebody
        else wrote meanwhile is looked at again.
        """
        left, seen = list(refused), set[Seen]()
        for _ in range(PASSES):
            met, plan = self.find(report.withdrawals, left, seen)
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
                    for each in faults(results)
                    if each.outcome is not Outcome.CHANGED
                ]
            elif not changed:
                break
        report.faults = left + changed

    def verify(
        self,
        namespaces: Sequence[str],
        counter: int,
        read: dict[StoredFile, FileResult],
    ) -> list[FileResult]:
        """Reads every file of these namespaces, whoever writes meanwhile.

        Args:
            namespaces: whose files.
            counter: of the list that is verified against.
            read: files that this run has read already; those that it reads now are
                added.
        """
        for _ in range(PASSES):
            live = list(list_files(self._stores, namespaces))
            wanted = [file for file in live if file not in read]
            if not wanted:
                break
            results = self._each("verify", wanted, make_verifier)
            for file, result in zip(wanted, results, strict=True):
                if result.outcome not in (Outcome.GONE, Outcome.CHANGED):
                    read[file] = result
        live = list(list_files(self._stores, namespaces))
        return [
            read[file] if file in read else self._unread(file, counter) for file in live
        ]

    def _unread(self, file: StoredFile, counter: int) -> FileResult:
        """Of a file that is newer than the last pass: was it judged by this list?

        A stream may write faster than anybody reads; it refuses by the same list.
        """

        def judged() -> FileResult:
            with self._stores.of(file.study).open(file.name, file.generation) as new:
                told = outline_of(new).entries.get(LIST_COUNTER, b"")
            is_judged = told.isdigit() and int(told) >= counter
            outcome = Outcome.UNTOUCHED if is_judged else Outcome.CHANGED
            return FileResult(file.study, file.name, outcome)

        return named(file, judged)

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
            for file in open_files(plan, [*settled, *refused])
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
        return faults(map(self._remove_empty, emptied))

    def _remove_empty(self, result: FileResult) -> FileResult:
        """The same result; or a fault, CHANGED where it is somebody's file again.

        That no row is left is looked at here once more: the result came from a worker.
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

    def _steps(self, withdrawals: WithdrawalList) -> FileSteps:
        """The steps under a list: keys and registry are opened once for each."""
        if self._opened is None or self._opened[0] is not withdrawals:
            self._opened = withdrawals, FileSteps(self._settings, withdrawals.people())
        return self._opened[1]

    def _each(
        self,
        step: str,
        works: Sequence[Any],
        make_step: Callable[[DeletionSettings], JsonStep],
    ) -> list[FileResult]:
        if not works:
            return []
        found = self._run_step(step, works, make_step)
        with read_strictly(step):
            results = [result_from_json(each) for each in found]
        if not all(_answers(*each) for each in zip(works, results, strict=True)):
            raise WrongResults(f"step {step}: a result is about another file")
        return results


def _answers(work: StoredFile | PlannedWork, result: FileResult) -> bool:
    """Whether a result is about the file that was dealt out, as it was then."""
    file = work.file if isinstance(work, PlannedWork) else work
    planned = result.planned
    if planned and (planned.size, planned.generation) != (file.size, file.generation):
        return False
    names = {(each.study, each.name) for each in (file, result, planned) if each}
    return len(names) == 1


def open_files(plan: Plan, settled: Iterable[FileResult]) -> list[PlannedFile]:
    """The files of a plan, but for those of which it is settled what became of them."""
    known = {(each.study, each.name) for each in settled}
    return [file for file in plan.files if (file.study, file.name) not in known]


def faults(results: Iterable[FileResult]) -> list[FileResult]:
    """Those that a report has to name."""
    return [each for each in results if each.outcome.is_fault]


def _seen(file: StoredFile) -> Seen:
    return file.study, file.name, file.generation
