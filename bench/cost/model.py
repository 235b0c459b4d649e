"""Usage times prices: USD of a listing, and of a month with so many listings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.cost.usage import Usage

PRICES: Final = Path(__file__).with_name("prices.json")
ALARMS: Final = 30
POLLS_A_MONTH: Final = 650_000
"""Empty receives of five pollers that each wait 20 s."""


@dataclass(frozen=True, kw_only=True)
class Prices:
    """USD per unit, and where they come from."""

    region: str
    as_of: str
    source: str
    usd: dict[str, float]


def load_prices(path: Path = PRICES) -> Prices:
    """Read the dated file."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Prices(
        region=found["region"], as_of=found["asOf"], source=found["source"], usd=found["usd"]
    )


def cost_of(usage: Usage, prices: Prices) -> dict[str, float]:
    """USD of one listing by what it goes to, largest first."""
    usd = prices.usd
    lines = {
        "Lambda": sum(usage.gb_seconds.values()) * usd["lambdaGbSecondArm"]
        + usage.invocations * usd["lambdaRequest"],
        "Step Functions": usage.transitions * usd["stateTransition"],
        "S3 requests": usage.s3_puts * usd["s3Put"] + usage.s3_gets * usd["s3Get"],
        "S3 storage, first year": usage.standard_gb_months * usd["s3StandardGbMonth"]
        + usage.glacier_gb_months * usd["s3GlacierGbMonth"]
        + usage.glacier_transitions * usd["s3GlacierTransition"],
        "KMS": usage.kms_requests * usd["kmsRequest"],
        "SQS": usage.sqs_requests * usd["sqsRequest"],
        "MediaConvert": usage.video_minutes * usd["mediaConvertHdMinute"],
        "Logs": usage.log_gb * (usd["logsGbIngested"] + usd["logsGbMonth"]),
        "X-Ray": usage.traces * usd["xrayTrace"],
    }
    return dict(sorted(lines.items(), key=lambda line: -line[1]))


def fixed_month(prices: Prices) -> float:
    """USD of a month in which nothing is uploaded."""
    usd = prices.usd
    watching = ALARMS * usd["alarmMonth"] + usd["dashboardMonth"]
    return usd["kmsKeyMonth"] + usd["secretMonth"] + watching + POLLS_A_MONTH * usd["sqsRequest"]


def month(listings: int, usage: Usage, prices: Prices) -> float:
    """USD of a month with so many listings, each with the storage of its first year."""
    return fixed_month(prices) + listings * sum(cost_of(usage, prices).values())
