"""Delete: who left a study, or Rally, is taken out of the store, and it is proven."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.delete import JOB
from pipelines.delete_options import DeleteOptions, deletion_settings
from pipelines.job import JobBody
from pipelines.lifecycle import Ended, running_alone
from pipelines.options import parse_options_here, wants_json
from pipelines.run_step import run_step
from rally.audit.limits import Limits
from rally.deletion.deletion import Deletion
from rally.deletion.derived import find_missing_folders
from rally.deletion.plan import PlannedFile
from rally.deletion.report import DeletionReport
from rally.deletion.settings import DeletionSettings
from rally.deletion.waiting import waits_until
from rally.observability.log_entries import LogFields
from rally.printing import visible
from rally.process import say
from rally.tables import Column, Table, Value, print_results
from rally.times import from_micros
from rally.withdrawal.overview import read_overview
from rally.withdrawal.withdrawal_list import WithdrawalList

_OVERTAKEN = "another deletion has published the list meanwhile"
_STEPS = {
    "settle": ("FinishCompaction", "partitions settled"),
    "find": ("FindRows", "files searched"),
    "rewrite": ("RewriteFiles", "files rewritten"),
    "verify": ("VerifyFiles", "files verified"),
}
"""Label of each step, and what a terminal says of its works."""


def run(argv: Sequence[str] | None = None) -> DeletionReport:
    """Runs the job.

    Raises:
        ConfigurationError: something is not as it must be; nothing was deleted.
        JobStopped: a store or the log failed, or another run was in the way.
    """
    return _run(parse_options_here(JOB, argv))


def _run(options: PipelineOptions) -> DeletionReport:
    settings = deletion_settings(options)
    deletion = Deletion(settings, partial(_run_step, options, settings))
    with running_alone("deletion", _OVERTAKEN):
        plan_only = options.view_as(DeleteOptions).plan_only
        report = deletion.plan() if plan_only else deletion.run()
        report.late = _late(report.withdrawals, settings)
        report.missing = _missing(settings)
        report.alarms += _undecided(report.withdrawals)
    return report


def _run_step(
    options: PipelineOptions,
    settings: DeletionSettings,
    step: str,
    works: Sequence[Any],
    make_step: Callable[[DeletionSettings], Callable[[Any], Any]],
) -> list[Any]:
    """One step, on the runner that the options name."""
    platform = settings.stores().platform
    make_worker = partial(make_step, settings)
    label, what = _STEPS[step]
    return run_step(JOB, options, label, works, make_worker, platform, what)


def _late(published: WithdrawalList, settings: DeletionSettings) -> int:
    """How many withdrawals are past their deadline, after all that was done."""
    platform, now = settings.stores().platform, settings.clock()()
    days = Limits().deadline_days
    return read_overview(platform, published, published, now, days).late


def _missing(settings: DeletionSettings) -> list[str]:
    """Says which folders of researchers are away, whatever was deleted."""
    platform, registry = settings.stores().platform, settings.registry()
    return find_missing_folders(platform, registry, settings.concluded(registry))


def _undecided(published: WithdrawalList) -> Iterator[str]:
    """Says what a person has to decide, and by when.

    Requests of people who never joined wait for an enrolment, and for nobody.
    """
    held: dict[str, list[int]] = {}
    for each in published.withdrawals:
        if each.awaits_decision:
            held.setdefault(each.scope, []).append(each.held_until)
    for scope, untils in sorted(held.items()):
        waits = "withdrawal waits" if len(untils) == 1 else "withdrawals wait"
        yield (
            f"{scope}: {len(untils):,} {waits} for a decision, by"
            f" {from_micros(min(untils)):%Y-%m-%d}; `rally withdrawals --requests`"
            " lists them"
        )


def _ended(report: DeletionReport, *, as_json: bool) -> Ended:
    figures = LogFields(
        late_withdrawals=report.late,
        receipts=len(report.receipts),
        faults=len([*_faults(report)]),
    )
    return Ended(_report(report, as_json=as_json), figures)


def _report(report: DeletionReport, *, as_json: bool) -> int:
    requests, files, faults = _requests(report), _files(report), [*_faults(report)]
    print_results(
        {"requests": requests, "files": files, **_more(report), "faults": faults},
        requests,
        files,
        "\n".join(map(visible, _told(report))),
        as_json=as_json,
    )
    for fault in faults:
        say(fault)
    return 1 if faults else 0


class Requests(NamedTuple):
    """Requests of one scope in one state."""

    scope: str
    state: str
    requests: int


class Planned(NamedTuple):
    """A file that loses rows, or rows of which lose a field.

    Attributes:
        file: the planned file.
        state: "deleted" by this run, "planned", or how long it waits.
    """

    file: PlannedFile
    state: str


_REQUESTS: tuple[Column[Requests], ...] = (
    Column("scope", lambda each: each.scope),
    Column("state", lambda each: each.state),
    Column("requests", lambda each: each.requests),
)
_FILES: tuple[Column[Planned], ...] = (
    Column("study", lambda each: each.file.study),
    Column(
        "file",
        lambda each: each.file.name,
        text=lambda each: each.file.name.rpartition("document=")[2],
    ),
    Column("rows", lambda each: each.file.rows),
    Column("to_go", lambda each: each.file.removes),
    Column("state", lambda each: each.state),
)


def _requests(report: DeletionReport) -> Table[Requests]:
    counts = Counter(
        (each.scope, each.state.value) for each in report.withdrawals.withdrawals
    )
    rows = [Requests(*key, number) for key, number in sorted(counts.items())]
    return Table(_REQUESTS, rows)


def _files(report: DeletionReport) -> Table[Planned]:
    done = {(each.study, each.name) for each in report.rewritten}
    rows = [
        Planned(each, "deleted" if (each.study, each.name) in done else "planned")
        for each in dict.fromkeys(report.planned)
    ]
    for each in report.postponed:
        if each.planned:
            until = waits_until(each, report.waits)
            rows.append(Planned(each.planned, f"waits until {until:%Y-%m-%d}"))
    return Table(_FILES, rows)


def _more(report: DeletionReport) -> dict[str, Value]:
    """What a program learns beside the tables; people are told it in sentences."""
    return {
        "plans": [*dict.fromkeys(report.plans)],
        "withdrawal_list": report.withdrawals.counter,
        "verified_files": len(report.verified),
        "verified_rows": sum(each.rows_before for each in report.verified),
        "old_copies": [
            {
                "study": namespace,
                "purged": copies.purged,
                "left": len(copies.left),
                "until": copies.until,
            }
            for namespace, copies in report.copies.items()
            if copies.purged or copies.left
        ],
        "waiting_requests": report.waiting,
        "postponed_files": len(report.postponed),
        "orders": [each.number for each in report.orders],
        "changed_rows": _changed(report),
        "returned_rows": dict(sorted(report.returned.items())),
        "derived": report.derived,
        "removed_parts": report.removed_parts,
        "receipts": report.receipts,
    }


def _changed(report: DeletionReport) -> int:
    """How many rows stay and lose a field that somebody ordered to be expunged."""
    return sum(each.changes for each in dict.fromkeys(report.planned))


def _told(report: DeletionReport) -> Iterator[str]:
    for plan in dict.fromkeys(report.plans):
        yield f"plan: {plan}"
    yield f"withdrawal list: {report.withdrawals.counter}"
    if changed := _changed(report):
        yield f"rows that lose a field: {changed:,}"
    yield from _waits(report)
    if report.verified:
        rows = sum(each.rows_before for each in report.verified)
        yield f"verified: {len(report.verified):,} files, {rows:,} rows read"
    for namespace, copies in report.copies.items():
        if copies.purged:
            yield f"{namespace}: {copies.purged:,} old copies purged"
        if copies.left:
            until = f" until {copies.until:%Y-%m-%d}" if copies.until else ""
            number = f"{len(copies.left):,}"
            yield f"{namespace}: the bucket keeps {number} old copies{until}"
    if report.waiting:
        what = "which may have rows in a study that does not load"
        yield f"requests that stay open: {report.waiting:,}, {what}"
    for namespace, rows in sorted(report.returned.items()):
        yield (
            f"{namespace}: {rows:,} rows were back of people whose deletion was done,"
            " and are deleted again; was something restored, mounted or copied in?"
        )
    for uri in report.derived:
        yield f"{uri}: is a researchers' own table, which is not deleted from here"
    if report.removed_parts:
        yield (
            f"kept tables: removed {report.removed_parts:,} parts whose stored files"
            " have changed or have rows of people who left; `rally rows --out` writes"
            " them anew"
        )
    if report.receipts:
        first, last = report.receipts[0], report.receipts[-1]
        yield f"receipts: {first}" + (f" to {last}" if last > first else "")


def _waits(report: DeletionReport) -> Iterator[str]:
    """Says how many files wait, and until when the first does."""
    if report.postponed:
        until = min(waits_until(each, report.waits) for each in report.postponed)
        yield (
            f"files that wait to be rewritten: {len(report.postponed):,}, the first"
            f" until {until:%Y-%m-%d}; their rows are refused and left out already"
        )


def _faults(report: DeletionReport) -> Iterator[str]:
    yield from report.alarms
    for each in report.faults:
        detail = f" ({each.detail})" if each.detail else ""
        yield f"{each.name}: {each.outcome}{detail}"
    yield from report.missing
    for study in report.unregistered:
        yield (
            f"data/study={study}: is in no registry, so nobody can be deleted there;"
            " register the study or remove the folder"
        )


BODY = JobBody(
    lambda options: _ended(_run(options), as_json=wants_json(options)),
    deletion_settings,
)
