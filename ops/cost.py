"""What listings cost; needs no environment, only the model and the benchmarks' results."""

from __future__ import annotations

import argparse
from dataclasses import fields
from typing import Final

from bench.cost.measured import load_measured
from bench.cost.model import cost_of, fixed_month, load_prices, month
from bench.cost.usage import Listing, usage_of
from bench.measure import BenchError
from ops.errors import OpsError
from ops.outcome import Outcome

VOLUMES: Final = (1_000, 100_000, 10_000_000)


def estimate(given: argparse.Namespace) -> Outcome:
    """USD of the listing that the options describe, and of a month of such listings.

    Raises:
        OpsError: there are no measurements to make it from.
    """
    options = {
        field.name: getattr(given, field.name)
        for field in fields(Listing)
        if hasattr(given, field.name)
    }
    listing, prices = Listing(**options), load_prices()
    try:
        usage = usage_of(listing, load_measured())
    except BenchError as error:
        raise OpsError(str(error)) from error
    lines = cost_of(usage, prices)
    months = [
        {"listings": volume, "usd": round(month(volume, usage, prices), 2)} for volume in VOLUMES
    ]
    return Outcome(
        title=f"{listing.assets} assets, {listing.raw_gb:.2f} GB",
        facts={
            "a listing, USD": round(sum(lines.values()), 6),
            "a month without listings, USD": round(fixed_month(prices), 2),
            "prices": f"{prices.region}, {prices.as_of}: {prices.source}",
        },
        tables={
            "a listing": [{"goes to": name, "usd": round(usd, 6)} for name, usd in lines.items()],
            "a month": months,
        },
    )
