"""The store of plans: which exist, and how far each was applied."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rally.deletion.plan import (
    DeletionPlan,
    FileResult,
    plan_from_json,
    plan_to_json,
    result_from_json,
    result_to_json,
)
from rally.errors import CorruptFile
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import partition_of
from rally.storage.plan_objects import (
    FOLDER,
    PlanObject,
    name_plan_object,
    parse_plan_object,
)
from rally.storage.records import list_records


class PlanStore:
    """Stores the plans of a platform and how far each was applied."""

    def __init__(self, platform: ObjectStore) -> None:
        """Binds the plans to the platform's store."""
        self._platform = platform

    def record(self, plan: DeletionPlan) -> str:
        """Stores a plan and returns its URI."""
        name = name_plan_object(plan.id, PlanObject.PLAN)
        self._platform.create(name, plan_to_json(plan))
        return f"{self._platform.uri.rstrip('/')}/{name}"

    def begin(self, plan: DeletionPlan) -> None:
        """Records that a run begins to apply a plan."""
        self._platform.create(name_plan_object(plan.id, PlanObject.BEGUN), b"{}\n")

    def record_results(self, plan: DeletionPlan, results: Sequence[FileResult]) -> None:
        """Records what became of each file of a plan, over results of an earlier run.

        Raises:
            GenerationMismatch: Another run records results at the same time.
        """
        name = name_plan_object(plan.id, PlanObject.APPLIED)
        text = json.dumps([result_to_json(each) for each in results], indent=1)
        data = text.encode() + b"\n"
        if not self._platform.create(name, data):
            info = self._platform.stat(name)
            if info and self._platform.read(name) != data:
                self._platform.replace(name, data, info.generation)

    def finish(self, ids: Iterable[str]) -> None:
        """Records that receipts tell all results of some plans."""
        for each in ids:
            self._platform.create(name_plan_object(each, PlanObject.DONE), b"{}\n")

    def unfinished(self) -> list[tuple[DeletionPlan, list[FileResult]]]:
        """Reads the plans that were begun and not applied to every file.

        Returns:
            The plans in the order of their ids, each with its final results. The files
            without a final result may have been rewritten, or may be later.

        Raises:
            CorruptFile: An object is not what a run wrote there.
        """
        found = []
        for each, steps in self._steps_by_plan().items():
            if PlanObject.BEGUN not in steps or PlanObject.DONE in steps:
                continue
            results = self._applied(each) if PlanObject.APPLIED in steps else []
            settled = [result for result in results if not result.outcome.may_pass]
            if PlanObject.APPLIED not in steps or settled != results:
                found.append((self._plan(each), settled))
        return found

    def unfinished_partitions(self) -> set[Partition]:
        """Returns the partitions of unfinished plans, whose files must stay until then.

        Receipts could not tell of files that compaction merged meanwhile.
        """
        found = {
            partition_of(file.study, file.name)
            for plan, _ in self.unfinished()
            for file in plan.files
        }
        return {each for each in found if each is not None}

    def unreported(self) -> dict[str, list[FileResult]]:
        """Reads the results of the plans that receipts do not tell yet, by plan id.

        Raises:
            CorruptFile: An object is not what a run wrote there.
        """
        return {
            each: self._applied(each)
            for each, steps in self._steps_by_plan().items()
            if PlanObject.APPLIED in steps and PlanObject.DONE not in steps
        }

    def _plan(self, plan: str) -> DeletionPlan:
        name = name_plan_object(plan, PlanObject.PLAN)
        with _reading(name):
            found = plan_from_json(self._platform.read(name))
            if found.id != plan:
                raise ValueError
        return found

    def _applied(self, plan: str) -> list[FileResult]:
        name = name_plan_object(plan, PlanObject.APPLIED)
        with _reading(name):
            results = json.loads(self._platform.read(name))
            return [result_from_json(each) for each in results]

    def _steps_by_plan(self) -> dict[str, set[PlanObject]]:
        steps: dict[str, set[PlanObject]] = {}
        for info in list_records(self._platform, FOLDER):
            if found := parse_plan_object(info.name):
                steps.setdefault(found[0], set()).add(found[1])
        return dict(sorted(steps.items()))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Raises CorruptFile in place of any error in reading an object."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise CorruptFile(
            f"{name}: is not what a run of deletion wrote there"
        ) from None
