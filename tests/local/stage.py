"""Small roles, functions and machines for tests of the emulator."""

from __future__ import annotations

import io
import json
import time
import uuid
import zipfile
from collections.abc import Callable
from typing import Any, TypeVar

from local.emulator import Emulator
from local.function_runtime import RUNTIME, with_runtime

T = TypeVar("T")
ACCOUNT = "123456789012"
REGION = "us-east-1"
_DEADLINE_SECONDS = 20
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
        }
    ],
}


def until(read: Callable[[], T | None], what: str) -> T:
    """Poll until there is something; fails after the deadline."""
    deadline = time.monotonic() + _DEADLINE_SECONDS
    while time.monotonic() < deadline:
        found = read()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no {what} within {_DEADLINE_SECONDS} s")


def allow(actions: str | list[str], resources: str | list[str] = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


class Stage:
    """Makes things under names of their own, so that tests share one emulator in any order."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def client(self, service: str, role_arn: str = "") -> Any:
        return self.emulator.clients.client(service, role_arn)

    def name(self, prefix: str) -> str:
        return f"{prefix}-{uuid.uuid4().hex[:10]}"

    def role(self, *statements: dict[str, Any]) -> str:
        iam = self.client("iam")
        name = self.name("role")
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(_TRUST))
        if statements:
            document = {"Version": "2012-10-17", "Statement": list(statements)}
            iam.put_role_policy(
                RoleName=name, PolicyName="permissions", PolicyDocument=json.dumps(document)
            )
        return str(arn["Role"]["Arn"])

    def bucket(self) -> str:
        name = self.name("bucket")
        self.client("s3").create_bucket(Bucket=name)
        return name

    def sealed_bucket(self) -> tuple[str, str]:
        """A bucket with SSE-KMS and its key's ARN."""
        key = self.client("kms").create_key()["KeyMetadata"]["Arn"]
        name = self.bucket()
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]
        self.client("s3").put_bucket_encryption(
            Bucket=name, ServerSideEncryptionConfiguration={"Rules": rules}
        )
        return name, key

    def function(self, source: str, *, role: str = "", **settings: Any) -> str:
        """Deploy `probe.py`, whose `handler` is called; returns the function's name."""
        made = self.client("lambda").create_function(
            FunctionName=self.name("function"),
            Role=role or self.role(),
            Handler="probe.handler",
            Runtime=RUNTIME,
            Code={"ZipFile": with_runtime(archive({"probe.py": source}))},
            **{"Timeout": 20, **settings},
        )
        return str(made["FunctionName"])

    def invoke(self, function: str, event: object = None) -> Any:
        """Answer of a function, its error included."""
        answer = self.client("lambda").invoke(
            FunctionName=function, Payload=json.dumps(event).encode()
        )
        return json.loads(answer["Payload"].read())

    def machine(self, definition: dict[str, Any], role: str) -> str:
        made = self.client("stepfunctions").create_state_machine(
            name=self.name("machine"), definition=json.dumps(definition), roleArn=role
        )
        return str(made["stateMachineArn"])

    def start(self, machine: str, given: object = None, **more: str) -> str:
        made = self.client("stepfunctions").start_execution(
            stateMachineArn=machine, input=json.dumps({} if given is None else given), **more
        )
        return str(made["executionArn"])

    def ended(self, execution: str) -> dict[str, Any]:
        """Description of an execution once it has ended."""
        states = self.client("stepfunctions")

        def read() -> dict[str, Any] | None:
            seen: dict[str, Any] = states.describe_execution(executionArn=execution)
            return seen if seen["status"] != "RUNNING" else None

        return until(read, f"end of {execution}")

    def run(self, definition: dict[str, Any], role: str, given: object = None) -> dict[str, Any]:
        """Run a machine of its own to its end."""
        return self.ended(self.start(self.machine(definition, role), given))


def archive(files: dict[str, str]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as bundle:
        for name, text in files.items():
            bundle.writestr(name, text)
    return content.getvalue()


def task(resource: str, parameters: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A machine of one task."""
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "Only", "States": {"Only": state}}


def invocation(function: str, **more: Any) -> dict[str, Any]:
    """A machine that invokes one function with its input."""
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return task("arn:aws:states:::lambda:invoke", parameters, **more)
