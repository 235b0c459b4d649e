"""What the benchmarks measured, as far as the cost model needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measure import RESULTS, BenchError


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Seconds of work on the machine that the benchmarks ran on.

    Attributes:
        rendition_seconds: four renditions of a 12 MP picture on one core.
        bundle_seconds_per_gb: originals through the ZIP function, S3 as slow as the real one.
        init_seconds: import and clients of each function in a fresh process, by package.
    """

    rendition_seconds: float
    bundle_seconds_per_gb: float
    init_seconds: dict[str, float]


def load_measured(folder: Path = RESULTS) -> Measured:
    """Read it from the benchmarks' results.

    Raises:
        BenchError: a result is missing.
    """
    photos = _result(folder, "zip")["times"]["25 ms a request"]["photos"]
    starts = _result(folder, "cold_start")["functions"]
    return Measured(
        rendition_seconds=_result(folder, "renditions")["cases"]["12 MP"]["ours"]["milliseconds"]
        / 1000,
        bundle_seconds_per_gb=photos["ours"]["milliseconds"] / 1000 / 0.3,
        init_seconds={name: row["milliseconds"] / 1000 for name, row in starts.items()},
    )


def _result(folder: Path, name: str) -> dict[str, Any]:
    path = folder / f"{name}.json"
    if not path.exists():
        raise BenchError(f"{path} is missing: run make bench BENCH={name.replace('_', '-')}")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
