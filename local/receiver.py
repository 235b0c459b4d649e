"""The backend's ear: takes callbacks, believes only signed ones."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from local.errors import PortInUseError
from toq_media.signing import verify

PATH = "/api/v2/listings/media/callback"
MAX_BODY_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class Callback:
    """One accepted callback."""

    body: dict[str, Any]
    headers: Mapping[str, str]
    received_at: float


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer of a backend in trouble.

    Attributes:
        status: HTTP status.
        headers: its headers.
        seconds: how long it takes.
        accepts: believe the callback first, as a backend does whose answer gets lost.
        drops: close the connection instead of answering.
    """

    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    accepts: bool = False
    drops: bool = False


@dataclass
class Receiver:
    """Callbacks as they arrive; until secrets are known, every one is refused.

    Attributes:
        url: where to send callbacks.
        secrets: secrets that are valid now.
        accepted: believed callbacks, repeated deliveries too.
        refused: why others were not.
        attempts: job ids in the order of arrival, whatever was answered.
        script: answers of a job's next attempts; once they are used up, it is judged as usual.
    """

    url: str = ""
    secrets: Sequence[bytes] = ()
    accepted: list[Callback] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    attempts: list[int] = field(default_factory=list)
    script: dict[int, Iterator[Answer]] = field(default_factory=dict)
    _arrival: threading.Condition = field(default_factory=threading.Condition)

    def take(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """Judge one request; status and answer as in contract 1.7."""
        problem = verify(body, headers, self.secrets, now=time.time())
        with self._arrival:
            if problem:
                self.refused.append(problem)
                return 403, {"code": 403, "message": problem, "details": None}
            parsed = json.loads(body)
            self.accepted.append(
                Callback(body=parsed, headers=dict(headers), received_at=time.time())
            )
            self._arrival.notify_all()
        return 200, {"success": True, "data": {"status": "accepted"}}

    def scripted(self, body: bytes) -> Answer | None:
        """Count an attempt; the answer that its job's script has for it."""
        try:
            job_id = json.loads(body).get("jobId", 0)
        except ValueError:
            return None
        with self._arrival:
            self.attempts.append(job_id)
            return next(self.script.get(job_id, iter(())), None)

    def wait(self, job_id: int, seconds: float) -> Callback | None:
        """The callback of a job; None when it did not come in time."""
        deadline = time.monotonic() + seconds
        with self._arrival:
            while True:
                found = [one for one in self.accepted if one.body.get("jobId") == job_id]
                if found:
                    return found[0]
                left = deadline - time.monotonic()
                if left <= 0:
                    return None
                self._arrival.wait(left)


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Serve on 127.0.0.1 for as long as the context lasts.

    Raises:
        PortInUseError: the port is in use.
    """
    receiver = Receiver()
    closing = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if self.path != PATH or length > MAX_BODY_BYTES:
                self.send_error(404 if self.path != PATH else 413)
                return
            body, headers = self.rfile.read(length), dict(self.headers.items())
            planned = receiver.scripted(body)
            if planned is not None:
                self._misbehave(planned, body, headers)
                return
            status, answer = receiver.take(body, headers)
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _misbehave(self, planned: Answer, body: bytes, headers: dict[str, str]) -> None:
            if planned.accepts:
                receiver.take(body, headers)
            if closing.wait(planned.seconds) or planned.drops:
                self.close_connection = True
                return
            self.send_response(planned.status)
            for name, value in {"Content-Length": "0", **planned.headers}.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the progress display owns the terminal."""

    try:
        server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise PortInUseError(f"port {port} is in use; choose another or leave it out") from error
    with server:
        receiver.url = f"http://127.0.0.1:{server.server_port}{PATH}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            closing.set()
            server.shutdown()
