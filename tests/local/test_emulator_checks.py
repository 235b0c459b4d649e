"""Keys behind S3 and SQS, 403 for what one may not list, the usage record, faults on demand."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from local.errors import LocalCloudError
from tests.local.stage import ACCOUNT, REGION, Stage, allow, invocation

pytestmark = pytest.mark.local

_OBJECT_ACTIONS = ["s3:GetObject", "s3:PutObject"]


def _code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_sealed_bucket_is_written_and_read_only_with_its_key(stage: Stage) -> None:
    bucket, key = stage.sealed_bucket()
    objects = allow(_OBJECT_ACTIONS, f"arn:aws:s3:::{bucket}/*")
    both = stage.client(
        "s3", stage.role(objects, allow(["kms:GenerateDataKey", "kms:Decrypt"], key))
    )
    writer = stage.client("s3", stage.role(objects, allow("kms:GenerateDataKey", key)))
    neither = stage.client("s3", stage.role(objects))
    both.put_object(Bucket=bucket, Key="a", Body=b"text")
    writer.put_object(Bucket=bucket, Key="b", Body=b"text")
    assert both.get_object(Bucket=bucket, Key="b")["Body"].read() == b"text"
    assert writer.head_object(Bucket=bucket, Key="a")["ContentLength"] == 4
    with pytest.raises(ClientError, match="kms:Decrypt") as refused:
        writer.get_object(Bucket=bucket, Key="a")
    assert _code(refused) == "AccessDenied"
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        neither.put_object(Bucket=bucket, Key="c", Body=b"text")
    with pytest.raises(ClientError, match="kms:Decrypt"):
        writer.copy_object(Bucket=bucket, Key="d", CopySource={"Bucket": bucket, "Key": "a"})
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        neither.create_multipart_upload(Bucket=bucket, Key="e")


def test_a_right_to_a_key_can_be_bound_to_the_service(stage: Stage) -> None:
    bucket, key = stage.sealed_bucket()
    through = {
        **allow("kms:GenerateDataKey", key),
        "Condition": {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}},
    }
    role = stage.role(allow(_OBJECT_ACTIONS, f"arn:aws:s3:::{bucket}/*"), through)
    stage.client("s3", role).put_object(Bucket=bucket, Key="a", Body=b"text")
    with pytest.raises(ClientError, match="AccessDenied"):
        stage.client("kms", role).generate_data_key(KeyId=key, KeySpec="AES_256")


def test_a_disabled_key_stops_everyone(stage: Stage) -> None:
    bucket, key = stage.sealed_bucket()
    stage.client("kms").disable_key(KeyId=key)
    with pytest.raises(ClientError) as refused:
        stage.client("s3").put_object(Bucket=bucket, Key="a", Body=b"text")
    assert _code(refused) == "KMS.DisabledException"


def test_a_sealed_queue_takes_messages_only_from_users_of_its_key(stage: Stage) -> None:
    key = stage.client("kms").create_key()["KeyMetadata"]["Arn"]
    name = stage.name("queue")
    url = stage.client("sqs").create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key})[
        "QueueUrl"
    ]
    send = allow("sqs:SendMessage", f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")
    with pytest.raises(ClientError, match="kms:GenerateDataKey"):
        stage.client("sqs", stage.role(send)).send_message(QueueUrl=url, MessageBody="x")
    role = stage.role(send, allow(["kms:GenerateDataKey", "kms:Decrypt"], key))
    assert stage.client("sqs", role).send_message(QueueUrl=url, MessageBody="x")["MessageId"]


def test_missing_and_forbidden_look_alike_without_the_right_to_list(stage: Stage) -> None:
    bucket = stage.bucket()
    objects = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind = stage.client("s3", stage.role(objects))
    seeing = stage.client(
        "s3", stage.role(objects, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}"))
    )
    for client, status in ((blind, 403), (seeing, 404)):
        with pytest.raises(ClientError) as refused:
            client.head_object(Bucket=bucket, Key="not-there")
        assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_every_check_of_a_role_is_recorded(stage: Stage) -> None:
    bucket = stage.bucket()
    role = stage.role(allow("s3:PutObject", f"arn:aws:s3:::{bucket}/*"))
    client = stage.client("s3", role)
    client.put_object(Bucket=bucket, Key="a", Body=b"text")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.delete_object(Bucket=bucket, Key="a")
    name = role.rpartition("/")[2]
    seen = [
        (entry["action"], entry["resource"], entry["allowed"], entry["probe"])
        for entry in stage.emulator.usage()
        if f"/{name}/" in entry["principal"]
    ]
    assert seen == [
        ("s3:PutObject", f"arn:aws:s3:::{bucket}/a", True, False),
        ("s3:DeleteObject", f"arn:aws:s3:::{bucket}/a", False, False),
    ]


def test_a_fault_strikes_as_often_as_it_says(stage: Stage) -> None:
    bucket = stage.bucket()
    fault = {"action": "s3:PutObject", "match": f"/{bucket}/", "status": 503, "code": "SlowDown"}
    stage.emulator.set_faults([{**fault, "times": 2}])
    try:
        stage.client("s3").put_object(Bucket=bucket, Key="a", Body=b"text")
        assert [entry["struck"] for entry in stage.emulator.faults()] == [2]
        stage.emulator.set_faults([fault])
        with pytest.raises(ClientError) as refused:
            stage.client("s3").put_object(Bucket=bucket, Key="b", Body=b"text")
        assert _code(refused) == "SlowDown"
    finally:
        stage.emulator.set_faults([])
    stage.client("s3").put_object(Bucket=bucket, Key="b", Body=b"text")


def test_a_throttled_function_is_named_as_step_functions_names_it(stage: Stage) -> None:
    function = stage.function("def handler(event, context): return event")
    role = stage.role(allow("lambda:InvokeFunction"))
    fault = {
        "action": "lambda:InvokeFunction", "match": function,
        "status": 429, "code": "TooManyRequestsException",
    }  # fmt: skip
    retry = {"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 3}
    stage.emulator.set_faults([{**fault, "times": 2}])
    try:
        ended = stage.run(invocation(function, Retry=[retry]), role)
        assert ended["status"] == "SUCCEEDED"
        stage.emulator.set_faults([fault])
        ended = stage.run(invocation(function, Retry=[retry]), role)
    finally:
        stage.emulator.set_faults([])
    assert ended["error"] == "Lambda.TooManyRequestsException"


def test_a_wrong_fault_is_refused_by_field(stage: Stage) -> None:
    with pytest.raises(LocalCloudError, match="unknown fields \\['acton'\\]"):
        stage.emulator.set_faults([{"acton": "s3:PutObject"}])
    with pytest.raises(LocalCloudError, match="no action"):
        stage.emulator.set_faults([{"code": "SlowDown"}])


def test_rules_of_the_default_bus_are_named_as_aws_names_them(stage: Stage) -> None:
    name = stage.name("rule")
    actions = ["events:PutRule", "events:PutTargets", "events:DescribeRule"]
    role = stage.role(allow(actions, f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"))
    events = stage.client("events", role)
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)", State="DISABLED")
    target = {"Id": "one", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:anything"}
    assert events.put_targets(Rule=name, Targets=[target])["FailedEntryCount"] == 0
    assert events.describe_rule(Name=name)["Name"] == name
    with pytest.raises(ClientError, match="AccessDenied"):
        events.describe_rule(Name=f"{name}-other")


def test_faults_strike_mediaconvert_too(stage: Stage) -> None:
    fault = {"action": "mediaconvert:List*", "status": 400, "code": "BadRequestException"}
    stage.emulator.set_faults([fault])
    try:
        with pytest.raises(ClientError) as refused:
            stage.client("mediaconvert").list_queues()
    finally:
        stage.emulator.set_faults([])
    assert _code(refused) == "BadRequestException"
