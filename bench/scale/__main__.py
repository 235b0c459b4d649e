"""`python -m bench.scale`: loads on every quota at three volumes, and simulated backlogs."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from bench.cost.measured import Measured, load_measured
from bench.cost.usage import MEMORY_MB, VCPU_MB, Listing
from bench.measure import BenchError, save
from bench.scale.capacity import create_job_retry, load_quotas, loads, peak_rate
from bench.scale.simulation import Knobs, Load, Outcome, simulate

VOLUMES: Final = (1_000, 100_000, 10_000_000)
DISPATCH: Final = 5
PEAK_SECONDS: Final = 600
BURST: Final = 1_000
_RAISED: Final = {"createJobPerSecond": 100, "createJobBurst": 200, "mediaConvertSlots": 4000}


def main() -> int:
    """Compute, print, save."""
    try:
        measured = load_measured()
    except BenchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    listing, quotas = Listing(), load_quotas()
    rates = {
        str(volume): loads(
            peak_rate(volume), listing, measured, quotas, dispatch_concurrency=DISPATCH
        )
        for volume in VOLUMES
    }
    scenarios = {name: _facts(outcome) for name, outcome in _scenarios(listing, measured)}
    console = Console()
    table = Table("peak hour, demand / quota", *rates)
    for name in rates[str(VOLUMES[-1])]:
        table.add_row(name, *(f"{row[name]:.4f}" for row in rates.values()))
    console.print(table)
    for name, facts in scenarios.items():
        console.print(name, facts)
    save("scale", {"loads": rates, "scenarios": scenarios})
    return 0


def _scenarios(listing: Listing, measured: Measured) -> list[tuple[str, Outcome]]:
    quotas = load_quotas()
    knobs = Knobs(retry=create_job_retry())
    raised = quotas.raised(**_RAISED)
    burst = _load(listing, measured, BURST, 1.0)
    found = [
        (
            f"{volume:,} a month, ten minutes of the busiest hour",
            simulate(
                _load(
                    listing, measured, max(1, round(peak_rate(volume) * PEAK_SECONDS)), PEAK_SECONDS
                ),
                quotas,
                knobs,
            ),
        )
        for volume in VOLUMES[:2]
    ]
    most = _load(listing, measured, round(peak_rate(VOLUMES[-1]) * PEAK_SECONDS), PEAK_SECONDS)
    name = f"{VOLUMES[-1]:,} a month, ten minutes of the busiest hour"
    found.append((name, simulate(most, quotas, knobs)))
    found.append(
        (f"the same, MediaConvert's quotas raised {_RAISED}", simulate(most, raised, knobs))
    )
    for dispatch in (2, 5, 20):
        name = f"{BURST:,} listings at once, dispatchConcurrency {dispatch}"
        found.append((name, simulate(burst, quotas, replace(knobs, dispatch_concurrency=dispatch))))
    for attempts in (8, 15, 20):
        retry = create_job_retry() | {"MaxAttempts": attempts}
        name = f"{BURST:,} listings at once, CreateJob tried {attempts} times more"
        found.append((name, simulate(burst, quotas, replace(knobs, retry=retry))))
    for batch in (5, 10, 20, 40):
        changed = _load(listing, measured, BURST, 1.0, batch_assets=batch)
        name = f"{BURST:,} listings at once without videos, maxBatchAssets {batch}"
        found.append((name, simulate(changed, quotas, knobs)))
    return found


def _load(
    listing: Listing,
    measured: Measured,
    listings: int,
    over_seconds: float,
    *,
    batch_assets: int = 0,
) -> Load:
    """Without videos where the batch size is what is looked at."""
    size = batch_assets or listing.batch_assets
    each = measured.rendition_seconds / min(2.0, MEMORY_MB["thumbnails"] / VCPU_MB)
    whole, rest = divmod(listing.photos, size)
    photos = [size] * whole + [rest] * bool(rest)
    return Load(
        listings=listings,
        over_seconds=over_seconds,
        video_seconds=0 if batch_assets else listing.video_seconds,
        batch_seconds=[0.2 + count * each for count in photos],
    )


def _facts(outcome: Outcome) -> dict[str, Any]:
    return {
        "listings": len(outcome.seconds),
        "medianSeconds": round(outcome.percentile(0.5), 1),
        "p99Seconds": round(outcome.percentile(0.99), 1),
        "videosLost": outcome.videos_lost,
        "mostQueued": outcome.most_queued,
        "mostFunctions": outcome.most_functions,
        "mostWaitingForSlots": outcome.most_in_slots_queue,
    }


if __name__ == "__main__":
    sys.exit(main())
