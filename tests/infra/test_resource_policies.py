"""Policies that sit on resources: whom the key, buckets and queues let in."""

from __future__ import annotations

import json
from typing import Any

from tests.infra.harness import record_stack
from tests.infra.staging_facts import ACCOUNT, BUCKET, KEY, by_sid


def resource_policy(type_: str, name: str) -> dict[str, dict[str, Any]]:
    return by_sid(json.loads(record_stack("staging").one(type_, name).inputs["policy"]))


def test_no_role_is_a_principal_of_the_key() -> None:
    statements = resource_policy("aws:kms/key:Key", "encryption-key")

    assert [sid for sid, item in statements.items() if "AWS" in item["Principal"]] == [
        "AdministerThroughIam"
    ]
    assert statements["SealLogGroups"]["Condition"] == {
        "ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:*"}
    }
    assert {"DeadLettersFromEventBridge", "AlarmsToTopic"} <= statements.keys()


def test_the_media_bucket_refuses_plain_http_and_foreign_keys() -> None:
    statements = resource_policy("aws:s3/bucketPolicy:BucketPolicy", "storage-media-policy")
    key = "s3:x-amz-server-side-encryption-aws-kms-key-id"

    assert statements["DenyInsecureTransport"]["Condition"] == {
        "Bool": {"aws:SecureTransport": "false"}
    }
    assert statements["DenyOtherKey"]["Effect"] == "Deny"
    assert statements["DenyOtherKey"]["Condition"] == {
        "StringNotEquals": {key: KEY},
        "Null": {key: "false"},  # without it, a PUT that names no key at all would be denied
    }


def test_access_logs_can_be_delivered_from_this_bucket_only() -> None:
    statement = resource_policy("aws:s3/bucketPolicy:BucketPolicy", "storage-logs-policy")[
        "AccessLogDelivery"
    ]

    assert statement["Principal"] == {"Service": "logging.s3.amazonaws.com"}
    assert statement["Resource"] == "arn:aws:s3:::toq-logs-staging/*"
    assert statement["Condition"] == {
        "ArnLike": {"aws:SourceArn": BUCKET},
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
    }


def test_queues_refuse_plain_http() -> None:
    for name in ("messaging-queue-policy", "messaging-dead-letter-queue-policy"):
        statement = resource_policy("aws:sqs/queuePolicy:QueuePolicy", name)[
            "DenyInsecureTransport"
        ]
        assert statement["Action"] == "sqs:*"
        assert statement["Principal"] == "*"
