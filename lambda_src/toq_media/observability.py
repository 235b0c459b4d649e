"""One JSON logger and one metrics namespace for all functions (AWS Lambda Powertools)."""

from __future__ import annotations

from aws_lambda_powertools import Logger

logger = Logger()
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""


def bind(*, job_id: int, listing_identity_id: int, traceparent: str) -> None:
    """Put a job's correlation keys on every later line of this invocation."""
    logger.append_keys(jobId=job_id, listingIdentityId=listing_identity_id, traceparent=traceparent)
