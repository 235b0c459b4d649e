"""`arn:aws:states:::mediaconvert:createJob.sync`: make a job and wait for its end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError
from ministack.services import stepfunctions as sfn

RULE = "StepFunctionsGetEventsForMediaConvertJobRule"
"""EventBridge rule by which Step Functions hears of a job's end (Step Functions guide)."""

_POLL_SECONDS = 0.2
_PATTERN = {
    "source": ["aws.mediaconvert"],
    "detail-type": ["MediaConvert Job State Change"],
    "detail": {"status": ["COMPLETE", "CANCELED", "ERROR"]},
}


def create_job_sync(
    clients: Callable[[str], Any],
    given: dict[str, Any],
    call: Callable[..., Any],
    ended: Callable[[], bool],
) -> dict[str, Any]:
    """Run the task as the state machine's role.

    Args:
        clients: boto3 client of a service with the role's rights.
        given: the task's parameters.
        call: `call(prefix, general, operation, **parameters)`, which gives an operation's errors
            the names that Step Functions gives them.
        ended: whether the execution is over; then the job is canceled, as AWS does.

    Returns:
        The finished job, as GetJob answers.

    Raises:
        _ExecutionError: `MediaConvert.*` for a refused request, `States.TaskFailed` with the job as
            its cause for one that ended otherwise than COMPLETE.
    """
    _ensure_rule(clients("events"), call)
    client = clients("mediaconvert")
    created = call("MediaConvert", "MediaConvertException", client.create_job, **given)
    identifier = created["Job"]["Id"]
    while True:
        answer = call("MediaConvert", "MediaConvertException", client.get_job, Id=identifier)
        job = answer["Job"]
        if job["Status"] in {"COMPLETE", "CANCELED", "ERROR"}:
            break
        if ended():
            call("MediaConvert", "MediaConvertException", client.cancel_job, Id=identifier)
        time.sleep(_POLL_SECONDS)
    result: dict[str, Any] = json.loads(json.dumps({"Job": job}, default=_milliseconds))
    if job["Status"] != "COMPLETE":
        raise sfn._ExecutionError("States.TaskFailed", json.dumps(result))
    return result


def _ensure_rule(client: Any, call: Callable[..., Any]) -> None:
    """Keep the managed rule; it is disabled, since here the job's end is found by asking."""
    try:
        client.describe_rule(Name=RULE)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise sfn._ExecutionError("States.TaskFailed", str(error)) from error
    else:
        return
    call(
        "EventBridge", "EventBridgeException", client.put_rule,
        Name=RULE, EventPattern=json.dumps(_PATTERN), State="DISABLED",
    )  # fmt: skip
    account = client.describe_rule(Name=RULE)["Arn"].split(":")[4]
    target = f"arn:aws:states:{client.meta.region_name}:{account}:stateMachine:managed"
    call(
        "EventBridge", "EventBridgeException", client.put_targets,
        Rule=RULE, Targets=[{"Id": "StepFunctions", "Arn": target}],
    )  # fmt: skip


def _milliseconds(value: object) -> int:
    """Step Functions writes times as milliseconds."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    raise TypeError(f"{type(value).__name__} cannot be part of a task's result")
