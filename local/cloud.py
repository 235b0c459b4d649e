"""The whole local cloud: emulator, deployed stack, and clients to use it as the backend does."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from components.functions.bundle import ROOT
from components.stack_config import load_stack_config
from local.deploy import STACK, DeployedResource, Deployment, deploy
from local.emulator import Emulator
from local.program import PROJECT
from local.provisioners import Target

_SECRET_BYTES = 32


class LocalCloud:
    """Deploys the `local` stack into an emulator of its own; use it as a context manager.

    Example:
        with LocalCloud(config={"toq-media:callbackUrl": receiver.url}) as cloud:
            cloud.backend_client("sqs").send_message(QueueUrl=cloud.outputs["queueUrl"], ...)

    Args:
        config: Full configuration keys over those of `Pulumi.local.yaml`.
        port: Port of the emulator; 0 takes a free one.
        scratch_parent: Folder for the scratch folder; the system's by default.
        wait_scale: What the seconds of Wait and Retry are multiplied by.
        progress: Told of each resource once it is made.

    Attributes:
        emulator: The running emulator: faults, usage record, state sizes, wait scale.
        callback_secret: Secret that callbacks are signed with now.
    """

    emulator: Emulator
    callback_secret: bytes

    def __init__(
        self,
        *,
        config: Mapping[str, str] | None = None,
        port: int = 0,
        scratch_parent: Path | None = None,
        wait_scale: float = 1.0,
        progress: Callable[[DeployedResource], None] | None = None,
    ) -> None:
        self._config = {**load_stack_config(ROOT, STACK), **(config or {})}
        self._progress = progress
        self._stack = ExitStack()
        self._deployment: Deployment
        self.emulator = Emulator(
            account_id=self._config[f"{PROJECT}:accountId"],
            region=self._config[f"{PROJECT}:region"],
            port=port,
            scratch_parent=scratch_parent,
            wait_scale=wait_scale,
        )

    def __enter__(self) -> LocalCloud:
        """Start, deploy and give the callback secret its value.

        Raises:
            LocalCloudError: the emulator does not start or the program cannot be deployed.
        """
        with ExitStack() as starting:
            starting.enter_context(self.emulator)
            self._deployment = deploy(
                Target(
                    clients=self.emulator.clients,
                    account_id=self.emulator.settings.account_id,
                    region=self.emulator.settings.region,
                ),
                config={**self._config, f"{PROJECT}:endpointUrl": self.emulator.endpoint},
                progress=self._progress,
            )
            self.rotate_callback_secret()
            self._stack = starting.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything and remove what it wrote."""
        self._stack.close()

    @property
    def outputs(self) -> dict[str, Any]:
        """Exports of the stack."""
        return self._deployment.exports

    @property
    def resources(self) -> tuple[DeployedResource, ...]:
        """Resources of the stack in the order they were made."""
        return self._deployment.resources

    @property
    def endpoint(self) -> str:
        """URL of every AWS service."""
        return self.emulator.endpoint

    @property
    def ca_bundle(self) -> Path:
        """Certificate that clients of the endpoint trust."""
        return self.emulator.settings.ca_bundle

    @property
    def bucket(self) -> str:
        """Name of the media bucket."""
        return str(self.outputs["mediaBucket"])

    def backend_client(self, service: str) -> Any:
        """boto3 client under the backend's role, with no more rights than that role has."""
        return self.role_client(service, self.outputs["backendRoleArn"])

    def signing_client(self, endpoint: str) -> Any:
        """S3 client under the backend's role that presigns URLs of another address."""
        role = self.outputs["backendRoleArn"]
        return self.emulator.clients.client("s3", role, endpoint)

    def role_client(self, service: str, role_arn: str) -> Any:
        """boto3 client under a role of the stack."""
        return self.emulator.clients.client(service, role_arn)

    def admin_client(self, service: str) -> Any:
        """boto3 client as the account's root, for looking at what happened."""
        return self.emulator.clients.client(service)

    def keys(self, prefix: str) -> list[str]:
        """Keys of the media bucket's objects under a prefix."""
        pages = self.admin_client("s3").get_paginator("list_objects_v2")
        found = pages.paginate(Bucket=self.bucket, Prefix=prefix)
        return [item["Key"] for page in found for item in page.get("Contents", ())]

    def rotate_callback_secret(self) -> None:
        """Give the callback secret a new random value; the one before stays as `previous`."""
        previous = getattr(self, "callback_secret", b"").decode()
        current = secrets.token_urlsafe(_SECRET_BYTES)
        self.admin_client("secretsmanager").put_secret_value(
            SecretId=self.outputs["callbackSecretArn"],
            SecretString=json.dumps({"current": current, "previous": previous}),
        )
        self.callback_secret = current.encode()
