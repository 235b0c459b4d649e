"""Both state machines, the MediaConvert queue, and the watch over executions that just end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import pulumi
from pulumi_aws import cloudwatch, lambda_, mediaconvert, sfn

from components.children import child
from components.naming import Names
from components.orchestration import asl

TASK_MARGIN_SECONDS: Final = 10
"""By how much a state outlives its function: the function's own timeout says more."""

VIDEO_TIMEOUT_SECONDS: Final = 3_600
PROCESSING_TIMEOUT_SECONDS: Final = 21_600
FINALIZATION_TIMEOUT_SECONDS: Final = 10_800

UNSUCCESSFUL_ENDS: Final = ("FAILED", "TIMED_OUT", "ABORTED")

_PROCESSING_FUNCTIONS = ("validate", "thumbnails", "consolidate", "callback-dispatch")
_FINALIZATION_FUNCTIONS = ("zip", "callback-dispatch")
_PLACEHOLDER_OF = {"callback-dispatch": "callback"}


@dataclass(frozen=True, kw_only=True)
class WorkflowArgs:
    """Inputs of `Workflow`.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        key_arn: key of the log groups.
        role_arn: role of both state machines.
        mediaconvert_role_arn: role that MediaConvert works under.
        function_arns: functions by kind.
        function_timeouts: their timeouts in seconds, by kind.
        dead_letter_queue_url: where undeliverable callbacks are kept.
        dead_letter_queue_arn: the same queue, for EventBridge.
        thumbnails_concurrency: most batches of a job at once.
        video_concurrency: most videos of a job at once.
        log_retention_days: how long logs are kept.
        adopt: import both state machines instead of making them.
    """

    names: Names
    tags: Mapping[str, str]
    key_arn: pulumi.Input[str]
    role_arn: pulumi.Input[str]
    mediaconvert_role_arn: pulumi.Input[str]
    function_arns: Mapping[str, pulumi.Input[str]]
    function_timeouts: Mapping[str, int]
    dead_letter_queue_url: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]
    thumbnails_concurrency: int
    video_concurrency: int
    log_retention_days: int
    adopt: bool = False


class Workflow(pulumi.ComponentResource):
    """Processing and finalization (seed section 6)."""

    processing_arn: pulumi.Output[str]
    finalization_arn: pulumi.Output[str]
    mediaconvert_queue_arn: pulumi.Output[str]
    log_groups: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: WorkflowArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Workflow", name, None, opts)
        self.log_groups = {}
        queue = mediaconvert.Queue(
            f"{name}-mediaconvert-queue",
            name=args.names.mediaconvert_queue,
            description="Videos of listings.",
            tags=args.tags,
            opts=child(self),
        )
        processing = self._machine(
            f"{name}-processing",
            args.names.processing_machine,
            "processing",
            _function_values(args, _PROCESSING_FUNCTIONS)
            | {
                "media_bucket": args.names.media_bucket,
                "mediaconvert_role_arn": args.mediaconvert_role_arn,
                "mediaconvert_queue_arn": queue.arn,
                "video_timeout_seconds": VIDEO_TIMEOUT_SECONDS,
                "thumbnails_concurrency": args.thumbnails_concurrency,
                "video_concurrency": args.video_concurrency,
                "processing_timeout_seconds": PROCESSING_TIMEOUT_SECONDS,
            },
            args,
        )
        finalization = self._machine(
            f"{name}-finalization",
            args.names.finalization_machine,
            "finalization",
            _function_values(args, _FINALIZATION_FUNCTIONS)
            | {"finalization_timeout_seconds": FINALIZATION_TIMEOUT_SECONDS},
            args,
        )
        self._report_silent_ends(f"{name}-execution-ended", [processing, finalization], args)
        self.processing_arn = processing.arn
        self.finalization_arn = finalization.arn
        self.mediaconvert_queue_arn = queue.arn
        self.register_outputs(
            {
                "processingArn": self.processing_arn,
                "finalizationArn": self.finalization_arn,
                "mediaConvertQueueArn": self.mediaconvert_queue_arn,
            }
        )

    def _machine(
        self,
        name: str,
        machine: str,
        definition: str,
        values: Mapping[str, Any],
        args: WorkflowArgs,
    ) -> sfn.StateMachine:
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=args.names.machine_log_group(machine),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            tags=args.tags,
            opts=child(self),
        )
        self.log_groups[definition] = logs.name
        return sfn.StateMachine(
            f"{name}-machine",
            name=machine,
            type="STANDARD",
            role_arn=args.role_arn,
            definition=pulumi.Output.all(**values).apply(
                lambda resolved: asl.render(definition, resolved)
            ),
            logging_configuration={
                "level": "ALL",
                # States carry file names of people's homes; keys and codes are in the functions'
                # logs.
                "include_execution_data": False,
                "log_destination": pulumi.Output.concat(logs.arn, ":*"),
            },
            tracing_configuration={"enabled": True},
            tags=args.tags,
            opts=child(self, import_id=args.names.machine_arn(machine) if args.adopt else ""),
        )

    def _report_silent_ends(
        self, name: str, machines: list[sfn.StateMachine], args: WorkflowArgs
    ) -> None:
        """No state can catch a timeout or an abort of its own execution: EventBridge tells."""
        callback_arn = args.function_arns["callback-dispatch"]
        rule = cloudwatch.EventRule(
            name,
            name=args.names.execution_ended_rule,
            description="Executions that ended without success, for the callback function.",
            event_pattern=pulumi.Output.json_dumps(
                {
                    "source": ["aws.states"],
                    "detail-type": ["Step Functions Execution Status Change"],
                    "detail": {
                        "status": list(UNSUCCESSFUL_ENDS),
                        "stateMachineArn": [machine.arn for machine in machines],
                    },
                }
            ),
            tags=args.tags,
            opts=child(self),
        )
        permission = lambda_.Permission(
            f"{name}-permission",
            statement_id="EventBridgeExecutionEnded",
            action="lambda:InvokeFunction",
            function=callback_arn,
            principal="events.amazonaws.com",
            source_arn=rule.arn,
            source_account=args.names.account_id,
            opts=child(self),
        )
        cloudwatch.EventTarget(
            f"{name}-target",
            rule=rule.name,
            target_id="callback",
            arn=callback_arn,
            retry_policy={"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": 10},
            dead_letter_config={"arn": args.dead_letter_queue_arn},
            opts=child(self, depends_on=[permission]),
        )


def _function_values(args: WorkflowArgs, kinds: tuple[str, ...]) -> dict[str, Any]:
    """Placeholders of the functions that a machine calls, and of its dead-letter queue."""
    values: dict[str, Any] = {"dead_letter_queue_url": args.dead_letter_queue_url}
    for kind in kinds:
        placeholder = _PLACEHOLDER_OF.get(kind, kind)
        values[f"{placeholder}_function_arn"] = args.function_arns[kind]
        values[f"{placeholder}_timeout_seconds"] = (
            args.function_timeouts[kind] + TASK_MARGIN_SECONDS
        )
    return values
