"""State machines act under their role, and keep Step Functions' limits and names."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.local.stage import ACCOUNT, REGION, Stage, allow, invocation, task, until

pytestmark = pytest.mark.local

ECHO = "def handler(event, context): return event"
_INVOKE = "lambda:InvokeFunction"


def _arn(function: str) -> str:
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}"


def test_catch_matches_the_class_of_a_functions_exception(stage: Stage) -> None:
    function = stage.function(
        "class ThrottledError(Exception): pass\n"
        "def handler(event, context): raise ThrottledError('slow down')\n"
    )
    machine = invocation(
        function,
        Catch=[{"ErrorEquals": ["ThrottledError"], "ResultPath": "$.error", "Next": "Caught"}],
    )
    machine["States"]["Caught"] = {"Type": "Pass", "End": True}
    ended = stage.run(machine, stage.role(allow(_INVOKE, _arn(function))))
    error = json.loads(ended["output"])["error"]
    assert (ended["status"], error["Error"]) == ("SUCCEEDED", "ThrottledError")
    assert json.loads(error["Cause"])["errorMessage"] == "slow down"


def test_a_machine_invokes_only_what_its_role_allows(stage: Stage) -> None:
    function, other = stage.function(ECHO), stage.function(ECHO)
    role = stage.role(allow(_INVOKE, _arn(function)))
    assert stage.run(invocation(function), role, {"a": 1})["status"] == "SUCCEEDED"
    refused = stage.run(invocation(other), role)
    assert (refused["status"], refused["error"]) == ("FAILED", "Lambda.AWSLambdaException")
    assert "lambda:InvokeFunction" in refused["cause"]


def test_a_machine_sends_messages_only_with_its_roles_rights(stage: Stage) -> None:
    sqs = stage.client("sqs")
    url = sqs.create_queue(QueueName=stage.name("queue"))["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}"
    machine = task(
        "arn:aws:states:::sqs:sendMessage",
        {"QueueUrl": url, "MessageBody": {"kind": "TEST", "state.$": "$"}},
    )
    refused = stage.run(machine, stage.role())
    assert refused["error"] == "SQS.AmazonSQSException"
    assert stage.run(machine, stage.role(allow("sqs:SendMessage", arn)), {"n": 7})["status"]
    message = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "message")[0]
    assert json.loads(message["Body"]) == {"kind": "TEST", "state": {"n": 7}}


def test_objects_pass_through_states_as_json(stage: Stage) -> None:
    bucket = stage.bucket()
    role = stage.role(allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"))
    put = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:putObject",
        "Parameters": {
            "Bucket": bucket, "Key.$": "States.Format('{}/error.json', $.prefix)",
            "ContentType": "application/json", "Body.$": "$.error",
        },
        "ResultPath": None, "Next": "Get",
    }  # fmt: skip
    get = {
        "Type": "Task",
        "Resource": "arn:aws:states:::aws-sdk:s3:getObject",
        "Parameters": {"Bucket": bucket, "Key.$": "States.Format('{}/error.json', $.prefix)"},
        "ResultSelector": {"kept.$": "States.StringToJson($.Body)"},
        "End": True,
    }
    machine = {"StartAt": "Put", "States": {"Put": put, "Get": get}}
    given = {"prefix": "jobs/1", "error": {"Error": "E", "Cause": "ação"}}
    ended = stage.run(machine, role, given)
    assert json.loads(ended["output"]) == {"kept": given["error"]}
    held = stage.client("s3").get_object(Bucket=bucket, Key="jobs/1/error.json")
    assert held["ContentType"] == "application/json"
    refused = stage.run(machine, stage.role(), given)
    assert refused["error"] == "S3.S3Exception"


def test_a_missing_object_has_its_own_error_where_the_role_may_list(stage: Stage) -> None:
    bucket = stage.bucket()
    machine = task("arn:aws:states:::aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "not-there"})
    objects, listing = f"arn:aws:s3:::{bucket}/*", f"arn:aws:s3:::{bucket}"
    blind = stage.role(allow("s3:GetObject", objects))
    seeing = stage.role(allow("s3:GetObject", objects), allow("s3:ListBucket", listing))
    assert stage.run(machine, blind)["error"] == "S3.S3Exception"
    assert stage.run(machine, seeing)["error"] == "S3.NoSuchKeyException"


def test_a_task_that_checks_no_role_is_refused(stage: Stage) -> None:
    ended = stage.run(task("arn:aws:states:::sns:publish", {}), stage.role())
    assert ended["error"] == "States.Runtime"
    assert "sns:publish" in ended["cause"]


def test_a_result_over_the_limit_ends_the_execution_uncaught(stage: Stage) -> None:
    function = stage.function("def handler(event, context): return 'x' * 300_000")
    machine = invocation(function, Catch=[{"ErrorEquals": ["States.ALL"], "Next": "Caught"}])
    machine["States"]["Caught"] = {"Type": "Pass", "End": True}
    ended = stage.run(machine, stage.role(allow(_INVOKE, _arn(function))))
    assert (ended["status"], ended["error"]) == ("FAILED", "States.DataLimitExceeded")


def test_the_largest_sizes_of_each_state_are_kept(stage: Stage) -> None:
    branch = {
        "StartAt": "Inner",
        "States": {"Inner": {"Type": "Pass", "Result": "x" * 500, "End": True}},
    }
    machine = {
        "StartAt": "Outer",
        "States": {"Outer": {"Type": "Parallel", "Branches": [branch, branch], "End": True}},
    }
    ended = stage.run(machine, stage.role(), {"n": 1})
    sizes = stage.emulator.state_sizes()[ended["executionArn"]]
    assert sizes["Inner"] == {"input": 7, "output": 502}
    assert sizes["Outer"]["output"] == 2 * 502 + 3


@pytest.mark.parametrize("name", ["with space", "a/b", "x" * 81, "a:b", "ação<>"])
def test_names_that_aws_refuses_are_refused(stage: Stage, name: str) -> None:
    machine = stage.machine(_waiting(0), stage.role())
    with pytest.raises(ClientError, match="InvalidName"):
        stage.start(machine, name=name)


def test_the_same_start_twice_is_one_execution_while_it_runs(stage: Stage) -> None:
    machine = stage.machine(_waiting(3000), stage.role())
    first = stage.start(machine, {"a": 1}, name="job-1")
    assert stage.start(machine, {"a": 1}, name="job-1") == first
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stage.start(machine, {"a": 2}, name="job-1")
    stage.client("stepfunctions").stop_execution(executionArn=first)
    assert stage.ended(first)["status"] == "ABORTED"
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        stage.start(machine, {"a": 1}, name="job-1")


def test_an_execution_ends_at_its_machines_timeout(stage: Stage) -> None:
    machine = {**_waiting(500), "TimeoutSeconds": 1}
    ended = stage.run(machine, stage.role())
    assert (ended["status"], ended["error"]) == ("TIMED_OUT", "States.Timeout")


def test_a_failure_after_an_abort_leaves_it_aborted(stage: Stage) -> None:
    function = stage.function(
        "import time\n"
        "def handler(event, context):\n"
        "    time.sleep(1)\n"
        "    raise ValueError('late')\n"
    )
    role = stage.role(allow(_INVOKE, _arn(function)))
    execution = stage.start(stage.machine(invocation(function), role))
    states = stage.client("stepfunctions")

    def history() -> list[str]:
        events = states.get_execution_history(executionArn=execution)["events"]
        return [event["type"] for event in events]

    until(lambda: "TaskScheduled" in history(), "start of the task")
    states.stop_execution(executionArn=execution)
    until(lambda: "TaskFailed" in history(), "failure of the task")
    assert states.describe_execution(executionArn=execution)["status"] == "ABORTED"
    assert "ExecutionFailed" not in history()


def test_retries_keep_to_their_cap(stage: Stage) -> None:
    """Without MaxDelaySeconds these seven waits would be over an hour even at this scale."""
    function = stage.function("def handler(event, context): raise OSError('again')")
    retry = {
        "ErrorEquals": ["OSError"], "IntervalSeconds": 1000, "BackoffRate": 10.0,
        "MaxAttempts": 7, "MaxDelaySeconds": 5, "JitterStrategy": "FULL",
    }  # fmt: skip
    role = stage.role(allow(_INVOKE, _arn(function)))
    ended = stage.run(invocation(function, Retry=[retry]), role)
    assert ended["error"] == "OSError"
    events = stage.client("stepfunctions").get_execution_history(
        executionArn=ended["executionArn"]
    )["events"]
    assert [event["type"] for event in events].count("TaskFailed") == 8


def _waiting(seconds: int) -> dict[str, Any]:
    return {
        "StartAt": "Wait",
        "States": {
            "Wait": {"Type": "Wait", "Seconds": seconds, "Next": "Done"},
            "Done": {"Type": "Succeed"},
        },
    }
