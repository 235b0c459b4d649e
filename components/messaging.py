"""The queue of processing jobs and its dead-letter queue (seed section 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_aws import sqs

from components.children import child
from components.naming import Names
from components.policy_documents.resources import dead_letter_queue_policy, queue_policy

VISIBILITY_TIMEOUT_SECONDS: Final = 60
MAX_RECEIVE_COUNT: Final = 5
MAX_MESSAGE_BYTES: Final = 1_048_576
"""SQS's limit since 2025; the seed's 262,144 is about 3,000 assets."""
_DAY_SECONDS: Final = 86_400


@dataclass(frozen=True, kw_only=True)
class MessagingArgs:
    """Inputs of `Messaging`.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        key_arn: key that seals the messages.
        adopt: import both queues instead of making them.
        protect: refuse deletion of both queues.
    """

    names: Names
    tags: Mapping[str, str]
    key_arn: pulumi.Input[str]
    adopt: bool = False
    protect: bool = True


class Messaging(pulumi.ComponentResource):
    """Standard queue with long polling; after five receives a message is a dead letter."""

    queue_url: pulumi.Output[str]
    queue_arn: pulumi.Output[str]
    dead_letter_queue_url: pulumi.Output[str]
    dead_letter_queue_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: MessagingArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Messaging", name, None, opts)
        dead_letters = self._dead_letters(name, args)
        queue = sqs.Queue(
            f"{name}-queue",
            name=args.names.queue,
            visibility_timeout_seconds=VISIBILITY_TIMEOUT_SECONDS,
            message_retention_seconds=4 * _DAY_SECONDS,
            max_message_size=MAX_MESSAGE_BYTES,
            receive_wait_time_seconds=20,
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=300,
            redrive_policy=pulumi.Output.json_dumps(
                {"deadLetterTargetArn": dead_letters.arn, "maxReceiveCount": MAX_RECEIVE_COUNT}
            ),
            tags=args.tags,
            opts=self._stateful(args, args.names.queue),
        )
        sqs.QueuePolicy(
            f"{name}-queue-policy",
            queue_url=queue.url,
            policy=json.dumps(queue_policy(args.names.queue_arn)),
            opts=child(self),
        )
        self.queue_url = queue.url
        self.queue_arn = queue.arn
        self.dead_letter_queue_url = dead_letters.url
        self.dead_letter_queue_arn = dead_letters.arn
        self.register_outputs(
            {
                "queueUrl": self.queue_url,
                "queueArn": self.queue_arn,
                "deadLetterQueueUrl": self.dead_letter_queue_url,
                "deadLetterQueueArn": self.dead_letter_queue_arn,
            }
        )

    def _dead_letters(self, name: str, args: MessagingArgs) -> sqs.Queue:
        queue = sqs.Queue(
            f"{name}-dead-letter-queue",
            name=args.names.dead_letter_queue,
            message_retention_seconds=14 * _DAY_SECONDS,
            max_message_size=MAX_MESSAGE_BYTES,
            kms_master_key_id=args.key_arn,
            kms_data_key_reuse_period_seconds=300,
            redrive_allow_policy=json.dumps(
                {"redrivePermission": "byQueue", "sourceQueueArns": [args.names.queue_arn]}
            ),
            tags=args.tags,
            opts=self._stateful(args, args.names.dead_letter_queue),
        )
        sqs.QueuePolicy(
            f"{name}-dead-letter-queue-policy",
            queue_url=queue.url,
            policy=json.dumps(dead_letter_queue_policy(args.names)),
            opts=child(self),
        )
        return queue

    def _stateful(self, args: MessagingArgs, queue: str) -> pulumi.ResourceOptions:
        import_id = args.names.queue_url(queue) if args.adopt else ""
        return child(self, protect=args.protect, import_id=import_id)
