"""The webhook secret from Secrets Manager, kept for minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from toq_media.aws.clients import secrets_client
from toq_media.aws.errors import translated
from toq_media.errors import SettingsError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager.client import SecretsManagerClient

CACHE_SECONDS = 300
MIN_SECRET_BYTES = 32


class _Stored(msgspec.Struct, frozen=True):
    current: str
    previous: str = ""


class SigningSecret:
    """`SecretSource` on one secret, whose value is `{"current": "...", "previous": "..."}`."""

    def __init__(
        self,
        arn: str,
        client: SecretsManagerClient | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._arn = arn
        self._client = client or secrets_client()
        self._clock = clock
        self._cached: tuple[float, bytes] | None = None

    def current(self, *, refresh: bool = False) -> bytes:
        """Secret to sign with.

        Raises:
            SettingsError: the secret has no value, or one shorter than 32 bytes: fail closed.
        """
        now = self._clock()
        if self._cached and not refresh and now - self._cached[0] < CACHE_SECONDS:
            return self._cached[1]
        with translated(self._arn):
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
        secret = self._parse(text)
        self._cached = (now, secret)
        return secret

    def _parse(self, text: str) -> bytes:
        try:
            secret = msgspec.json.decode(text, type=_Stored).current.encode()
        except msgspec.MsgspecError:
            # The chained error could quote the value, so it is left out.
            raise SettingsError(f'{self._arn}: must hold {{"current": "..."}}') from None
        if len(secret) < MIN_SECRET_BYTES:
            raise SettingsError(
                f"{self._arn}: 'current' must have {MIN_SECRET_BYTES} bytes or more"
            )
        return secret
