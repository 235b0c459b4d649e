"""No property of the program gets lost on its way to the emulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.errors import DeploymentError, UnsupportedResourceError
from local.provisioners import Target, create, known_types
from local.provisioners.inputs import Inputs, pascal, present
from local.provisioners.unsupported import NOT_MADE, NOT_SENT
from tests.local.stage import ACCOUNT, REGION, Stage


def test_what_nobody_read_is_known_by_path() -> None:
    inputs = Inputs(
        {"name": "a", "rules": [{"id": "x", "expiration": {"days": 3.0}}], "tags": {"k": "v"}}
    )
    assert inputs["name"] == "a"
    assert inputs["rules"][0]["id"] == "x"
    assert inputs.unread() == {"rules[].expiration.days", "tags.k"}
    assert pascal(inputs["rules"]) == [{"Id": "x", "Expiration": {"Days": 3}}]
    assert inputs["tags"].plain() == {"k": "v"}
    assert inputs.unread() == set()


def test_secrets_are_opened_and_nothing_is_absent() -> None:
    sealed = {
        "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
        "value": {"a": 1.0},
    }
    inputs = Inputs({"secret": sealed, "none": None})
    assert "none" not in inputs
    assert inputs["secret"].plain() == {"a": 1}


def test_only_what_the_program_set_becomes_a_parameter() -> None:
    inputs = Inputs({"timeout": 60.0, "enabled": False})
    table: dict[str, str | tuple[str, Callable[..., Any]]] = {
        "timeout": ("Timeout", str),
        "enabled": "Enabled",
        "memory": "Memory",
    }
    assert present(inputs, table) == {"Timeout": "60", "Enabled": False}


@pytest.mark.local
def test_an_unknown_type_is_named(stage: Stage) -> None:
    with pytest.raises(UnsupportedResourceError, match=r"thing: .* cannot make aws:ec2/vpc:Vpc"):
        create(_target(stage), "aws:ec2/vpc:Vpc", "thing", {})


@pytest.mark.local
def test_a_property_that_no_provisioner_reads_is_named(stage: Stage) -> None:
    values: dict[str, Any] = {"name": stage.name("queue"), "fifoThroughputLimit": "perQueue"}
    with pytest.raises(UnsupportedResourceError, match="nobody sends fifoThroughputLimit of"):
        create(_target(stage), "aws:sqs/queue:Queue", "jobs", values)


@pytest.mark.local
def test_what_the_emulator_refuses_names_the_resource(stage: Stage) -> None:
    values = {"name": stage.name("queue"), "messageRetentionSeconds": 1.0}
    with pytest.raises(DeploymentError, match=r"^jobs \(aws:sqs/queue:Queue\): .*Retention"):
        create(_target(stage), "aws:sqs/queue:Queue", "jobs", values)


@pytest.mark.local
def test_settings_of_a_queue_arrive(stage: Stage) -> None:
    name = stage.name("queue")
    values = {"name": name, "visibilityTimeoutSeconds": 60.0, "tags": {"Owner": "me"}}
    made = create(_target(stage), "aws:sqs/queue:Queue", "jobs", values)
    sqs = stage.client("sqs")
    seen = sqs.get_queue_attributes(QueueUrl=made.id, AttributeNames=["All"])["Attributes"]
    assert seen["VisibilityTimeout"] == "60"
    assert made.outputs["arn"] == seen["QueueArn"]
    assert sqs.list_queue_tags(QueueUrl=made.id)["Tags"] == {"Owner": "me"}


@pytest.mark.local
def test_lifecycle_rules_arrive_with_tags_and_both_conditions(stage: Stage) -> None:
    bucket = stage.bucket()
    rules = [
        {
            "id": "one", "status": "Enabled",
            "filter": {"tag": {"key": "media-class", "value": "raw"}},
            "transitions": [{"days": 180.0, "storageClass": "GLACIER"}],
        },
        {
            "id": "two", "status": "Enabled",
            "filter": {"and": {"prefix": "jobs/", "tags": {"a": "b"}}},
            "noncurrentVersionExpiration": {"noncurrentDays": 30.0},
        },
    ]  # fmt: skip
    create(
        _target(stage),
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "lifecycle",
        {"bucket": bucket, "rules": rules},
    )
    first, second = stage.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    assert first["Filter"] == {"Tag": {"Key": "media-class", "Value": "raw"}}
    assert first["Transitions"] == [{"Days": 180, "StorageClass": "GLACIER"}]
    both = second["Filter"]["And"]
    assert (both["Prefix"], both["Tags"]) == ("jobs/", [{"Key": "a", "Value": "b"}])
    assert second["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}


def test_every_exception_has_a_reason_and_a_known_type() -> None:
    assert set(NOT_SENT) <= known_types()
    assert all(reason for reasons in NOT_SENT.values() for reason in reasons.values())
    assert all(NOT_MADE.values())


def _target(stage: Stage) -> Target:
    return Target(clients=stage.emulator.clients, account_id=ACCOUNT, region=REGION)
