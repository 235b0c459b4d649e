"""The pipeline's word on a job (contract 1.7): no bearer token, a signature over the raw body."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool

from backend.api.dependencies import Service
from backend.errors import TooLargeError, refusals
from backend.schemas import CallbackAnswer
from backend.services import callbacks

router = APIRouter(tags=["callback"], responses=refusals(400, 403, 404, 409, 413))

_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post("/listings/media/callback", openapi_extra=_BODY)
async def callback(request: Request, context: Service) -> CallbackAnswer:
    """Take a job's result; signed with X-Toq-Signature, and X-Toq-Signature-V2 where it is sent."""
    body = await _read(request, context.settings.max_callback_bytes)
    data = await run_in_threadpool(callbacks.receive, context, body, dict(request.headers.items()))
    return CallbackAnswer(data=data)


async def _read(request: Request, limit: int) -> bytes:
    """The raw body, never more of it than the limit (field note 46)."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise TooLargeError("BODY_TOO_LARGE", f"the body is larger than {limit} bytes")
    return bytes(body)
