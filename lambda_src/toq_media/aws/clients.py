"""AWS clients, one of each, made when first used: each costs a cold start.

They are botocore's own. boto3 would add its transfer manager, which nothing here uses, and which
takes a seventh of the import time (docs/performance.md).
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, cast

from botocore.config import Config
from botocore.session import Session, get_session

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
def _session() -> Session:
    return get_session()


@cache
def s3_client() -> S3Client:
    """The S3 client."""
    return cast("S3Client", _session().create_client("s3", config=_CONFIG))


@cache
def states_client() -> SFNClient:
    """The Step Functions client."""
    return cast("SFNClient", _session().create_client("stepfunctions", config=_CONFIG))


@cache
def secrets_client() -> SecretsManagerClient:
    """The Secrets Manager client."""
    return cast("SecretsManagerClient", _session().create_client("secretsmanager", config=_CONFIG))
