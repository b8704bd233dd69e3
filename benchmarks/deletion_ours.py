"""Our own way, in the functions that are measured.

Each takes the folder that `benchmarks.deletion_data` made: `store` in it is the store
and `studies` the registry. A function `prepare_delete` (likewise for the others) is
called before the clock starts, with the same arguments: there go keys, and the requests
of those who leave. The steps run in this process, one file after the other.
"""

import multiprocessing
import uuid
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.deletion_rows import DAY, NAMESPACE
from benchmarks.founding import found
from rally.compaction.compactor import make_compactor, plan_compaction
from rally.deletion.deletion import Deletion
from rally.deletion.file_steps import FileSteps
from rally.deletion.plan import ListedFile, make_plan
from rally.deletion.rewriting import rewrite_file as rewrite_file
from rally.deletion.scanner import Scanner
from rally.deletion.settings import DeletionSettings
from rally.envelope import parse_timestamp
from rally.events import RALLY, Event, EventKind, write_events
from rally.settings import Settings, make_pseudonyms
from rally.storage.layout import Stores, study_folder
from rally.storage.leases import Leases
from rally.times import to_micros
from rally.withdrawal.rules import Rules
from rally.withdrawal.selection import Selection
from rally.withdrawal.withdrawal_list import Withdrawal, WithdrawalList

_LEFT = to_micros(parse_timestamp(f"{DAY}T23:59:59.999999Z")) + 1
_SIGNAL = f"{NAMESPACE}/deletion-request.1"
_MANY_FILES = 30
_NO_HOLDING = Rules(hold_above_people=1_000_000_000)


def prepare_delete(folder: Path, people: Sequence[str]) -> None:
    """Makes the platform's keys, list 0, and the events of those who leave."""
    settings = _settings(folder)
    stores = Stores(settings.store, settings.platform)
    found(stores, settings.platform_keys, settings.load_registry().studies)
    write_events(stores.platform, map(_left, people), "benchmark")


def delete(folder: Path, people: Sequence[str]) -> None:
    """The whole job but for verification, which no peer has: see `delete_verified`."""
    _Unverified(_settings(folder), _Steps(folder)).run()


prepare_delete_verified = prepare_delete


def delete_verified(folder: Path, people: Sequence[str]) -> None:
    """The whole job: plan, rewrite, old copies, verification, receipts."""
    Deletion(_settings(folder), _Steps(folder)).run()


prepare_find = prepare_delete


def find(folder: Path, people: Sequence[str]) -> int:
    """Reads what tells files and blocks; how many files would be rewritten."""
    steps = FileSteps(_settings(folder), _list(people).people())
    found = [steps.find_rows(file) for file in steps.candidates()]
    return len(make_plan(1, found).files)


prepare_rewrite = prepare_delete


def rewrite(folder: Path, people: Sequence[str]) -> None:
    """Rewrites the one file of the store without the people's rows."""
    settings, withdrawals = _settings(folder), _list(people)
    steps = FileSteps(settings, withdrawals.people())
    (file,) = make_plan(1, map(steps.find_rows, steps.candidates())).files
    registry = settings.registry()
    pseudonyms = make_pseudonyms(settings.keys(registry), registry)
    selection = Selection(withdrawals.people(), registry.studies[NAMESPACE], pseudonyms)
    store = settings.stores().of(NAMESPACE)
    rewrite_file(store, file, "benchmark", selection, Scanner(selection.people))


prepare_verify = prepare_delete


def verify(folder: Path, people: Sequence[str]) -> int:
    """Looks through all rows of the store for people; how many rows there are."""
    settings = _settings(folder)
    steps = FileSteps(settings, _list(people).people())
    store = settings.stores().of(NAMESPACE)
    files = [
        ListedFile(NAMESPACE, *each) for each in store.list(study_folder(NAMESPACE))
    ]
    return sum(steps.verify(file).rows_before for file in files)


prepare_compact = prepare_delete


def compact(folder: Path, people: Sequence[str]) -> int:
    """Compacts what ingest wrote; how many rows the compacted files have."""
    ours = _settings(folder)
    run = uuid.uuid4().hex
    settings = replace(Settings(**ours.shared()), run=run)
    stores = settings.stores()
    partitions = plan_compaction(stores, settings.registry())
    with Leases(stores.platform, run, "compact"):
        compactor = make_compactor(settings)
        done = [each for partition in partitions for each in compactor(partition)]
    return sum(each["rows_after"] for each in done)


class _Unverified(Deletion):
    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._files.verify = lambda *_: []


class _Steps:
    """Works through files here, or in two processes where there are many bytes.

    The peers use both cores as well, but for fastavro.
    """

    def __init__(self, folder: Path) -> None:
        self._settings = _settings(folder)

    def __call__(self, step: str, works: Sequence[Any], make_step: Any) -> list[Any]:
        function = make_step(self._settings)
        if len(works) < _MANY_FILES:
            return [function(work) for work in works]
        with ProcessPoolExecutor(2, multiprocessing.get_context("fork")) as pool:
            halves = works[::2], works[1::2]
            steps = [pool.submit(_work, make_step, self._settings, h) for h in halves]
            first, second = (each.result() for each in steps)
        results: list[Any] = [None] * len(works)
        results[::2], results[1::2] = first, second
        return results


def _work(make_step: Any, settings: DeletionSettings, works: Sequence[Any]) -> list:
    function = make_step(settings)
    return [function(work) for work in works]


def _settings(folder: Path) -> DeletionSettings:
    return DeletionSettings(
        store=str(folder / "store"),
        platform=str(folder / "platform"),
        platform_keys=str(folder / "keys"),
        studies=str(folder / "studies"),
        rules=_NO_HOLDING,
        rewrite_after_days=0,
    )


def _list(people: Sequence[str]) -> WithdrawalList:
    return WithdrawalList(1, tuple(map(_withdrawal, people)))


def _withdrawal(person: str) -> Withdrawal:
    event = _left(person)
    return Withdrawal(
        event.document_id, person, None, RALLY, _LEFT, _LEFT, event.document_id, _SIGNAL
    )


def _left(person: str) -> Event:
    document_id = str(uuid.uuid5(uuid.NAMESPACE_OID, person))
    return Event(EventKind.LEFT, RALLY, person, _LEFT, None, document_id, _SIGNAL)
