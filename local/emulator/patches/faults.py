"""Faults on demand: a table of answers that a service gives instead of doing its work."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import new_uuid

from local.emulator.settings import EmulatorSettings

USES = (
    "ministack.app:SERVICE_HANDLERS",
    "ministack.app:_routing_params",
    "ministack.core.iam_actions:extract_iam_action",
    "ministack.core.iam_actions:access_denied_response",
    "ministack.core.responses:new_uuid",
)

Response = tuple[int, dict[str, str], Any]
Handler = Callable[..., Awaitable[Response]]


@dataclass(kw_only=True)
class Fault:
    """One entry of the table.

    Attributes:
        action: IAM action with wildcards, as `s3:PutObject` or `lambda:*`.
        match: Text that the request's path or body must contain; empty matches all.
        status: HTTP status answered; 0 only delays.
        code: AWS error code answered, as `SlowDown`.
        times: How often it strikes; -1 for ever.
        delay: Seconds waited before the answer.
    """

    action: str
    match: str = ""
    status: int = 503
    code: str = "ServiceUnavailable"
    times: int = -1
    delay: float = 0.0
    struck: int = 0

    def strikes(self, action: str, text: str) -> bool:
        """Whether it strikes this request; counts it when it does."""
        if self.times != -1 and self.struck >= self.times:
            return False
        if not fnmatchcase(action, self.action) or self.match not in text:
            return False
        self.struck += 1
        return True


class FaultTable:
    """The faults now in force."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = threading.Lock()

    def replace(self, entries: list[dict[str, Any]]) -> None:
        """Put other faults in force; an empty list ends all.

        Raises:
            ValueError: an entry has an unknown field or no action.
        """
        known = {field.name for field in fields(Fault)} - {"struck"}
        for entry in entries:
            if unknown := set(entry) - known:
                raise ValueError(
                    f"fault has unknown fields {sorted(unknown)}; known: {sorted(known)}"
                )
            if not entry.get("action"):
                raise ValueError("fault has no action, as s3:PutObject")
        with self._lock:
            self._faults = [Fault(**entry) for entry in entries]

    def find(self, action: str, text: str) -> Fault | None:
        """Fault that strikes this request, if any."""
        with self._lock:
            return next((fault for fault in self._faults if fault.strikes(action, text)), None)

    def view(self) -> list[dict[str, Any]]:
        """The table with the number of strikes of each."""
        with self._lock:
            return [vars(fault).copy() for fault in self._faults]

    def __bool__(self) -> bool:
        return bool(self._faults)


TABLE = FaultTable()


def error_answer(
    service: str, action: str, *, status: int, code: str, message: str, headers: dict[str, str]
) -> Response:
    """An error in the protocol that the service speaks."""
    _, answer_headers, body = iam_actions.access_denied_response(
        service, action, "", new_uuid(), error_code=code, message=message, headers=headers
    )
    return status, answer_headers, body


def install(settings: EmulatorSettings) -> None:  # noqa: ARG001 - patches share one signature
    """Put the table in front of every service's handler."""
    for service, handler in list(app.SERVICE_HANDLERS.items()):
        app.SERVICE_HANDLERS[service] = _with_faults(service, handler)


def _with_faults(service: str, handler: Handler) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        fault = _struck(service, method, path, headers, body, query) if TABLE else None
        if fault is None:
            return await handler(method, path, headers, body, query)
        await asyncio.sleep(fault.delay)
        if not fault.status:
            return await handler(method, path, headers, body, query)
        message = f"injected fault {json.dumps(fault.code)}"
        return error_answer(
            service,
            fault.action,
            status=fault.status,
            code=fault.code,
            message=message,
            headers=headers,
        )

    return handle


def _struck(
    service: str,
    method: str,
    path: str,
    headers: dict[str, str],
    body: bytes,
    query: dict[str, Any],
) -> Fault | None:
    params = app._routing_params(method, path, headers, body, query)
    action = iam_actions.extract_iam_action(service, method, path, headers, body, params)
    if not action:
        return None
    text = path + ("" if service == "s3" else body.decode("utf-8", errors="replace"))
    return TABLE.find(action, text)
