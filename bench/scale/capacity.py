"""Demand on every quota at a steady rate of listings, in proportion to what the quota allows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cost.measured import Measured
from bench.cost.transitions import DEFINITIONS
from bench.cost.usage import MEMORY_MB, Listing, s3_requests, transitions, usage_of

QUOTAS: Final = Path(__file__).with_name("quotas.json")
MONTH_SECONDS: Final = 30.4 * 86400
PEAK: Final = 10
"""Busiest hour over the mean: all uploads in a third of the day, three times as many at its top."""

TRANSCODE_OVERHEAD_SECONDS: Final = 20.0
TRANSCODE_SPEED: Final = 2.0
"""Seconds of video that MediaConvert gets through in a second (assumed)."""

DISPATCH_SECONDS_A_MESSAGE: Final = 0.06
"""A write to S3 and a StartExecution, one after the other."""


@dataclass(frozen=True, kw_only=True)
class Quotas:
    """What an account may do at a time or in a second."""

    as_of: str
    source: str
    values: dict[str, float]

    def raised(self, **values: float) -> Quotas:
        """The same with some of them raised."""
        return Quotas(as_of=self.as_of, source=self.source, values=self.values | values)


def load_quotas(path: Path = QUOTAS) -> Quotas:
    """Read the dated file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Quotas(as_of=found["asOf"], source=found["source"], values=found["quotas"])


def peak_rate(listings_a_month: int) -> float:
    """Listings a second in the busiest hour."""
    return listings_a_month / MONTH_SECONDS * PEAK


def transcode_seconds(video_seconds: float) -> float:
    """How long a video holds one of MediaConvert's slots."""
    return TRANSCODE_OVERHEAD_SECONDS + video_seconds / TRANSCODE_SPEED


def dispatch_rate(concurrency: int) -> float:
    """Messages a second that so many dispatch functions take from the queue."""
    return concurrency / DISPATCH_SECONDS_A_MESSAGE


def function_seconds(listing: Listing, measured: Measured) -> float:
    """Seconds that a listing's functions run, all calls together."""
    gb_seconds = usage_of(listing, measured).gb_seconds
    return sum(amount * 1024 / MEMORY_MB[name] for name, amount in gb_seconds.items())


def loads(
    rate: float, listing: Listing, measured: Measured, quotas: Quotas, *, dispatch_concurrency: int
) -> dict[str, float]:
    """Demand over quota, fullest first; above 1 a backlog grows for as long as the rate lasts."""
    puts, gets = s3_requests(listing)
    slots = listing.videos * transcode_seconds(listing.video_seconds)
    kms = usage_of(listing, measured).kms_requests
    limit = quotas.values
    found = {
        "dispatch functions (dispatchConcurrency)": rate / dispatch_rate(dispatch_concurrency),
        "Lambda concurrency": rate
        * function_seconds(listing, measured)
        / limit["lambdaConcurrency"],
        "StartExecution": rate * 1 / limit["startExecutionPerSecond"],
        "state transitions": rate * transitions(listing) / limit["transitionsPerSecond"],
        "MediaConvert CreateJob": rate * listing.videos / limit["createJobPerSecond"],
        "MediaConvert slots": rate * slots / limit["mediaConvertSlots"],
        "S3 writes, were all keys in one partition": rate * puts / limit["s3PutsPerSecond"],
        "S3 reads, were all keys in one partition": rate * gets / limit["s3GetsPerSecond"],
        "KMS": rate * kms / limit["kmsPerSecond"],
    }
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def create_job_retry() -> dict[str, float]:
    """The retry rule for a refused CreateJob."""
    path = DEFINITIONS / "processing.asl.json"
    states = json.loads(path.read_text(encoding="utf-8"))["States"]
    videos = states["ParallelProcessing"]["Branches"][1]["States"]["ProcessVideos"]
    rules = videos["ItemProcessor"]["States"]["TranscodeVideo"]["Retry"]
    found: dict[str, float] = next(
        rule for rule in rules if "MediaConvert.TooManyRequestsException" in rule["ErrorEquals"]
    )
    return found
