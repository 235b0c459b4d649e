"""Same-origin way to the emulator's S3, for browsers: they do not know its certificate.

The backend of the local cloud signs its presigned URLs for its own address. What comes in for the
bucket goes on to the emulator as it is, so signature, checksum, type and length are judged there
as in AWS; ranges work, so videos can be sought. In AWS there is nothing like it: presigned URLs
point to S3 itself.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_CONNECTION_HEADERS = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
_TIMEOUT_SECONDS = 60


class StorageGateway:
    """ASGI middleware that passes `/{bucket}/...` on to the emulator.

    Args:
        app: Answers everything else.
        bucket: The media bucket.
        endpoint: URL of the emulator.
        ca_bundle: What the emulator's certificate is checked with.
    """

    def __init__(self, app: ASGIApp, *, bucket: str, endpoint: str, ca_bundle: Path) -> None:
        self._app = app
        self._prefix = f"/{bucket}/"
        self._endpoint = httpx2.URL(endpoint)
        self._client = httpx2.AsyncClient(
            verify=ssl.create_default_context(cafile=str(ca_bundle)),
            timeout=_TIMEOUT_SECONDS,
            trust_env=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request; or the server's life, at whose end the connections close."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._closing(send))
            return
        if scope["type"] != "http" or not scope["path"].startswith(self._prefix):
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        if request.method in {"GET", "HEAD", "PUT"}:
            response = await self._pass_on(request)
        else:
            response = PlainTextResponse("only GET, HEAD and PUT", status_code=405)
        await response(scope, receive, send)

    def _closing(self, send: Send) -> Send:
        """Close before the server is told that all is ended: its event loop goes with that."""

        async def close_then_send(message: Message) -> None:
            if message["type"].startswith("lifespan.shutdown."):
                await self._client.aclose()
            await send(message)

        return close_then_send

    async def _pass_on(self, request: Request) -> Response:
        target = request.scope["raw_path"] + b"?" + request.scope["query_string"]
        onward = self._client.build_request(
            request.method,
            self._endpoint.copy_with(raw_path=target),
            headers=_end_to_end(request.headers.raw),
            content=request.stream() if request.method == "PUT" else None,
        )
        try:
            answer = await self._client.send(onward, stream=True)
        except ClientDisconnect:
            return PlainTextResponse("the upload was given up", status_code=400)
        except httpx2.TransportError as error:
            return PlainTextResponse(f"the local cloud does not answer: {error}", status_code=502)
        response = StreamingResponse(
            _body(answer), status_code=answer.status_code, background=BackgroundTask(answer.aclose)
        )
        response.raw_headers = _end_to_end(answer.headers.raw)
        return response


async def _body(answer: httpx2.Response) -> AsyncIterator[bytes]:
    async for chunk in answer.aiter_raw():
        yield chunk


def _end_to_end(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [
        (name.lower(), value) for name, value in headers if name.lower() not in _CONNECTION_HEADERS
    ]
