"""EventBridge rules and their targets."""

from __future__ import annotations

from local.errors import DeploymentError
from local.provisioners.inputs import Inputs, pascal, present, tag_list
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:cloudwatch/eventRule:EventRule")
def rule(target: Target, inputs: Inputs) -> Created:
    """A rule on the default bus or the one it names."""
    call = present(
        inputs,
        {
            "name": "Name",
            "description": "Description",
            "eventPattern": "EventPattern",
            "scheduleExpression": "ScheduleExpression",
            "state": "State",
            "roleArn": "RoleArn",
            "eventBusName": "EventBusName",
            "tags": ("Tags", tag_list),
        },
    )
    arn = target.clients.client("events").put_rule(**call)["RuleArn"]
    return Created(id=call["Name"], outputs={"arn": arn})


@provisions("aws:cloudwatch/eventTarget:EventTarget")
def event_target(target: Target, inputs: Inputs) -> Created:
    """What a rule calls."""
    entry = present(
        inputs,
        {
            "targetId": "Id",
            "arn": "Arn",
            "roleArn": "RoleArn",
            "input": "Input",
            "inputPath": "InputPath",
            "inputTransformer": ("InputTransformer", _transformer),
            "retryPolicy": ("RetryPolicy", pascal),
            "deadLetterConfig": ("DeadLetterConfig", pascal),
        },
    )
    bus = present(inputs, {"eventBusName": "EventBusName"})
    name = inputs["rule"]
    answer = target.clients.client("events").put_targets(Rule=name, Targets=[entry], **bus)
    if answer["FailedEntryCount"]:
        raise DeploymentError(f"target {entry['Id']} of rule {name}: {answer['FailedEntries']}")
    return Created(id=f"{name}-{entry['Id']}")


def _transformer(transformer: Inputs) -> dict[str, object]:
    call = present(transformer, {"inputTemplate": "InputTemplate"})
    paths = transformer.get("inputPaths")
    return {**call, "InputPathsMap": paths.plain()} if isinstance(paths, Inputs) else call
