"""SQS and SNS: sealed, over TLS, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from pulumi_policy import Severity

from policy.rules.documents import denies_plain_http, open_to_all
from policy.rules.model import Item, Rule, Stack

QUEUE: Final = "aws:sqs/queue:Queue"
QUEUE_POLICY: Final = "aws:sqs/queuePolicy:QueuePolicy"
TOPIC: Final = "aws:sns/topic:Topic"
TOPIC_POLICY: Final = "aws:sns/topicPolicy:TopicPolicy"
EVENT_SOURCE: Final = "aws:lambda/eventSourceMapping:EventSourceMapping"
FUNCTION: Final = "aws:lambda/function:Function"
_MESSAGING: Final = "components/messaging.py"
_DOCUMENTS: Final = "components/policy_documents/resources.py"
_FLEET: Final = "components/functions/fleet.py"
_TOPICS: Final = "components/observability/monitoring.py"

_VISIBILITY_FACTOR: Final = 6  # AWS's advice for event source mappings
_RECEIVES: Final = range(3, 11)
_DEFAULT_RETENTION_SECONDS: Final = 345_600  # AWS default: four days


def _name_in(arn: str) -> str:
    return arn.rpartition(":")[2]


def _queue(stack: Stack, arn: str) -> Item | None:
    return stack.companion(QUEUE, "name", _name_in(arn))


def _sealed(item: Item) -> Iterator[str]:
    if not item.props.get("kmsMasterKeyId"):
        yield f"{item.props['name']} is not encrypted with our key"


def _queue_tls(stack: Stack) -> Iterator[tuple[Item, str]]:
    policies = {item.props["queueUrl"].rpartition("/")[2]: item for item in stack.of(QUEUE_POLICY)}
    for queue in stack.of(QUEUE):
        name = queue.props["name"]
        document = policies[name].props.get("policy") if name in policies else None
        arns = {arn for arn in _resources(document) if _name_in(arn) == name}
        if not arns or not denies_plain_http(document, "sqs:*", arns):
            yield queue, f"queue {name} takes plain HTTP"


def _resources(document: object) -> set[str]:
    if not isinstance(document, str):
        return set()
    found = (statement["Resource"] for statement in json.loads(document)["Statement"])
    return {arn for value in found for arn in (value if isinstance(value, list) else [value])}


def _topic_tls(stack: Stack) -> Iterator[tuple[Item, str]]:
    policies = {_name_in(item.props["arn"]): item for item in stack.of(TOPIC_POLICY)}
    for topic in stack.of(TOPIC):
        policy = policies.get(topic.props["name"])
        document = policy.props.get("policy") if policy else None
        if not policy or not denies_plain_http(document, "sns:Publish", {policy.props["arn"]}):
            yield topic, f"topic {topic.props['name']} takes plain HTTP"


def _not_public(item: Item) -> Iterator[str]:
    for sid in open_to_all(item.props.get("policy")):
        yield f"statement {sid} lets everyone in"


def _dead_letters(stack: Stack) -> Iterator[tuple[Item, str]]:
    for source in stack.of(EVENT_SOURCE):
        queue = _queue(stack, source.props["eventSourceArn"])
        if queue is None:
            continue
        redrive = json.loads(queue.props.get("redrivePolicy") or "{}")
        if redrive.get("maxReceiveCount") not in _RECEIVES:
            yield queue, f"queue {queue.props['name']} keeps poison messages for ever"


def _dead_letters_last(stack: Stack) -> Iterator[tuple[Item, str]]:
    for queue in stack.of(QUEUE):
        redrive = json.loads(queue.props.get("redrivePolicy") or "{}")
        target = _queue(stack, redrive.get("deadLetterTargetArn", ""))
        kept = [
            item.props.get("messageRetentionSeconds", _DEFAULT_RETENTION_SECONDS)
            for item in (queue, target)
            if item
        ]
        if target and kept[1] <= kept[0]:
            yield (
                target,
                (
                    f"dead letters of {queue.props['name']} expire with the messages: age counts "
                    "from the first queue"
                ),
            )


def _named_sources(stack: Stack) -> Iterator[tuple[Item, str]]:
    for queue in stack.of(QUEUE):
        redrive = json.loads(queue.props.get("redrivePolicy") or "{}")
        target = _queue(stack, redrive.get("deadLetterTargetArn", ""))
        allow = json.loads(target.props.get("redriveAllowPolicy") or "{}") if target else {}
        if target and allow.get("redrivePermission") != "byQueue":
            yield target, f"any queue may use {target.props['name']} as its dead-letter queue"


def _visible_again(stack: Stack) -> Iterator[tuple[Item, str]]:
    for source in stack.of(EVENT_SOURCE):
        queue = _queue(stack, source.props["eventSourceArn"])
        function = stack.companion(FUNCTION, "name", _name_in(source.props["functionName"]))
        if queue is None or function is None:
            continue
        seconds = queue.props.get("visibilityTimeoutSeconds", 30)
        if seconds < _VISIBILITY_FACTOR * function.props.get("timeout", 3):
            yield queue, f"messages of {queue.props['name']} come back while they are handled"


def _partial_batches(item: Item) -> Iterator[str]:
    if "ReportBatchItemFailures" not in (item.props.get("functionResponseTypes") or ()):
        yield "one bad message makes its whole batch come back"


RULES: Final = (
    Rule(
        id="sqs-sealed",
        holds="Messages are encrypted with the environment's key",
        severity=Severity.HIGH,
        remedy="set kmsMasterKeyId",
        controls=("SQS.1", "AwsSolutions-SQS2", "CKV_AWS_27"),
        enforced_in=_MESSAGING,
        types=(QUEUE,),
        on=_sealed,
    ),
    Rule(
        id="sqs-tls-only",
        holds="Every queue refuses plain HTTP",
        severity=Severity.HIGH,
        remedy="a QueuePolicy that denies sqs:* where aws:SecureTransport is false",
        controls=("AwsSolutions-SQS4",),
        enforced_in=_DOCUMENTS,
        across=_queue_tls,
    ),
    Rule(
        id="sqs-not-public",
        holds="No queue or topic policy lets everyone in",
        severity=Severity.CRITICAL,
        remedy="name the principal, or add a condition that fixes the source",
        controls=("SQS.3", "SNS.4", "CKV_AWS_168", "CKV_AWS_169", "CKV_AWS_387"),
        enforced_in=_DOCUMENTS,
        types=(QUEUE_POLICY, TOPIC_POLICY),
        on=_not_public,
    ),
    Rule(
        id="sqs-dead-letters",
        holds="A queue that a function drains gives up on a message after a few tries",
        severity=Severity.HIGH,
        remedy="set redrivePolicy with maxReceiveCount from 3 to 10",
        controls=("AwsSolutions-SQS3",),
        enforced_in=_MESSAGING,
        across=_dead_letters,
    ),
    Rule(
        id="sqs-dead-letters-last",
        holds="Dead letters are kept longer than messages",
        severity=Severity.MEDIUM,
        remedy="give the dead-letter queue the longer messageRetentionSeconds",
        enforced_in=_MESSAGING,
        across=_dead_letters_last,
    ),
    Rule(
        id="sqs-redrive-named",
        holds="A dead-letter queue names the queues that may use it",
        severity=Severity.LOW,
        remedy="set redriveAllowPolicy with redrivePermission byQueue",
        enforced_in=_MESSAGING,
        across=_named_sources,
    ),
    Rule(
        id="sqs-visibility",
        holds="A message stays hidden six times as long as its function may take",
        severity=Severity.MEDIUM,
        remedy="raise visibilityTimeoutSeconds or lower the function's timeout",
        enforced_in=_MESSAGING,
        across=_visible_again,
    ),
    Rule(
        id="sqs-partial-batches",
        holds="A bad message does not repeat the good ones of its batch",
        severity=Severity.MEDIUM,
        remedy="set functionResponseTypes to ReportBatchItemFailures",
        enforced_in=_FLEET,
        types=(EVENT_SOURCE,),
        on=_partial_batches,
    ),
    Rule(
        id="sns-sealed",
        holds="Alarms are encrypted with the environment's key",
        severity=Severity.MEDIUM,
        remedy="set kmsMasterKeyId",
        controls=("SNS.1", "AwsSolutions-SNS2", "CKV_AWS_26"),
        enforced_in=_TOPICS,
        types=(TOPIC,),
        on=_sealed,
    ),
    Rule(
        id="sns-tls-only",
        holds="The alarm topic refuses plain HTTP",
        severity=Severity.MEDIUM,
        remedy="a TopicPolicy that denies sns:Publish where aws:SecureTransport is false",
        controls=("AwsSolutions-SNS3",),
        enforced_in=_DOCUMENTS,
        across=_topic_tls,
    ),
)
