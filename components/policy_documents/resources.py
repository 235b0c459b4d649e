"""Policies that sit on resources: the key, buckets, queues, the topic."""

from __future__ import annotations

from components.naming import Names
from components.policy_documents.statements import (
    Document,
    allow_service,
    deny_everyone,
    deny_insecure_transport,
    document,
)

_USE = ("kms:Decrypt", "kms:GenerateDataKey*")


def key_policy(names: Names) -> Document:
    """Who may use the key besides roles, whose own policies grant it through IAM.

    The account statement is what makes IAM policies count at all (KMS developer guide); the
    services are those that seal things on their own behalf.
    """
    own_account = {"StringEquals": {"aws:SourceAccount": names.account_id}}
    return document(
        {
            "Sid": "AdministerThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": names.account_root_arn},
            "Action": ["kms:*"],
            "Resource": "*",
        },
        allow_service(
            "SealLogGroups",
            f"logs.{names.region}.amazonaws.com",
            ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
            "*",
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": names.any_log_group_arn}},
        ),
        allow_service(
            "DeadLettersFromEventBridge",
            "events.amazonaws.com",
            _USE,
            "*",
            {
                **own_account,
                "ArnEquals": {"aws:SourceArn": names.execution_ended_rule_arn},
            },
        ),
        allow_service("AlarmsToTopic", "cloudwatch.amazonaws.com", _USE, "*", own_account),
    )


def media_bucket_policy(names: Names, key_arn: str) -> Document:
    """TLS only; a writer that names an encryption must name ours.

    Each encryption rule needs the `Null` guard: without it, it would deny every write that relies
    on the bucket's default encryption and sends no header.
    """
    bucket, objects = names.media_bucket_arn, f"{names.media_bucket_arn}/*"
    algorithm = "s3:x-amz-server-side-encryption"
    key = "s3:x-amz-server-side-encryption-aws-kms-key-id"
    return document(
        deny_insecure_transport("s3", [bucket, objects]),
        deny_everyone(
            "DenyOtherEncryption",
            "s3:PutObject",
            objects,
            {"StringNotEquals": {algorithm: "aws:kms"}, "Null": {algorithm: "false"}},
        ),
        deny_everyone(
            "DenyOtherKey",
            "s3:PutObject",
            objects,
            {"StringNotEquals": {key: key_arn}, "Null": {key: "false"}},
        ),
    )


def logs_bucket_policy(names: Names) -> Document:
    """TLS only; S3 may deliver the media bucket's access logs (ACLs are off)."""
    bucket, objects = names.logs_bucket_arn, f"{names.logs_bucket_arn}/*"
    return document(
        deny_insecure_transport("s3", [bucket, objects]),
        allow_service(
            "AccessLogDelivery",
            "logging.s3.amazonaws.com",
            ["s3:PutObject"],
            objects,
            {
                "ArnLike": {"aws:SourceArn": names.media_bucket_arn},
                "StringEquals": {"aws:SourceAccount": names.account_id},
            },
        ),
    )


def queue_policy(queue_arn: str) -> Document:
    """TLS only; who may send and receive is said by the roles."""
    return document(deny_insecure_transport("sqs", queue_arn))


def dead_letter_queue_policy(names: Names) -> Document:
    """TLS only; EventBridge may leave events that the callback function could not take."""
    return document(
        deny_insecure_transport("sqs", names.dead_letter_queue_arn),
        allow_service(
            "EventBridgeDeadLetters",
            "events.amazonaws.com",
            ["sqs:SendMessage"],
            names.dead_letter_queue_arn,
            {"ArnEquals": {"aws:SourceArn": names.execution_ended_rule_arn}},
        ),
    )


def topic_policy(names: Names) -> Document:
    """TLS only; CloudWatch alarms of this account may publish."""
    return document(
        deny_everyone(
            "DenyInsecureTransport",
            "sns:Publish",
            names.alarm_topic_arn,
            {"Bool": {"aws:SecureTransport": "false"}},
        ),
        allow_service(
            "AlarmsPublish",
            "cloudwatch.amazonaws.com",
            ["sns:Publish"],
            names.alarm_topic_arn,
            {"StringEquals": {"aws:SourceAccount": names.account_id}},
        ),
    )
