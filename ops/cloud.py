"""The environment that a command works on: its names, and clients under the operator's rights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from components.naming import PROJECT, Names
from components.settings import StackSettings
from components.stack_config import load_stack_config
from ops.errors import OpsError
from toq_media.aws.objects import S3ObjectStore

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient
    from mypy_boto3_mediaconvert.client import MediaConvertClient
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

ROOT = Path(__file__).parents[1]
"""Folder of `Pulumi.yaml` and the stacks' files."""

LOCAL_CA = ROOT / ".build" / "local" / "ca.pem"
"""Where an emulator at a stack's own endpoint publishes its certificate."""

_EMULATOR_ROOT = ("test", "test")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

# The callback function may take its 60 s; giving up earlier would send a callback twice.
_READ_SECONDS = 70


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """Names of an environment, and `client`, which makes boto3 clients by service."""

    names: Names
    client: Callable[[str], Any]

    @property
    def s3(self) -> S3Client:
        """Client of S3."""
        client: S3Client = self.client("s3")
        return client

    @property
    def sqs(self) -> SQSClient:
        """Client of SQS."""
        client: SQSClient = self.client("sqs")
        return client

    @property
    def states(self) -> SFNClient:
        """Client of Step Functions."""
        client: SFNClient = self.client("stepfunctions")
        return client

    @property
    def functions(self) -> LambdaClient:
        """Client of Lambda."""
        client: LambdaClient = self.client("lambda")
        return client

    @property
    def secrets(self) -> SecretsManagerClient:
        """Client of Secrets Manager."""
        client: SecretsManagerClient = self.client("secretsmanager")
        return client

    @property
    def mediaconvert(self) -> MediaConvertClient:
        """Client of MediaConvert."""
        client: MediaConvertClient = self.client("mediaconvert")
        return client

    @property
    def store(self) -> S3ObjectStore:
        """The media bucket."""
        return S3ObjectStore(self.names.media_bucket, self.s3)

    def queue_url(self, queue: str) -> str:
        """URL of a queue, as this environment's endpoint knows it."""
        return self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]


def connect(stack: str, *, endpoint: str = "", ca_bundle: str = "", root: Path = ROOT) -> Cloud:
    """The environment of a stack.

    Args:
        stack: Name of the stack, as in `Pulumi.<stack>.yaml`.
        endpoint: URL of an emulator; empty for the stack's `endpointUrl`, else AWS.
        ca_bundle: Certificate that clients of the endpoint trust; empty for the published one.
        root: Folder of the project.

    Raises:
        OpsError: the credentials belong to another account.
        StackConfigError: there is no such stack.
        SettingsError: its configuration is bad.
    """
    found = load_stack_config(root, stack)
    prefix = f"{PROJECT}:"
    values = {k.removeprefix(prefix): v for k, v in found.items() if k.startswith(prefix)}
    settings = StackSettings.parse(values, environment=stack)
    names, endpoint = settings.names, endpoint or settings.endpoint_url
    local = urlsplit(endpoint).hostname in _LOOPBACK
    if local and not ca_bundle and LOCAL_CA.exists():
        ca_bundle = str(LOCAL_CA)
    credentials = _EMULATOR_ROOT if local else (None, None)
    session: Any = boto3.Session(
        aws_access_key_id=credentials[0],
        aws_secret_access_key=credentials[1],
        region_name=names.region,
    )
    config = Config(
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 4},
        s3={"addressing_style": "path"} if endpoint else {},
    )

    def client(service: str) -> Any:
        return session.client(
            service,
            endpoint_url=endpoint or None,
            verify=ca_bundle or None,
            config=config,
        )

    account = client("sts").get_caller_identity()["Account"]
    if account != names.account_id:
        raise OpsError(
            f"stack {stack} is in account {names.account_id}, these credentials are for {account}; "
            "choose another AWS_PROFILE"
        )
    return Cloud(names=names, client=client)
