"""A Flink of this machine: a JobManager, TaskManagers, and Beam's job server.

Each is a process of its own in a process group of its own, on free ports of loopback.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path

from tests.engines.rest import Rest, wait_for
from tests.support.ports import free_port

HERE = Path(__file__).parent / "flink"
FLINK = "org.apache.flink.runtime"
JOB_MANAGER = f"{FLINK}.entrypoint.StandaloneSessionClusterEntrypoint"
TASK_MANAGER = f"{FLINK}.taskexecutor.TaskManagerRunner"
JOB_SERVER = "org.apache.beam.runners.flink.FlinkJobServerDriver"
INNER = (
    *("java.lang", "java.lang.reflect", "java.util", "java.util.concurrent"),
    *("java.nio", "java.net", "java.io", "java.text", "java.time", "sun.nio.ch"),
    "sun.net.util",
)
"""Flink 1.16 is older than the Java that closes these."""
JAVA = (
    "-Xmx512m",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    *(f"--add-opens=java.base/{each}=ALL-UNNAMED" for each in INNER),
)


class Cluster(Rest):
    """Runs from `with` to its end; then all its processes are gone.

    Attributes:
        folder: of its logs and settings.
    """

    def __init__(self, jars, folder, taskmanagers=2):
        self.folder = Path(folder)
        self._jars = jars
        self._wanted = taskmanagers
        self._task_managers = []
        self._parts = []
        self._numbers = count(1)

    def __enter__(self):
        with ExitStack() as cleaned:
            self._cleaned = cleaned
            self._configure()
            self._start("job-manager", JOB_MANAGER, "--configDir", self.folder)
            for _ in range(self._wanted):
                self.start_taskmanager()
            self._start_job_server()
            self.wait_until_whole()
            self._cleaned = cleaned.pop_all()
        return self

    def __exit__(self, *_):
        self._cleaned.close()

    def options(self, **environment):
        """Beam's options of a job that runs here.

        Args:
            environment: more variables of its workers.
        """
        named = {"os": "linux", "command": str(self._worker), "env": environment}
        return [
            "--runner=PortableRunner",
            f"--job_endpoint=localhost:{self._job_port}",
            f"--parallelism={self._wanted}",
            "--environment_type=PROCESS",
            f"--environment_config={json.dumps(named)}",
        ]

    def start_taskmanager(self):
        name = f"task-manager-{next(self._numbers)}"
        arguments = ("--configDir", self.folder)
        self._task_managers.append(self._start(name, TASK_MANAGER, *arguments))

    def kill_taskmanager(self):
        """Kills the oldest with SIGKILL, and that alone: its workers find out."""
        oldest = self._task_managers.pop(0)
        assert oldest.poll() is None
        self._parts.remove(oldest)
        oldest.kill()
        oldest.wait()

    def wait_until_whole(self):
        """Until every TaskManager is known, and none that is dead."""
        number = len(self._task_managers)
        whole = (number, number, number)
        wait_for(lambda: self.slots() == whole or self._check(), "slots are free")

    def _check(self):
        """Fails at once where a part could not start; what was killed is none."""
        assert all(part.poll() is None for part in self._parts), self.logs()

    def logs(self):
        """The ends of all logs, for a person."""
        return "\n".join(
            "\n".join([f"--- {log.name}", *_last_lines(log)])
            for log in sorted(self.folder.glob("*.log"))
        )

    def _configure(self):
        self.folder.mkdir(parents=True)
        self.port, rpc_port, self._job_port = (free_port() for _ in range(3))
        own = {
            "rest.port": self.port,
            "jobmanager.rpc.port": rpc_port,
            "io.tmp.dirs": self.folder,
        }
        text = (HERE / "flink-conf.yaml").read_text()
        text += "".join(f"{name}: {value}\n" for name, value in own.items())
        (self.folder / "flink-conf.yaml").write_text(text)
        self._worker = self.folder / "worker"
        command = f'exec "{sys.executable}" -m pipelines.worker "$@"'
        self._worker.write_text(f"#!/bin/sh\n{command}\n")
        self._worker.chmod(0o755)

    def _start_job_server(self):
        artifacts, expansion = free_port(), free_port()
        self._start(
            "job-server",
            JOB_SERVER,
            *("--job-host", "127.0.0.1", "--job-port", self._job_port),
            *("--artifact-port", artifacts, "--expansion-port", expansion),
            *("--flink-master", f"127.0.0.1:{self.port}"),
            *("--artifacts-dir", self.folder / "artifacts"),
        )
        wait_for(
            lambda: answers(self._job_port) or self._check(), "the job server answers"
        )

    def _start(self, name, main, *arguments):
        command = ["java", *JAVA, "-cp", f"{self._jars}/*", main]
        with (self.folder / f"{name}.log").open("w") as log:
            process = subprocess.Popen(
                [*command, *map(str, arguments)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            )
        self._parts.append(process)
        self._cleaned.callback(end_group, process)
        return process


def _last_lines(log):
    lines = (line for line in log.read_text().splitlines() if line[:1].isdigit())
    return [line[:300] for line in [*lines][-12:]]


def end_group(process):
    """Ends a process and whatever it has started, though it be dead itself."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def answers(port):
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
