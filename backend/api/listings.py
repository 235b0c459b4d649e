"""A listing's media: list, download, update, delete (contract 1.10)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from backend.api.dependencies import Caller, Service
from backend.errors import refusals
from backend.schemas import (
    AssetRequest,
    DownloadAnswer,
    DownloadRequest,
    ListingsAnswer,
    MediaAnswer,
    MediaQuery,
    StatusAnswer,
    UpdateRequest,
)
from backend.services import deletion, downloads, media

router = APIRouter(
    prefix="/listings", tags=["media"], responses=refusals(400, 401, 403, 404, 409, 422)
)


@router.get("")
def listings(context: Service, caller: Caller) -> ListingsAnswer:
    """The caller's listings."""
    return ListingsAnswer(data=media.listings_of(context, caller))


@router.get("/media")
def list_media(
    wanted: Annotated[MediaQuery, Query()], context: Service, caller: Caller
) -> MediaAnswer:
    """A page of the listing's assets, and its latest bundle."""
    return media.list_media(context, caller, wanted)


@router.post("/media/download")
def download(body: DownloadRequest, context: Service, caller: Caller) -> DownloadAnswer:
    """Presigned GET URLs; what cannot be served comes back with the reason."""
    return downloads.urls(context, caller, body)


@router.post("/media/update")
def update(body: UpdateRequest, context: Service, caller: Caller) -> StatusAnswer:
    """Change the title, or merge into the client's metadata."""
    media.update(context, caller, body)
    return StatusAnswer(status="asset_updated")


@router.delete("/media/delete")
def delete(body: AssetRequest, context: Service, caller: Caller) -> StatusAnswer:
    """Delete an asset with every version of its objects."""
    deletion.delete_asset(context, caller, body)
    return StatusAnswer(status="asset_deleted")
