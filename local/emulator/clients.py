"""boto3 clients of the emulator, as the account's root or as one of its roles."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

from local.emulator.settings import EmulatorSettings

_ROOT = ("test", "test")  # the emulator's root credentials; it accepts no unknown ones
_SESSION_NAME = "toq-local"


class Clients:
    """Makes clients with the emulator's endpoint, certificate, signing and addressing.

    SigV4 is set by name: without it boto3 presigns S3 URLs of other endpoints with SigV2, which
    binds no header.
    """

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._lock = threading.RLock()  # sessions make one client at a time; clients are shared
        self._session = lru_cache(maxsize=None)(self._make_session)
        self._client = lru_cache(maxsize=None)(self._make_client)

    def client(self, service: str, role_arn: str = "") -> Any:
        """Client of a service; with a role, as a session of that role."""
        with self._lock:
            return self._client(service, role_arn)

    def session(self, role_arn: str = "") -> boto3.Session:
        """Session of the root or of a role, without endpoint: for tools that set their own."""
        with self._lock:
            return self._session(role_arn)

    def _make_session(self, role_arn: str) -> boto3.Session:
        region = self._settings.region
        if not role_arn:
            return boto3.Session(*_ROOT, region_name=region)
        assumed = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=_SESSION_NAME)[
            "Credentials"
        ]
        return boto3.Session(
            assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"], region
        )

    def _make_client(self, service: str, role_arn: str) -> Any:
        config = Config(
            signature_version="s3v4" if service == "s3" else "v4",
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=32,
        )
        session: Any = self._session(role_arn)  # its overloads take literal names only
        return session.client(
            service,
            endpoint_url=self._settings.endpoint,
            verify=str(self._settings.ca_bundle),
            config=config,
        )
