"""Runs a whole job on one worker, with every core that it has."""

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
"""Statuses of Ctrl-C and of SIGTERM, which a worker that is taken away gets."""

_ENTRIES_ALONE = {"RALLY_LOG_FORMAT": "json"}
"""Variable for the form of log that has no words of a bug: they may quote a ping."""

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
"""Variables by which a worker knows whose it is; the job's own are not this job's."""


class JobKilled(Exception):
    """The job's process was killed; Beam runs the job again, and it goes on."""


class JobFailed(Exception):
    """The job ended with a status other than 0; its log says why."""


@dataclasses.dataclass
class RunJobOnWorker(beam.PTransform):
    """Runs a job's command on a worker, as a person would on that machine.

    It is for jobs that decide step by step what is next, from the findings of the last
    step: a launcher that hands its graph over, as that of a Flex Template does, cannot
    wait for that. A worker that dies is replaced, and the command runs again: these
    jobs go on from wherever they were killed. The process ends with its worker, so that
    the next one there finds nobody at work; for another machine a run counts as alive
    until two minutes after its last sign of life, and one that begins sooner fails. The
    verdict is a step of its own, so that a job that ended badly fails the pipeline
    without running again.

    Attributes:
        command: module and its arguments, as after `python -m`.
    """

    command: Sequence[str]

    def expand(self, begin: beam.pvalue.PBegin) -> beam.PCollection[None]:
        """Runs the command, which is the only element, and judges its exit status."""
        return (
            begin
            | "Command" >> beam.Create([tuple(self.command)], reshuffle=False)
            | "Run" >> beam.Map(_run)
            | "Settle" >> beam.Reshuffle()
            | "Judge" >> beam.Map(_judge)
        )


def _run(command: Sequence[str]) -> int:
    """Runs the command, logs its output, and returns its exit status."""
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
