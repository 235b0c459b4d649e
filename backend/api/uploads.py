"""From presigned URLs to a finished listing (contract 1.10)."""

from __future__ import annotations

from fastapi import APIRouter

from backend.api.dependencies import Caller, Service, Trace
from backend.errors import refusals
from backend.schemas import (
    ApprovalAnswer,
    ApprovalRequest,
    CompleteAnswer,
    ListingRequest,
    ProcessAnswer,
    UploadsAnswer,
    UploadsRequest,
)
from backend.services import approval, finalization, processing, uploads

router = APIRouter(
    prefix="/listings/media",
    tags=["uploads"],
    responses=refusals(400, 401, 403, 404, 409, 422),
)


@router.post("/uploads", status_code=201)
def request_uploads(body: UploadsRequest, context: Service, caller: Caller) -> UploadsAnswer:
    """Presigned PUT URLs; asking again for the same type and sequence replaces the asset."""
    return uploads.request_uploads(context, caller, body)


@router.post("/uploads/process", status_code=202)
def process(
    body: ListingRequest, context: Service, caller: Caller, traceparent: Trace
) -> ProcessAnswer:
    """Process every asset that is uploaded and not processed yet."""
    job_ids = processing.start_processing(
        context, caller, body.listing_identity_id, traceparent=traceparent
    )
    return ProcessAnswer(job_ids=job_ids)


@router.post("/uploads/complete")
def complete(
    body: ListingRequest, context: Service, caller: Caller, traceparent: Trace
) -> CompleteAnswer:
    """Bundle the listing's media and hand the listing to its owner's approval."""
    job_id = finalization.complete(
        context, caller, body.listing_identity_id, traceparent=traceparent
    )
    return CompleteAnswer(job_id=job_id)


@router.post("/approve")
def approve(body: ApprovalRequest, context: Service, caller: Caller) -> ApprovalAnswer:
    """The owner's word on the finished media."""
    return approval.decide(context, caller, body.listing_identity_id, approve=body.approve)
