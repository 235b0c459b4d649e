"""The state machine's role, enforced: every task calls its service as that role, over HTTP.

The emulator calls services inside its process with the rights of the account. Going through the
front door instead gives these calls what every other call has: the role's policies, resource
policies, keys, the usage record and injected faults.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from ministack.services import stepfunctions as sfn
from ministack.services import sts

from local.emulator.patches.executions import execution_ended
from local.emulator.patches.limits import check
from local.emulator.settings import EmulatorSettings
from local.mediaconvert import create_job_sync

USES = (
    "ministack.services.stepfunctions:_execute_task",
    "ministack.services.stepfunctions:_invoke_resource",
    "ministack.services.stepfunctions:_SERVICE_DISPATCH",
    "ministack.services.stepfunctions:_state_machines",
    "ministack.services.stepfunctions:_ExecutionError",
    "ministack.services.sts:register_session",
)

Client = Any
_READ_TIMEOUT_SECONDS = 900 + 20  # AWS limit: a function runs for at most 15 minutes
_CONNECTIONS = 64
_role_arn: ContextVar[str] = ContextVar("toq_state_machine_role", default="")


class RoleClients:
    """boto3 clients that act as the role of the state machine that is running."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._client = lru_cache(maxsize=None)(self._make)

    def client(self, service: str) -> Client:
        """Client of a service for the current task's role."""
        return self._client(service, _role_arn.get())

    def _make(self, service: str, role_arn: str) -> Client:
        role = role_arn.rpartition("/")[2]
        digest = hashlib.sha256(f"states {role_arn}".encode()).hexdigest()
        key, secret, token = f"ASIA{digest[:16].upper()}", digest, digest[::-1]
        session = {
            "Arn": f"arn:aws:sts::{self._settings.account_id}:assumed-role/{role}/StepFunctions",
            "UserId": f"{role}:StepFunctions",
            "SecretAccessKey": secret,
            "SessionToken": token,
        }
        sts.register_session(key, session)
        boto: Any = boto3.Session(key, secret, token, self._settings.region)
        return boto.client(
            service,
            endpoint_url=self._settings.endpoint,
            verify=str(self._settings.ca_bundle),
            config=Config(
                read_timeout=_READ_TIMEOUT_SECONDS,
                max_pool_connections=_CONNECTIONS,
                retries={"total_max_attempts": 1},  # the state's Retry decides, nobody before it
                s3={"addressing_style": "path"},
            ),
        )


def install(settings: EmulatorSettings) -> None:
    """Replace the emulator's way of carrying out tasks."""
    clients = RoleClients(settings)
    tasks: dict[str, Callable[[Client, dict[str, Any]], Any]] = {
        "arn:aws:states:::lambda:invoke": _invoke_function,
        "arn:aws:states:::sqs:sendMessage": _send_message,
        "arn:aws:states:::aws-sdk:s3:getObject": _get_object,
        "arn:aws:states:::aws-sdk:s3:putObject": _put_object,
        "arn:aws:states:::mediaconvert:createJob.sync": lambda _, given: create_job_sync(
            clients.client, given, _call, execution_ended
        ),
    }

    def invoke(resource: str, given: dict[str, Any]) -> Any:
        task = tasks.get(resource)
        if task is None:
            message = f"{resource}: no task of this kind checks the machine's role here; add one"
            raise sfn._ExecutionError("States.Runtime", message)
        result = task(clients.client(_service_of(resource)), given)
        check(result, f"the result of {resource}")
        return result

    sfn._invoke_resource = invoke
    sfn._execute_task = _as_role(sfn._execute_task)


def _as_role(original: Callable[..., Any]) -> Callable[..., Any]:
    def run(definition: object, given: object, execution: dict[str, Any], ctx: object) -> Any:
        machine = sfn._state_machines[execution["stateMachineArn"]]
        token = _role_arn.set(machine["roleArn"])
        try:
            return original(definition, given, execution, ctx)
        finally:
            _role_arn.reset(token)

    return run


def _service_of(resource: str) -> str:
    return resource.removeprefix("arn:aws:states:::").removeprefix("aws-sdk:").partition(":")[0]


def _invoke_function(client: Client, given: dict[str, Any]) -> Any:
    payload = json.dumps(given.get("Payload", {})).encode()
    answer = _call("Lambda", "AWSLambdaException", client.invoke,
                   FunctionName=given["FunctionName"], Payload=payload)  # fmt: skip
    body = answer["Payload"].read()
    if "FunctionError" in answer:
        error = json.loads(body)
        raise sfn._ExecutionError(error.get("errorType", "Lambda.Unknown"), json.dumps(error))
    return {
        "ExecutedVersion": "$LATEST",
        "Payload": json.loads(body) if body else None,
        "StatusCode": answer["StatusCode"],
    }


def _send_message(client: Client, given: dict[str, Any]) -> Any:
    body = given["MessageBody"]
    text = body if isinstance(body, str) else json.dumps(body)
    answer = _call(
        "SQS", "AmazonSQSException", client.send_message, **{**given, "MessageBody": text}
    )
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def _get_object(client: Client, given: dict[str, Any]) -> Any:
    answer = _call("S3", "S3Exception", client.get_object, **given)
    return {
        "Body": answer["Body"].read().decode(),
        "ContentLength": answer["ContentLength"],
        "ContentType": answer.get("ContentType", ""),
        "ETag": answer["ETag"],
    }


def _put_object(client: Client, given: dict[str, Any]) -> Any:
    body = given.get("Body", "")
    text = body if isinstance(body, str) else json.dumps(body)
    answer = _call("S3", "S3Exception", client.put_object, **{**given, "Body": text.encode()})
    return {"ETag": answer["ETag"]}


def _call(prefix: str, general: str, operation: Callable[..., Any], **parameters: Any) -> Any:
    """Call a service; its errors get the names that Step Functions gives them.

    AWS names what the service models (`Lambda.TooManyRequestsException`); everything else,
    denials too, is the service's general exception.
    """
    try:
        return operation(**parameters)
    except ClientError as error:
        code, message = error.response["Error"]["Code"], error.response["Error"]["Message"]
        modeled = operation.__self__.meta.service_model.operation_model(  # type: ignore[attr-defined]
            operation.__self__.meta.method_to_api_mapping[operation.__name__]  # type: ignore[attr-defined]
        ).error_shapes
        codes = {shape.name.removesuffix("Exception") for shape in modeled}
        stem = code.removesuffix("Exception")
        name = f"{stem}Exception" if stem in codes else general
        raise sfn._ExecutionError(f"{prefix}.{name}", f"{code}: {message}") from error
    except BotoCoreError as error:
        raise sfn._ExecutionError(f"{prefix}.SdkClientException", str(error)) from error
