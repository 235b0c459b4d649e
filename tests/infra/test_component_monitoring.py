"""Alarms, metric filters and the dashboard, as staging would register them."""

from __future__ import annotations

import json
from typing import Any

from components.functions.catalogue import FunctionConfig, FunctionSpec, catalogue
from components.observability.alarms import alarm_specs
from tests.infra.harness import Recorded
from tests.infra.staging_facts import NAMES, inputs


def test_every_alarm_tells_when_it_ends_and_links_to_its_runbook(staging: Recorded) -> None:
    alarms = staging.of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
    topic = [NAMES.alarm_topic_arn]

    assert len(alarms) == len(alarm_specs(NAMES, dict.fromkeys(_kinds(), 1)))
    for alarm in alarms:
        kind = alarm.name.removeprefix("monitoring-")
        link = f"Runbook: https://docs.toq.example/media/runbook#{kind}"
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == topic
        assert alarm.inputs["alarmDescription"].endswith(link)
        assert alarm.inputs["treatMissingData"] == "notBreaching"


def test_the_alarms_watch_resources_that_exist(staging: Recorded) -> None:
    names = {value for item in staging.custom for value in _names_of(item.inputs)}
    arns = {value for key, value in staging.exports.items() if key.endswith("Arn")}
    for alarm in staging.of_type("aws:cloudwatch/metricAlarm:MetricAlarm"):
        if not alarm.inputs["namespace"].startswith("AWS/"):
            continue  # our own metrics: tests/agreement/test_metrics.py
        for value in alarm.inputs.get("dimensions", {}).values():
            assert value in names | arns, alarm.name


def test_the_dead_letter_alarm_fires_at_the_first_message(staging: Recorded) -> None:
    alarm = staging.one("aws:cloudwatch/metricAlarm:MetricAlarm", "monitoring-dlq-not-empty")

    assert alarm.inputs["dimensions"] == {"QueueName": "listing-media-processing-dlq-staging"}
    assert alarm.inputs["metricName"] == "ApproximateNumberOfMessagesVisible"
    assert alarm.inputs["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert alarm.inputs["threshold"] == 1
    assert alarm.inputs["evaluationPeriods"] == 1


def test_undelivered_callbacks_are_counted_where_the_alarm_looks(staging: Recorded) -> None:
    alarm = staging.one(
        "aws:cloudwatch/metricAlarm:MetricAlarm", "monitoring-callbacks-undelivered"
    )
    filters = staging.of_type("aws:cloudwatch/logMetricFilter:LogMetricFilter")

    assert len(filters) == 2
    for item in filters:
        transformation = item.inputs["metricTransformation"]
        assert transformation["name"] == alarm.inputs["metricName"]
        assert transformation["namespace"] == alarm.inputs["namespace"]
        assert '$.details.name = "CallbackUndelivered"' in item.inputs["pattern"]
        machine = item.name.split("-")[1]
        definition = staging.one(
            "aws:sfn/stateMachine:StateMachine", f"workflow-{machine}-machine"
        ).inputs["definition"]
        assert "CallbackUndelivered" in json.loads(definition)["States"]


def test_the_dashboard_lays_its_graphs_side_by_side(staging: Recorded) -> None:
    body = json.loads(
        inputs(staging, "aws:cloudwatch/dashboard:Dashboard", "monitoring-dashboard")[
            "dashboardBody"
        ]
    )

    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]
    assert len(set(places)) == len(places) == 15
    assert {x for x, _ in places} == {0, 12}
    assert all(widget["properties"]["metrics"] for widget in body["widgets"])


def _kinds() -> list[str]:
    return [spec.kind for spec in _catalogue()]


def _catalogue() -> tuple[FunctionSpec, ...]:
    return catalogue(
        FunctionConfig(
            names=NAMES,
            callback_url="https://backend.example",
            callback_secret_arn="arn",
            max_image_pixels=1,
            max_image_bytes=1,
            max_video_bytes=1,
            max_video_seconds=1,
            max_batch_assets=1,
            max_batch_bytes=1,
            rendition_cache_control="",
            strip_metadata=False,
            log_level="INFO",
        )
    )


def _names_of(values: dict[str, Any]) -> list[str]:
    return [values[key] for key in ("name", "bucket") if key in values]
