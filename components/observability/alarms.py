"""Which alarms there are, as data; `monitoring.py` makes resources of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from components.naming import METRICS_NAMESPACE, Names

UNDELIVERED_METRIC: Final = "CallbacksUndelivered"
MINUTE_SECONDS: Final = 60


@dataclass(frozen=True, kw_only=True)
class AlarmSpec:
    """One alarm: it fires when the statistic of a period reaches the threshold.

    Attributes:
        kind: its part of the physical name, and the heading in the runbook.
        says: what has happened when it fires.
        periods: consecutive periods that must breach.
    """

    kind: str
    says: str
    namespace: str
    metric: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    statistic: str = "Sum"
    threshold: float = 1
    period_seconds: int = 5 * MINUTE_SECONDS
    periods: int = 1


def alarm_specs(names: Names, function_timeouts: Mapping[str, int]) -> list[AlarmSpec]:
    """All alarms of an environment."""
    return [
        *_queue_alarms(names),
        *_machine_alarms(names),
        *_function_alarms(names, function_timeouts),
        *_pipeline_alarms(names),
        AlarmSpec(
            kind="callbacks-undelivered",
            says="A callback could not be delivered; its body's reference is in the DLQ.",
            namespace=METRICS_NAMESPACE,
            metric=undelivered_metric(names),
        ),
        AlarmSpec(
            kind="mediaconvert-errors",
            says="MediaConvert jobs of this environment fail.",
            namespace="AWS/MediaConvert",
            metric="JobsErroredCount",
            dimensions={"Queue": names.mediaconvert_queue_arn},
        ),
    ]


def undelivered_metric(names: Names) -> str:
    """Metric of undelivered callbacks; metric filters of two log groups share it."""
    return f"{UNDELIVERED_METRIC}-{names.environment}"


def _pipeline_alarms(names: Names) -> Sequence[AlarmSpec]:
    """On the metrics that the functions write; files that are bad themselves alarm nobody."""
    return [
        AlarmSpec(
            kind="renditions-failing",
            says="Pictures fail for a reason that is not the picture's own.",
            namespace=METRICS_NAMESPACE,
            metric="AssetsFailed",
            dimensions={
                "environment": names.environment,
                "errorCode": "THUMBNAIL_PROCESSING_FAILED",
            },
        ),
        AlarmSpec(
            kind="callbacks-refused",
            says="The backend refuses callbacks (4xx): a wrong secret, URL or body.",
            namespace=METRICS_NAMESPACE,
            metric="CallbackAttempts",
            dimensions={"environment": names.environment, "outcome": "4xx"},
        ),
    ]


def _queue_alarms(names: Names) -> Sequence[AlarmSpec]:
    return [
        AlarmSpec(
            kind="dlq-not-empty",
            says="Messages or callbacks were given up; each waits in the DLQ for 14 days.",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.dead_letter_queue},
            statistic="Maximum",
            period_seconds=MINUTE_SECONDS,
        ),
        AlarmSpec(
            kind="queue-stale",
            says="Jobs wait in the queue for more than five minutes.",
            namespace="AWS/SQS",
            metric="ApproximateAgeOfOldestMessage",
            dimensions={"QueueName": names.queue},
            statistic="Maximum",
            threshold=300,
            period_seconds=MINUTE_SECONDS,
            periods=3,
        ),
    ]


def _machine_alarms(names: Names) -> Sequence[AlarmSpec]:
    machines = {"processing": names.processing_machine, "finalization": names.finalization_machine}
    ends = {
        "failed": ("ExecutionsFailed", "failed"),
        "timed-out": ("ExecutionsTimedOut", "ran out of time"),
        "aborted": ("ExecutionsAborted", "were aborted"),
    }
    return [
        AlarmSpec(
            kind=f"{machine}-{end}",
            says=f"Executions of {machine} {what}.",
            namespace="AWS/States",
            metric=metric,
            dimensions={"StateMachineArn": names.machine_arn(name)},
        )
        for machine, name in machines.items()
        for end, (metric, what) in ends.items()
    ]


def _function_alarms(names: Names, timeouts: Mapping[str, int]) -> Sequence[AlarmSpec]:
    alarms = []
    for kind, timeout_seconds in timeouts.items():
        dimensions = {"FunctionName": names.function(kind)}
        alarms += [
            AlarmSpec(
                kind=f"{kind}-errors",
                says=f"Function {kind} ends in errors.",
                namespace="AWS/Lambda",
                metric="Errors",
                dimensions=dimensions,
            ),
            AlarmSpec(
                kind=f"{kind}-throttled",
                says=f"Lambda throttles function {kind}.",
                namespace="AWS/Lambda",
                metric="Throttles",
                dimensions=dimensions,
            ),
            AlarmSpec(
                kind=f"{kind}-slow",
                says=f"Function {kind} comes near its timeout of {timeout_seconds} s.",
                namespace="AWS/Lambda",
                metric="Duration",
                dimensions=dimensions,
                statistic="Maximum",
                threshold=0.9 * timeout_seconds * 1000,
            ),
        ]
    return alarms
