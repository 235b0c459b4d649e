"""The sender against a real server on loopback."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from callback.http import MAX_REPLY_BYTES, HttpSender
from toq_media.errors import CallbackUnavailableError

pytestmark = pytest.mark.local

STATUSES = {"/moved": 302, "/refused": 422, "/endless": 200, "/down": 503}


class Backend(BaseHTTPRequestHandler):
    seen: list[str]
    release: threading.Event

    def do_POST(self) -> None:
        type(self).seen.append(self.path)
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/hang":
            type(self).release.wait(10)
            return
        if self.path == "/reset":
            self.connection.close()
            return
        self.send_response(STATUSES[self.path])
        self.send_header("Location", "/elsewhere")
        self.send_header("Retry-After", "7")
        self.end_headers()
        if self.path == "/endless":
            type(self).release.wait(10)
            return
        self.wfile.write(b"x" * (2 * MAX_REPLY_BYTES))

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def backend() -> Iterator[str]:
    Backend.seen, Backend.release = [], threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Backend) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        Backend.release.set()
        server.shutdown()


def test_redirects_are_not_followed(backend: str) -> None:
    assert HttpSender(f"{backend}/moved").post(b"{}", {}).status == 302
    assert Backend.seen == ["/moved"]


def test_the_answer_is_read_to_a_bound(backend: str) -> None:
    reply = HttpSender(f"{backend}/refused").post(b"{}", {})
    assert (reply.status, len(reply.body)) == (422, MAX_REPLY_BYTES)


def test_a_failing_backend_says_when_to_come_back(backend: str) -> None:
    reply = HttpSender(f"{backend}/down").post(b"{}", {})
    assert (reply.status, reply.retry_after) == (503, "7")


def test_an_accepted_callback_waits_for_no_body(backend: str) -> None:
    assert HttpSender(f"{backend}/endless", total_seconds=1).post(b"{}", {}).status == 200
    assert not Backend.release.is_set()


@pytest.mark.parametrize("path", ["/hang", "/reset"])
def test_no_answer_is_worth_another_try(backend: str, path: str) -> None:
    with pytest.raises(CallbackUnavailableError):
        HttpSender(backend + path, total_seconds=0.3).post(b"{}", {})


def test_nobody_there_is_worth_another_try() -> None:
    with pytest.raises(CallbackUnavailableError):
        HttpSender("http://127.0.0.1:9").post(b"{}", {})
