"""What the stand-in answers with when it cannot do what was asked."""

from __future__ import annotations

from typing import ClassVar


class ApiError(Exception):
    """An error response of the API, by MediaConvert's name for it."""

    STATUSES: ClassVar = {
        "BadRequestException": 400,
        "ForbiddenException": 403,
        "NotFoundException": 404,
        "ConflictException": 409,
    }

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.status = self.STATUSES[name]


class JobError(Exception):
    """The end of a job in ERROR, with MediaConvert's code (user guide, "Error codes")."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class JobCanceled(Exception):  # noqa: N818 - an end that was asked for, not a failure
    """The job was canceled while it ran."""


def bad_request(message: str) -> ApiError:
    """The answer to a request that breaks the model or asks for what is not carried out."""
    return ApiError("BadRequestException", message)
