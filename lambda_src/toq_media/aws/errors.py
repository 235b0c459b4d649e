"""botocore's errors as ours, told apart by code and status, in one place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    HTTPClientError,
    IncompleteReadError,
)
from botocore.exceptions import ConnectionError as AwsConnectionError

from toq_media.errors import (
    MediaError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectMissingError,
    RetryableError,
    ThrottledError,
)

_BY_CODE: dict[str, type[MediaError]] = {
    "NoSuchKey": ObjectMissingError,
    "NoSuchVersion": ObjectMissingError,
    "NotFound": ObjectMissingError,
    "404": ObjectMissingError,
    "AccessDenied": ObjectDeniedError,
    "AccessDeniedException": ObjectDeniedError,
    "Forbidden": ObjectDeniedError,
    "403": ObjectDeniedError,
    "PreconditionFailed": ObjectChangedError,
    "412": ObjectChangedError,
    "InvalidObjectState": ObjectArchivedError,
    "SlowDown": ThrottledError,
    "Throttling": ThrottledError,
    "ThrottlingException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "RequestLimitExceeded": ThrottledError,
}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise our errors for botocore's.

    Args:
        what: the object key or resource that the call is about; begins the message.

    Raises:
        ObjectMissingError, ObjectDeniedError, ObjectChangedError, ObjectArchivedError: by code.
        ThrottledError: AWS asks to slow down, the SDK's retries being used up.
        RetryableError: AWS failed (5xx) or could not be reached.
    """
    try:
        yield
    except ClientError as error:
        raise _ours(what, error) from error
    except (AwsConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise RetryableError(f"{what}: {error}") from error


def _ours(what: str, error: ClientError) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    kind = _BY_CODE.get(code) or (RetryableError if status >= 500 else None)
    return error if kind is None else kind(f"{what}: {error}")
