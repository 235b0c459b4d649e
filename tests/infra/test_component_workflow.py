"""State machines and the watch over their ends, as staging would register them."""

from __future__ import annotations

import json

import pytest

from tests.infra.harness import Recorded
from tests.infra.staging_facts import ACCOUNT, DLQ, NAMES, TAGS, inputs


@pytest.mark.parametrize("machine", ["processing", "finalization"])
def test_state_machines_are_logged_and_traced(staging: Recorded, machine: str) -> None:
    name = f"listing-media-{machine}-sm-staging"

    assert inputs(
        staging,
        "aws:sfn/stateMachine:StateMachine",
        f"workflow-{machine}-machine",
        without="definition",
    ) == {
        "name": name,
        "type": "STANDARD",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-stepfunctions-staging",
        "loggingConfiguration": {
            "level": "ALL",
            "includeExecutionData": False,
            "logDestination": (
                f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/vendedlogs/states/{name}:*"
            ),
        },
        "tracingConfiguration": {"enabled": True},
        "tags": TAGS,
    }


def test_an_end_that_no_state_can_catch_is_reported(staging: Recorded) -> None:
    rule = staging.one("aws:cloudwatch/eventRule:EventRule", "workflow-execution-ended")
    target = inputs(
        staging, "aws:cloudwatch/eventTarget:EventTarget", "workflow-execution-ended-target"
    )
    callback = (
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:listing-media-callback-dispatch-staging"
    )

    assert json.loads(rule.inputs["eventPattern"]) == {
        "source": ["aws.states"],
        "detail-type": ["Step Functions Execution Status Change"],
        "detail": {
            "status": ["FAILED", "TIMED_OUT", "ABORTED"],
            "stateMachineArn": [
                NAMES.machine_arn("listing-media-processing-sm-staging"),
                NAMES.machine_arn("listing-media-finalization-sm-staging"),
            ],
        },
    }
    assert target["arn"] == callback
    assert target["deadLetterConfig"] == {"arn": DLQ}
    assert target["retryPolicy"] == {
        "maximumEventAgeInSeconds": 3600,
        "maximumRetryAttempts": 10,
    }
    assert inputs(
        staging, "aws:lambda/permission:Permission", "workflow-execution-ended-permission"
    ) == {
        "statementId": "EventBridgeExecutionEnded",
        "action": "lambda:InvokeFunction",
        "function": callback,
        "principal": "events.amazonaws.com",
        "sourceArn": NAMES.execution_ended_rule_arn,
        "sourceAccount": ACCOUNT,
    }
    assert inputs(
        staging,
        "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        "functions-callback-dispatch-events",
    )["destinationConfig"] == {"onFailure": {"destination": DLQ}}
