"""The service as an ASGI application."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi

from backend import errors, page
from backend.api import callback, events, jobs, listings, uploads
from backend.auth import Authenticator, authenticator_of
from backend.aws import connect
from backend.context import Context, utc_now
from backend.db.session import Database
from backend.ports import Aws
from backend.settings import Settings
from backend.worker import Worker

BASE_PATH = "/api/v2"
_ROUTERS = (uploads.router, listings.router, jobs.router, events.router, callback.router)


def create_app(
    settings: Settings,
    *,
    aws: Aws | None = None,
    authenticator: Authenticator | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> FastAPI:
    """Build the application; it opens no connection before the first request.

    Args:
        settings: The whole configuration.
        aws: Ports to AWS; by default boto3 clients made from the environment.
        authenticator: Who may call; by default as the settings say.
        clock: The time, aware.

    Returns:
        The application; `app.state.context` is the service behind it, `app.state.stopping` ends
        its event streams when set.
    """
    context = Context(
        settings=settings,
        database=Database(settings.database_url),
        aws=aws or connect(settings),
        clock=clock,
    )
    app = FastAPI(
        title="TOQ media service",
        version="2",
        description="Uploads, jobs and downloads of listings' media, and the pipeline's callback.",
        lifespan=_lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=f"{BASE_PATH}/openapi.json",
    )
    app.state.context = context
    app.state.authenticator = authenticator or authenticator_of(settings)
    app.state.stopping = threading.Event()
    api = APIRouter(prefix=BASE_PATH)
    for router in _ROUTERS:
        api.include_router(router)
    app.include_router(api)
    page.mount(app, settings)
    errors.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented hook
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    worker = Worker(context) if context.settings.run_worker else None
    if worker:
        worker.start()
    try:
        yield
    finally:
        app.state.stopping.set()
        if worker:
            worker.stop()
        context.database.dispose()


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The document with the schemas that routes refer to by name."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        document["components"]["schemas"]["Problem"] = errors.Problem.model_json_schema()
        app.openapi_schema = document
    return app.openapi_schema
