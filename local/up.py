"""`make up` and `make down`: the local cloud with backend and page, kept running."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from rich.console import Console

from components.functions.bundle import ROOT
from local.cloud import LocalCloud
from local.errors import LocalCloudError, PortInUseError
from local.service import CALLBACK_PATH, Service, bound_socket, serving, url_of

FOLDER = ROOT / ".build" / "local"
BACKEND_PORT = 8787
EMULATOR_PORT = 4566
LISTINGS = {512: "12 Garden Street", 513: "Loft at the harbour", 514: "House by the lake"}

PID_FILE = "up.pid"

_STOP_SECONDS = 40
_POLL_SECONDS = 0.1


def up(console: Console, *, port: int = BACKEND_PORT, folder: Path = FOLDER) -> int:
    """Run until Ctrl-C or `down`; 0 after a clean end.

    Raises:
        LocalCloudError: it runs already, a port is taken, or something does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with _only_one(folder), _service(console, port, folder) as service:
            service.add_listings(LISTINGS)
            _tell(console, service)
            _wait_for_signal()
            console.print("stopping")
    except KeyboardInterrupt:
        console.print("stopped before everything was up")
    return 0


def down(console: Console, *, folder: Path = FOLDER) -> int:
    """Stop what `up` runs and wait until it is gone; harmless when nothing runs.

    Raises:
        LocalCloudError: it does not end in time.
    """
    pid_file = folder / PID_FILE
    if not pid_file.exists() or not _held(pid_file):
        console.print("nothing is running")
        return 0
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_SECONDS
    while _held(pid_file):
        if time.monotonic() > deadline:
            raise LocalCloudError(f"process {pid} does not end; end it by hand")
        time.sleep(_POLL_SECONDS)
    console.print("stopped")
    return 0


def _wait_for_signal() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not break the cleaning up


@contextmanager
def _service(console: Console, port: int, folder: Path) -> Iterator[Service]:
    with bound_socket(port) as listener, _cloud(console, url_of(listener)) as cloud:
        console.print(f"deployed [bold]{len(cloud.resources)}[/] resources at {cloud.endpoint}")
        with serving(cloud, listener, folder) as service:
            yield service


@contextmanager
def _cloud(console: Console, url: str) -> Iterator[LocalCloud]:
    """The cloud at its usual port, or at a free one."""
    port = EMULATOR_PORT
    try:
        with bound_socket(port):
            pass
    except PortInUseError:
        console.print(f"port {port} is in use; the emulator takes a free one")
        port = 0
    config = {
        "toq-media:callbackUrl": url + CALLBACK_PATH,
        "toq-media:corsAllowedOrigins": json.dumps([url]),
    }
    with ExitStack() as stack:
        with console.status("starting the embedded cloud and deploying the local stack"):
            cloud = stack.enter_context(LocalCloud(config=config, port=port))
        yield cloud


def _tell(console: Console, service: Service) -> None:
    console.print(f"page     [bold]{service.page_url}[/]", soft_wrap=True)
    console.print(f"API      {service.url}/api/v2 (docs/openapi.json)", soft_wrap=True)
    console.print(f"token    {service.token}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C or `make down` stops it")


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Hold the pid file: its lock goes with the process, however that ends."""
    with (folder / PID_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LocalCloudError("it runs already; `make down` stops it") from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # `down` ends it as Ctrl-C does
        yield


def _held(pid_file: Path) -> bool:
    with pid_file.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
