"""The few statement forms that all documents are built from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Statement = dict[str, Any]
Document = dict[str, Any]
Condition = dict[str, dict[str, Any]]


def document(*statements: Statement) -> Document:
    """Statements as a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(
    sid: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: Condition | None = None,
) -> Statement:
    """Allow actions on resources, for the principal that carries the policy."""
    statement: Statement = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": resources if isinstance(resources, str) else list(resources),
    }
    if condition:
        statement["Condition"] = condition
    return statement


def allow_service(
    sid: str,
    service: str,
    actions: Sequence[str],
    resources: str | Sequence[str],
    condition: Condition,
) -> Statement:
    """Allow an AWS service; the condition keeps other accounts from borrowing it."""
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": list(actions),
        "Resource": resources if isinstance(resources, str) else list(resources),
        "Condition": condition,
    }


def deny_everyone(
    sid: str, action: str, resources: str | Sequence[str], condition: Condition
) -> Statement:
    """Deny an action to every principal under a condition."""
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resources if isinstance(resources, str) else list(resources),
        "Condition": condition,
    }


def deny_insecure_transport(service: str, resources: str | Sequence[str]) -> Statement:
    """Refuse whatever does not come over TLS."""
    return deny_everyone(
        "DenyInsecureTransport",
        f"{service}:*",
        resources,
        {"Bool": {"aws:SecureTransport": "false"}},
    )


def use_key(
    sid: str, key_arn: str, actions: Sequence[str], *, region: str, via: Sequence[str]
) -> Statement:
    """Use of the key, only through the services that hold what it seals."""
    services = [f"{service}.{region}.amazonaws.com" for service in via]
    return allow(sid, actions, key_arn, {"StringEquals": {"kms:ViaService": services}})
