"""What a listing uses and costs, held to the definitions and to a recorded run."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from bench.cost.measured import Measured, load_measured
from bench.cost.model import ALARMS, cost_of, fixed_month, load_prices, month
from bench.cost.transitions import entered
from bench.cost.usage import MEMORY_MB, Listing, s3_requests, transitions, usage_of
from bench.measure import RESULTS, BenchError
from tests.infra.harness import record_stack

MEASURED = Measured(
    rendition_seconds=0.1, bundle_seconds_per_gb=10, init_seconds=dict.fromkeys(MEMORY_MB, 0.3)
)
NO_FILES = Listing(photos=0, videos=0, documents=0)


def recorded() -> dict[str, Any]:
    counts: dict[str, Any] = json.loads((RESULTS / "jobs.json").read_text())["counts"]
    return counts


def recorded_listing() -> Listing:
    counts = recorded()
    # The sample's files are small: one part of the bundle holds them all.
    return Listing(
        photos=counts["photos"],
        photo_mb=0.1,
        videos=counts["videos"],
        video_mb=1,
        documents=counts["documents"],
        document_mb=0.1,
    )


def test_states_of_the_top_level_are_those_of_a_recorded_run() -> None:
    items = {"GenerateThumbnails": 1, "ProcessVideos": 3, "CopyDocuments": 1}
    counted = entered("processing", items=items, nested=False)
    counted += entered("finalization", items={}, nested=False)
    assert counted == recorded()["topLevelStates"]


def test_each_video_enters_three_states_and_each_batch_one() -> None:
    base = transitions(NO_FILES)
    one_video = transitions(replace(NO_FILES, videos=1))
    assert transitions(replace(NO_FILES, videos=4)) - one_video == 9
    assert transitions(replace(NO_FILES, photos=41)) - base == 3
    assert transitions(replace(NO_FILES, documents=1)) - base == 1


def test_s3_requests_are_within_a_tenth_of_a_recorded_run() -> None:
    puts, gets = s3_requests(recorded_listing())
    assert puts == pytest.approx(recorded()["s3Puts"], rel=0.1)
    assert gets == pytest.approx(recorded()["s3Gets"], rel=0.1)


def test_memory_is_that_of_the_catalogue() -> None:
    functions = record_stack("staging").of_type("aws:lambda/function:Function")
    found = {one.inputs["handler"].partition(".")[0]: one.inputs["memorySize"] for one in functions}
    assert found == MEMORY_MB


def test_every_alarm_is_paid_for() -> None:
    assert len(record_stack("staging").of_type("aws:cloudwatch/metricAlarm:MetricAlarm")) == ALARMS


def test_a_month_is_what_is_fixed_and_its_listings() -> None:
    prices, usage = load_prices(), usage_of(Listing(), MEASURED)
    each = sum(cost_of(usage, prices).values())
    assert month(0, usage, prices) == fixed_month(prices)
    assert month(500, usage, prices) == pytest.approx(fixed_month(prices) + 500 * each)


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"videos": 2}, "MediaConvert"),
        ({"photos": 90}, "Lambda"),
        ({"batch_assets": 1}, "Step Functions"),
        ({"archive_days": 365}, "S3 storage, first year"),
        ({"bucket_keys": False}, "KMS"),
    ],
)
def test_a_knob_moves_the_line_it_should(change: dict[str, Any], line: str) -> None:
    prices = load_prices()
    before = cost_of(usage_of(Listing(), MEASURED), prices)
    after = cost_of(usage_of(replace(Listing(), **change), MEASURED), prices)
    assert after[line] > before[line]


def test_storage_in_glacier_starts_when_the_lifecycle_says() -> None:
    listing = Listing(archive_days=365)
    assert usage_of(listing, MEASURED).glacier_gb_months == pytest.approx(0, abs=1e-2)
    assert usage_of(Listing(), MEASURED).glacier_gb_months > 1


def test_missing_results_say_how_to_get_them(tmp_path: Any) -> None:
    with pytest.raises(BenchError, match="make bench BENCH=zip"):
        load_measured(tmp_path)
