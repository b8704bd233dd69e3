"""Purge: what has expired, and everything of concluded studies, goes; it is proven."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.job import JobBody
from pipelines.lifecycle import Ended, running_alone
from pipelines.options import parse_options_here, wants_json
from pipelines.purge import JOB
from pipelines.purge_options import PurgeOptions, purge_settings
from pipelines.run_step import run_step, shown_progress
from pipelines.runners import is_local
from rally.observability.log_entries import LogFields
from rally.printing import visible
from rally.process import say
from rally.retention.plan import EntryTally, TallyKey
from rally.retention.purge import Purge
from rally.retention.report import PurgeReport
from rally.retention.settings import PurgeSettings
from rally.tables import Column, Table, Value, print_results

_LABELS = {"search": "SearchRows", "purge": "PurgeObjects"}


def run(argv: Sequence[str] | None = None) -> PurgeReport:
    """Runs the job.

    Raises:
        ConfigurationError: something is not as it must be; nothing was deleted.
        JobStopped: a store or the log failed, or another run was in the way.
    """
    return _run(parse_options_here(JOB, argv))


def _run(options: PipelineOptions) -> PurgeReport:
    with shown_progress(wanted=is_local(options), what="objects") as progress:
        settings = purge_settings(options, progress)
        purge = Purge(settings, partial(_run_step, options, settings))
        with running_alone("purge", "another purge took this one for dead"):
            if options.view_as(PurgeOptions).plan_only:
                return purge.plan()
            return purge.run()


def _run_step(
    options: PipelineOptions,
    settings: PurgeSettings,
    step: str,
    works: Sequence[Any],
    make_step: Callable[[PurgeSettings], Callable[[Any], Any]],
) -> list[Any]:
    """One step, on the runner that the options name."""
    platform = settings.stores().platform
    make_worker = partial(make_step, settings)
    return run_step(JOB, options, _LABELS[step], works, make_worker, platform)


def _report(report: PurgeReport, *, as_json: bool) -> Ended:
    table = (
        _table("gone", report.done) if report.done else _table("to go", report.planned)
    )
    problems = list(report.problems)
    print_results(
        {"plan": report.plan or None, "is_done": bool(report.done), "objects": table}
        | _more(report)
        | {"faults": problems},
        table,
        "\n".join(map(visible, _told(report))),
        as_json=as_json,
    )
    for problem in problems:
        say(problem)
    objects = sum(tally.objects for tally in report.done.values())
    return Ended(report.exit_status, LogFields(objects=objects, faults=len(problems)))


def _table(
    what: str, tallies: Mapping[TallyKey, EntryTally]
) -> Table[tuple[TallyKey, EntryTally]]:
    """What is gone, or is to go.

    Args:
        what: "gone" or "to go".
        tallies: sums by study, document and reason. Before a purge nobody has counted
            the rows of files that go as a whole.
    """
    is_gone = what == "gone"
    columns: tuple[Column[tuple[TallyKey, EntryTally]], ...] = (
        Column("study", lambda each: each[0][0]),
        Column("document", lambda each: each[0][1]),
        Column("why", lambda each: each[0][2], f"WHY {what.upper()}"),
        Column("objects", lambda each: each[1].objects),
        Column(
            "rows",
            lambda each: each[1].rows if each[1].rows or is_gone else None,
            text=lambda each: each[1].rows if each[1].rows or is_gone else "all",
        ),
        Column("bytes", lambda each: each[1].bytes),
        Column("oldest", lambda each: each[1].oldest or None),
    )
    return Table(columns, sorted(tallies.items(), key=itemgetter(0)))


def _more(report: PurgeReport) -> dict[str, Value]:
    """What a program learns beside the table; people are told it in sentences."""
    return {
        "old_copies": report.old_copies,
        "blocked": [*report.blocked],
        "remains": [
            {
                "where": each.where,
                "objects": each.objects,
                "until": each.until if each.is_dated else None,
                "reason": each.reason,
            }
            for each in report.remains
        ],
        "destroyed": report.destroyed,
        "remarks": report.remarks,
    }


def _told(report: PurgeReport) -> Iterator[str]:
    yield f"plan: {report.plan}" if report.plan else "nothing to purge"
    if report.old_copies:
        yield f"old copies: {report.old_copies:,} purged"
    yield from report.blocked
    yield from (str(each) for each in report.remains if each.is_dated)
    for key in report.destroyed:
        yield f"{key}: destroyed"
    yield from report.remarks


BODY = JobBody(
    lambda options: _report(_run(options), as_json=wants_json(options)), purge_settings
)
