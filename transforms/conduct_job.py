"""Has a whole job done by one worker, with every core that it has."""

import dataclasses
import logging
import subprocess
import sys
from collections.abc import Sequence

import apache_beam as beam

_LOG = logging.getLogger(__name__)
_STOPPED = (130, 143)
"""By Ctrl-C or SIGTERM, which a worker that is taken away gets."""


class JobKilled(Exception):
    """The job's process was killed; Beam has it done again, and it goes on."""


class JobFailed(Exception):
    """The job ended with a status that is not 0; its log says why."""


@dataclasses.dataclass
class ConductJob(beam.PTransform):
    """Runs a job's command on a worker, as a person would on that machine.

    For jobs that decide step by step what is next, from what the last step found: a
    launcher that hands its graph over, as that of a Flex Template does, cannot wait for
    it. A worker that dies is replaced, and the command run again: these jobs go on
    from wherever they were killed. The verdict is a step of its own, so that a job that
    ended badly fails the pipeline without being run again.

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
    """The exit status; what the job prints goes to the worker's log."""
    with subprocess.Popen(
        [sys.executable, "-m", *command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        for line in process.stdout or ():
            _LOG.info("%s", line.rstrip("\n"))
    if process.returncode < 0 or process.returncode in _STOPPED:
        raise JobKilled(command[0])
    return process.returncode


def _judge(status: int) -> None:
    if status:
        raise JobFailed(f"exit status {status}; the log of step Run says why")
