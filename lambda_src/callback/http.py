"""The way to the backend: one POST, no redirects, bounded in time and size."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

import urllib3

from toq_media.errors import CallbackUnavailableError, SettingsError
from toq_media.ports import Reply

CONNECT_SECONDS = 3.0
TOTAL_SECONDS = 10.0
MAX_REPLY_BYTES = 1024

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class HttpSender:
    """`Sender` to one URL, which must be https unless it is on this machine."""

    def __init__(self, url: str, *, total_seconds: float = TOTAL_SECONDS) -> None:
        """Check the URL.

        Args:
            url: where callbacks go.
            total_seconds: longest wait for a whole answer.

        Raises:
            SettingsError: plain http to another machine.
        """
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise SettingsError(f"CALLBACK_URL: must be https, is {parts.scheme}://{parts.netloc}")
        self._url = url
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, total=total_seconds), retries=False
        )

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send the body.

        Raises:
            CallbackUnavailableError: no connection, no answer in time, or a broken one.
        """
        try:
            response = self._pool.request(
                "POST",
                self._url,
                body=body,
                headers=dict(headers),
                redirect=False,
                preload_content=False,  # an endless body must not keep an accepted job waiting
            )
            with response:
                return Reply(
                    status=response.status,
                    retry_after=response.headers.get("Retry-After", ""),
                    body=response.read(MAX_REPLY_BYTES) if _explains(response.status) else b"",
                )
        except urllib3.exceptions.HTTPError as error:
            raise CallbackUnavailableError(f"{type(error).__name__}: {error}") from error


def _explains(status: int) -> bool:
    """Whether the body is of use: only a refusal's says what to mend."""
    return 400 <= status < 500
