"""docs/cost.md."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from bench.chart import bars
from bench.cost import usage as assumed
from bench.cost.measured import Measured, load_measured
from bench.cost.model import cost_of, fixed_month, load_prices, month
from bench.cost.usage import Listing, Usage, usage_of
from bench.pages.parts import MADE, chart, table

VOLUMES: Final = (1_000, 100_000, 10_000_000)

_KNOBS: Final[tuple[tuple[str, str, Listing], ...]] = (
    ("`maxBatchAssets` 20 to 10", "half as long per call, more calls", Listing(batch_assets=10)),
    ("`maxBatchAssets` 20 to 1", "a call a photo", Listing(batch_assets=1)),
    ("`rawArchiveDays` 180 to 30", "originals leave early; reruns wait", Listing(archive_days=30)),
    ("`rawArchiveDays` 180 to 365", "originals stay at hand for a year", Listing(archive_days=365)),
    ("bucket key off", "KMS is asked for every object", Listing(bucket_keys=False)),
    (
        "execution data not logged",
        "cheaper logs, harder diagnosis",
        Listing(execution_data=False),
    ),
    ("no video", "", Listing(videos=0)),
    ("two videos", "", Listing(videos=2)),
    ("60 photos", "", Listing(photos=60)),
)


def cost_pages() -> dict[str, str]:
    """The page and its chart by path under docs/."""
    measured, listing, prices = load_measured(), Listing(), load_prices()
    usage = usage_of(listing, measured)
    lines = cost_of(usage, prices)
    total = sum(lines.values())
    page = "\n\n".join(
        [
            MADE,
            _intro(listing),
            (
                f"**Prices:** {prices.source} (`bench/cost/prices.json`, {prices.region}, "
                f"{prices.as_of}.)"
            ),
            "## A listing",
            chart("cost", "USD a listing"),
            table(
                ("goes to", "USD", "share"),
                [(name, f"{usd:.5f}", f"{usd / total:.1%}") for name, usd in lines.items()]
                + [("**sum**", f"**{total:.5f}**", "")],
            ),
            "## A month",
            (
                f"Fixed, with nothing uploaded: {fixed_month(prices):.2f} USD (key, secret, "
                "alarms, dashboard, empty polls)."
            ),
            table(
                ("listings a month", "USD", "USD a listing"),
                [
                    (f"{count:,}", f"{month(count, usage, prices):,.0f}", f"{total:.4f}")
                    for count in VOLUMES
                ],
            ),
            (
                "Each listing brings the storage of its first twelve months with it. "
                "Volume discounts and the free tier are left out."
            ),
            "## What moves it",
            _knobs(total, measured),
            _USED,
            _amounts(usage),
            _assumptions(),
        ]
    )
    drawn = bars("USD a listing", list(lines.items()), unit="USD", ours=frozenset(lines))
    return {"cost.md": page + "\n", "charts/cost.svg": drawn}


def _intro(listing: Listing) -> str:
    return f"""# Cost

What a listing costs, from amounts that are counted or measured and prices in one dated file.
`python -m ops cost estimate --photos 30 --video-seconds 90` prints it for other listings;
`--help` names the rest.

The listing here: {listing.photos} photos of {listing.photo_mb:g} MB, {listing.videos} video of
{listing.video_seconds:g} s and {listing.video_mb:g} MB, {listing.documents} document of
{listing.document_mb:g} MB; processed once, bundled once, no failures."""


_USED = """## What it uses

State transitions are counted by walking the state machines' definitions, S3 requests by a formula;
tests hold both to a recorded run (`bench/results/jobs.json`). Seconds of thumbnails, bundle
and cold starts are the benchmarks'."""


def _knobs(total: float, measured: Measured) -> str:
    prices = load_prices()
    rows = []
    for name, effect, listing in _KNOBS:
        changed = sum(cost_of(usage_of(listing, measured), prices).values())
        rows.append((name, f"{changed - total:+.5f}", f"{changed / total - 1:+.1%}", effect))
    faster = replace(measured, rendition_seconds=measured.rendition_seconds * 4.6)
    naive = sum(cost_of(usage_of(Listing(), faster), prices).values())
    rows.append(
        ("renditions the naive way", f"{naive - total:+.5f}", f"{naive / total - 1:+.1%}", "")
    )
    return table(("change", "USD a listing", "of the sum", "effect"), rows)


def _amounts(usage: Usage) -> str:
    rows = [
        ("state transitions", usage.transitions),
        ("S3 requests at the price of PUT", usage.s3_puts),
        ("S3 requests at the price of GET", usage.s3_gets),
        ("function calls", usage.invocations),
        *((f"GB-seconds, {name}", f"{value:.3f}") for name, value in usage.gb_seconds.items()),
        ("GB-months in S3 Standard", f"{usage.standard_gb_months:.2f}"),
        ("GB-months in Glacier", f"{usage.glacier_gb_months:.2f}"),
        ("KMS requests", f"{usage.kms_requests:.1f}"),
        ("MediaConvert minutes", f"{usage.video_minutes:.2f}"),
        ("GB of logs", f"{usage.log_gb:.6f}"),
    ]
    return table(("", "a listing"), rows)


def _assumptions() -> str:
    rows = [
        ("vCPU of Lambda as fast as the bench's core", "1"),
        ("one small S3 request, s", assumed.REQUEST_SECONDS),
        ("S3 copying a GB inside S3, s", assumed.COPY_GB_SECONDS),
        ("calls that start cold", f"{assumed.COLD_SHARE:.0%}"),
        ("four renditions of a photo, MB", assumed.RENDITIONS_MB),
        ("transcoded video, MB a second", assumed.TRANSCODED_MB_A_SECOND),
        ("logs of a function call, bytes", assumed.FUNCTION_LOG_BYTES),
        ("logs of a state with execution data, bytes", assumed.STATE_LOG_BYTES),
        ("calls traced by X-Ray", f"{assumed.TRACED_SHARE:.0%}"),
        ("KMS requests per S3 request with bucket keys", assumed.BUCKET_KEY_SHARE),
    ]
    left_out = (
        "Left out: what viewers download (transfer, CloudFront), the backend, failed and repeated "
        "work, replaced versions, access logs, and poster frames of videos, whose price was not "
        "known. MediaConvert is taken as basic tier, HD, single pass."
    )
    return f"## Assumed\n\n{table(('', 'value'), rows)}\n\n{left_out}"
