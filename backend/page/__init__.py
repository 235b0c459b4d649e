"""The page at `/`: static files under a strict Content-Security-Policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from backend.settings import Settings

_FILES = Path(__file__).parent / "static"


class PageFiles(StaticFiles):
    """The page's files, each with the headers that keep foreign code and frames out.

    Args:
        storage: Origins that presigned URLs point to; pictures, videos and uploads use them.
    """

    def __init__(self, storage: Sequence[str]) -> None:
        super().__init__(directory=_FILES, html=True)
        sources = " ".join(("'self'", *storage))
        policy = {
            "default-src": "'none'",
            "script-src": "'self'",
            "style-src": "'self'",
            "img-src": f"{sources} blob:",
            "media-src": f"{sources} blob:",
            "connect-src": sources,
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
        self._headers = {
            "Content-Security-Policy": "; ".join(
                f"{name} {value}" for name, value in policy.items()
            ),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cache-Control": "no-cache",
        }

    async def get_response(self, path: str, scope: Scope) -> Response:
        """One file with the headers."""
        response = await super().get_response(path, scope)
        response.headers.update(self._headers)
        return response


def mount(app: FastAPI, settings: Settings) -> None:
    """Serve the page at `/`, behind every route that the app has by now."""
    app.mount("/", PageFiles(storage_origins(settings)), name="page")


def storage_origins(settings: Settings) -> tuple[str, ...]:
    """Origins of the bucket's presigned URLs, in both of S3's addressing styles."""
    region = settings.processing_state_machine_arn.split(":")[3]
    bucket = settings.media_bucket
    return (
        f"https://{bucket}.s3.amazonaws.com",
        f"https://{bucket}.s3.{region}.amazonaws.com",
        f"https://s3.{region}.amazonaws.com",
    )
