"""boto3 clients, one of each, made when first used (performance: each costs a cold start)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_secretsmanager.client import SecretsManagerClient
    from mypy_boto3_stepfunctions.client import SFNClient

_CONNECTIONS = 32
_CONFIG = Config(
    connect_timeout=3,
    read_timeout=20,
    max_pool_connections=_CONNECTIONS,
    retries={"mode": "standard", "total_max_attempts": 5},
)


@cache
def s3_client() -> S3Client:
    """The S3 client."""
    return boto3.client("s3", config=_CONFIG)


@cache
def states_client() -> SFNClient:
    """The Step Functions client."""
    return boto3.client("stepfunctions", config=_CONFIG)


@cache
def secrets_client() -> SecretsManagerClient:
    """The Secrets Manager client."""
    return boto3.client("secretsmanager", config=_CONFIG)
