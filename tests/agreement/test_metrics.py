"""Dashboard and alarms read metrics that the functions write, under the same dimensions."""

from __future__ import annotations

import io
import json
import re
from functools import cache
from typing import Any

import pytest

from callback.metering import MeteredSender
from consolidate.logic import consolidate
from tests.infra.harness import STACKS, record_stack
from tests.runtime.bundle_fakes import WatchedStore
from toq_media.contracts import (
    AssetRef,
    ConsolidateTask,
    FinalizationInput,
    Manifest,
    ManifestAsset,
    encode,
)
from toq_media.errors import CallbackUnavailableError, ErrorCode
from toq_media.keys import JobKeys
from toq_media.observability import EmfMeter
from toq_media.ports import Reply
from toq_media.settings import MetricsSettings, load
from zip_bundle.logic import Bundler

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = "512/raw/photo/vertical/vertical-01-sala.jpg"
UNDELIVERED = "CallbacksUndelivered"
"""Counted by metric filters from the state machines' logs, not by a function."""

Schema = tuple[str, str, frozenset[str]]
"""Namespace, name and names of the dimensions of a metric."""


class Backend:
    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)

    def post(self, body: bytes, headers: object) -> Reply:
        if not self.answers:
            raise CallbackUnavailableError("refused")
        return Reply(status=self.answers.pop(0))


def settings(stack: str) -> MetricsSettings:
    functions = record_stack(stack).of_type("aws:lambda/function:Function")
    given = [function.inputs["environment"]["variables"] for function in functions]
    (found,) = {load(MetricsSettings, variables) for variables in given}
    return found


@cache
def written(stack: str) -> list[dict[str, Any]]:
    """Lines of a job with a failure, of a bundle, and of callbacks with every outcome."""
    output = io.StringIO()
    meter = EmfMeter(settings(stack), output=output)
    store, keys = WatchedStore(), JobKeys(listing_id=512, job_id=77, retry=0)
    manifest = Manifest(
        job_id=77,
        listing_identity_id=512,
        retry=0,
        traceparent=TRACE,
        assets=[
            ManifestAsset(key=KEY, type="PHOTO_VERTICAL", error_code=code) for code in ErrorCode
        ],
        batches=[],
    )
    store.write(keys.manifest, encode(manifest), content_type="")
    task = ConsolidateTask(
        manifest_key=keys.manifest,
        execution_arn="arn",
        started_at="2026-01-10T12:00:00.000Z",
        branches=[],
    )
    consolidate(task, store, meter)
    store.seed(KEY, b"sala")
    bundler = Bundler(store=store, meter=meter, strip_metadata=False, remaining=lambda: 900.0)
    assets = [AssetRef(key=KEY, type="PHOTO_VERTICAL")]
    bundler.bundle(FinalizationInput(job_id=78, listing_identity_id=512, assets=assets))
    sender = MeteredSender(Backend(200, 302, 403, 500), meter)
    for _ in range(4):
        sender.post(b"", {})
    with pytest.raises(CallbackUnavailableError):
        sender.post(b"", {})
    return [json.loads(line) for line in output.getvalue().splitlines()]


def schemas(stack: str) -> set[Schema]:
    return {
        (directive["Namespace"], metric["Name"], frozenset(dimensions))
        for line in written(stack)
        for directive in line["_aws"]["CloudWatchMetrics"]
        for metric in directive["Metrics"]
        for dimensions in directive["Dimensions"]
    }


def values(stack: str, dimension: str) -> set[str]:
    return {line[dimension] for line in written(stack) if dimension in line}


def namespace() -> str:
    return settings("staging").powertools_metrics_namespace


def read_by_alarms(stack: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (alarm.inputs["metricName"], alarm.inputs["dimensions"])
        for alarm in record_stack(stack).of_type("aws:cloudwatch/metricAlarm:MetricAlarm")
        if alarm.inputs["namespace"] == namespace()
        and not alarm.inputs["metricName"].startswith(UNDELIVERED)
    ]


def dashboard_metrics(stack: str) -> list[list[Any]]:
    dashboard = record_stack(stack).one(
        "aws:cloudwatch/dashboard:Dashboard", "monitoring-dashboard"
    )
    body = json.loads(dashboard.inputs["dashboardBody"])
    return [metric for widget in body["widgets"] for metric in widget["properties"]["metrics"]]


def read_by_dashboard(stack: str) -> list[tuple[str, dict[str, str]]]:
    return [
        (metric[1], dict(zip(metric[2::2], metric[3::2], strict=True)))
        for metric in dashboard_metrics(stack)
        if metric[0] == namespace() and not metric[1].startswith(UNDELIVERED)
    ]


def searches(stack: str) -> list[str]:
    return [metric[0]["expression"] for metric in dashboard_metrics(stack) if len(metric) == 1]


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_read_is_written(stack: str) -> None:
    read = read_by_alarms(stack) + read_by_dashboard(stack)

    assert read_by_alarms(stack)
    for metric, dimensions in read:
        assert (namespace(), metric, frozenset(dimensions)) in schemas(stack), metric
        for name, value in dimensions.items():
            assert value in values(stack, name), f"{metric}: no function writes {name}={value}"


def test_searches_name_written_dimensions() -> None:
    found = [
        re.fullmatch(
            r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\" environment=\"staging\"', 'Sum', 300\)",
            text,
        )
        for text in searches("staging")
    ]

    assert len(found) == 2
    for match in found:
        assert match
        where, *dimensions = match[1].split(",")
        assert (where, match[2], frozenset(dimensions)) in schemas("staging")


def test_what_is_written_is_read() -> None:
    read = {metric for metric, _ in read_by_alarms("staging") + read_by_dashboard("staging")}
    read |= {
        name for text in searches("staging") for name in re.findall(r'MetricName="(\w+)"', text)
    }

    assert {name for _, name, _ in schemas("staging")} == read


def test_dimensions_have_few_values() -> None:
    assert values("staging", "outcome") == {"2xx", "3xx", "4xx", "5xx", "unreachable"}
    assert values("staging", "errorCode") == set(ErrorCode)
    assert values("staging", "machine") == {"processing", "finalization"}
    for _, _, dimensions in schemas("staging"):
        assert dimensions <= {"environment", "outcome", "errorCode", "machine"}
