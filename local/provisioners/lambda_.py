"""Lambda layers, functions and what invokes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi

from local.function_runtime import RUNTIME, with_runtime
from local.provisioners.inputs import Inputs, pascal, present, tag_map
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:lambda/layerVersion:LayerVersion")
def layer(target: Target, inputs: Inputs) -> Created:
    """A version of a layer, from the archive that the program built."""
    call = present(
        inputs,
        {
            "layerName": "LayerName",
            "description": "Description",
            "compatibleRuntimes": "CompatibleRuntimes",
            "compatibleArchitectures": "CompatibleArchitectures",
            "licenseInfo": "LicenseInfo",
        },
    )
    made = target.clients.client("lambda").publish_layer_version(
        Content={"ZipFile": _archive(inputs["code"])}, **call
    )
    arn = made["LayerVersionArn"]
    outputs = {"arn": arn, "layerArn": made["LayerArn"], "version": str(made["Version"])}
    return Created(id=arn, outputs=outputs)


@provisions("aws:lambda/function:Function")
def function(target: Target, inputs: Inputs) -> Created:
    """A function from the archive that would be uploaded, run as a custom runtime."""
    call = present(
        inputs,
        {
            "name": "FunctionName",
            "role": "Role",
            "handler": "Handler",
            "description": "Description",
            "architectures": "Architectures",
            "layers": "Layers",
            "memorySize": "MemorySize",
            "timeout": "Timeout",
            "environment": ("Environment", _environment),
            "kmsKeyArn": "KMSKeyArn",
            "tracingConfig": ("TracingConfig", pascal),
            "ephemeralStorage": ("EphemeralStorage", pascal),
            "loggingConfig": ("LoggingConfig", pascal),
            "deadLetterConfig": ("DeadLetterConfig", pascal),
            "tags": ("Tags", tag_map),
        },
    )
    client = target.clients.client("lambda")
    code = {"ZipFile": with_runtime(_archive(inputs["code"]))}
    made = client.create_function(Runtime=RUNTIME, Code=code, **call)
    name, arn = made["FunctionName"], made["FunctionArn"]
    if "reservedConcurrentExecutions" in inputs:
        reserved = inputs["reservedConcurrentExecutions"]
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=reserved)
    prefix = f"arn:aws:apigateway:{target.region}:lambda:path/2015-03-31/functions"
    return Created(id=name, outputs={"arn": arn, "invokeArn": f"{prefix}/{arn}/invocations"})


@provisions("aws:lambda/eventSourceMapping:EventSourceMapping")
def event_source_mapping(target: Target, inputs: Inputs) -> Created:
    """What polls a queue for a function."""
    call = present(
        inputs,
        {
            "eventSourceArn": "EventSourceArn",
            "functionName": "FunctionName",
            "batchSize": "BatchSize",
            "maximumBatchingWindowInSeconds": "MaximumBatchingWindowInSeconds",
            "functionResponseTypes": "FunctionResponseTypes",
            "scalingConfig": ("ScalingConfig", pascal),
            "filterCriteria": ("FilterCriteria", pascal),
            "enabled": "Enabled",
            "kmsKeyArn": "KMSKeyArn",
            "tags": ("Tags", tag_map),
        },
    )
    made = target.clients.client("lambda").create_event_source_mapping(**call)
    return Created(id=made["UUID"], outputs={"uuid": made["UUID"]})


@provisions("aws:lambda/permission:Permission")
def permission(target: Target, inputs: Inputs) -> Created:
    """Who else may invoke a function."""
    call = present(
        inputs,
        {
            "action": "Action",
            "function": "FunctionName",
            "principal": "Principal",
            "sourceArn": "SourceArn",
            "sourceAccount": "SourceAccount",
            "qualifier": "Qualifier",
        },
    )
    statement = inputs.get("statementId", "toq-local")
    target.clients.client("lambda").add_permission(StatementId=statement, **call)
    return Created(id=statement, outputs={"statementId": statement})


@provisions("aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig")
def event_invoke_config(target: Target, inputs: Inputs) -> Created:
    """What becomes of asynchronous invocations that fail."""
    call = present(
        inputs,
        {
            "functionName": "FunctionName",
            "qualifier": "Qualifier",
            "maximumRetryAttempts": "MaximumRetryAttempts",
            "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
            "destinationConfig": ("DestinationConfig", pascal),
        },
    )
    target.clients.client("lambda").put_function_event_invoke_config(**call)
    return Created(id=call["FunctionName"])


def _environment(environment: Inputs) -> dict[str, Any]:
    return {"Variables": tag_map(environment["variables"])}


def _archive(code: pulumi.FileArchive) -> bytes:
    return Path(code.path).read_bytes()
