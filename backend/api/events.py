"""A listing's changes as server-sent events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from backend.api.dependencies import Caller, Service
from backend.context import Context
from backend.errors import refusals
from backend.schemas import Id, Model, Snapshot
from backend.services import media

router = APIRouter(tags=["events"])

_HEARTBEAT_SECONDS = 15.0
_RECONNECT_MILLISECONDS = 2000
_STREAM = {
    "description": "events `snapshot` (Snapshot: first, and whenever the listing itself changed or "
    "an asset went), `asset` (Asset) and `job` (Job), each with JSON as data",
    "content": {"text/event-stream": {"schema": {"type": "string"}}},
}


@router.get(
    "/listings/{id}/events",
    response_class=StreamingResponse,
    responses={200: _STREAM, **refusals(401, 403, 404, 422)},
)
async def events(
    listing_id: Annotated[Id, Path(alias="id")],
    request: Request,
    context: Service,
    caller: Caller,
) -> StreamingResponse:
    """Follow a listing; the stream has no end, and begins anew with a snapshot."""
    first = await run_in_threadpool(media.snapshot, context, caller, listing_id)

    async def stream() -> AsyncIterator[str]:
        yield f"retry: {_RECONNECT_MILLISECONDS}\n\n"
        yield _event("snapshot", first)
        async for one in _changes(context, listing_id, first, request):
            yield one

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(stream(), media_type="text/event-stream", headers=headers)


async def _changes(
    context: Context, listing_id: int, known: Snapshot, request: Request
) -> AsyncIterator[str]:
    quiet_since = time.monotonic()
    while not (request.app.state.stopping.is_set() or await request.is_disconnected()):
        await asyncio.sleep(context.settings.event_poll_seconds)
        current = await run_in_threadpool(media.snapshot_unchecked, context, listing_id)
        told = list(_differences(known, current))
        known = current
        for one in told:
            yield one
        if told:
            quiet_since = time.monotonic()
        elif time.monotonic() - quiet_since > _HEARTBEAT_SECONDS:
            quiet_since = time.monotonic()
            yield ": still here\n\n"


def _differences(before: Snapshot, after: Snapshot) -> list[str]:
    assets = {asset.id: asset for asset in before.assets}
    jobs = {job.id: job for job in before.jobs}
    gone = assets.keys() - {asset.id for asset in after.assets}
    if gone or before.listing != after.listing or before.zip_bundle != after.zip_bundle:
        return [_event("snapshot", after)]
    return [
        *(_event("asset", one) for one in after.assets if assets.get(one.id) != one),
        *(_event("job", one) for one in after.jobs if jobs.get(one.id) != one),
    ]


def _event(name: str, data: Model) -> str:
    return f"event: {name}\ndata: {data.model_dump_json(by_alias=True)}\n\n"
