"""Fair timing: each variant in its own process, variants shuffled in every round, medians.

A variant is a command. It is given the path of a case and a number of runs, does one run to warm
up and then the timed ones, and prints one JSON object: `milliseconds` of each timed run, and
`startMegabytes` and `peakMegabytes`, the process's greatest memory before and after the first run.
"""

from __future__ import annotations

import json
import os
import platform
import random
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, Final

RESULTS: Final = Path(__file__).parent / "results"
_TIMEOUT_SECONDS: Final = 600
_LOAD: Final = os.getloadavg()[0]
"""Load of the last minute before anything is measured; what is measured adds to it."""


class BenchError(Exception):
    """A variant failed or does not speak the protocol."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """Something to measure: a name for the table, and the command."""

    name: str
    command: Sequence[str]


@dataclass(kw_only=True)
class Measured:
    """What the rounds said of one variant on one case; a value per round."""

    milliseconds: list[float] = field(default_factory=list)
    start_megabytes: list[float] = field(default_factory=list)
    peak_megabytes: list[float] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Medians over the rounds."""
        return {
            "milliseconds": round(median(self.milliseconds), 1),
            "startMegabytes": round(median(self.start_megabytes), 1),
            "peakMegabytes": round(median(self.peak_megabytes), 1),
        }


Table = Mapping[str, Mapping[str, Measured]]
"""Case name to variant name to what was measured."""


def measure(
    variants: Sequence[Variant],
    cases: Mapping[str, Path],
    *,
    rounds: int,
    runs: int,
    cores: int = 1,
) -> Table:
    """Measure every variant on every case, each kept on so many cores."""
    table = {case: {variant.name: Measured() for variant in variants} for case in cases}
    order = list(variants)
    with kept_on(cores):
        for _ in range(rounds):
            for case, path in cases.items():
                random.shuffle(order)
                for variant in order:
                    _record(table[case][variant.name], _run(variant, path, runs))
    return table


def ratio(table: Table, case: str, above: str, below: str) -> float:
    """Median of the rounds' own ratios of time: what slows a round down slows both."""
    pairs = zip(table[case][above].milliseconds, table[case][below].milliseconds, strict=True)
    return median(one / other for one, other in pairs)


@contextmanager
def kept_on(cores: int) -> Iterator[None]:
    """Keep this process and its children on so many cores; one is a function of 1.8 GB."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[-cores:]))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def summaries(table: Table) -> dict[str, dict[str, dict[str, float]]]:
    """Medians of every variant on every case."""
    return {
        case: {name: measured.summary() for name, measured in rows.items()}
        for case, rows in table.items()
    }


def save(name: str, content: Mapping[str, Any]) -> Path:
    """Write `results/{name}.json` with the date, the machine's kind and its load before."""
    facts = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpuCount": os.cpu_count(),
        "loadBefore": round(_LOAD, 2),
        "machine": platform.machine(),
        "python": platform.python_version(),
    }
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.json"
    path.write_text(json.dumps(facts | dict(content), indent=1) + "\n", encoding="utf-8")
    return path


def _run(variant: Variant, path: Path, runs: int) -> dict[str, Any]:
    command = [*variant.command, str(path), str(runs)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=_TIMEOUT_SECONDS
    )
    if done.returncode:
        raise BenchError(f"{variant.name} on {path.name}: {done.stderr.strip()[-500:]}")
    try:
        said: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise BenchError(f"{variant.name} on {path.name}: printed no JSON") from error
    return said


def _record(measured: Measured, said: Mapping[str, Any]) -> None:
    measured.milliseconds.append(median(said["milliseconds"]))
    measured.start_megabytes.append(said["startMegabytes"])
    measured.peak_megabytes.append(said["peakMegabytes"])
