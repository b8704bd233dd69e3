"""Audit: the store is read, and what was promised to participants is proven or not."""

import pipelines.beam_warnings  # noqa: F401 - before Beam, which speaks on import

# isort: split
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.audit import JOB
from pipelines.audit_options import STANDARD_OUTPUT, AuditOptions, audit_settings
from pipelines.job import JobBody
from pipelines.lifecycle import Ended, JobStopped, describe_error
from pipelines.options import parse_options_here
from pipelines.run_step import run_step, shown_progress
from pipelines.runners import is_local
from rally.access.asks import read_requests
from rally.audit.audit import Audit
from rally.audit.findings import AuditReport, Status
from rally.audit.forbidden_values import read_forbidden_values
from rally.audit.report.html import to_html
from rally.audit.report.json import to_json
from rally.audit.report.output import check_writable, write_private
from rally.audit.report.text import to_blocks
from rally.audit.row_audit import make_auditor
from rally.audit.settings import AuditSettings
from rally.audit.units import WorkUnit
from rally.decisions.verifying import read_chain
from rally.errors import ConfigurationError, CorruptFile, Faults
from rally.keys.platform_keys import PlatformKeys
from rally.observability.log_entries import LogFields
from rally.observability.progress import BYTES
from rally.printing import print_text
from rally.process import say
from rally.registry.approval_deadlines import count_alarms, find_due
from rally.registry.approvals import Approvals
from rally.registry.transitions import States
from rally.tables import print_blocks
from rally.validation.pseudonyms import PLATFORM, Pseudonyms

_FORMATS = {"--html": to_html, "--json": to_json}
_SMALL_BYTES = 8 * 1024 * 1024
"""Up to so many bytes of rows this process reads them itself."""


def run(argv: Sequence[str] | None = None) -> AuditReport:
    """Runs the job, and writes the files that the options name.

    Raises:
        ConfigurationError: an option is not as it must be, a key is not there, or a
            worker could not go on.
    """
    options = parse_options_here(JOB, argv)
    report = _read(options)
    _write(options, report)
    return report


def _read(options: PipelineOptions) -> AuditReport:
    own = options.view_as(AuditOptions)
    for option, name in _files(own).items():  # to read may take hours
        check_writable(option, name)
    with shown_progress(wanted=is_local(options), what=BYTES) as progress:
        settings = audit_settings(options, progress)
        if own.test_ids:
            settings = _with_forbidden_values(settings)
        work = partial(_run_step, options, settings)
        try:
            report = Audit(settings, work).run()
        except (OSError, CorruptFile, JobStopped) as error:
            raise _unproven(error) from None
    return report


def _files(own: PipelineOptions) -> dict[str, str]:
    """The files that options name, by these."""
    named = {"--html": own.html, "--json": own.json}
    return {
        option: name
        for option, name in named.items()
        if name and name != STANDARD_OUTPUT
    }


def _write(options: PipelineOptions, report: AuditReport) -> None:
    own = options.view_as(AuditOptions)
    for option, name in _files(own).items():
        write_private(option, name, _FORMATS[option](report, own.threshold))


def _unproven(error: Exception) -> BaseException:
    """What a store or a worker could not do; that no promise is broken by it."""
    stopped = describe_error(error) if not isinstance(error, JobStopped) else error
    if isinstance(stopped, JobStopped):
        return ConfigurationError(f"{stopped}; nothing is proven until that is mended")
    return stopped


def _report(options: PipelineOptions) -> Ended:
    own, report = options.view_as(AuditOptions), _read(options)
    is_json = own.json == STANDARD_OUTPUT
    if is_json:
        print_text(to_json(report, own.threshold))
    else:
        print_blocks(*to_blocks(report, own.threshold))
    try:
        _write(options, report)
    except ConfigurationError as error:
        if report.exit_status != 1:
            raise
        say(str(error))  # a broken promise says more
    found = Counter(each.status for each in report.checks)
    figures = LogFields(
        kept=found[Status.KEPT],
        broken=found[Status.BROKEN],
        unproven=found[Status.UNKNOWN],
        **_count_waiting(audit_settings(options)),
    )
    return Ended(report.exit_status, figures)


def _count_waiting(settings: AuditSettings) -> LogFields:
    """Counts what somebody is alerted of today, since people have to act on it."""
    platform = settings.stores().platform
    registry, chain = settings.load_registry(), read_chain(platform)
    states, now = States.of_chain(registry, chain), settings.clock()()
    due = find_due(registry, states, Approvals.of_chain(registry, chain), now)
    return LogFields(
        approvals_ending=count_alarms(due, now.date()),
        cases_overdue=read_requests(chain, platform, now).count_overdue(now),
    )


def _with_forbidden_values(settings: AuditSettings) -> AuditSettings:
    keys = PlatformKeys.open(settings.platform_keys_uri, pseudonyms=[PLATFORM])
    pseudonyms = Pseudonyms({PLATFORM: keys.prf(PLATFORM)})
    return replace(
        settings, forbidden=read_forbidden_values(sys.stdin.buffer, pseudonyms)
    )


def _run_step(
    options: PipelineOptions,
    settings: AuditSettings,
    units: Sequence[WorkUnit],
    size: int,
) -> Iterable[Any]:
    """The units on the runner that the options name; few bytes here and now."""
    make_worker = partial(make_auditor, settings)
    if len(units) == 1 or size <= _SMALL_BYTES:
        return map(make_worker(), units)
    platform = settings.stores().platform
    return run_step(JOB, options, "ReadRows", units, make_worker, platform)


def _check(options: PipelineOptions) -> None:
    """Makes sure of the files that options name. Raises ConfigurationError."""
    faults = Faults()
    for option, name in _files(options.view_as(AuditOptions)).items():
        with faults.collected():
            check_writable(option, name)
    faults.check()


BODY = JobBody(_report, audit_settings, check=_check)
