"""Jobs: how they stand, and doing them again."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from backend.api.dependencies import Caller, Service
from backend.errors import refusals
from backend.schemas import Id, Job, JobsAnswer, RetryRequest
from backend.services import jobs, retries

router = APIRouter(tags=["jobs"], responses=refusals(401, 403, 404, 409, 422))


@router.get("/jobs/{id}")
def job(job_id: Annotated[Id, Path(alias="id")], context: Service, caller: Caller) -> Job:
    """One job: status, assets, execution, attempts, last error."""
    return jobs.job_view(context, caller, job_id)


@router.get("/listings/{id}/jobs")
def jobs_of_listing(
    listing_id: Annotated[Id, Path(alias="id")], context: Service, caller: Caller
) -> JobsAnswer:
    """Jobs of a listing, latest first."""
    return JobsAnswer(data=jobs.jobs_of_listing(context, caller, listing_id))


@router.post("/jobs/{id}/retry", status_code=202, responses=refusals(400))
def retry(
    job_id: Annotated[Id, Path(alias="id")],
    body: RetryRequest,
    context: Service,
    caller: Caller,
) -> Job:
    """Run a finished job again: all of it, its failed assets, or only the taking of its result."""
    retries.retry(context, caller, job_id, body.scope)
    return jobs.job_view(context, caller, job_id)
