"""Rights proven both ways: what is granted is used, and what is not granted is refused."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.cloud import LocalCloud
from local.receiver import receiving
from tests.local.scenario import LISTING, Grant, Scenario, grants

pytestmark = pytest.mark.local

KINDS = (
    "backend", "lambda", "dispatch", "consolidate", "callback", "stepfunctions", "mediaconvert",
)  # fmt: skip

ONLY_IN_AWS = {
    "WriteLogs": "Lambda's agent writes the logs under the role; the emulator writes them itself",
    "WriteTraces": "X-Ray; the emulator has none",
    "ReadOwnEnvironment": "Lambda decrypts the environment; the emulator stores it open",
    "DeliverLogs": "Step Functions sets up log delivery; the emulator stores the setting only",
    "ConsumeJobs": "Lambda polls the queue under the role; the emulator's poller asks nobody",
    "QueueKey": "the same poller decrypts what it received",
}
"""Statements for which only AWS has a use, and why."""

ONLY_IN_AWS_ACTIONS = {
    ("callback", "sqs:SendMessage"): "Lambda keeps failed events under the role (destination)",
    ("backend", "s3:PutObjectTagging"): "the emulator asks for it in browser forms only",
    ("backend", "s3:DeleteObject"): "seed 4.1: the backend in production deletes without versions",
    ("backend", "sqs:GetQueueAttributes"): "seed 4.1: the backend in production reads its depth",
}

RAW = f"{LISTING}/raw/photo/horizontal/horizontal-01-a.jpg"
MADE = f"{LISTING}/processed/photo/horizontal/large/horizontal-01-a.jpg"
JOB_FILE = f"jobs/{LISTING}/77/0/manifest.json"
OTHER_BUCKET, OTHER_QUEUE, OTHER_SECRET = "media-other", "listing-media-processing-other", "other"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """A cloud after the whole scenario, next to resources of another environment."""
    with (
        receiving() as receiver,
        LocalCloud(
            config={"toq-media:callbackUrl": receiver.url},
            scratch_parent=tmp_path_factory.mktemp("rights"),
            wait_scale=0.01,
        ) as cloud,
    ):
        receiver.secrets = [cloud.callback_secret]
        Scenario(cloud, receiver).play(tmp_path_factory.mktemp("media"))
        _another_environment(cloud)
        yield cloud


def _another_environment(cloud: LocalCloud) -> None:
    s3 = cloud.admin_client("s3")
    s3.create_bucket(Bucket=OTHER_BUCKET)
    for key in (RAW, MADE, JOB_FILE):
        s3.put_object(Bucket=OTHER_BUCKET, Key=key, Body=b"other")
    cloud.admin_client("sqs").create_queue(QueueName=OTHER_QUEUE)
    cloud.admin_client("secretsmanager").create_secret(Name=OTHER_SECRET, SecretString="other")


def role_of(cloud: LocalCloud, kind: str) -> str:
    account = cloud.emulator.settings.account_id
    return f"arn:aws:iam::{account}:role/toq-media-processing-{kind}-local"


def usage(cloud: LocalCloud) -> list[dict[str, Any]]:
    """Checks of the scenario; what `forbidden` acts add is denied, and is not looked at here."""
    return [entry for entry in cloud.emulator.usage() if entry["allowed"]]


def kind_of(grant: Grant) -> str:
    return grant.role.removeprefix("toq-media-processing-").removesuffix("-local")


def test_every_call_was_allowed_by_the_caller_s_own_policy(played: LocalCloud) -> None:
    granted = list(grants(played))
    foreign = {
        (entry["principal"], entry["action"], entry["resource"])
        for entry in usage(played)
        if not any(grant.covers(entry) for grant in granted)
    }

    assert foreign == set()


def test_every_role_acted(played: LocalCloud) -> None:
    acted = {entry["principal"].split("/")[1] for entry in usage(played)}

    assert acted == {role_of(played, kind).rpartition("/")[2] for kind in KINDS}


def test_no_grant_goes_unused(played: LocalCloud) -> None:
    used = usage(played)
    unused = [
        f"{kind_of(grant)}: {grant.sid} {grant.action} on {grant.resource}"
        for grant in grants(played)
        if not any(grant.covers(entry) for entry in used)
        and grant.sid not in ONLY_IN_AWS
        and (kind_of(grant), grant.action) not in ONLY_IN_AWS_ACTIONS
    ]

    assert unused == []


def test_what_only_aws_uses_is_still_granted(played: LocalCloud) -> None:
    granted = list(grants(played))

    assert {grant.sid for grant in granted} >= ONLY_IN_AWS.keys()
    assert {(kind_of(g), g.action) for g in granted} >= ONLY_IN_AWS_ACTIONS.keys()


def s3(operation: str, key: str = "", **more: Any) -> tuple[str, str, dict[str, Any]]:
    given = {"Bucket": "{bucket}"} | ({"Key": key} if key else {}) | more
    return "s3", operation, given


def put(key: str) -> tuple[str, str, dict[str, Any]]:
    return s3("put_object", key, Body=b"x")


SECRET = ("secretsmanager", "get_secret_value", {"SecretId": "{callbackSecretArn}"})
RECEIVE = ("sqs", "receive_message", {"QueueUrl": "{queueUrl}"})
PROCESS = (
    "stepfunctions",
    "start_execution",
    {"stateMachineArn": "{processingStateMachineArn}", "name": "forbidden", "input": "{}"},
)
OPEN_POLICY = json.dumps({"Version": "2012-10-17", "Statement": []})

FORBIDDEN = [
    ("callback", "read originals", s3("get_object", RAW)),
    ("callback", "read renditions", s3("get_object", MADE)),
    ("callback", "write media", put(MADE)),
    ("callback", "start a job", PROCESS),
    ("dispatch", "write originals", put(RAW)),
    ("dispatch", "write renditions", put(MADE)),
    ("dispatch", "read media", s3("get_object", RAW)),
    ("dispatch", "read the job's files", s3("get_object", JOB_FILE)),
    ("dispatch", "read the secret", SECRET),
    ("lambda", "read the secret", SECRET),
    ("lambda", "write originals", put(RAW)),
    ("lambda", "delete media", s3("delete_object", RAW)),
    ("lambda", "receive messages", RECEIVE),
    ("lambda", "start a job", PROCESS),
    ("consolidate", "read originals", s3("get_object", RAW)),
    ("consolidate", "write renditions", put(MADE)),
    ("consolidate", "read the secret", SECRET),
    ("backend", "change the bucket's policy", s3("put_bucket_policy", Policy=OPEN_POLICY)),
    ("backend", "open the bucket", s3("delete_public_access_block")),
    ("backend", "stop versioning",
     s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})),
    ("backend", "forget the lifecycle", s3("delete_bucket_lifecycle")),
    ("backend", "delete the bucket", s3("delete_bucket")),
    ("backend", "overwrite renditions", put(MADE)),
    ("backend", "receive messages", RECEIVE),
    ("backend", "purge the queue", ("sqs", "purge_queue", {"QueueUrl": "{queueUrl}"})),
    ("backend", "start processing past the queue", PROCESS),
    ("backend", "read the secret", SECRET),
    ("mediaconvert", "write originals", put(f"{LISTING}/raw/video/horizontal/x.mp4")),
    ("mediaconvert", "read photos", s3("get_object", RAW)),
    ("mediaconvert", "write photos", put(MADE)),
    ("mediaconvert", "read the job's files", s3("get_object", JOB_FILE)),
    ("stepfunctions", "read originals", s3("get_object", RAW)),
    ("stepfunctions", "read the secret", SECRET),
    ("stepfunctions", "start a job", PROCESS),
    ("stepfunctions", "call dispatch",
     ("lambda", "invoke", {"FunctionName": "listing-media-dispatch-local"})),
    *(
        (kind, act, call)
        for kind in KINDS
        for act, call in {
            "read another environment's media": s3("get_object", RAW, Bucket=OTHER_BUCKET),
            "read another environment's job": s3("get_object", JOB_FILE, Bucket=OTHER_BUCKET),
            "write another environment's media": ("s3", "put_object",
                {"Bucket": OTHER_BUCKET, "Key": MADE, "Body": b"x"}),
            "send to another environment": ("sqs", "send_message",
                {"QueueUrl": "{otherQueueUrl}", "MessageBody": "x"}),
            "read another environment's secret":
                ("secretsmanager", "get_secret_value", {"SecretId": OTHER_SECRET}),
            "use the key by hand":
                ("kms", "generate_data_key", {"KeyId": "{kmsKeyArn}", "KeySpec": "AES_256"}),
            "take on another role": ("sts", "assume_role",
                {"RoleArn": "{lambdaRoleArn}", "RoleSessionName": "forbidden"}),
            "change a role": ("iam", "put_role_policy",
                {"RoleName": "toq-media-processing-lambda-local", "PolicyName": "more",
                 "PolicyDocument": OPEN_POLICY}),
        }.items()
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "act", "call"), FORBIDDEN, ids=[f"{kind}: {act}" for kind, act, _ in FORBIDDEN]
)
def test_a_role_is_refused(
    played: LocalCloud, kind: str, act: str, call: tuple[str, str, dict[str, Any]]
) -> None:
    service, operation, given = call
    known = {
        "bucket": played.bucket,
        "otherQueueUrl": played.admin_client("sqs").get_queue_url(QueueName=OTHER_QUEUE)[
            "QueueUrl"
        ],
        **played.outputs,
    }
    filled = {
        name: known[value[1:-1]] if re.fullmatch(r"\{\w+\}", str(value)) else value
        for name, value in given.items()
    }

    with pytest.raises(ClientError) as refused:
        getattr(played.role_client(service, role_of(played, kind)), operation)(**filled)

    assert refused.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}


def test_what_is_refused_to_roles_exists(played: LocalCloud) -> None:
    for bucket in (played.bucket, OTHER_BUCKET):
        assert played.admin_client("s3").head_object(Bucket=bucket, Key=MADE)
    assert played.admin_client("secretsmanager").get_secret_value(SecretId=OTHER_SECRET)


def test_the_secret_is_in_no_log_and_no_state(played: LocalCloud) -> None:
    secret = played.callback_secret
    forms = {secret.decode(), secret.hex(), base64.b64encode(secret).decode().rstrip("=")}
    texts = {
        "emulator": (played.emulator.settings.scratch / "emulator.log").read_text(errors="replace"),
        "state": "\n".join(repr((item.inputs, item.outputs, item.id)) for item in played.resources),
        "exports": repr(played.outputs),
        **{f"log {name}": text for name, text in _function_logs(played)},
        **{f"execution {name}": text for name, text in _histories(played)},
        **{f"object {key}": text for key, text in _job_files(played)},
    }

    assert '"service":"callback-dispatch"' in texts["log callback-dispatch"]
    assert len(texts) > 20
    assert [(name, form) for name, text in texts.items() for form in forms if form in text] == []


def _function_logs(cloud: LocalCloud) -> Iterator[tuple[str, str]]:
    logs = cloud.admin_client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        name = group["logGroupName"]
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=name)
        lines = [event["message"] for page in pages for event in page["events"]]
        short = name.removeprefix("/aws/lambda/listing-media-").removesuffix("-local")
        yield short, "\n".join(lines)


def _histories(cloud: LocalCloud) -> Iterator[tuple[str, str]]:
    states = cloud.admin_client("stepfunctions")
    for machine in ("processing", "finalization"):
        arn = cloud.outputs[f"{machine}StateMachineArn"]
        for execution in states.list_executions(stateMachineArn=arn)["executions"]:
            pages = states.get_paginator("get_execution_history").paginate(
                executionArn=execution["executionArn"]
            )
            yield execution["name"], repr([event for page in pages for event in page["events"]])


def _job_files(cloud: LocalCloud) -> Iterator[tuple[str, str]]:
    s3_client = cloud.admin_client("s3")
    for key in cloud.keys("jobs/"):
        body = s3_client.get_object(Bucket=cloud.bucket, Key=key)["Body"].read()
        yield key, body.decode(errors="replace")
