"""What holds for the whole program, in every stack."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from components.settings import StackSettings
from components.stack_config import load_stack_config
from tests.infra.harness import ROOT, STACKS, Recorded, Resource, inventory, record_stack

STATEFUL = {
    "aws:kms/key:Key",
    "aws:kms/alias:Alias",
    "aws:s3/bucket:Bucket",
    "aws:sqs/queue:Queue",
    "aws:secretsmanager/secret:Secret",
}
UNTAGGABLE = {
    "aws:cloudwatch/dashboard:Dashboard",
    "aws:cloudwatch/eventTarget:EventTarget",
    "aws:cloudwatch/logMetricFilter:LogMetricFilter",
    "aws:cloudwatch/queryDefinition:QueryDefinition",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:kms/alias:Alias",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/layerVersion:LayerVersion",
    "aws:lambda/permission:Permission",
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketLogging:BucketLogging",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
    "aws:sqs/queuePolicy:QueuePolicy",
    "pulumi:providers:aws",
}
NAME_INPUTS = ("name", "bucket", "layerName", "dashboardName")
ENVIRONMENT_FREE_NAMES = {
    "toq-listing-medias",  # the seed's bucket has no environment in its name
    "permissions",  # inline policies live inside their role
    "callback-undelivered",  # metric filters live inside their log group
}


def settings_of(stack: str) -> StackSettings:
    config = load_stack_config(ROOT, stack)
    values = {
        key.removeprefix("toq-media:"): value
        for key, value in config.items()
        if key.startswith("toq-media:")
    }
    return StackSettings.parse(values, environment=stack)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, str) and value.startswith(("{", "[")) and value != "[]":
        with contextlib.suppress(ValueError):  # a metric filter's pattern has braces too
            value = json.loads(value)
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, f"{path}[{index}]")
    else:
        yield path, value


def test_the_inventory_is_the_reviewed_one(stack: str) -> None:
    reviewed = (ROOT / "tests/infra/inventory" / f"{stack}.txt").read_text(encoding="utf-8")

    assert inventory(record_stack(stack)) == reviewed, (
        "resources were added, removed or renamed (a rename replaces the resource unless it has an "
        "alias); if it is meant: make inventory, and review the diff"
    )


def test_no_input_is_null_or_an_empty_arn(program: Recorded) -> None:
    bad = [
        f"{resource.type} {resource.name}{path} = {value!r}"
        for resource in program.custom
        for path, value in leaves(resource.inputs)
        # A state's `ResultPath: null` means: keep the input as it is.
        if (value is None and not path.endswith(".ResultPath"))
        or (isinstance(value, str) and ("Output" in value or ":mock:" in value or "None" in value))
        or (isinstance(value, str) and value.startswith("arn:") and "::/" in value)
    ]

    assert bad == []


def test_every_component_belongs_to_the_platform(program: Recorded) -> None:
    components = [resource for resource in program.resources if not resource.custom]

    assert all(re.fullmatch(r"toq:media:[A-Z][a-z]+", item.type) for item in components)
    for item in components[1:]:
        assert item.parent.endswith("toq:media:Platform::toq-media"), item.urn


def test_every_resource_uses_the_bound_provider(stack: str, program: Recorded) -> None:
    provider = program.one("pulumi:providers:aws", "toq-media-aws")
    settings = settings_of(stack)

    assert json.loads(provider.inputs["allowedAccountIds"]) == [settings.account_id]
    assert provider.inputs["region"] == settings.region
    for resource in program.custom:
        if resource is not provider:
            assert resource.provider.startswith(provider.urn), resource.name


def test_only_the_local_stack_talks_to_an_emulator(stack: str, program: Recorded) -> None:
    inputs = program.one("pulumi:providers:aws", "toq-media-aws").inputs

    assert ("endpoints" in inputs) == (stack == "local")
    assert ("secretKey" in inputs) == (stack == "local")


def test_everything_taggable_is_tagged(stack: str, program: Recorded) -> None:
    expected = settings_of(stack).tags

    assert set(expected) == {"Project", "Environment", "Owner", "CostCentre", "ManagedBy"}
    for resource in program.custom:
        if resource.type in UNTAGGABLE:
            assert "tags" not in resource.inputs, resource.name
        else:
            assert resource.inputs.get("tags") == expected, f"{resource.type} {resource.name}"


def test_what_holds_data_is_protected_where_it_matters(stack: str, program: Recorded) -> None:
    wanted = stack in {"staging", "prod"}
    for resource in program.custom:
        stateful = resource.type in STATEFUL
        assert resource.protect == (stateful and wanted), resource.name
        assert resource.retain_on_delete == (stateful and wanted), resource.name


def test_physical_names_carry_the_environment(stack: str, program: Recorded) -> None:
    for resource in program.custom:
        for key in NAME_INPUTS:
            name = resource.inputs.get(key)
            if name and name not in ENVIRONMENT_FREE_NAMES:
                assert stack in name, f"{resource.type} {resource.name}: {name}"


def test_names_are_as_the_seed_has_them(staging: Recorded) -> None:
    names = {
        resource.inputs.get("name") or resource.inputs.get("bucket")
        for resource in physical(staging)
    }

    assert names >= {
        "alias/toq-media-processing-staging",
        "toq-listing-medias",
        "toq-logs-staging",
        "listing-media-processing-staging",
        "listing-media-processing-dlq-staging",
        "toq-media-processing-backend-staging",
        "toq-media-processing-lambda-staging",
        "toq-media-processing-stepfunctions-staging",
        "toq-media-processing-mediaconvert-staging",
        "listing-media-validate-staging",
        "listing-media-thumbnails-staging",
        "listing-media-zip-staging",
        "listing-media-consolidate-staging",
        "listing-media-callback-dispatch-staging",
        "listing-media-processing-sm-staging",
        "listing-media-finalization-sm-staging",
    }


def physical(program: Recorded) -> list[Resource]:
    return [item for item in program.custom if {"name", "bucket"} & item.inputs.keys()]


def test_names_compute_the_arns_that_aws_assigns(stack: str, program: Recorded) -> None:
    names = settings_of(stack).names
    exports = program.exports

    assert exports["mediaBucketArn"] == names.media_bucket_arn
    assert exports["queueArn"] == names.queue_arn
    assert exports["deadLetterQueueArn"] == names.dead_letter_queue_arn
    assert exports["processingStateMachineArn"] == names.machine_arn(names.processing_machine)
    assert exports["finalizationStateMachineArn"] == names.machine_arn(names.finalization_machine)
    assert exports["mediaConvertQueueArn"] == names.mediaconvert_queue_arn
    assert exports["alarmTopicArn"] == names.alarm_topic_arn
    assert exports["callbackDispatchFunctionArn"] == names.function_arn("callback-dispatch")
    for kind in ("backend", "lambda", "dispatch", "stepfunctions", "mediaconvert"):
        assert exports[f"{kind}RoleArn"] == names.role_arn(kind)


def test_a_backend_learns_what_it_needs(staging: Recorded) -> None:
    queue = "https://sqs.us-east-1.amazonaws.com/058264253741/listing-media-processing"

    assert staging.exports["environment"] == "staging"
    assert staging.exports["region"] == "us-east-1"
    assert staging.exports["mediaBucket"] == "toq-listing-medias"
    assert staging.exports["queueUrl"] == f"{queue}-staging"
    assert staging.exports["deadLetterQueueUrl"] == f"{queue}-dlq-staging"
    assert staging.exports["kmsAlias"] == "alias/toq-media-processing-staging"
    assert staging.exports["callbackSecretArn"].endswith("secret:toq-media-callback-staging-AbCdEf")


@pytest.mark.parametrize("stack", STACKS)
def test_no_resource_depends_on_an_environment_by_name(stack: str) -> None:
    """Stacks differ by configuration: the same types, but for what their YAML leaves out."""
    optional = {"aws:sns/topicSubscription:TopicSubscription"}
    types = {item.type for item in record_stack(stack).resources} - optional

    assert types == {item.type for item in record_stack("staging").resources} - optional
