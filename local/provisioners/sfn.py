"""Step Functions state machines."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:sfn/stateMachine:StateMachine")
def state_machine(target: Target, inputs: Inputs) -> Created:
    """A state machine."""
    call = present(
        inputs,
        {
            "name": "name",
            "definition": "definition",
            "roleArn": "roleArn",
            "type": "type",
            "loggingConfiguration": ("loggingConfiguration", _logging),
            "tracingConfiguration": "tracingConfiguration",
            "encryptionConfiguration": "encryptionConfiguration",
            "publish": "publish",
            "tags": ("tags", lambda tags: [{"key": key, "value": tags[key]} for key in tags]),
        },
    )
    arn = target.clients.client("stepfunctions").create_state_machine(**call)["stateMachineArn"]
    return Created(id=arn, outputs={"arn": arn, "name": call["name"]})


def _logging(configuration: Inputs) -> dict[str, object]:
    """Terraform names one log group where the API takes a list of destinations."""
    call = present(
        configuration, {"level": "level", "includeExecutionData": "includeExecutionData"}
    )
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": configuration["logDestination"]}}
    return {**call, "destinations": [group]}
