"""Serves the emulator on the one socket it was given, until its parent lets go of it."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
import threading
from typing import Any

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.core import lambda_runtime

from local.emulator.control import application
from local.emulator.patches import install_all
from local.emulator.settings import EmulatorSettings, parse

_KEEP_ALIVE_SECONDS = 75


def main() -> None:
    """Serve until standard input ends or SIGTERM; leave no process and no file behind.

    The parent holds the other end of standard input: it ends when the parent does, however it dies.
    """
    settings = parse(sys.argv[1:])
    install_all(settings)
    signal.signal(signal.SIGTERM, lambda *_: _end(settings))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        asyncio.run(_serve(settings))
    finally:
        _end(settings)


async def _serve(settings: EmulatorSettings) -> None:
    config = Config()
    config.bind = [f"fd://{settings.socket_fd}"]
    config.certfile = config.keyfile = str(settings.certificate)
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    app: Any = application  # hypercorn's types spell out every ASGI message
    await serve(app, config, shutdown_trigger=asyncio.Event().wait)


def _end_with_parent() -> None:
    while sys.stdin.buffer.read(1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)  # the handler runs in the main thread


def _end(settings: EmulatorSettings) -> None:
    """End functions and encoders (this process leads their group), then the scratch folder.

    Executions run in threads that nobody can stop, so the process ends without waiting for them.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    lambda_runtime.reset()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGTERM)
    shutil.rmtree(settings.scratch, ignore_errors=True)
    os._exit(0)
