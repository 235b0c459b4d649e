"""Refusals of the API as problem documents (RFC 9457), with the contract's own three fields.

`code`, `message` and `details` are what clients of the contract read (1.7); `reason` is the same
refusal as a stable word.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from backend.ports import AwsError

_LOGGER = logging.getLogger(__name__)

PROBLEM_JSON = "application/problem+json"

_BINDING_IS_400 = ("/uploads/process", "/uploads/complete", "/media/update", "/media/delete")
"""Endpoints whose binding errors are 400 and not 422 (contract 1.10)."""


class Problem(BaseModel):
    """Body of every refusal."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: int = Field(description="the HTTP status again, as clients of the contract expect it")
    message: str = Field(description="the same as detail, under the contract's name")
    reason: str = Field(description="stable word to switch on, such as ASSETS_NOT_READY")
    details: Any = None


class ApiError(Exception):
    """A refusal; subclasses give its status."""

    status = HTTPStatus.INTERNAL_SERVER_ERROR

    def __init__(self, reason: str, message: str, details: object = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.details = details


class BadRequestError(ApiError):
    """The request asks for what cannot be."""

    status = HTTPStatus.BAD_REQUEST


class UnauthorizedError(ApiError):
    """No bearer token, or one that is not valid."""

    status = HTTPStatus.UNAUTHORIZED


class ForbiddenError(ApiError):
    """The caller may not do this."""

    status = HTTPStatus.FORBIDDEN


class NotFoundError(ApiError):
    """There is no such thing."""

    status = HTTPStatus.NOT_FOUND


class ConflictError(ApiError):
    """The thing is in a state that does not allow this."""

    status = HTTPStatus.CONFLICT


class TooLargeError(ApiError):
    """The body is larger than the service reads."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI's `responses` of a route that may refuse with these statuses."""
    content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


def install(app: FastAPI) -> None:
    """Make every error of the app a problem document."""
    app.add_exception_handler(ApiError, _api_error)
    app.add_exception_handler(RequestValidationError, _binding_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(AwsError, _aws_error)
    app.add_exception_handler(Exception, _unexpected)


def problem(
    status: int,
    reason: str,
    message: str,
    details: object = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """One problem document as a response."""
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        code=status,
        message=message,
        reason=reason,
        details=details,
    )
    return JSONResponse(
        body.model_dump(), status_code=status, media_type=PROBLEM_JSON, headers=headers
    )


def _api_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, ApiError):
        raise error
    headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, UnauthorizedError) else None
    return problem(error.status, error.reason, error.message, error.details, headers)


def _binding_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [
        {"field": ".".join(map(str, one["loc"][1:])) or str(one["loc"][0]), "message": one["msg"]}
        for one in error.errors()
    ]
    status = 400 if request.url.path.endswith(_BINDING_IS_400) else 422
    fields = ", ".join(dict.fromkeys(one["field"] for one in found))
    return problem(status, "INVALID_FIELDS", f"these fields are missing or wrong: {fields}", found)


def _aws_error(_request: Request, error: Exception) -> JSONResponse:
    _LOGGER.error("service.media.aws_unavailable", extra={"error": str(error)})
    message = "the media storage does not answer; try again in a moment"
    return problem(500, "AWS_UNAVAILABLE", message)


def _unexpected(_request: Request, _error: Exception) -> JSONResponse:
    """Say nothing of the inside; the server logs the exception, which goes on upwards."""
    return problem(500, "UNEXPECTED", "something went wrong here; try again in a moment")


def _http_error(_request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    reason = HTTPStatus(error.status_code).name
    headers = dict(error.headers) if error.headers else None
    return problem(error.status_code, reason, str(error.detail), None, headers)
