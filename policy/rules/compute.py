"""Functions and state machines: current, traced, bounded, logged, without secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.rules.model import Item, Rule, Stack

FUNCTION: Final = "aws:lambda/function:Function"
PERMISSION: Final = "aws:lambda/permission:Permission"
INVOKE_CONFIG: Final = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
EVENT_SOURCE: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
EVENT_TARGET: Final = "aws:cloudwatch/eventTarget:EventTarget"
MACHINE: Final = "aws:sfn/stateMachine:StateMachine"
LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"
_FLEET: Final = "components/functions/fleet.py"
_CATALOGUE: Final = "components/functions/catalogue.py"
_WORKFLOW: Final = "components/orchestration/workflow.py"

RUNTIMES: Final = frozenset({"python3.12", "python3.13", "provided.al2023"})
_MAX_TIMEOUT_SECONDS: Final = 900
_AUDIT_DAYS: Final = 365  # CloudWatch.16
_SECRET_NAME: Final = re.compile(
    r"SECRET|TOKEN|PASSWORD|API_?KEY|CREDENTIAL|PRIVATE", re.IGNORECASE
)
_SECRET_VALUE: Final = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN|://[^/@\s]+:[^/@\s]+@")


def _runtime(item: Item) -> Iterator[str]:
    if item.props.get("runtime") not in RUNTIMES:
        yield f"{item.props['name']} runs on {item.props.get('runtime')}"


def _architecture(item: Item) -> Iterator[str]:
    if list(item.props.get("architectures") or ()) != ["arm64"]:
        yield f"{item.props['name']} does not run on arm64, for which its layers are built"


def _traced(item: Item) -> Iterator[str]:
    if (item.props.get("tracingConfig") or {}).get("mode") != "Active":
        yield f"{item.props['name']} is not traced"


def _bounded(item: Item) -> Iterator[str]:
    timeout, memory = item.props.get("timeout"), item.props.get("memorySize")
    if not timeout or timeout > _MAX_TIMEOUT_SECONDS or not memory:
        yield f"{item.props['name']} has no time-out or memory of its own"


def _variables(item: Item) -> dict[str, str]:
    return dict((item.props.get("environment") or {}).get("variables") or {})


def _no_secrets(item: Item) -> Iterator[str]:
    for name, value in _variables(item).items():
        by_name = _SECRET_NAME.search(name) and not str(value).startswith("arn:aws:secretsmanager:")
        if by_name or _SECRET_VALUE.search(str(value)):
            yield f"variable {name} of {item.props['name']} holds a secret"


def _sealed_environment(item: Item) -> Iterator[str]:
    if _variables(item) and not item.props.get("kmsKeyArn"):
        yield f"the environment of {item.props['name']} is sealed with AWS's key"


def _function_logs(stack: Stack) -> Iterator[tuple[Item, str]]:
    for function in stack.of(FUNCTION):
        if not stack.companion(LOG_GROUP, "name", f"/aws/lambda/{function.props['name']}"):
            yield function, f"{function.props['name']} makes its own log group, kept for ever"


def _closed(item: Item) -> Iterator[str]:
    if not item.props.get("sourceArn") or not item.props.get("sourceAccount"):
        yield f"{item.props.get('principal')} may invoke {item.props.get('function')} for anyone"


def _failed_events(stack: Stack) -> Iterator[tuple[Item, str]]:
    configs = {
        item.props["functionName"]
        for item in stack.of(INVOKE_CONFIG)
        if (item.props.get("destinationConfig") or {}).get("onFailure")
    }
    for target in stack.of(EVENT_TARGET):
        name = target.props["arn"].rpartition(":")[2]
        if ":function:" in target.props["arn"] and name not in configs:
            yield target, f"an event that {name} fails on is lost"


def _capped(item: Item) -> Iterator[str]:
    if not (item.props.get("scalingConfig") or {}).get("maximumConcurrency"):
        yield f"a full queue takes all of the account's concurrency through {item.name}"


def _undelivered_events(item: Item) -> Iterator[str]:
    if not item.props.get("deadLetterConfig"):
        yield f"events that {item.props['arn']} refuses are lost"


def _logged(item: Item) -> Iterator[str]:
    logging = item.props.get("loggingConfiguration") or {}
    if logging.get("level") != "ALL" or not logging.get("logDestination"):
        yield f"{item.props['name']} does not log every state"


def _without_data(item: Item) -> Iterator[str]:
    if (item.props.get("loggingConfiguration") or {}).get("includeExecutionData"):
        yield f"{item.props['name']} logs the data of its states"


def _vended(item: Item) -> Iterator[str]:
    destination = (item.props.get("loggingConfiguration") or {}).get("logDestination", "")
    if destination and "/aws/vendedlogs/" not in destination:
        yield f"{item.props['name']} fills the account's log resource policy"


def _machine_traced(item: Item) -> Iterator[str]:
    if (item.props.get("tracingConfiguration") or {}).get("enabled") is not True:
        yield f"{item.props['name']} is not traced"


def _machine_ends(item: Item) -> Iterator[str]:
    if "TimeoutSeconds" not in json.loads(item.props["definition"]):
        yield f"an execution of {item.props['name']} may hang for a year"


def _kept(item: Item) -> Iterator[str]:
    days = item.props.get("retentionInDays")
    if not days:
        yield f"{item.props['name']} is kept for ever"
    elif item.environment == "prod" and days < _AUDIT_DAYS:
        yield f"{item.props['name']} is kept for {days:.0f} days only"


def _sealed_logs(item: Item) -> Iterator[str]:
    if not item.props.get("kmsKeyId"):
        yield f"{item.props['name']} is not encrypted with our key"


RULES: Final = (
    Rule(
        id="lambda-runtime-supported",
        holds="Functions run on a runtime that AWS patches",
        severity=Severity.MEDIUM,
        remedy=f"use one of {', '.join(sorted(RUNTIMES))}",
        controls=("Lambda.2", "AwsSolutions-L1", "CKV_AWS_363"),
        enforced_in=_FLEET,
        types=(FUNCTION,),
        on=_runtime,
    ),
    Rule(
        id="lambda-architecture",
        holds="Functions run on the architecture that their layers are built for",
        severity=Severity.LOW,
        remedy='set architectures to ["arm64"]',
        enforced_in=_FLEET,
        types=(FUNCTION,),
        on=_architecture,
    ),
    Rule(
        id="lambda-traced",
        holds="Functions are traced",
        severity=Severity.LOW,
        remedy="set tracingConfig mode to Active",
        controls=("Lambda.7", "CKV_AWS_50"),
        enforced_in=_FLEET,
        types=(FUNCTION,),
        on=_traced,
    ),
    Rule(
        id="lambda-bounded",
        holds="Functions have a time-out and memory of their own",
        severity=Severity.LOW,
        remedy="give both in components/functions/catalogue.py",
        enforced_in=_CATALOGUE,
        types=(FUNCTION,),
        on=_bounded,
    ),
    Rule(
        id="lambda-no-secrets",
        holds="No function's environment holds a secret",
        severity=Severity.CRITICAL,
        remedy="put it into Secrets Manager and pass the secret's ARN",
        controls=("CKV_AWS_45",),
        enforced_in=_CATALOGUE,
        types=(FUNCTION,),
        on=_no_secrets,
    ),
    Rule(
        id="lambda-environment-sealed",
        holds="Environments of functions are encrypted with the environment's key",
        severity=Severity.LOW,
        remedy="set kmsKeyArn",
        controls=("CKV_AWS_173",),
        enforced_in=_FLEET,
        types=(FUNCTION,),
        on=_sealed_environment,
    ),
    Rule(
        id="lambda-logs-declared",
        holds="Every function's log group is declared",
        severity=Severity.MEDIUM,
        remedy="make a LogGroup /aws/lambda/<name> before the function",
        enforced_in=_FLEET,
        across=_function_logs,
    ),
    Rule(
        id="lambda-not-public",
        holds="Whoever may invoke a function is bound to one source of this account",
        severity=Severity.CRITICAL,
        remedy="set sourceArn and sourceAccount",
        controls=("Lambda.1", "CKV_AWS_301", "CKV_AWS_364"),
        enforced_in=_WORKFLOW,
        types=(PERMISSION,),
        on=_closed,
    ),
    Rule(
        id="lambda-failed-events-kept",
        holds="An event that a function fails on is kept",
        severity=Severity.MEDIUM,
        remedy="a FunctionEventInvokeConfig with an onFailure destination",
        controls=("CKV_AWS_116",),
        enforced_in=_FLEET,
        across=_failed_events,
    ),
    Rule(
        id="lambda-concurrency-capped",
        holds="A full queue cannot take all concurrency of the account",
        severity=Severity.MEDIUM,
        remedy="set scalingConfig.maximumConcurrency",
        controls=("CKV_AWS_115",),
        enforced_in=_FLEET,
        types=(EVENT_SOURCE,),
        on=_capped,
    ),
    Rule(
        id="events-undelivered-kept",
        holds="An event that cannot be delivered is kept",
        severity=Severity.MEDIUM,
        remedy="set deadLetterConfig on the target",
        enforced_in=_WORKFLOW,
        types=(EVENT_TARGET,),
        on=_undelivered_events,
    ),
    Rule(
        id="sfn-logged",
        holds="State machines log every state",
        severity=Severity.MEDIUM,
        remedy="set loggingConfiguration with level ALL and a destination",
        controls=("StepFunctions.1", "AwsSolutions-SF1", "CKV_AWS_285"),
        enforced_in=_WORKFLOW,
        types=(MACHINE,),
        on=_logged,
    ),
    Rule(
        id="sfn-logs-without-data",
        holds="Logs of state machines hold no payloads",
        severity=Severity.MEDIUM,
        remedy="leave includeExecutionData off",
        enforced_in=_WORKFLOW,
        types=(MACHINE,),
        on=_without_data,
    ),
    Rule(
        id="sfn-logs-vended",
        holds="State machines log under /aws/vendedlogs/",
        severity=Severity.LOW,
        remedy="name the log group /aws/vendedlogs/states/<machine>",
        enforced_in=_WORKFLOW,
        types=(MACHINE,),
        on=_vended,
    ),
    Rule(
        id="sfn-traced",
        holds="State machines are traced",
        severity=Severity.LOW,
        remedy="set tracingConfiguration.enabled",
        controls=("AwsSolutions-SF2", "CKV_AWS_284"),
        enforced_in=_WORKFLOW,
        types=(MACHINE,),
        on=_machine_traced,
    ),
    Rule(
        id="sfn-ends",
        holds="Every execution ends",
        severity=Severity.MEDIUM,
        remedy="give the definition a TimeoutSeconds",
        enforced_in="components/orchestration/definitions",
        types=(MACHINE,),
        on=_machine_ends,
    ),
    Rule(
        id="logs-expire",
        holds="Logs expire, in prod after a year at the earliest",
        severity=Severity.MEDIUM,
        remedy="set retentionInDays (logRetentionDays in the stack's configuration)",
        controls=("CloudWatch.16", "CKV_AWS_66", "CKV_AWS_338"),
        enforced_in=_FLEET,
        types=(LOG_GROUP,),
        on=_kept,
    ),
    Rule(
        id="logs-sealed",
        holds="Logs are encrypted with the environment's key",
        severity=Severity.MEDIUM,
        remedy="set kmsKeyId",
        controls=("CKV_AWS_158",),
        enforced_in=_FLEET,
        types=(LOG_GROUP,),
        on=_sealed_logs,
    ),
)
