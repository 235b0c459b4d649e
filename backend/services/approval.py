"""The owner's word on finished media (contract 1.9, 1.10)."""

from __future__ import annotations

from sqlalchemy.orm import Session

from backend import schemas
from backend.auth import Principal
from backend.context import Context
from backend.errors import BadRequestError, ForbiddenError
from backend.services.access import listing_for

AWAITING_OWNER = "PENDING_OWNER_APPROVAL"


def decide(
    context: Context, caller: Principal, listing_id: int, *, approve: bool
) -> schemas.ApprovalAnswer:
    """Move the listing on, or back to its photographer.

    Raises:
        BadRequestError: the listing does not wait for its owner.
        ForbiddenError: the caller is not the owner; operators are not either.
        NotFoundError: there is no such listing.
    """

    def work(session: Session) -> str:
        listing = listing_for(session, caller, listing_id, lock=True)
        if listing.owner != caller.subject:
            raise ForbiddenError("NOT_THE_OWNER", "only the owner can approve or reject")
        if listing.status != AWAITING_OWNER:
            raise BadRequestError(
                "LISTING_STATUS",
                f"listing {listing_id} is {listing.status} and not {AWAITING_OWNER}",
                {"status": listing.status},
            )
        review = context.settings.listing_approval_admin_review
        approved = "PENDING_ADMIN_REVIEW" if review else "READY"
        listing.status = approved if approve else "REJECTED_BY_OWNER"
        listing.updated_at = context.clock()
        return listing.status

    return schemas.ApprovalAnswer(
        listing_identity_id=listing_id,
        new_status=context.database.run(work),
        decision="approved" if approve else "rejected",
    )
