"""SQS queues and their policies."""

from __future__ import annotations

from typing import Any

from local.provisioners.inputs import Inputs, present, tag_map
from local.provisioners.registry import Created, Target, provisions


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


_ATTRIBUTES = {
    "visibilityTimeoutSeconds": ("VisibilityTimeout", _text),
    "messageRetentionSeconds": ("MessageRetentionPeriod", _text),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", _text),
    "delaySeconds": ("DelaySeconds", _text),
    "maxMessageSize": ("MaximumMessageSize", _text),
    "kmsMasterKeyId": ("KmsMasterKeyId", _text),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", _text),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", _text),
    "redrivePolicy": ("RedrivePolicy", _text),
    "redriveAllowPolicy": ("RedriveAllowPolicy", _text),
    "policy": ("Policy", _text),
}


@provisions("aws:sqs/queue:Queue")
def queue(target: Target, inputs: Inputs) -> Created:
    """A queue."""
    sqs = target.clients.client("sqs")
    call = {
        "QueueName": inputs["name"],
        "Attributes": present(inputs, _ATTRIBUTES),
        **present(inputs, {"tags": ("tags", tag_map)}),
    }
    url = sqs.create_queue(**call)["QueueUrl"]
    arn = f"arn:aws:sqs:{target.region}:{target.account_id}:{inputs['name']}"
    return Created(id=url, outputs={"url": url, "arn": arn})


@provisions("aws:sqs/queuePolicy:QueuePolicy")
def queue_policy(target: Target, inputs: Inputs) -> Created:
    """Who may do what with a queue."""
    return _set(target, inputs, "policy")


@provisions("aws:sqs/redriveAllowPolicy:RedriveAllowPolicy")
def redrive_allow_policy(target: Target, inputs: Inputs) -> Created:
    """Which queues may use this one for dead letters."""
    return _set(target, inputs, "redriveAllowPolicy")


def _set(target: Target, inputs: Inputs, name: str) -> Created:
    url = inputs["queueUrl"]
    attributes = {_ATTRIBUTES[name][0]: inputs[name]}
    target.clients.client("sqs").set_queue_attributes(QueueUrl=url, Attributes=attributes)
    return Created(id=url)
