"""boto3 clients of the emulator, as the account's root or as one of its roles."""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    CredentialProvider,
    CredentialResolver,
    RefreshableCredentials,
)

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

    def client(self, service: str, role_arn: str = "", endpoint: str = "") -> Any:
        """Client of a service; with a role, as a session of that role.

        Another endpoint than the emulator's is for presigning URLs of a gateway in front of it.
        """
        with self._lock:
            return self._client(service, role_arn, endpoint)

    def session(self, role_arn: str = "") -> boto3.Session:
        """Session of the root or of a role, without endpoint: for tools that set their own."""
        with self._lock:
            return self._session(role_arn)

    def _make_session(self, role_arn: str) -> boto3.Session:
        region = self._settings.region
        if not role_arn:
            return boto3.Session(*_ROOT, region_name=region)
        session = botocore.session.get_session()
        resolver = CredentialResolver([RoleProvider(self.client("sts"), role_arn)])
        session.register_component("credential_provider", resolver)
        return boto3.Session(botocore_session=session, region_name=region)

    def _make_client(self, service: str, role_arn: str, endpoint: str) -> Any:
        config = Config(
            signature_version="s3v4" if service == "s3" else "v4",
            s3={"addressing_style": "path"},
            retries={"mode": "standard", "total_max_attempts": 3},
            max_pool_connections=32,
        )
        session: Any = self._session(role_arn)  # its overloads take literal names only
        return session.client(
            service,
            endpoint_url=endpoint or self._settings.endpoint,
            verify=str(self._settings.ca_bundle),
            config=config,
        )


class RoleProvider(CredentialProvider):
    """A role's credentials, renewed before they expire: `make up` runs for hours."""

    METHOD = "assume-role"

    def __init__(self, sts: Any, role_arn: str) -> None:
        super().__init__()
        self._sts = sts
        self._role_arn = role_arn

    def load(self) -> RefreshableCredentials:
        """Credentials that know how to renew themselves."""
        return RefreshableCredentials.create_from_metadata(
            metadata=self._assume(), refresh_using=self._assume, method=self.METHOD
        )

    def _assume(self) -> dict[str, str]:
        assumed = self._sts.assume_role(RoleArn=self._role_arn, RoleSessionName=_SESSION_NAME)
        given = assumed["Credentials"]
        return {
            "access_key": given["AccessKeyId"],
            "secret_key": given["SecretAccessKey"],
            "token": given["SessionToken"],
            "expiry_time": given["Expiration"].isoformat(),
        }
