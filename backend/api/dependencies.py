"""What routes ask for: the running service and the caller."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from backend.auth import Authenticator, Principal
from backend.context import Context
from backend.errors import UnauthorizedError
from toq_media.tracing import traceparent_or_new

_bearer = HTTPBearer(auto_error=False, description="a JWT, or the fixed token of development")


def context_of(request: Request) -> Context:
    """The running service."""
    context: Context = request.app.state.context
    return context


def caller_of(
    request: Request,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Principal:
    """The authenticated caller; 401 without a valid bearer token."""
    if credentials is None:
        raise UnauthorizedError("MISSING_TOKEN", "send the header 'Authorization: Bearer <token>'")
    authenticator: Authenticator = request.app.state.authenticator
    return authenticator.authenticate(credentials.credentials)


def trace_of(request: Request) -> str:
    """The caller's W3C trace context, or a new one."""
    return traceparent_or_new(request.headers.get("traceparent"))


Trace = Annotated[str, Depends(trace_of)]
Service = Annotated[Context, Depends(context_of)]
Caller = Annotated[Principal, Depends(caller_of)]
