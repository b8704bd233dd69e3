"""Plans as objects of the platform: made, begun, applied, told in receipts.

    plans/<id>/plan.json      what `--plan_only` makes and a run applies
    plans/<id>/begun.json     a run has begun to apply it
    plans/<id>/applied.json   what became of each file
    plans/<id>/told.json      all receipts that tell it are on the published list

A run that was killed goes on from the last of them that is there.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from rally.deletion.plan import (
    FileResult,
    Plan,
    plan_from_json,
    plan_to_json,
    result_from_json,
    result_to_json,
)
from rally.storage.corruption import CorruptFile
from rally.storage.layout import Partition
from rally.storage.objectstore.interface import ObjectStore
from rally.storage.partitions import partition_of
from rally.storage.records import list_records

FOLDER = "plans/"

_OBJECT = re.compile(FOLDER + "([0-9a-f]{32})/(plan|begun|applied|told).json")


class Plans:
    """The plans of a platform."""

    def __init__(self, platform: ObjectStore) -> None:
        """Takes the platform's store."""
        self._platform = platform

    def record(self, plan: Plan) -> str:
        """Keeps a plan, and returns where it is."""
        name = f"{FOLDER}{plan.id}/plan.json"
        self._platform.create(name, plan_to_json(plan))
        return f"{self._platform.uri.rstrip('/')}/{name}"

    def begin(self, plan: Plan) -> None:
        """Says that it is being applied."""
        self._platform.create(f"{FOLDER}{plan.id}/begun.json", b"{}\n")

    def finish(self, plan: Plan, results: Sequence[FileResult]) -> None:
        """Says what became of each file; of some, better than a run before.

        Raises:
            GenerationMismatch: another run says so in this moment.
        """
        name = f"{FOLDER}{plan.id}/applied.json"
        text = json.dumps([result_to_json(each) for each in results], indent=1)
        data = text.encode() + b"\n"
        if not self._platform.create(name, data):
            info = self._platform.stat(name)
            if info and self._platform.read(name) != data:
                self._platform.replace(name, data, info.generation)

    def tell(self, ids: Iterable[str]) -> None:
        """Says that receipts tell these."""
        for each in ids:
            self._platform.create(f"{FOLDER}{each}/told.json", b"{}\n")

    def unfinished(self) -> list[tuple[Plan, list[FileResult]]]:
        """Those that were begun and not applied to every file, by their ids.

        Returns:
            Each with the results that are settled. The others may have been done, or
            may be done once the store lets us.

        Raises:
            CorruptFile: an object is not what a run wrote there.
        """
        found = []
        for each, steps in self._steps().items():
            if "begun" not in steps or "told" in steps:
                continue
            results = self._applied(each) if "applied" in steps else []
            settled = [result for result in results if not result.outcome.may_pass]
            if "applied" not in steps or settled != results:
                found.append((self._plan(each), settled))
        return found

    def partitions(self) -> set[Partition]:
        """Where a run that was killed has to go on: until then their files stay.

        What compaction merged meanwhile could not be told in receipts.
        """
        found = {
            partition_of(file.study, file.name)
            for plan, _ in self.unfinished()
            for file in plan.files
        }
        return {each for each in found if each is not None}

    def untold(self) -> dict[str, list[FileResult]]:
        """What became of the files of those that no receipt tells yet, by their ids.

        Raises:
            CorruptFile: an object is not what a run wrote there.
        """
        return {
            each: self._applied(each)
            for each, steps in self._steps().items()
            if "applied" in steps and "told" not in steps
        }

    def _plan(self, plan: str) -> Plan:
        name = f"{FOLDER}{plan}/plan.json"
        with _reading(name):
            found = plan_from_json(self._platform.read(name))
            if found.id != plan:
                raise ValueError
        return found

    def _applied(self, plan: str) -> list[FileResult]:
        name = f"{FOLDER}{plan}/applied.json"
        with _reading(name):
            results = json.loads(self._platform.read(name))
            return [result_from_json(each) for each in results]

    def _steps(self) -> dict[str, set[str]]:
        steps: dict[str, set[str]] = {}
        for info in list_records(self._platform, FOLDER):
            if match := _OBJECT.fullmatch(info.name):
                steps.setdefault(match[1], set()).add(match[2])
        return dict(sorted(steps.items()))


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Refuses what no run wrote, whatever is wrong with it."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise CorruptFile(
            f"{name}: is not what a run of deletion wrote there"
        ) from None
