"""How a job of the command line starts: here, or handed over to Dataflow."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command_line import read_words
from pipelines.job import Job, JobBody, body_of
from pipelines.lifecycle import Ended, exit_status
from pipelines.run_record import run_recorded
from rally.errors import ConfigurationError, Faults, ManyFaults, faults_of
from rally.exit_status import NOT_AS_PROMISED, NOT_BEGUN
from rally.observability.log_entries import LogEvent
from rally.printing import print_lines
from rally.process import say
from rally.profile import apply_profile
from rally.storage.last_runs import AFTER_CONCLUSION

if TYPE_CHECKING:
    from apache_beam.options.pipeline_options import PipelineOptions

    from rally.doctor import Check
    from rally.registry.registry import Registry
    from rally.settings import Settings


def start(job: Job, argv: Sequence[str] | None, *, searches: bool = False) -> int:
    """Runs the command of a job.

    Help and wrong options are answered before Beam is imported. A study that does not
    load is named before the job begins, and nothing of it is touched; so is a document
    that no review covers, though one should. The job does what it can for all others,
    and is not as promised.

    Args:
        job: The job.
        argv: Arguments without the program's name; None is the process's.
        searches: Whether a profile is searched for that no option names.

    Returns:
        The exit status, see `pipelines.cli.main`.
    """

    def started() -> Ended:
        from pipelines.catalog import declared_options  # which has this job, too
        from pipelines.profiles import read_profile_of, tell_profile

        given = sys.argv[1:] if argv is None else argv
        words, profile = read_profile_of(given, searches=searches)
        if profile:
            words = apply_profile(
                profile, job.name, declared_options()[job.name], words
            )
        words = read_words(job, words)
        if profile and job.changes:
            tell_profile(profile, words)
        return _start(job, words)

    return exit_status(job.name, started)


def _start(job: Job, words: Sequence[str]) -> Ended:
    body = body_of(job)
    from pipelines.options import is_check_only, parse_options
    from pipelines.runners import is_dataflow

    options = parse_options(job, words)
    if job.name not in AFTER_CONCLUSION:
        _refuse_concluded(body, options)
    if is_dataflow(options):
        from pipelines.dataflow import launch  # Google's clients are slow to import

        status = launch(job, options, body.settings, body.graph)
        return Ended(status, event=LogEvent.JOB_LAUNCHED)
    if is_check_only(options):
        return _check(job, body, options)
    try:
        return _begin(job, body, options)
    except ConfigurationError as error:
        # The first fault ended it; who mends that place wants to know of the others.
        _, checks = _examine(job, body, options)
        others = [each.message for each in checks if each.is_wrong and each.stops]
        if set(others).isdisjoint(faults_of(error)):
            raise
        raise ManyFaults(dict.fromkeys([*faults_of(error), *others])) from None


def _refuse_concluded(body: JobBody, options: "PipelineOptions") -> None:
    """Refuses to begin on a platform that is concluded, whatever else is wrong there.

    A platform that cannot be read, or an option that is wrong, the job meets itself.

    Raises:
        PlatformConcluded: The platform is concluded.
    """
    from rally.decisions.chain import refuse_concluded
    from rally.decisions.verifying import read_chain  # imports Tink

    try:
        platform = body.settings(options).stores().platform
        chain = read_chain(platform)
    except (ConfigurationError, OSError):
        return
    refuse_concluded(chain, platform.uri)


def _begin(job: Job, body: JobBody, options: "PipelineOptions") -> Ended:
    """Names what is left out, and runs the job for the rest."""
    settings = body.settings(options)
    registry = _registry(settings)
    faults = [*registry.faults.values(), *_closed_documents(settings, registry)]
    for fault in faults:
        say(fault)

    def run() -> Ended:
        ended = body.run(options)
        return ended._replace(status=NOT_AS_PROMISED) if faults else ended

    given = options.get_all_options()
    if given.get("plan_only"):
        return run()
    is_stream = bool(given.get("subscription"))
    return run_recorded(job.name, settings, run, is_stream=is_stream)


def _check(job: Job, body: JobBody, options: "PipelineOptions") -> Ended:
    """Looks at all that the job needs, tells what is wrong, and begins nothing."""
    from rally.doctor import exit_status as status_of

    faults, checks = _examine(job, body, options)
    wrong = (each.message for each in checks if each.is_away or each.is_wrong)
    lines = dict.fromkeys([*faults, *wrong])
    for line in lines:
        say(line)
    if not lines:
        print_lines("--check_only: the job finds what it needs, and was not begun")
    return Ended(NOT_BEGUN if faults else status_of(checks))


def _examine(
    job: Job, body: JobBody, options: "PipelineOptions"
) -> "tuple[list[str], list[Check]]":
    """Looks at all that the job needs: what is its own, and what all jobs need.

    Returns:
        The faults of the former, one line each; the results of the latter.
    """
    from rally.doctor import Examination

    faults = Faults()
    checks: list[Check] = []
    if body.check:
        with faults.collected():
            body.check(options)
    with faults.collected():
        settings = body.settings(options)
        checks = Examination(settings, job.name).run()
    return faults.lines, checks


def _registry(settings: "Settings") -> "Registry":
    """The studies that are used; by their files alone where a store is away.

    The job itself meets that again, and says what it means to it.
    """
    try:
        return settings.registry()
    except ConnectionError:
        return settings.load_registry()


def _closed_documents(settings: "Settings", registry: "Registry") -> list[str]:
    """Names documents that are not collected, one line each.

    Of a platform that is away, or that nobody has founded, nothing is known: the job
    itself meets that.
    """
    from rally.decisions.verifying import read_chain  # imports Tink
    from rally.registry.approval_deadlines import name_closed

    try:
        chain = read_chain(settings.stores().platform)
    except (ConfigurationError, OSError):
        return []
    return name_closed(registry, chain, settings.clock()())
