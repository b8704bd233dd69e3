"""Writes the day's jobs as a crontab: two lines, which a shell runs.

A line is one command that runs the jobs one after the other, since the order of lines
means nothing to cron. It prints nothing where all is well, so that cron mails failures
only; its exit status is the worst of its jobs'.
"""

import shlex
from collections.abc import Sequence

from rally.errors import ConfigurationError
from rally.scheduling.day import DAY, SUNDAY, DailyJob, Schedule

_LONGEST = 990
"""Debian's cron cuts commands after 999 characters, without a word."""

_HEAD = """\
# The day's jobs of rally, one after the other. Output is of jobs that fail, and cron
# mails it to MAILTO. Times are UTC; a cron that does not know CRON_TZ takes the
# machine's own time: see that this is UTC, or change the hour.
"""


def to_crontab(schedule: Schedule) -> str:
    """Returns a crontab; with a user, one for /etc/cron.d, where each line names it.

    Raises:
        ConfigurationError: A path has a backslash, which crons read in different ways,
            or the paths are too long for a line.
    """
    settings = ["SHELL=/bin/sh", "CRON_TZ=UTC"]
    if schedule.mail_to:
        settings.append(f"MAILTO={schedule.mail_to}")
    lines = [_line(schedule, "1-6", DAY), _line(schedule, "0", SUNDAY)]
    return _HEAD + "".join(f"{line}\n" for line in (*settings, *lines))


def _line(schedule: Schedule, days: str, jobs: Sequence[DailyJob]) -> str:
    hour, minute = schedule.at
    user = [schedule.user] if schedule.user else []
    command = _escape(_command(schedule, jobs))
    if len(command.encode()) > _LONGEST:
        raise ConfigurationError(
            f"a line of the crontab would have more than {_LONGEST} bytes, which"
            " not every cron takes; shorten the paths, or use systemd's units"
        )
    return " ".join([f"{minute} {hour} * * {days}", *user, command])


def _command(schedule: Schedule, jobs: Sequence[DailyJob]) -> str:
    """Returns the command of a line.

    The lock is an open file, so a job that outlives its shell still holds it.
    """
    rally, places = shlex.join(schedule.rally), shlex.join(schedule.places.options)
    words = " ".join(shlex.quote(" ".join(job.words)) for job in jobs)
    return (
        "(flock -n 9 || { echo 'rally: the run before is still at work'; exit 1; };"
        f" worst=0; for job in {words};"
        f" do said=$({rally} $job {places} 2>&1); status=$?;"
        ' if [ $status -ne 0 ]; then echo "rally $job ended with $status:";'
        ' printf %s "$said"; echo; fi;'
        " if [ $status -gt $worst ]; then worst=$status; fi; done; exit $worst)"
        f' 9>>"$HOME/.rally-{schedule.places.mark}.lock"'
    )


def _escape(command: str) -> str:
    """Escapes percent signs, at which cron would end the command.

    Raises:
        ConfigurationError: The command has a backslash.
    """
    if "\\" in command:
        raise ConfigurationError(
            "a path has a backslash, which crons read in different ways; rename it, or"
            " use systemd's units"
        )
    return command.replace("%", r"\%")
