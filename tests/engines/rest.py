"""What Flink says of itself and of its jobs, over its REST interface."""

import json
import time
import urllib.request

OVER = {"FINISHED", "FAILED", "CANCELED"}
DEADLINE = 300.0


def wait_for(condition, what):
    """The first value of the condition that is true."""
    end = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.02)
    return found


class Rest:
    """A JobManager on loopback.

    Attributes:
        port: where it answers.
    """

    port: int

    def jobs(self):
        """The state of each job so far, by its id; the newest is the last."""
        found = self._ask("/jobs/overview")["jobs"]
        found.sort(key=lambda job: job["start-time"])
        return {job["jid"]: job["state"] for job in found}

    def running(self):
        """Jobs that are not over."""
        return [job for job, state in self.jobs().items() if state not in OVER]

    def is_at_work(self, job):
        """Whether no task of the job waits for its start, and not all are done."""
        tasks = {each["status"] for each in self._ask(f"/jobs/{job}")["vertices"]}
        return "RUNNING" in tasks <= {"RUNNING", "FINISHED"}

    def failures(self, job):
        """What made the job start again, as Flink tells it."""
        told = self._ask(f"/jobs/{job}/exceptions")
        entries = told["exceptionHistory"]["entries"]
        return [entry["exceptionName"] for entry in entries]

    def checkpoints(self, job):
        """How many of a stream's checkpoints are complete."""
        return self._ask(f"/jobs/{job}/checkpoints")["counts"]["completed"]

    def cancel(self, job):
        """Ends a job, as its client cannot."""
        self._ask(f"/jobs/{job}?mode=cancel", method="PATCH")
        wait_for(lambda: self.jobs()[job] in OVER, f"{job} is over")

    def slots(self):
        """TaskManagers, their slots, and those that are free; None before it is up."""
        try:
            found = self._ask("/overview")
        except OSError:
            return None
        return found["taskmanagers"], found["slots-total"], found["slots-available"]

    def _ask(self, path, method="GET"):
        url = f"http://127.0.0.1:{self.port}{path}"
        request = urllib.request.Request(url, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")
