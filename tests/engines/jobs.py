"""Jobs on the cluster, started as a user starts them, and disturbed."""

import subprocess
import sys

from tests.engines.rest import wait_for

TIME = 600


class Job:
    """`python -m pipelines.<job>` with the options of the cluster."""

    def __init__(self, cluster, name, argv, *more, **environment):
        self._cluster = cluster
        on_engine = cluster.options(**environment)
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"pipelines.{name}", *argv, *more, *on_engine],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.communicate()

    def kill_taskmanager_when(self, is_in_the_middle):
        """Kills one while the engine works on this job, and starts another.

        Args:
            is_in_the_middle: says when, by any value that is true, which is returned.
        """
        found = wait_for(lambda: self._has_ended() or is_in_the_middle(), "the middle")
        (running,) = self._cluster.running()
        self._cluster.kill_taskmanager()
        assert running in self._cluster.running()
        self._cluster.start_taskmanager()
        wait_for(lambda: self._cluster.failures(running), "the job starts again")
        return found

    def end(self):
        """Waits for it: exit status, standard output, standard error."""
        out, errors = self._process.communicate(timeout=TIME)
        return self._process.returncode, out, errors

    def succeed(self):
        """Waits for it; what it printed."""
        status, out, errors = self.end()
        assert (status, errors) == (0, ""), f"{out}{errors}{self._cluster.logs()}"
        return out

    def _has_ended(self):
        assert self._process.poll() is None, f"{self.end()}{self._cluster.logs()}"


def is_running(cluster):
    """Whether a job has all its tasks started; their workers may not be yet."""
    return any(cluster.is_at_work(job) for job in cluster.running())
