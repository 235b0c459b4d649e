"""What each rule forbids, as changes of the recorded program of staging."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from policy.rules.model import Item

ANYONE = {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "x:*", "Resource": "*"}

Change = Callable[[list[Item]], list[Item]]


def having(name: str, /, **inputs: Any) -> Change:
    """The program with other inputs of one resource; None removes an input."""

    def change(before: list[Item]) -> list[Item]:
        assert any(item.name == name for item in before), name
        return [
            replace(
                item,
                props={k: v for k, v in {**item.props, **inputs}.items() if v is not None},
            )
            if item.name == name
            else item
            for item in before
        ]

    return change


def without(name: str) -> Change:
    """The program without one resource."""

    def change(before: list[Item]) -> list[Item]:
        assert any(item.name == name for item in before), name
        return [item for item in before if item.name != name]

    return change


def stated(name: str, sid: str, key: str = "policy", /, **parts: Any) -> Change:
    """The program with a changed statement in one document; None removes a part."""

    def change(before: list[Item]) -> list[Item]:
        (item,) = (item for item in before if item.name == name)
        document = json.loads(item.props[key])
        (statement,) = (one for one in document["Statement"] if one["Sid"] == sid)
        for part, value in parts.items():
            statement.pop(part, None)
            if value is not None:
                statement[part] = value
        return having(name, **{key: json.dumps(document)})(before)

    return change


def also(name: str, statement: dict[str, Any]) -> Change:
    """The program with one statement more in a document."""

    def change(before: list[Item]) -> list[Item]:
        (item,) = (item for item in before if item.name == name)
        document = json.loads(item.props["policy"])
        document["Statement"].append(statement)
        return having(name, policy=json.dumps(document))(before)

    return change


def new(type_: str, **inputs: Any) -> Change:
    """The program with one resource more, called `new`."""
    urn = f"urn:pulumi:staging::toq-media::{type_}::new"
    item = Item(urn=urn, type=type_, name="new", props=inputs, protect=False, provider="bound")
    return lambda before: [*before, item]


def unprotected(name: str) -> Change:
    return lambda before: [replace(i, protect=False) if i.name == name else i for i in before]


def provided(name: str, provider: str) -> Change:
    return lambda before: [replace(i, provider=provider) if i.name == name else i for i in before]


MEDIA, LOGS = "storage-media-bucket", "storage-logs-bucket"
QUEUE, DLQ = "messaging-queue", "messaging-dead-letter-queue"
ROLES = "identity-stepfunctions-policy"
ZIP = "functions-zip"
MACHINE = "workflow-finalization-machine"
LIFECYCLE_RULE = {"id": "x", "status": "Enabled", "filter": {"prefix": "raw/"}}
FOREIGN = "arn:aws:sqs:us-east-1:058264253741:listing-media-processing-prod"

CHANGES: list[tuple[str, str, Change]] = [
    ("account-bound", "toq-media-aws", having("toq-media-aws", allowedAccountIds=None)),
    ("region-known", "toq-media-aws", having("toq-media-aws", region="eu-west-1")),
    ("endpoints-real", "toq-media-aws", having("toq-media-aws", endpoints="[]")),
    ("provider-explicit", ZIP, provided(ZIP, "default_7_51_1")),
    ("tags-required", ZIP, having(ZIP, tags={"Project": "toq-media"})),
    ("names-say-environment", ZIP, having(ZIP, name="listing-media-zip")),
    ("names-say-environment", QUEUE, having(QUEUE, name=None)),
    ("stateful-protected", MEDIA, unprotected(MEDIA)),
    ("kms-rotates", "encryption-key", having("encryption-key", enableKeyRotation=False)),
    ("kms-deletion-waits", "encryption-key", having("encryption-key", deletionWindowInDays=7)),
    ("kms-policy-closed", "encryption-key", having("encryption-key", policy=None)),
    ("kms-policy-closed", "encryption-key", also("encryption-key", ANYONE)),
    (
        "kms-no-role-administers",
        "encryption-key",
        stated(
            "encryption-key",
            "AdministerThroughIam",
            Principal={"AWS": "arn:aws:iam::058264253741:role/someone"},
        ),
    ),
    (
        "kms-own-services",
        "encryption-key",
        stated("encryption-key", "AlarmsToTopic", Condition=None),
    ),
    (
        "secret-sealed",
        "encryption-callback-secret",
        having("encryption-callback-secret", kmsKeyId=None),
    ),
    (
        "secret-not-in-state",
        "new",
        new("aws:secretsmanager/secretVersion:SecretVersion", secretString="x"),
    ),
    ("s3-public-access-blocked", MEDIA, without("storage-media-public-access-block")),
    (
        "s3-public-access-blocked",
        LOGS,
        having("storage-logs-public-access-block", ignorePublicAcls=False),
    ),
    ("s3-not-public", "storage-media-policy", also("storage-media-policy", ANYONE)),
    ("s3-tls-only", MEDIA, stated("storage-media-policy", "DenyInsecureTransport", Action="s3:x")),
    ("s3-tls-only", LOGS, without("storage-logs-policy")),
    ("s3-sealed", MEDIA, without("storage-media-encryption")),
    ("s3-sealed", MEDIA, having("storage-media-encryption", rules=[
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "k"}}
    ])),
    (
        "s3-encryption-guarded",
        "storage-media-policy",
        stated("storage-media-policy", "DenyOtherKey", Condition={"StringNotEquals": {
            "s3:x-amz-server-side-encryption-aws-kms-key-id": "k"}}),
    ),
    ("s3-owner-enforced", MEDIA, without("storage-media-ownership")),
    (
        "s3-versioned",
        MEDIA,
        having("storage-media-versioning", versioningConfiguration={"status": "Suspended"}),
    ),
    ("s3-old-versions-expire", "storage-media-versioning", without("storage-media-lifecycle")),
    ("s3-uploads-end", LOGS, having("storage-logs-lifecycle", rules=[])),
    (
        "s3-lifecycle-matches",
        "storage-media-lifecycle",
        having("storage-media-lifecycle", rules=[LIFECYCLE_RULE]),
    ),
    ("s3-access-logged", MEDIA, without("storage-media-logging")),
    (
        "s3-logs-delivered",
        "storage-media-logging",
        stated("storage-logs-policy", "AccessLogDelivery", Condition={"Bool": {}}),
    ),
    ("s3-kept-on-destroy", MEDIA, having(MEDIA, forceDestroy=True)),
    (
        "s3-named-origins",
        "storage-media-cors",
        having("storage-media-cors", corsRules=[{"allowedOrigins": ["*"]}]),
    ),
    (
        "s3-named-origins",
        "storage-media-cors",
        having("storage-media-cors", corsRules=[{"allowedOrigins": ["http://127.0.0.1:1"]}]),
    ),
    ("sqs-sealed", DLQ, having(DLQ, kmsMasterKeyId=None)),
    ("sqs-tls-only", QUEUE, without("messaging-queue-policy")),
    ("sqs-tls-only", DLQ, stated("messaging-dead-letter-queue-policy", "DenyInsecureTransport",
                                 Condition={"Bool": {"aws:SecureTransport": "true"}})),
    ("sqs-not-public", "messaging-queue-policy", also("messaging-queue-policy", ANYONE)),
    ("sqs-dead-letters", QUEUE, having(QUEUE, redrivePolicy=None)),
    ("sqs-dead-letters-last", DLQ, having(DLQ, messageRetentionSeconds=345_600)),
    ("sqs-redrive-named", DLQ, having(DLQ, redriveAllowPolicy=None)),
    ("sqs-visibility", QUEUE, having(QUEUE, visibilityTimeoutSeconds=59)),
    (
        "sqs-partial-batches",
        "functions-dispatch-queue",
        having("functions-dispatch-queue", functionResponseTypes=None),
    ),
    ("sns-sealed", "monitoring-alarms", having("monitoring-alarms", kmsMasterKeyId=None)),
    ("sns-tls-only", "monitoring-alarms", without("monitoring-alarms-policy")),
    ("iam-no-wildcard-actions", ROLES, stated(ROLES, "InvokeFunctions", Action=["lambda:*"])),
    ("iam-no-wildcard-resources", ROLES, stated(ROLES, "CreateVideoJobs", Resource="*")),
    ("iam-own-resources", ROLES, stated(ROLES, "SendDeadLetters", Resource=FOREIGN)),
    (
        "iam-own-resources",
        ROLES,
        stated(ROLES, "ReadVideoJobs", Resource=["arn:aws:s3:::toq-listing-medias-prod/*"]),
    ),
    ("iam-named-statements", ROLES, stated(ROLES, "InvokeFunctions", Sid=None)),
    (
        "iam-no-attached-policies",
        "new",
        new("aws:iam/rolePolicyAttachment:RolePolicyAttachment", policyArn="a", role="r"),
    ),
    (
        "iam-no-managed-policies",
        "identity-lambda",
        having("identity-lambda", managedPolicyArns=["arn:aws:iam::aws:policy/ReadOnlyAccess"]),
    ),
    (
        "iam-trust-services",
        "identity-backend",
        stated("identity-backend", "Assume", "assumeRolePolicy", Principal={"AWS": "*"}),
    ),
    (
        "iam-trust-own-account",
        "identity-stepfunctions",
        stated("identity-stepfunctions", "Assume", "assumeRolePolicy", Condition=None),
    ),
    ("iam-pass-role-bounded", ROLES, stated(ROLES, "PassMediaConvertRole", Condition=None)),
    ("iam-key-through-services", ROLES, stated(ROLES, "MediaBucketKey", Condition=None)),
    ("lambda-runtime-supported", ZIP, having(ZIP, runtime="python3.8")),
    ("lambda-architecture", ZIP, having(ZIP, architectures=None)),
    ("lambda-traced", ZIP, having(ZIP, tracingConfig={"mode": "PassThrough"})),
    ("lambda-bounded", ZIP, having(ZIP, timeout=None)),
    (
        "lambda-no-secrets",
        ZIP,
        having(ZIP, environment={"variables": {"CALLBACK_SECRET": "hunter2"}}),
    ),
    (
        "lambda-no-secrets",
        ZIP,
        having(ZIP, environment={"variables": {"DATABASE": "db://user:word@host/x"}}),
    ),
    ("lambda-environment-sealed", ZIP, having(ZIP, kmsKeyArn=None)),
    ("lambda-logs-declared", ZIP, without("functions-zip-logs")),
    (
        "lambda-not-public",
        "workflow-execution-ended-permission",
        having("workflow-execution-ended-permission", sourceAccount=None),
    ),
    (
        "lambda-failed-events-kept",
        "workflow-execution-ended-target",
        without("functions-callback-dispatch-events"),
    ),
    (
        "lambda-concurrency-capped",
        "functions-dispatch-queue",
        having("functions-dispatch-queue", scalingConfig=None),
    ),
    (
        "events-undelivered-kept",
        "workflow-execution-ended-target",
        having("workflow-execution-ended-target", deadLetterConfig=None),
    ),
    ("sfn-logged", MACHINE, having(MACHINE, loggingConfiguration={"level": "ERROR"})),
    (
        "sfn-logs-without-data",
        MACHINE,
        having(MACHINE, loggingConfiguration={"includeExecutionData": True}),
    ),
    (
        "sfn-logs-vended",
        MACHINE,
        having(MACHINE, loggingConfiguration={"logDestination": "arn:aws:logs:::/machines:*"}),
    ),
    ("sfn-traced", MACHINE, having(MACHINE, tracingConfiguration=None)),
    ("sfn-ends", MACHINE, having(MACHINE, definition='{"StartAt": "x"}')),
    ("logs-expire", "functions-zip-logs", having("functions-zip-logs", retentionInDays=None)),
    ("logs-sealed", "functions-zip-logs", having("functions-zip-logs", kmsKeyId=None)),
]  # fmt: skip
