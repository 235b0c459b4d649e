"""Every error of the runtime, and the codes that the backend sees.

MediaError
├── PermanentError               retrying cannot help
│   ├── InvalidMessageError      a queue message or state input that breaks the contract
│   ├── InvalidKeyError          an object key outside the key grammar
│   ├── SettingsError            a function's environment is incomplete
│   ├── AssetError               one asset failed; carries the code that the backend shows
│   ├── ObjectMissingError       S3 says the object is not there
│   ├── ObjectDeniedError        S3 says this role may not read it
│   ├── ObjectChangedError       the object is no longer the version that was validated
│   ├── ObjectArchivedError      the object is in Glacier and has to be restored first
│   ├── NothingToZipError        no source of a bundle can be read
│   ├── ZipTooLargeError         the bundle outgrows S3, memory or the function's time
│   ├── JobConflictError         the job's execution name is taken by other content
│   └── CallbackRejectedError    the backend refused the callback for good (4xx)
└── RetryableError               worth another try, by SQS or by the state machine
    ├── ThrottledError           AWS asks to slow down
    └── CallbackUnavailableError the backend cannot be reached or says 408, 425, 429 or 5xx

Step Functions matches the class names (`ErrorEquals`), so a rename here is a change of the ASL.
"""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Codes of `outputs[].errorCode` and `error.code` in callbacks (contract 1.7)."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    UNSUPPORTED_MEDIA = "UNSUPPORTED_MEDIA"
    CORRUPT_MEDIA = "CORRUPT_MEDIA"
    PIXEL_LIMIT_EXCEEDED = "PIXEL_LIMIT_EXCEEDED"
    THUMBNAIL_PROCESSING_FAILED = "THUMBNAIL_PROCESSING_FAILED"
    VIDEO_PROCESSING_FAILED = "VIDEO_PROCESSING_FAILED"
    DOCUMENT_COPY_FAILED = "DOCUMENT_COPY_FAILED"
    ARCHIVED_SOURCE = "ARCHIVED_SOURCE"
    MISSING_SOURCE = "MISSING_SOURCE"
    EMPTY_SOURCE = "EMPTY_SOURCE"
    CHANGED_SOURCE = "CHANGED_SOURCE"
    SOURCE_UNREADABLE = "SOURCE_UNREADABLE"
    ZIP_TOO_LARGE = "ZIP_TOO_LARGE"
    NOTHING_TO_ZIP = "NOTHING_TO_ZIP"
    DERIVATIVE_ERRORS_DETECTED = "DERIVATIVE_ERRORS_DETECTED"
    NO_ASSET_SUCCEEDED = "NO_ASSET_SUCCEEDED"


class MediaError(Exception):
    """Base of every error that the runtime raises on purpose."""


class PermanentError(MediaError):
    """Retrying cannot help."""


class RetryableError(MediaError):
    """Another try may succeed."""


class InvalidMessageError(PermanentError):
    """A queue message or state input breaks the contract; the text names the field."""


class InvalidKeyError(PermanentError):
    """An object key is outside the key grammar (contract 1.8)."""


class SettingsError(PermanentError):
    """A function's environment lacks a variable or holds a bad value."""


class AssetError(PermanentError):
    """One asset failed for a reason that the backend shows next to it."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ObjectMissingError(PermanentError):
    """The object does not exist."""


class ObjectDeniedError(PermanentError):
    """The role may not read the object or its key."""


class ObjectChangedError(PermanentError):
    """The object's ETag is not the one that was asked for."""


class ObjectArchivedError(PermanentError):
    """The object is in an archive storage class; restore it, then run again."""


class NothingToZipError(PermanentError):
    """Assets were asked for, and none of them can be read."""


class ZipTooLargeError(PermanentError):
    """The bundle cannot be made in one function call; finalize fewer assets at a time."""


class JobConflictError(PermanentError):
    """An execution of this name exists with other content."""


class CallbackRejectedError(PermanentError):
    """The backend answered with a status that no retry can mend."""


class ThrottledError(RetryableError):
    """AWS throttled the call after the SDK's own retries."""


class CallbackUnavailableError(RetryableError):
    """The backend cannot be reached, is too slow, or asks to come back later."""
