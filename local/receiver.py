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


@dataclass
class Receiver:
    """Callbacks as they arrive; until secrets are known, every one is refused."""

    url: str = ""
    secrets: Sequence[bytes] = ()
    accepted: list[Callback] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
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

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            if self.path != PATH or length > MAX_BODY_BYTES:
                self.send_error(404 if self.path != PATH else 413)
                return
            status, answer = receiver.take(self.rfile.read(length), dict(self.headers.items()))
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

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
            server.shutdown()
