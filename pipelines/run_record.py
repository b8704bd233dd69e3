"""Records how the last run of a job went, for whoever looks at `rally status`."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from pipelines.lifecycle import Ended, Unwatched, status_of_error
from rally.errors import ConfigurationError
from rally.exit_status import NOT_BEGUN
from rally.storage.last_runs import LastRun, begin_run, write_run

if TYPE_CHECKING:
    from rally.settings import Settings


def run_recorded(
    job: str, settings: "Settings", run: Callable[[], Ended], *, is_stream: bool
) -> Ended:
    """Runs a job, and records when it began and how it ended.

    A run that was refused before it began leaves the record of the last one.

    Args:
        job: its name.
        settings: name the platform, and the job's clock.
        run: does it.
        is_stream: whether it may run for days, so that it is recorded while it runs.
    """
    clock = settings.clock()
    began = begin_run(job, clock())
    if is_stream:
        _write(settings, began)
    try:
        ended = run()
    except Unwatched:
        _write(settings, replace(began, ended=clock()))
        raise
    except BaseException as error:
        status = status_of_error(error)
        if is_stream or status != NOT_BEGUN:
            _write(settings, replace(began, ended=clock(), status=status))
        raise
    figures = {name: each for name, each in ended.figures.items() if type(each) is int}
    told = replace(began, ended=clock(), status=ended.status, figures=figures)
    _write(settings, replace(told, failures=dict(ended.failures)))
    return ended


def _write(settings: "Settings", run: LastRun) -> None:
    """Writes a record where the platform is one, and can be reached."""
    try:
        platform = settings.stores().platform
    except (ConfigurationError, OSError):
        return  # the job itself says so
    write_run(platform, run)
