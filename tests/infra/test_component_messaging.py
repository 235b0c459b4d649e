"""Both queues, as staging would register them."""

from __future__ import annotations

import json

from tests.infra.harness import Recorded
from tests.infra.staging_facts import DLQ, KEY, TAGS, inputs


def test_the_queue_is_the_seed_s(staging: Recorded) -> None:
    queue = inputs(staging, "aws:sqs/queue:Queue", "messaging-queue", without="redrivePolicy")

    assert queue == {
        "name": "listing-media-processing-staging",
        "visibilityTimeoutSeconds": 60,
        "messageRetentionSeconds": 345_600,
        "maxMessageSize": 1_048_576,
        "receiveWaitTimeSeconds": 20,
        "kmsMasterKeyId": KEY,
        "kmsDataKeyReusePeriodSeconds": 300,
        "tags": TAGS,
    }
    redrive = staging.one("aws:sqs/queue:Queue", "messaging-queue").inputs["redrivePolicy"]
    assert json.loads(redrive) == {"deadLetterTargetArn": DLQ, "maxReceiveCount": 5}


def test_the_dead_letter_queue_outlives_the_queue(staging: Recorded) -> None:
    queue = inputs(
        staging, "aws:sqs/queue:Queue", "messaging-dead-letter-queue", without="redriveAllowPolicy"
    )

    assert queue == {
        "name": "listing-media-processing-dlq-staging",
        "messageRetentionSeconds": 1_209_600,
        "maxMessageSize": 1_048_576,
        "kmsMasterKeyId": KEY,
        "kmsDataKeyReusePeriodSeconds": 300,
        "tags": TAGS,
    }
