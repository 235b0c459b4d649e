"""KMS and Secrets Manager: a key that lasts, a secret that is in no state file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.rules.documents import listed, principals, services_without_source, statements
from policy.rules.model import PROTECTED_ENVIRONMENTS, Item, Rule

KEY: Final = "aws:kms/key:Key"
SECRET: Final = "aws:secretsmanager/secret:Secret"  # noqa: S105 -- a resource type
SECRET_VERSION: Final = "aws:secretsmanager/secretVersion:SecretVersion"  # noqa: S105 -- a resource type
_ENCRYPTION: Final = "components/encryption.py"
_DOCUMENTS: Final = "components/policy_documents/resources.py"
_WINDOW_DAYS: Final = 30


def _rotates(item: Item) -> Iterator[str]:
    if item.props.get("enableKeyRotation") is not True:
        yield "the key is never rotated"


def _waits(item: Item) -> Iterator[str]:
    days = item.props.get("deletionWindowInDays", _WINDOW_DAYS)
    if item.environment in PROTECTED_ENVIRONMENTS and days < _WINDOW_DAYS:
        yield "a deleted key is gone before a month is over"


def _closed(item: Item) -> Iterator[str]:
    if not item.props.get("policy"):
        yield "the key has no policy of its own"
    for statement in statements(item.props.get("policy")):
        if statement["Effect"] == "Allow" and "*" in principals(statement):
            yield f"statement {statement['Sid']} lets everyone use the key"


def _no_role_administers(item: Item) -> Iterator[str]:
    for statement in statements(item.props.get("policy")):
        roots = all(who.endswith(":root") for who in principals(statement))
        if not roots and any(action in {"*", "kms:*"} for action in listed(statement["Action"])):
            yield f"statement {statement['Sid']} gives kms:* to {principals(statement)}"


def _own_services(item: Item) -> Iterator[str]:
    for service in services_without_source(item.props.get("policy"), set()):
        yield f"{service} may use the key for any account"


def _sealed(item: Item) -> Iterator[str]:
    if not item.props.get("kmsKeyId"):
        yield f"secret {item.props['name']} is sealed with the account's default key"


def _not_in_state(item: Item) -> Iterator[str]:
    yield f"{item.name} writes a secret's value into the stack's state"


RULES: Final = (
    Rule(
        id="kms-rotates",
        holds="The key is rotated every year",
        severity=Severity.MEDIUM,
        remedy="set enableKeyRotation",
        controls=("KMS.4", "CIS 3.6", "AwsSolutions-KMS5", "CKV_AWS_7"),
        enforced_in=_ENCRYPTION,
        types=(KEY,),
        on=_rotates,
    ),
    Rule(
        id="kms-deletion-waits",
        holds="In staging and prod a deleted key can be brought back for a month",
        severity=Severity.HIGH,
        remedy="set deletionWindowInDays to 30",
        controls=("KMS.3",),
        enforced_in=_ENCRYPTION,
        types=(KEY,),
        on=_waits,
    ),
    Rule(
        id="kms-policy-closed",
        holds="The key has a policy, and it lets nobody in from outside",
        severity=Severity.CRITICAL,
        remedy="name the principals of the statement",
        controls=("KMS.5", "CKV_AWS_33", "CKV2_AWS_64"),
        enforced_in=_DOCUMENTS,
        types=(KEY,),
        on=_closed,
    ),
    Rule(
        id="kms-no-role-administers",
        holds="No role administers the key through the key's policy",
        severity=Severity.HIGH,
        remedy="grant single actions to roles, through IAM",
        controls=("KMS.1", "KMS.2"),
        enforced_in=_DOCUMENTS,
        types=(KEY,),
        on=_no_role_administers,
    ),
    Rule(
        id="kms-own-services",
        holds="AWS services use the key for this account only",
        severity=Severity.HIGH,
        remedy="add aws:SourceAccount, aws:SourceArn or the logs encryption context",
        enforced_in=_DOCUMENTS,
        types=(KEY,),
        on=_own_services,
    ),
    Rule(
        id="secret-sealed",
        holds="Secrets are encrypted with the environment's key",
        severity=Severity.MEDIUM,
        remedy="set kmsKeyId",
        controls=("CKV_AWS_149",),
        enforced_in=_ENCRYPTION,
        types=(SECRET,),
        on=_sealed,
    ),
    Rule(
        id="secret-not-in-state",
        holds="No secret's value passes through the program or its state",
        severity=Severity.CRITICAL,
        remedy="make the secret without a version and put its value from outside",
        enforced_in=_ENCRYPTION,
        types=(SECRET_VERSION,),
        on=_not_in_state,
    ),
)
