"""Loads on quotas, and the program's defaults that follow from them."""

from __future__ import annotations

from typing import Any

import pytest

from bench.cost.measured import Measured
from bench.cost.usage import MEMORY_MB, Listing
from bench.scale.capacity import create_job_retry, dispatch_rate, load_quotas, loads, peak_rate

MEASURED = Measured(
    rendition_seconds=0.1, bundle_seconds_per_gb=10, init_seconds=dict.fromkeys(MEMORY_MB, 0.3)
)
DISPATCH = 5


def at(volume: int, listing: Listing | None = None) -> dict[str, float]:
    return loads(
        peak_rate(volume),
        listing or Listing(),
        MEASURED,
        load_quotas(),
        dispatch_concurrency=DISPATCH,
    )


@pytest.mark.parametrize("volume", [1_000, 100_000, 10_000_000])
def test_new_jobs_of_mediaconvert_are_the_first_bottleneck(volume: int) -> None:
    assert next(iter(at(volume))) == "MediaConvert CreateJob"


def test_everything_fits_at_a_hundred_thousand_a_month() -> None:
    assert max(at(100_000).values()) < 1


def test_without_videos_our_own_settings_fit_ten_million_a_month() -> None:
    found = at(10_000_000, Listing(videos=0))
    ours = ("dispatch functions (dispatchConcurrency)", "Lambda concurrency", "state transitions")
    assert all(found[name] < 1 for name in ours)


def test_dispatch_takes_twice_the_busiest_hour_of_ten_million_a_month() -> None:
    assert dispatch_rate(DISPATCH) > 2 * peak_rate(10_000_000)


def test_the_default_is_the_one_the_model_uses(schema_defaults: dict[str, Any]) -> None:
    assert schema_defaults["dispatchConcurrency"] == DISPATCH
    assert schema_defaults["maxBatchAssets"] == Listing().batch_assets
    assert schema_defaults["rawArchiveDays"] == Listing().archive_days


def test_raising_one_quota_halves_one_load() -> None:
    quotas = load_quotas()
    twice = quotas.raised(createJobPerSecond=2 * quotas.values["createJobPerSecond"])
    rate = peak_rate(100_000)
    before = loads(rate, Listing(), MEASURED, quotas, dispatch_concurrency=DISPATCH)
    after = loads(rate, Listing(), MEASURED, twice, dispatch_concurrency=DISPATCH)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"MediaConvert CreateJob"}
    assert after["MediaConvert CreateJob"] == before["MediaConvert CreateJob"] / 2


def test_a_refused_transcode_is_tried_until_a_burst_of_a_thousand_is_let_through() -> None:
    quotas, rule = load_quotas().values, create_job_retry()
    delays = [
        min(rule["IntervalSeconds"] * rule["BackoffRate"] ** tries, rule["MaxDelaySeconds"])
        for tries in range(int(rule["MaxAttempts"]))
    ]
    last_is_taken = (1000 - quotas["createJobBurst"]) / quotas["createJobPerSecond"]
    # Full jitter draws each delay from zero to its bound: half of it on average.
    assert sum(delays) / 2 > 1.5 * last_is_taken
