"""The functions, their log groups and what invokes them, as staging would register them."""

from __future__ import annotations

from components.messaging import VISIBILITY_TIMEOUT_SECONDS
from tests.infra.harness import Recorded
from tests.infra.staging_facts import ACCOUNT, KEY, NAMES, QUEUE, TAGS, inputs


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
