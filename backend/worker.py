"""Reconciler and cleaner, in a thread beside the API or in a process of their own."""

from __future__ import annotations

import logging
import socket
import threading
import time
import uuid

from sqlalchemy.exc import SQLAlchemyError

from backend.context import Context
from backend.ports import AwsError
from backend.services.cleaner import clean
from backend.services.reconciler import reconcile

_LOGGER = logging.getLogger(__name__)


class Worker:
    """Runs both at start and then at their intervals, until stopped."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._holder = f"{socket.gethostname()[:60]}:{uuid.uuid4()}"
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="media-worker", daemon=True)

    def start(self) -> None:
        """Run in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end, and wait until the present pass is over."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> None:
        """Run in this thread until `stop`."""
        cleaned = -float("inf")
        settings = self._context.settings
        while not self._stop.is_set():
            try:
                reconcile(self._context, self._holder)
                if time.monotonic() - cleaned >= settings.cleanup_interval_minutes * 60:
                    clean(self._context, self._holder)
                    cleaned = time.monotonic()
            except (SQLAlchemyError, AwsError) as error:
                # The database or AWS is away; the next pass finds everything as it was.
                _LOGGER.exception("service.media.worker.failed", extra={"error": str(error)})
            self._stop.wait(settings.reconcile_interval_seconds)
