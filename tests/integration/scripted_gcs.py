"""A Cloud Storage that answers what a test tells it to, in order, on loopback.

No emulator keeps old generations or holds: their answers are written down here as the
JSON API documents them.
"""

import json
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

BUCKET = "/storage/v1/b/bucket/o"


class Answer(NamedTuple):
    """What the service says: a dictionary goes as JSON."""

    status: int
    body: dict | bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


class Request(NamedTuple):
    """What the service was asked."""

    method: str
    path: str
    query: dict
    headers: dict
    body: bytes


@dataclass
class ScriptedGcs:
    """The answers to come and the requests that came."""

    address: str
    bucket: Answer | None = None  # forbidden: the client asks for its own metrics
    answers: list[Answer] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def answer(self, request):
        """The next one; the client does not ask again for what is not implemented."""
        if request.path == BUCKET.removesuffix("/o"):
            return self.bucket or Answer(403)
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else Answer(501)

    @property
    def lines(self):
        """Method and path of each request."""
        return [f"{each.method} {each.path}" for each in self.requests]


def refusal(status, reason, message):
    """An error of the JSON API."""
    errors = [{"domain": "global", "reason": reason, "message": message}]
    return Answer(
        status, {"error": {"code": status, "message": message, "errors": errors}}
    )


@contextmanager
def scripted_gcs():
    """Runs one on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            asked = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            query = dict(parse_qsl(asked.query))
            status, body, headers = script.answer(
                Request(self.command, asked.path, query, dict(self.headers), body)
            )
            body = json.dumps(body).encode() if isinstance(body, dict) else body
            self.send_response(status)
            for name, value in {"Content-Length": len(body), **headers}.items():
                self.send_header(name, str(value))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = ScriptedGcs(f"http://127.0.0.1:{server.server_port}")
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        try:
            yield script
        finally:
            server.shutdown()
