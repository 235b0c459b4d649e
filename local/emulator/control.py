"""The emulator's application with our own paths `/_toq/...` in front of it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

from ministack import app as ministack_app

from local.emulator.patches.faults import TABLE
from local.emulator.patches.limits import STATE_SIZES

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """ASGI entry point: ours are answered here, everything else by the emulator."""
    if scope["type"] != "http" or not scope["path"].startswith("/_toq/"):
        await ministack_app.app(scope, receive, send)
        return
    body = await _body(receive)
    status, answer = _answer(scope["method"], scope["path"], body)
    content = json.dumps(answer).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(content))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})


def _answer(method: str, path: str, body: bytes) -> tuple[int, object]:
    match method, path:
        case "GET", "/_toq/faults":
            return 200, TABLE.view()
        case "POST", "/_toq/faults":
            try:
                TABLE.replace(json.loads(body))
            except (ValueError, TypeError) as error:
                return 400, {"error": str(error)}
            return 200, TABLE.view()
        case "GET", "/_toq/state-sizes":
            return 200, STATE_SIZES.view()
    return 404, {"error": f"no {method} {path}"}


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if not message.get("more_body"):
            return body
