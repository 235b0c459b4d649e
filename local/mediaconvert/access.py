"""Whose rights count: the caller's to pass the role, the role's to read and write S3."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import boto3
from botocore.config import Config
from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.core.router import extract_access_key_id
from ministack.services import iam, sts

from local.emulator.settings import EmulatorSettings
from local.mediaconvert.errors import ApiError, JobError

USES = (
    "ministack.core.iam_evaluator:enforce",
    "ministack.core.responses:request_scope",
    "ministack.core.router:extract_access_key_id",
    "ministack.services.iam:_roles",
    "ministack.services.sts:register_session",
)
SERVICE = "mediaconvert.amazonaws.com"


def require_pass_role(headers: dict[str, str], role_arn: str, region: str) -> None:
    """The caller of the current request must be allowed to hand this role to MediaConvert.

    Raises:
        ApiError: ForbiddenException, in IAM's words.
    """
    denied = iam_evaluator.enforce(
        extract_access_key_id(headers, {}), "iam:PassRole", "iam", region,
        resource_arn=role_arn, service_context={"iam:PassedToService": SERVICE},
    )  # fmt: skip
    if denied is not None:
        who = getattr(denied, "principal_arn", "the caller")
        raise ApiError(
            "ForbiddenException",
            f"User: {who} is not authorized to perform: iam:PassRole on resource: {role_arn}",
        )


def s3_client(role_arn: str, source: str, settings: EmulatorSettings) -> Any:
    """S3 client with the rights of a job's role.

    Raises:
        JobError: there is no such role (1432), or it does not trust MediaConvert (1434).
    """
    name = role_arn.rpartition("/")[2]
    with request_scope(settings.account_id, settings.region):
        role = iam._roles.get(name)
    if role is None or role["Arn"] != role_arn:
        raise _unreadable(1432, source, "Invalid role provided in RESOURCE_ROLE_ARN")
    if not _trusts(role["AssumeRolePolicyDocument"], settings.account_id):
        raise _unreadable(1434, source, "AssumeRole failed")
    digest = hashlib.sha256(f"mediaconvert {role_arn}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest, digest[::-1]
    session = {
        "Arn": f"arn:aws:sts::{settings.account_id}:assumed-role/{name}/EmeSession",
        "UserId": f"{name}:EmeSession",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    sts.register_session(key, session)
    return boto3.Session(key, secret, token, settings.region).client(
        "s3",
        endpoint_url=settings.endpoint,
        verify=str(settings.ca_bundle),
        config=Config(s3={"addressing_style": "path"}),
    )


def _trusts(document: str | dict[str, Any], account_id: str) -> bool:
    """Whether a trust policy lets MediaConvert assume the role for a job of this account."""
    policy = json.loads(document) if isinstance(document, str) else document
    for statement in policy.get("Statement", []):
        services = statement.get("Principal", {}).get("Service", [])
        named = SERVICE in ([services] if isinstance(services, str) else services)
        equals = statement.get("Condition", {}).get("StringEquals", {})
        for_us = equals.get("aws:SourceAccount", account_id) == account_id
        if statement.get("Effect") == "Allow" and named and for_us:
            return True
    return False


def _unreadable(code: int, source: str, reason: str) -> JobError:
    message = f"Unable to open input file [{source}]: [Failed probe/open: "
    return JobError(code, f"{message}[Failed to read data: {reason}]]")
