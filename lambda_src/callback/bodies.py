"""Bodies that report a failure (contract 1.7)."""

from __future__ import annotations

import json
from dataclasses import dataclass

from toq_media.contracts import (
    PROVIDER_FINALIZATION,
    PROVIDER_PROCESSING,
    CallbackError,
    CallbackStatus,
    FinalizationCallback,
    ProcessingCallback,
    StateError,
    encode,
)
from toq_media.errors import ErrorCode
from toq_media.keys import JobKeys

MAX_MESSAGE_CHARACTERS = 1000
"""A cause can be a stack trace of 32 KiB; the backend's operator needs its beginning."""

_CODES = {
    "ZipTooLargeError": ErrorCode.ZIP_TOO_LARGE,
    "NothingToZipError": ErrorCode.NOTHING_TO_ZIP,
}


@dataclass(frozen=True, kw_only=True)
class Failure:
    """An execution that ended without a result of its own."""

    keys: JobKeys
    execution_arn: str
    started_at: str
    status: CallbackStatus
    traceparent: str
    error: StateError


def failure_body(failure: Failure) -> bytes:
    """The exact bytes that report a failure."""
    code = _CODES.get(failure.error.error, failure.error.error)
    message = _message(failure.error.cause)
    if failure.status == "FINALIZATION_FAILED":
        return encode(
            FinalizationCallback(
                job_id=failure.keys.job_id,
                listing_identity_id=str(failure.keys.listing_id),
                status=failure.status,
                provider=PROVIDER_FINALIZATION,
                traceparent=failure.traceparent,
                error=CallbackError(
                    code=code, message=message, aws_error=failure.error.error, aws_cause=message
                ),
            )
        )
    return encode(
        ProcessingCallback(
            job_id=failure.keys.job_id,
            listing_identity_id=failure.keys.listing_id,
            execution_arn=failure.execution_arn,
            started_at=failure.started_at,
            provider=PROVIDER_PROCESSING,
            status=failure.status,
            failure_reason=code,
            error=CallbackError(code=code, message=message),
            traceparent=failure.traceparent,
            outputs=[],
        )
    )


def _message(cause: str) -> str:
    """The message inside a Lambda's cause, else the cause itself."""
    try:
        parsed = json.loads(cause)
    except ValueError:
        parsed = None
    if isinstance(parsed, dict) and isinstance(parsed.get("errorMessage"), str):
        cause = parsed["errorMessage"]
    return cause[:MAX_MESSAGE_CHARACTERS]
