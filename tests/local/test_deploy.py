"""The real program, deployed: everything it declares exists as it says."""

from __future__ import annotations

import json

import pytest

from components.settings import SettingsError
from local.cloud import LocalCloud
from local.deploy import deploy
from local.emulator import Emulator
from local.provisioners import Target
from local.provisioners.unsupported import NOT_MADE, NOT_SENT
from tests.local.stage import ACCOUNT, REGION

pytestmark = pytest.mark.local


def test_every_export_is_a_real_name_or_arn(cloud: LocalCloud) -> None:
    assert all(isinstance(value, str) and value for value in cloud.outputs.values())
    machines = cloud.admin_client("stepfunctions").list_state_machines()["stateMachines"]
    assert {machine["stateMachineArn"] for machine in machines} == {
        cloud.outputs["processingStateMachineArn"],
        cloud.outputs["finalizationStateMachineArn"],
    }
    described = cloud.admin_client("kms").describe_key(KeyId=cloud.outputs["kmsAlias"])
    assert described["KeyMetadata"]["Arn"] == cloud.outputs["kmsKeyArn"]


def test_the_media_bucket_is_as_the_program_says(cloud: LocalCloud) -> None:
    s3 = cloud.admin_client("s3")
    assert s3.get_bucket_versioning(Bucket=cloud.bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(Bucket=cloud.bucket)["ServerSideEncryptionConfiguration"]
    default = rules["Rules"][0]["ApplyServerSideEncryptionByDefault"]
    assert default == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": cloud.outputs["kmsKeyArn"],
    }
    block = s3.get_public_access_block(Bucket=cloud.bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}


def test_the_queue_sends_its_dead_letters_away(cloud: LocalCloud) -> None:
    attributes = cloud.admin_client("sqs").get_queue_attributes(
        QueueUrl=cloud.outputs["queueUrl"], AttributeNames=["All"]
    )["Attributes"]
    assert attributes["VisibilityTimeout"] == "60"
    redrive = json.loads(attributes["RedrivePolicy"])
    assert redrive["deadLetterTargetArn"] == cloud.outputs["deadLetterQueueArn"]
    assert int(redrive["maxReceiveCount"]) == 5


def test_functions_are_deployed_with_layers_and_environment(cloud: LocalCloud) -> None:
    seen = cloud.admin_client("lambda").get_function_configuration(
        FunctionName=cloud.outputs["thumbnailsFunctionArn"]
    )
    assert seen["Handler"] == "thumbnails.handler.handler"
    assert seen["Environment"]["Variables"]["MEDIA_BUCKET"] == cloud.bucket
    assert len(seen["Layers"]) == 2
    assert seen["Role"] == cloud.outputs["lambdaRoleArn"]


def test_the_callback_secret_has_a_value_that_no_program_knows(cloud: LocalCloud) -> None:
    secrets = cloud.admin_client("secretsmanager")
    held = secrets.get_secret_value(SecretId=cloud.outputs["callbackSecretArn"])["SecretString"]
    assert json.loads(held)["current"].encode() == cloud.callback_secret
    assert len(cloud.callback_secret) >= 32
    text = json.dumps([resource.inputs for resource in cloud.resources], default=str)
    assert cloud.callback_secret.decode() not in text


def test_the_backend_reaches_what_it_needs_and_no_more(cloud: LocalCloud) -> None:
    sqs = cloud.backend_client("sqs")
    facts = sqs.get_queue_attributes(
        QueueUrl=cloud.outputs["queueUrl"], AttributeNames=["MaximumMessageSize"]
    )
    assert facts["Attributes"] == {"MaximumMessageSize": "1048576"}
    with pytest.raises(sqs.exceptions.ClientError, match="AccessDenied"):
        sqs.receive_message(QueueUrl=cloud.outputs["queueUrl"])
    s3 = cloud.backend_client("s3")
    with pytest.raises(s3.exceptions.ClientError, match="AccessDenied"):
        s3.delete_bucket_policy(Bucket=cloud.bucket)


def test_every_listed_exception_is_still_needed(cloud: LocalCloud) -> None:
    declared = {(resource.type, name) for resource in cloud.resources for name in resource.inputs}
    listed = {(kind, name) for kind, reasons in NOT_SENT.items() for name in reasons}
    assert listed <= declared
    assert set(NOT_MADE) <= {resource.type for resource in cloud.resources}


def test_a_bad_setting_stops_before_any_resource(emulator: Emulator) -> None:
    made: list[object] = []
    target = Target(clients=emulator.clients, account_id=ACCOUNT, region=REGION)
    with pytest.raises(SettingsError, match="toq-media:colour: unknown key"):
        deploy(target, config={"toq-media:colour": "red"}, progress=made.append)
    assert made == []
