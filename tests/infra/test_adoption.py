"""The first update of an environment that exists already: imports, and nothing changed."""

from __future__ import annotations

from tests.infra.harness import Recorded, record_stack

SEED_KEY_ID = "2fd6d9e5-dc43-4275-ba77-79c99cad509c"
SQS = "https://sqs.us-east-1.amazonaws.com/058264253741"
STATES = "arn:aws:states:us-east-1:058264253741:stateMachine"
MEDIA_SETTINGS = ("versioning", "encryption", "public-access-block", "lifecycle", "logging")
FUNCTIONS = ("validate", "thumbnails", "zip", "consolidate", "callback-dispatch")
ROLES = ("backend", "lambda", "stepfunctions", "mediaconvert")

REPLACING = {
    "aws:iam/role:Role": {"namePrefix", "path"},
    "aws:lambda/function:Function": {"packageType", "imageUri"},
    "aws:s3/bucket:Bucket": {"bucketPrefix", "objectLockEnabled"},
    "aws:sfn/stateMachine:StateMachine": {"namePrefix"},
    "aws:sqs/queue:Queue": {"namePrefix", "fifoQueue"},
    "aws:kms/key:Key": {"customerMasterKeySpec", "keyUsage", "multiRegion"},
}
"""Inputs whose change makes a new resource; their defaults are what the seed's resources have."""


def adopting() -> Recorded:
    return record_stack("staging", adoptKeyId=SEED_KEY_ID)


def test_what_the_seed_lists_is_imported_by_its_id() -> None:
    imports = {item.name: item.import_id for item in adopting().resources if item.import_id}

    assert imports == {
        "encryption-key": SEED_KEY_ID,
        "encryption-alias": "alias/toq-media-processing-staging",
        "storage-media-bucket": "toq-listing-medias",
        "storage-logs-bucket": "toq-logs-staging",
        **{f"storage-media-{setting}": "toq-listing-medias" for setting in MEDIA_SETTINGS},
        "messaging-queue": f"{SQS}/listing-media-processing-staging",
        "messaging-dead-letter-queue": f"{SQS}/listing-media-processing-dlq-staging",
        **{f"identity-{kind}": f"toq-media-processing-{kind}-staging" for kind in ROLES},
        **{f"functions-{kind}": f"listing-media-{kind}-staging" for kind in FUNCTIONS},
        **{
            f"functions-{kind}-logs": f"/aws/lambda/listing-media-{kind}-staging"
            for kind in FUNCTIONS
        },
        "workflow-processing-machine": f"{STATES}:listing-media-processing-sm-staging",
        "workflow-finalization-machine": f"{STATES}:listing-media-finalization-sm-staging",
    }


def test_an_adopted_resource_is_left_as_it_is() -> None:
    for item in adopting().resources:
        assert item.ignore_changes == (("*",) if item.import_id else ()), item.name


def test_no_input_replaces_what_was_adopted() -> None:
    for item in adopting().resources:
        if item.import_id:
            assert not item.inputs.keys() & REPLACING.get(item.type, set()), item.name


def test_adoption_registers_the_same_resources(staging: Recorded) -> None:
    consumer = "functions-dispatch-queue"

    assert {item.urn: item.inputs for item in adopting().resources if item.name != consumer} == {
        item.urn: item.inputs for item in staging.resources if item.name != consumer
    }


def test_the_queue_waits_until_the_machines_are_the_new_ones(staging: Recorded) -> None:
    mapping = ("aws:lambda/eventSourceMapping:EventSourceMapping", "functions-dispatch-queue")

    assert adopting().one(*mapping).inputs["enabled"] is False
    assert staging.one(*mapping).inputs["enabled"] is True


def test_nothing_is_imported_otherwise(program: Recorded) -> None:
    assert [item.name for item in program.resources if item.import_id] == []
