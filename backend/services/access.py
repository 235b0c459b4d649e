"""A listing for whoever may see it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.auth import Principal
from backend.db.models import Job, Listing
from backend.errors import ConflictError, ForbiddenError, NotFoundError

UPLOADABLE = frozenset({"PENDING_PHOTO_PROCESSING", "REJECTED_BY_OWNER"})
"""Listing statuses in which media may change (contract 1.9)."""


def listing_for(
    session: Session, caller: Principal, listing_id: int, *, lock: bool = False
) -> Listing:
    """The listing, locked until the transaction ends if asked.

    Raises:
        NotFoundError: there is none.
        ForbiddenError: it is someone else's.
    """
    query = select(Listing).where(Listing.id == listing_id)
    listing = session.scalar(query.with_for_update() if lock else query)
    if listing is None:
        raise NotFoundError("LISTING_NOT_FOUND", f"there is no listing {listing_id}")
    if not caller.operator and listing.owner != caller.subject:
        raise ForbiddenError("NOT_THE_OWNER", f"listing {listing_id} belongs to someone else")
    return listing


def job_for(session: Session, caller: Principal, job_id: int, *, lock: bool = False) -> Job:
    """The job, if its listing is the caller's; raises as `listing_for` does."""
    query = select(Job).where(Job.id == job_id)
    job = session.scalar(query.with_for_update() if lock else query)
    if job is None:
        raise NotFoundError("JOB_NOT_FOUND", f"there is no job {job_id}")
    listing_for(session, caller, job.listing_identity_id)
    return job


def require_uploadable(listing: Listing) -> None:
    """Refuse changes of media in the listing's present status.

    Raises:
        ConflictError: the status does not allow them.
    """
    if listing.status not in UPLOADABLE:
        raise ConflictError(
            "LISTING_STATUS",
            f"listing {listing.id} is {listing.status}; its media can be changed in "
            f"{' or '.join(sorted(UPLOADABLE))} only",
            {"status": listing.status},
        )
