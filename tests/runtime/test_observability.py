"""Correlation keys on every line, and metrics as lines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest

from toq_media.keys import JobKeys
from toq_media.observability import CORRELATION_KEYS, EmfMeter, bind, logger, unbind
from toq_media.ports import Metric
from toq_media.settings import MetricsSettings

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEYS = JobKeys(listing_id=512, job_id=77, retry=1)
SETTINGS = MetricsSettings(environment="staging", powertools_metrics_namespace="TOQ/Media")


@pytest.fixture(autouse=True)
def _unbound() -> Iterator[None]:
    yield
    unbind()


def lines(*measured: tuple[dict[Metric, float], dict[str, str]]) -> list[dict[str, Any]]:
    output = io.StringIO()
    meter = EmfMeter(SETTINGS, output=output, clock=lambda: 1_768_046_400.25)
    for values, dimensions in measured:
        meter.measure(values, **dimensions)
    return [json.loads(line) for line in output.getvalue().splitlines()]


def test_a_line_is_emf_with_the_job_beside_it() -> None:
    bind(KEYS, execution=KEYS.execution("process"), traceparent=TRACE)

    assert lines(({Metric.JOB_BYTES: 5.0, Metric.JOB_SECONDS: 1.5}, {"machine": "processing"})) == [
        {
            "_aws": {
                "Timestamp": 1_768_046_400_250,
                "CloudWatchMetrics": [
                    {
                        "Namespace": "TOQ/Media",
                        "Dimensions": [["environment"], ["environment", "machine"]],
                        "Metrics": [
                            {"Name": "JobBytes", "Unit": "Bytes"},
                            {"Name": "JobSeconds", "Unit": "Seconds"},
                        ],
                    }
                ],
            },
            "environment": "staging",
            "machine": "processing",
            "JobBytes": 5.0,
            "JobSeconds": 1.5,
            "jobId": 77,
            "listingIdentityId": 512,
            "execution": "process-512-77-1",
            "traceparent": TRACE,
        }
    ]


def test_ids_are_never_dimensions() -> None:
    bind(KEYS, execution=KEYS.execution("process"), traceparent=TRACE)

    (line,) = lines(({Metric.ASSETS_FAILED: 2}, {"errorCode": "CORRUPT_MEDIA"}))

    (directive,) = line["_aws"]["CloudWatchMetrics"]
    named = {name for names in directive["Dimensions"] for name in names}
    assert named == {"environment", "errorCode"}
    assert directive["Metrics"] == [{"Name": "AssetsFailed", "Unit": "Count"}]


def test_without_dimensions_there_is_the_environment() -> None:
    (line,) = lines(({Metric.ASSETS_PROCESSED: 3}, {}))

    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["environment"]]


def test_a_bound_job_is_on_later_lines_until_it_is_unbound() -> None:
    bind(KEYS, execution=KEYS.execution("finalization"), traceparent=TRACE)
    bound = {name: logger.get_current_keys().get(name) for name in CORRELATION_KEYS}
    unbind()

    assert bound == {
        "jobId": 77,
        "listingIdentityId": 512,
        "execution": "finalization-512-77-1",
        "traceparent": TRACE,
    }
    assert not logger.get_current_keys().keys() & set(CORRELATION_KEYS)


def test_standard_output_is_the_log(capsys: pytest.CaptureFixture[str]) -> None:
    EmfMeter(SETTINGS).measure({Metric.CALLBACK_ATTEMPTS: 1}, outcome="2xx")

    assert json.loads(capsys.readouterr().out)["CallbackAttempts"] == 1
