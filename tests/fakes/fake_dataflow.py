"""A Dataflow on loopback: its REST interface, as far as a launcher talks to it.

It takes a job, says in which states it is, one after the other, and what went wrong.
Paths and fields are those of the public REST reference, version v1b3.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs

JOB_ID = "2026-06-01_05_00_00-1234567890123456789"
_TIME = "2026-06-01T12:00:00Z"


@dataclass
class FakeDataflow:
    """What the service does with a job, and what it was asked.

    Attributes:
        address: `http://localhost:<port>`; Beam speaks REST to a service of that name.
        states: of the job, each told once and the last one for ever.
        refusal: status with which it refuses a job, and what it says.
        loses_answer: it takes a job, and what its launcher gets is status 503.
        blind: status with which it refuses to tell of a job.
        name_is_taken: it has a job of that name already, and tells of that one.
        running: pages of names of jobs that run, as it lists them.
        jobs: that were posted.
        taken: a job was posted.
        answers_when: until this is set, who posts a job waits; None is at once.
        requests: method and path of each request.
        watched: somebody has asked for the job's state.
    """

    address: str
    states: list[str] = field(default_factory=lambda: ["DONE"])
    refusal: tuple[int, str] | None = None
    loses_answer: bool = False
    blind: int | None = None
    name_is_taken: bool = False
    running: list[list[str]] = field(default_factory=lambda: [[]])
    jobs: list[dict[str, Any]] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    taken: Event = field(default_factory=Event)
    answers_when: Event | None = None
    watched: Event = field(default_factory=Event)

    def answer(
        self, method: str, path: str, query: str, body: bytes
    ) -> tuple[int, dict[str, Any]]:
        """Status and answer."""
        self.requests.append(f"{method} {path}")
        if method == "POST":
            return self._take(json.loads(body))
        if path.endswith("/jobs"):
            return 200, self._list(int(parse_qs(query).get("pageToken", ["0"])[0]))
        self.watched.set()
        if self.blind:
            return self.blind, _error(self.blind, "not yours to see")
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return 200, self._job(state)

    def _list(self, page: int) -> dict[str, Any]:
        running = [
            {"id": f"id-of-{name}", "name": name, "currentState": "JOB_STATE_RUNNING"}
            for name in self.running[page]
        ]
        more = {"nextPageToken": str(page + 1)} if self.running[page + 1 :] else {}
        return {"jobs": running, **more}

    def _take(self, job: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if self.refusal:
            return self.refusal[0], _error(*self.refusal)
        self.jobs.append(job)
        self.taken.set()
        if self.answers_when:
            self.answers_when.wait()
        if self.loses_answer:
            return 503, _error(503, "nobody is at home")
        return 200, self._job("PENDING")

    def _job(self, state: str) -> dict[str, Any]:
        posted = self.jobs[-1]
        return {
            "id": JOB_ID,
            "name": posted["name"],
            "type": posted["type"],
            "clientRequestId": "another"
            if self.name_is_taken
            else posted["clientRequestId"],
            "currentState": f"JOB_STATE_{state}",
            "createTime": _TIME,
        }


def _error(status: int, message: str) -> dict[str, Any]:
    return {"error": {"code": status, "message": message}}


@contextmanager
def fake_dataflow() -> Iterator[FakeDataflow]:
    """Runs one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path, _, query = self.path.partition("?")
            status, said = service.answer(self.command, path, query, body)
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("localhost", 0), Handler) as server:
        service = FakeDataflow(f"http://localhost:{server.server_port}")
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield service
        finally:
            server.shutdown()
