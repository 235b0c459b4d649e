"""One JSON logger and one metrics namespace for all functions (AWS Lambda Powertools)."""

from __future__ import annotations

import json
from typing import Any

from aws_lambda_powertools import Logger


def one_line(record: dict[str, Any]) -> str:
    """A log record as ASCII JSON.

    Powertools leaves other characters as they are: a client's key could turn the line's direction
    around, end it (U+2028), or hold a lone surrogate, which no stream can write.
    """
    return json.dumps(record, default=str, separators=(",", ":"))


logger = Logger(json_serializer=one_line)
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""


def bind(*, job_id: int, listing_identity_id: int, traceparent: str) -> None:
    """Put a job's correlation keys on every later line of this invocation."""
    logger.append_keys(jobId=job_id, listingIdentityId=listing_identity_id, traceparent=traceparent)


def unbind() -> None:
    """Take a job's keys off again, where one invocation handles several jobs."""
    logger.remove_keys(["jobId", "listingIdentityId", "traceparent"])
