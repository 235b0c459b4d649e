"""Each component's resources by type, name and exact inputs, as staging would register them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.functions.catalogue import FunctionConfig, FunctionSpec, catalogue
from components.messaging import VISIBILITY_TIMEOUT_SECONDS
from components.naming import Names
from components.observability.alarms import alarm_specs
from tests.infra.harness import KEY_ID, Recorded

ACCOUNT = "058264253741"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
DLQ = f"arn:aws:sqs:us-east-1:{ACCOUNT}:listing-media-processing-dlq-staging"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:listing-media-processing-staging"
TAGS = {
    "Project": "toq-media",
    "Environment": "staging",
    "Owner": "media-platform",
    "CostCentre": "media",
    "ManagedBy": "pulumi",
}
NAMES = Names(
    account_id=ACCOUNT,
    region="us-east-1",
    environment="staging",
    media_bucket="toq-listing-medias",
)


def inputs(program: Recorded, type_: str, name: str, *, without: str = "") -> dict[str, Any]:
    found = dict(program.one(type_, name).inputs)
    if without:
        assert found.pop(without)
    return found


def test_the_key_rotates_and_waits_before_it_goes(staging: Recorded) -> None:
    assert inputs(staging, "aws:kms/key:Key", "encryption-key", without="policy") == {
        "description": "TOQ media processing, staging",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "tags": TAGS,
    }
    assert inputs(staging, "aws:kms/alias:Alias", "encryption-alias") == {
        "name": "alias/toq-media-processing-staging",
        "targetKeyId": KEY_ID,
    }


def test_the_callback_secret_has_no_value_in_state(staging: Recorded) -> None:
    secret = inputs(staging, "aws:secretsmanager/secret:Secret", "encryption-callback-secret")

    assert secret == {
        "name": "toq-media-callback-staging",
        "description": "Signs callbacks to the backend: JSON with current and previous.",
        "kmsKeyId": KEY,
        "recoveryWindowInDays": 30,
        "tags": TAGS,
    }
    assert staging.of_type("aws:secretsmanager/secretVersion:SecretVersion") == []


def test_the_queue_is_the_seed_s(staging: Recorded) -> None:
    queue = inputs(staging, "aws:sqs/queue:Queue", "messaging-queue", without="redrivePolicy")

    assert queue == {
        "name": "listing-media-processing-staging",
        "visibilityTimeoutSeconds": 60,
        "messageRetentionSeconds": 345_600,
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
        "kmsMasterKeyId": KEY,
        "kmsDataKeyReusePeriodSeconds": 300,
        "tags": TAGS,
    }


@pytest.mark.parametrize("bucket", ["media", "logs"])
def test_buckets_are_private(staging: Recorded, bucket: str) -> None:
    name = {"media": "toq-listing-medias", "logs": "toq-logs-staging"}[bucket]

    assert inputs(staging, "aws:s3/bucket:Bucket", f"storage-{bucket}-bucket") == {
        "bucket": name,
        "forceDestroy": False,
        "tags": TAGS,
    }
    assert inputs(
        staging,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        f"storage-{bucket}-public-access-block",
    ) == {
        "bucket": name,
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert inputs(
        staging,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        f"storage-{bucket}-ownership",
    ) == {"bucket": name, "rule": {"objectOwnership": "BucketOwnerEnforced"}}


def test_media_is_sealed_versioned_and_logged(staging: Recorded) -> None:
    sse = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

    assert inputs(staging, sse, "storage-media-encryption")["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": KEY,
            },
            "bucketKeyEnabled": True,
        }
    ]
    assert inputs(staging, sse, "storage-logs-encryption")["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    assert inputs(
        staging, "aws:s3/bucketVersioning:BucketVersioning", "storage-media-versioning"
    ) == {"bucket": "toq-listing-medias", "versioningConfiguration": {"status": "Enabled"}}
    assert inputs(staging, "aws:s3/bucketLogging:BucketLogging", "storage-media-logging") == {
        "bucket": "toq-listing-medias",
        "targetBucket": "toq-logs-staging",
        "targetPrefix": "",
    }


def test_lifecycle_finds_originals_by_tag(staging: Recorded) -> None:
    rules = inputs(
        staging,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "storage-media-lifecycle",
    )["rules"]

    assert {rule["id"]: rule for rule in rules} == {
        "archive-originals": {
            "id": "archive-originals",
            "status": "Enabled",
            "filter": {"tag": {"key": "media-class", "value": "raw"}},
            "transitions": [{"days": 180, "storageClass": "GLACIER"}],
        },
        "expire-job-files": {
            "id": "expire-job-files",
            "status": "Enabled",
            "filter": {"prefix": "jobs/"},
            "expiration": {"days": 30},
        },
        "clean-up": {
            "id": "clean-up",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "expiration": {"expiredObjectDeleteMarker": True},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
    }


def test_only_the_configured_pages_may_upload(staging: Recorded) -> None:
    (rule,) = inputs(
        staging, "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration", "storage-media-cors"
    )["corsRules"]

    assert rule["allowedOrigins"] == ["https://app.staging.toq.example"]
    assert rule["allowedMethods"] == ["GET", "HEAD", "PUT"]


def test_a_function_in_full(staging: Recorded) -> None:
    assert inputs(staging, "aws:lambda/function:Function", "functions-thumbnails") == {
        "name": "listing-media-thumbnails-staging",
        "role": f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-lambda-staging",
        "runtime": "python3.13",
        "architectures": ["arm64"],
        "handler": "thumbnails.handler.handler",
        "code": ".build/thumbnails.zip",
        "layers": [
            f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:toq-media-runtime-staging:1",
            f"arn:aws:lambda:us-east-1:{ACCOUNT}:layer:toq-media-imaging-staging:1",
        ],
        "memorySize": 3008,
        "timeout": 300,
        "environment": {
            "variables": {
                "ENVIRONMENT": "staging",
                "POWERTOOLS_LOG_LEVEL": "INFO",
                "POWERTOOLS_SERVICE_NAME": "thumbnails",
                "POWERTOOLS_METRICS_NAMESPACE": "TOQ/Media",
                "MEDIA_BUCKET": "toq-listing-medias",
                "MAX_IMAGE_PIXELS": "100000000",
                "RENDITION_CACHE_CONTROL": "",
            }
        },
        "kmsKeyArn": KEY,
        "tracingConfig": {"mode": "Active"},
        "tags": TAGS,
    }


def test_functions_have_their_seed_s_limits_and_their_own_roles(staging: Recorded) -> None:
    found = {
        item.inputs["name"]: (
            item.inputs["timeout"],
            item.inputs["role"].removeprefix(f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-"),
        )
        for item in staging.of_type("aws:lambda/function:Function")
    }

    assert found == {
        "listing-media-dispatch-staging": (10, "dispatch-staging"),
        "listing-media-validate-staging": (60, "lambda-staging"),
        "listing-media-thumbnails-staging": (300, "lambda-staging"),
        "listing-media-zip-staging": (900, "lambda-staging"),
        "listing-media-consolidate-staging": (60, "consolidate-staging"),
        "listing-media-callback-dispatch-staging": (60, "callback-staging"),
    }


def test_every_function_has_its_log_group_before_it_runs(staging: Recorded) -> None:
    groups = {
        item.inputs["name"]: item for item in staging.of_type("aws:cloudwatch/logGroup:LogGroup")
    }
    for function in staging.of_type("aws:lambda/function:Function"):
        group = groups[f"/aws/lambda/{function.inputs['name']}"]
        assert group.inputs["retentionInDays"] == 30
        assert group.inputs["kmsKeyId"] == KEY
        assert group.urn in function.depends_on


def test_the_queue_hides_a_message_six_times_as_long_as_dispatch_runs(staging: Recorded) -> None:
    dispatch = staging.one("aws:lambda/function:Function", "functions-dispatch")

    assert dispatch.inputs["timeout"] * 6 <= VISIBILITY_TIMEOUT_SECONDS
    assert inputs(
        staging, "aws:lambda/eventSourceMapping:EventSourceMapping", "functions-dispatch-queue"
    ) == {
        "eventSourceArn": QUEUE,
        "functionName": NAMES.function_arn("dispatch"),
        "batchSize": 10,
        "enabled": True,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 5},
        "tags": TAGS,
    }


@pytest.mark.parametrize("machine", ["processing", "finalization"])
def test_state_machines_are_logged_and_traced(staging: Recorded, machine: str) -> None:
    name = f"listing-media-{machine}-sm-staging"

    assert inputs(
        staging,
        "aws:sfn/stateMachine:StateMachine",
        f"workflow-{machine}-machine",
        without="definition",
    ) == {
        "name": name,
        "type": "STANDARD",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-stepfunctions-staging",
        "loggingConfiguration": {
            "level": "ALL",
            "includeExecutionData": False,
            "logDestination": (
                f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/vendedlogs/states/{name}:*"
            ),
        },
        "tracingConfiguration": {"enabled": True},
        "tags": TAGS,
    }


def test_an_end_that_no_state_can_catch_is_reported(staging: Recorded) -> None:
    rule = staging.one("aws:cloudwatch/eventRule:EventRule", "workflow-execution-ended")
    target = inputs(
        staging, "aws:cloudwatch/eventTarget:EventTarget", "workflow-execution-ended-target"
    )
    callback = (
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:listing-media-callback-dispatch-staging"
    )

    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
            "stateMachineArn": [
                NAMES.machine_arn("listing-media-processing-sm-staging"),
                NAMES.machine_arn("listing-media-finalization-sm-staging"),
            ],
        },
    }
    assert target["arn"] == callback
    assert target["deadLetterConfig"] == {"arn": DLQ}
    assert target["retryPolicy"] == {
        "maximumEventAgeInSeconds": 3600,
        "maximumRetryAttempts": 10,
    }
    assert inputs(
        staging, "aws:lambda/permission:Permission", "workflow-execution-ended-permission"
    ) == {
        "statementId": "EventBridgeExecutionEnded",
        "action": "lambda:InvokeFunction",
        "function": callback,
        "principal": "events.amazonaws.com",
        "sourceArn": NAMES.execution_ended_rule_arn,
        "sourceAccount": ACCOUNT,
    }
    assert inputs(
        staging,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "functions-callback-dispatch-events",
    )["destinationConfig"] == {"onFailure": {"destination": DLQ}}


def test_every_alarm_tells_when_it_ends_and_links_to_its_runbook(staging: Recorded) -> None:
    alarms = staging.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    topic = [NAMES.alarm_topic_arn]

    assert len(alarms) == len(alarm_specs(NAMES, dict.fromkeys(_kinds(), 1)))
    for alarm in alarms:
        kind = alarm.name.removeprefix("monitoring-")
        link = f"Runbook: https://docs.toq.example/media/runbook#{kind}"
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == topic
        assert alarm.inputs["alarmDescription"].endswith(link)
        assert alarm.inputs["treatMissingData"] == "notBreaching"


def test_the_alarms_watch_resources_that_exist(staging: Recorded) -> None:
    names = {value for item in staging.custom for value in _names_of(item.inputs)}
    arns = {value for key, value in staging.exports.items() if key.endswith("Arn")}
    for alarm in staging.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        for value in alarm.inputs.get("dimensions", {}).values():
            assert value in names | arns, alarm.name


def test_the_dead_letter_alarm_fires_at_the_first_message(staging: Recorded) -> None:
    alarm = staging.one("aws:cloudwatch/metricAlarm:MetricAlarm", "monitoring-dlq-not-empty")

    assert alarm.inputs["dimensions"] == {"QueueName": "listing-media-processing-dlq-staging"}
    assert alarm.inputs["metricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm.inputs["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm.inputs["threshold"] == 1
    assert alarm.inputs["evaluationPeriods"] == 1


def test_undelivered_callbacks_are_counted_where_the_alarm_looks(staging: Recorded) -> None:
    alarm = staging.one(
        "aws:cloudwatch/metricAlarm:MetricAlarm", "monitoring-callbacks-undelivered"
    )
    filters = staging.of_type("aws:cloudwatch/logMetricFilter:LogMetricFilter")

    assert len(filters) == 2
    for item in filters:
        transformation = item.inputs["metricTransformation"]
        assert transformation["name"] == alarm.inputs["metricName"]
        assert transformation["namespace"] == alarm.inputs["namespace"]
        assert '$.details.name = "CallbackUndelivered"' in item.inputs["pattern"]
        machine = item.name.split("-")[1]
        definition = staging.one(
            "aws:sfn/stateMachine:StateMachine", f"workflow-{machine}-machine"
        ).inputs["definition"]
        assert "CallbackUndelivered" in json.loads(definition)["States"]


def test_the_dashboard_lays_its_graphs_side_by_side(staging: Recorded) -> None:
    body = json.loads(
        inputs(staging, "aws:cloudwatch/dashboard:Dashboard", "monitoring-dashboard")[
            "dashboardBody"
        ]
    )

    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(set(places)) == len(places) == 10
    assert {x for x, _ in places} == {0, 12}
    assert all(widget["properties"]["metrics"] for widget in body["widgets"])


def _kinds() -> list[str]:
    return [spec.kind for spec in _catalogue()]


def _catalogue() -> tuple[FunctionSpec, ...]:
    return catalogue(
        FunctionConfig(
            names=NAMES,
            callback_url="https://backend.example",
            callback_secret_arn="arn",
            max_image_pixels=1,
            max_image_bytes=1,
            max_video_bytes=1,
            max_video_seconds=1,
            max_batch_assets=1,
            max_batch_bytes=1,
            rendition_cache_control="",
            strip_metadata=False,
            log_level="INFO",
        )
    )


def _names_of(values: dict[str, Any]) -> list[str]:
    return [values[key] for key in ("name", "bucket") if key in values]
