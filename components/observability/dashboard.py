"""The dashboard's body, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from components.naming import METRICS_NAMESPACE, Names
from components.observability.alarms import undelivered_metric

Metric = list[Any]

_COLUMN_WIDTH = 12
_HEIGHT = 6


def dashboard_body(names: Names, function_kinds: Sequence[str]) -> dict[str, Any]:
    """Two columns, in the order in which a job goes: queue, executions, functions, videos, ends."""
    machines = (names.processing_machine, names.finalization_machine)
    functions = [names.function(kind) for kind in function_kinds]
    graphs: list[tuple[str, str, list[Metric]]] = [
        ("Jobs waiting", "Maximum", _queue_metrics(names)),
        ("Oldest job (s)", "Maximum", [_queue("ApproximateAgeOfOldestMessage", names.queue)]),
        ("Executions", "Sum", [_machine(m, names.machine_arn(n)) for n in machines for m in _ENDS]),
        (
            "Execution time (ms)",
            "p95",
            [_machine("ExecutionTime", names.machine_arn(machine)) for machine in machines],
        ),
        ("Function duration (ms)", "p95", [_function("Duration", name) for name in functions]),
        ("Function errors", "Sum", [_function("Errors", name) for name in functions]),
        ("Function throttles", "Sum", [_function("Throttles", name) for name in functions]),
        ("Functions at once", "Maximum", [_function("ConcurrentExecutions", f) for f in functions]),
        (
            "Videos",
            "Sum",
            [
                ["AWS/MediaConvert", metric, "Queue", names.mediaconvert_queue_arn]
                for metric in ("JobsCompletedCount", "JobsErroredCount")
            ],
        ),
        ("Assets", "Sum", [_ours(m, names) for m in ("AssetsProcessed", "AssetsFailed")]),
        ("Failures by code", "Sum", [_every("AssetsFailed", "errorCode", "Sum", names)]),
        ("Job time (s)", "p95", [_ours("JobSeconds", names, machine=m) for m in _MACHINES]),
        ("Job bytes", "Sum", [_ours("JobBytes", names, machine=m) for m in _MACHINES]),
        ("Callback attempts", "Sum", [_every("CallbackAttempts", "outcome", "Sum", names)]),
        ("Callbacks undelivered", "Sum", [[METRICS_NAMESPACE, undelivered_metric(names)]]),
    ]
    return {
        "widgets": [
            _widget(place, title, statistic, metrics, region=names.region)
            for place, (title, statistic, metrics) in enumerate(graphs)
        ]
    }


_MACHINES = ("processing", "finalization")
_ENDS = ("ExecutionsSucceeded", "ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")


def _widget(
    place: int, title: str, statistic: str, metrics: list[Metric], *, region: str
) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": place % 2 * _COLUMN_WIDTH,
        "y": place // 2 * _HEIGHT,
        "width": _COLUMN_WIDTH,
        "height": _HEIGHT,
        "properties": {
            "title": title,
            "region": region,
            "view": "timeSeries",
            "stat": statistic,
            "period": 300,
            "metrics": metrics,
        },
    }


def _ours(metric: str, names: Names, **dimensions: str) -> Metric:
    """A metric that the functions write."""
    pairs = {"environment": names.environment, **dimensions}
    return [METRICS_NAMESPACE, metric, *(part for pair in pairs.items() for part in pair)]


def _every(metric: str, dimension: str, statistic: str, names: Names) -> Metric:
    """One line for each value that a dimension has had."""
    found = (
        f"{{{METRICS_NAMESPACE},environment,{dimension}}} "
        f'MetricName="{metric}" environment="{names.environment}"'
    )
    return [{"expression": f"SEARCH('{found}', '{statistic}', 300)", "label": ""}]


def _queue_metrics(names: Names) -> list[Metric]:
    visible = "ApproximateNumberOfMessagesVisible"
    return [_queue(visible, names.queue), _queue(visible, names.dead_letter_queue)]


def _queue(metric: str, queue: str) -> Metric:
    return ["AWS/SQS", metric, "QueueName", queue]


def _machine(metric: str, arn: str) -> Metric:
    return ["AWS/States", metric, "StateMachineArn", arn]


def _function(metric: str, name: str) -> Metric:
    return ["AWS/Lambda", metric, "FunctionName", name]
