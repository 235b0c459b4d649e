"""IAM: roles that may do what they do, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.rules.documents import grants, listed, services_without_source, statements
from policy.rules.model import Item, Rule, Stack

ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_ROLES: Final = "components/policy_documents/roles.py"
_GRANTS: Final = "components/policy_documents/grants.py"
_TRUST: Final = "components/policy_documents/trust.py"
_IDENTITY: Final = "components/identity.py"

WITHOUT_RESOURCES: Final = {
    "xray:PutTraceSegments": "X-Ray",
    "xray:PutTelemetryRecords": "X-Ray",
    "xray:GetSamplingRules": "X-Ray",
    "xray:GetSamplingTargets": "X-Ray",
    "logs:CreateLogDelivery": "log delivery",
    "logs:GetLogDelivery": "log delivery",
    "logs:UpdateLogDelivery": "log delivery",
    "logs:DeleteLogDelivery": "log delivery",
    "logs:ListLogDeliveries": "log delivery",
    "logs:PutResourcePolicy": "log delivery",
    "logs:DescribeResourcePolicies": "log delivery",
    "logs:DescribeLogGroups": "log delivery",
}
"""Actions for which AWS knows no resource (service authorization reference)."""

_WITHOUT_SOURCE: Final = {"lambda.amazonaws.com", "ec2.amazonaws.com"}
"""Neither sets a source key when it takes on a role: a condition would lock it out."""

_KEY_BOUNDS: Final = {"kms:ViaService", "kms:EncryptionContext:aws:lambda:FunctionArn"}
_ENVIRONMENT_FREE: Final = ("jobs/*", "StepFunctionsGetEventsForMediaConvertJobRule")
"""MediaConvert's job ids and AWS's managed rule carry no environment."""


def _no_wildcard_actions(item: Item) -> Iterator[str]:
    for statement in grants(item):
        wide = [action for action in listed(statement["Action"]) if "*" in action]
        if wide or "NotAction" in statement:
            yield f"statement {statement['Sid']} allows {', '.join(wide) or 'NotAction'}"


def _no_wildcard_resources(item: Item) -> Iterator[str]:
    for statement in grants(item):
        actions = set(listed(statement["Action"]))
        if (
            "*" in listed(statement.get("Resource", "*"))
            and not actions <= WITHOUT_RESOURCES.keys()
        ):
            named = sorted(actions - WITHOUT_RESOURCES.keys())
            yield f"statement {statement['Sid']} allows {', '.join(named)} on every resource"


def _named_statements(item: Item) -> Iterator[str]:
    sids = [statement.get("Sid") for statement in statements(item.props.get("policy"))]
    if None in sids or len(set(sids)) < len(sids):
        yield "a statement has no Sid of its own"


def _no_managed(item: Item) -> Iterator[str]:
    yield f"{item.props.get('role')} carries the managed policy {item.props.get('policyArn')}"


def _no_managed_on_role(item: Item) -> Iterator[str]:
    for arn in item.props.get("managedPolicyArns") or ():
        yield f"{item.props.get('name')} carries the managed policy {arn}"


def _trusted(item: Item) -> Iterator[str]:
    for service in services_without_source(item.props["assumeRolePolicy"], _WITHOUT_SOURCE):
        yield f"{service} may take on {item.props['name']} for any account"


def _trusts_services(item: Item) -> Iterator[str]:
    for statement in statements(item.props["assumeRolePolicy"]):
        if set(statement.get("Principal", {"*": "*"})) != {"Service"}:
            yield f"{item.props['name']} may be taken on by others than AWS services"


def _pass_role(item: Item) -> Iterator[str]:
    for statement in grants(item):
        if "iam:PassRole" not in listed(statement["Action"]):
            continue
        service = statement.get("Condition", {}).get("StringEquals", {}).get("iam:PassedToService")
        if not service or any("*" in arn for arn in listed(statement["Resource"])):
            yield f"statement {statement['Sid']} passes roles to any service"


def _key_through_services(item: Item) -> Iterator[str]:
    for statement in grants(item):
        keys = {key for test in statement.get("Condition", {}).values() for key in test}
        if (
            any(a.startswith("kms:") for a in listed(statement["Action"]))
            and not keys & _KEY_BOUNDS
        ):
            yield f"statement {statement['Sid']} uses the key outside the services that hold data"


def _own_resources(stack: Stack) -> Iterator[tuple[Item, str]]:
    buckets = {f"arn:aws:s3:::{item.props['bucket']}" for item in stack.of("aws:s3/bucket:Bucket")}
    for item in stack.of(ROLE_POLICY):
        for statement in grants(item):
            for arn in listed(statement["Resource"]):
                if arn != "*" and not _owned(arn, item.environment, buckets):
                    yield item, f"statement {statement['Sid']} reaches {arn}"


def _owned(arn: str, environment: str, buckets: set[str]) -> bool:
    service = arn.split(":")[2] if arn.count(":") > 2 else ""
    if service == "s3":
        return arn.split("/", maxsplit=1)[0] in buckets
    if service in {"kms", "secretsmanager"}:
        return "*" not in arn  # their ARNs end in AWS's own random characters
    name = arn.split(":", 5)[-1]
    return bool(re.search(rf"-{re.escape(environment)}($|[:/])", name)) or name.endswith(
        _ENVIRONMENT_FREE
    )


RULES: Final = (
    Rule(
        id="iam-no-wildcard-actions",
        holds="Roles are granted single actions",
        severity=Severity.HIGH,
        remedy="name the actions that are used",
        controls=("IAM.1", "IAM.21", "CIS 1.16", "AwsSolutions-IAM5", "CKV_AWS_290"),
        enforced_in=_ROLES,
        types=(ROLE_POLICY,),
        on=_no_wildcard_actions,
    ),
    Rule(
        id="iam-no-wildcard-resources",
        holds="Roles are granted actions on named resources",
        severity=Severity.HIGH,
        remedy="name the resource or its key prefix",
        controls=("AwsSolutions-IAM5", "CKV_AWS_288", "CKV_AWS_289", "CKV_AWS_355", "CKV_AWS_111"),
        enforced_in=_ROLES,
        types=(ROLE_POLICY,),
        on=_no_wildcard_resources,
    ),
    Rule(
        id="iam-own-resources",
        holds="Roles reach resources of their own environment only",
        severity=Severity.CRITICAL,
        remedy="take the ARN from components/naming.py",
        enforced_in=_ROLES,
        across=_own_resources,
    ),
    Rule(
        id="iam-named-statements",
        holds="Every statement says its intent",
        severity=Severity.LOW,
        remedy="give it a Sid of its own",
        enforced_in=_ROLES,
        types=(ROLE_POLICY,),
        on=_named_statements,
    ),
    Rule(
        id="iam-no-attached-policies",
        holds="No role carries a policy that others can change",
        severity=Severity.MEDIUM,
        remedy="write an inline policy with the actions that are used",
        controls=("AwsSolutions-IAM4",),
        enforced_in=_IDENTITY,
        types=(ATTACHMENT,),
        on=_no_managed,
    ),
    Rule(
        id="iam-no-managed-policies",
        holds="No role lists policies that AWS or others manage",
        severity=Severity.MEDIUM,
        remedy="write an inline policy with the actions that are used",
        controls=("AwsSolutions-IAM4", "CKV_AWS_274"),
        enforced_in=_IDENTITY,
        types=(ROLE,),
        on=_no_managed_on_role,
    ),
    Rule(
        id="iam-trust-services",
        holds="Only AWS services take on the roles",
        severity=Severity.HIGH,
        remedy="name one service as the principal of the trust policy",
        controls=("CKV_AWS_60", "CKV_AWS_61"),
        enforced_in=_TRUST,
        types=(ROLE,),
        on=_trusts_services,
    ),
    Rule(
        id="iam-trust-own-account",
        holds="A service that can say for whom it acts must act for this account",
        severity=Severity.HIGH,
        remedy="add aws:SourceAccount to the trust policy",
        enforced_in=_TRUST,
        types=(ROLE,),
        on=_trusted,
    ),
    Rule(
        id="iam-pass-role-bounded",
        holds="A role is passed by name, and to one service",
        severity=Severity.HIGH,
        remedy="name the role and add iam:PassedToService",
        controls=("CKV_AWS_286",),
        enforced_in=_ROLES,
        types=(ROLE_POLICY,),
        on=_pass_role,
    ),
    Rule(
        id="iam-key-through-services",
        holds="Roles use the key only through the services that hold what it seals",
        severity=Severity.MEDIUM,
        remedy="add kms:ViaService to the statement",
        controls=("KMS.1", "KMS.2"),
        enforced_in=_GRANTS,
        types=(ROLE_POLICY,),
        on=_key_through_services,
    ),
)
