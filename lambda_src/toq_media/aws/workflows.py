"""Step Functions through botocore."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toq_media.aws.clients import states_client
from toq_media.aws.errors import translated
from toq_media.ports import ExecutionExists

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.client import SFNClient


class StateMachine:
    """`Workflows` on one state machine."""

    def __init__(self, arn: str, client: SFNClient | None = None) -> None:
        self._arn = arn
        self._client = client or states_client()

    def start(self, name: str, payload: bytes) -> str:
        """Start an execution and return its ARN."""
        try:
            with translated(name):
                started = self._client.start_execution(
                    stateMachineArn=self._arn, name=name, input=payload.decode()
                )
        except self._client.exceptions.ExecutionAlreadyExists as error:
            raise ExecutionExists(name) from error
        return started["executionArn"]

    def input_of(self, name: str) -> bytes:
        """Input that the execution of this name was started with."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
        with translated(name):
            return self._client.describe_execution(executionArn=arn)["input"].encode()
