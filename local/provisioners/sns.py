"""SNS topics, their policies and subscriptions."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present, tag_list
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:sns/topic:Topic")
def topic(target: Target, inputs: Inputs) -> Created:
    """A topic."""
    attributes = present(
        inputs,
        {
            "kmsMasterKeyId": "KmsMasterKeyId",
            "displayName": "DisplayName",
            "signatureVersion": ("SignatureVersion", str),
            "policy": "Policy",
        },
    )
    call = present(inputs, {"name": "Name", "tags": ("Tags", tag_list)})
    arn = target.clients.client("sns").create_topic(Attributes=attributes, **call)["TopicArn"]
    return Created(id=arn, outputs={"arn": arn})


@provisions("aws:sns/topicPolicy:TopicPolicy")
def topic_policy(target: Target, inputs: Inputs) -> Created:
    """Who may do what with a topic."""
    arn = inputs["arn"]
    target.clients.client("sns").set_topic_attributes(
        TopicArn=arn, AttributeName="Policy", AttributeValue=inputs["policy"]
    )
    return Created(id=arn)


@provisions("aws:sns/topicSubscription:TopicSubscription")
def subscription(target: Target, inputs: Inputs) -> Created:
    """Who is told."""
    call = present(inputs, {"topic": "TopicArn", "protocol": "Protocol", "endpoint": "Endpoint"})
    made = target.clients.client("sns").subscribe(ReturnSubscriptionArn=True, **call)
    return Created(id=made["SubscriptionArn"], outputs={"arn": made["SubscriptionArn"]})
