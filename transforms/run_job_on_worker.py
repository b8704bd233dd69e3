"""Has a whole job done by one worker, with every core that it has."""

import dataclasses
import logging
import os
import subprocess
import sys
from collections.abc import Sequence

import apache_beam as beam

from rally.exit_status import MEANINGS
from rally.observability.log_entries import level_of

_LOG = logging.getLogger(__name__)
_STOPPED = (130, 143)
"""By Ctrl-C or SIGTERM, which a worker that is taken away gets."""

_ENTRIES_ALONE = {"RALLY_LOG_FORMAT": "json"}
"""What a bug breaks on may be a ping: in this form it is told without its words."""

_HARNESS = (
    "CONTROL_API_SERVICE_DESCRIPTOR",
    "LOGGING_API_SERVICE_DESCRIPTOR",
    "PIPELINE_OPTIONS",
    "PIPELINE_OPTIONS_FILE",
    "RUNNER_CAPABILITIES",
    "SEMI_PERSISTENT_DIRECTORY",
    "STATUS_API_SERVICE_DESCRIPTOR",
    "WORKER_ID",
)
"""What tells a worker whose it is; the job's own workers are not this job's."""


class JobKilled(Exception):
    """The job's process was killed; Beam has it done again, and it goes on."""


class JobFailed(Exception):
    """The job ended with a status that is not 0; its log says why."""


@dataclasses.dataclass
class RunJobOnWorker(beam.PTransform):
    """Runs a job's command on a worker, as a person would on that machine.

    For jobs that decide step by step what is next, from what the last step found: a
    launcher that hands its graph over, as that of a Flex Template does, cannot wait for
    it. A worker that dies is replaced, and the command run again: these jobs go on
    from wherever they were killed. The process ends with its worker, so that the next
    one there finds nobody at work; for another machine a run counts as alive until two
    minutes after its last sign of life, and one that begins sooner fails. The verdict
    is a step of its own, so that a job that ended badly fails the pipeline without
    being run again.

    Attributes:
        command: a module and its arguments, after `python -m`.
    """

    command: Sequence[str]

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """One element, which is the command."""
        return (
            begin
            | "Command" >> beam.Create([tuple(self.command)], reshuffle=False)
            | "Run" >> beam.Map(_run)
            | "Settle" >> beam.Reshuffle()
            | "Judge" >> beam.Map(_judge)
        )


def _run(command: Sequence[str]) -> int:
    """The exit status; what the job prints goes to the worker's log as it is said."""
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "rally.exit_with_parent", *command],
        env={name: os.environ[name] for name in os.environ if name not in _HARNESS}
        | _ENTRIES_ALONE,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            _LOG.log(level_of(line), "%s", line.rstrip("\n"))
        process.wait()  # before its standard input is closed, which would end it
    if process.returncode < 0 or process.returncode in _STOPPED:
        raise JobKilled(command[0])
    return process.returncode


def _judge(status: int) -> None:
    if status:
        meaning = MEANINGS.get(status, "the machine ended it")
        raise JobFailed(
            f"exit status {status}: {meaning}; the log of step Run says why"
        )
