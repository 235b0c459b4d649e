"""Renditions against peers: `python -m bench.renditions`, exit code 1 below a floor."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table as Rows

from bench.measure import Table, Variant, measure, ratio, save, summaries
from bench.peers import peers, python_variant
from bench.pictures import bench_pictures
from bench.quality import worst_loss
from bench.targets import Target, as_rows, print_targets
from bench.worker import BATCH

OURS: Final = "ours"
NAIVE: Final = "Pillow naive"
GO: Final = "Go original"
BOUND: Final = "bound"
PROGRESSIVE: Final = "48 MP progressive"

_GO_GOALS: Final = {
    "12 MP": (11.0, 8.0),
    "12 MP portrait": (9.0, 6.0),
    "24 MP": (19.0, 14.0),
    "48 MP": (26.0, 19.0),
}
_NAIVE_PER_GO: Final = 2.3
"""The original in Go takes so many times naive Pillow's time (measured, 2.26 to 2.38)."""

_BOUND_GOALS: Final = {
    "12 MP": (2.0, 4.5),
    "12 MP portrait": (2.0, 4.5),
    "24 MP": (1.5, 2.3),
    "48 MP": (1.5, 2.3),
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print, save; 1 when a value is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m bench.renditions", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="interleaved rounds (default 5)")
    parser.add_argument("--runs", type=int, default=3, help="timed runs per process (default 3)")
    options = parser.parse_args(arguments)

    console = Console()
    cases = bench_pictures()
    found, missing = peers()
    own = [
        python_variant(OURS, "ours"),
        python_variant(NAIVE, "naive"),
        python_variant(BOUND, "bound"),
    ]
    variants = own + found
    table = measure(variants, cases, rounds=options.rounds, runs=options.runs)
    batches = [python_variant("1 thread", "batch-1"), python_variant("2 threads", "batch-2")]
    both = measure(batches, {"12 MP": cases["12 MP"]}, rounds=options.rounds, runs=1, cores=2)

    _print_times(table, variants, missing, console)
    targets = [
        *_speed(table, variants),
        *_memory(table),
        *_quality(cases),
        *_threads(both),
    ]
    print_targets(targets, console)
    path = save("renditions", _as_json(options, table, both, targets, missing))
    console.print(f"kept in {path}")
    below = [target.id for target in targets if target.verdict == "below"]
    if below:
        console.print(f"[bold red]below the floor: {', '.join(below)}")
    return 1 if below else 0


def _speed(table: Table, variants: Sequence[Variant]) -> list[Target]:
    names = {variant.name for variant in variants}
    reference, factor = (GO, 1.0) if GO in names else (NAIVE, _NAIVE_PER_GO)
    targets = []
    for case, (goal, floor) in _GO_GOALS.items():
        value = ratio(table, case, reference, OURS)
        what = f"{reference} / ours, {case}"
        targets.append(
            Target(id="P1", what=what, value=value, goal=goal / factor, floor=floor / factor)
        )
    for target, peer, goal, floor in (
        ("P2", "sharp, pyramid", 1.0, 1.6),
        ("P2b", "sharp, usual", 0.4, 0.8),
    ):
        if peer in names:
            values = {case: ratio(table, case, OURS, peer) for case in _GO_GOALS}
            targets.append(_worst(target, f"ours / {peer}", values, goal, floor))
    for case, (goal, floor) in _BOUND_GOALS.items():
        values = {case: ratio(table, case, OURS, BOUND)}
        targets.append(_worst("P3", "ours / bare decode and encodes", values, goal, floor))
    return targets


def _memory(table: Table) -> list[Target]:
    summaries = {case: rows[OURS].summary() for case, rows in table.items()}
    growth = {
        case: row["peakMegabytes"] - row["startMegabytes"]
        for case, row in summaries.items()
        if case != PROGRESSIVE
    }
    whole = {PROGRESSIVE: summaries[PROGRESSIVE]["peakMegabytes"]}
    return [
        _worst("P4", "memory over the start", growth, 32, 50, unit=" MB"),
        _worst("P4", "memory of the whole process", whole, 190, 240, unit=" MB"),
    ]


def _quality(cases: Mapping[str, Path]) -> list[Target]:
    losses = {case: worst_loss(cases[case]) for case in _GO_GOALS}
    psnr = {case: -loss.psnr for case, loss in losses.items()}
    ssim = {case: -loss.ssim for case, loss in losses.items()}
    return [
        _worst("P5", "PSNR lost against the naive file", psnr, 0.2, 0.5, unit=" dB"),
        _worst("P5", "SSIM lost against the naive file", ssim, 0.0015, 0.004),
    ]


def _threads(both: Table) -> list[Target]:
    if (os.cpu_count() or 1) < 2:
        return []
    value = ratio(both, "12 MP", "1 thread", "2 threads")
    what = f"{BATCH} pictures, one thread / two threads"
    return [Target(id="P6", what=what, value=value, goal=1.8, floor=1.6)]


def _worst(
    target: str, what: str, values: Mapping[str, float], goal: float, floor: float, unit: str = ""
) -> Target:
    case = max(values, key=lambda name: values[name])
    return Target(
        id=target,
        what=f"{what}, {case}",
        value=values[case],
        goal=goal,
        floor=floor,
        at_least=False,
        unit=unit,
    )


def _print_times(
    table: Table, variants: Sequence[Variant], missing: Sequence[str], console: Console
) -> None:
    rows = Rows("", *table, title="Milliseconds (times ours), peak MB of the process, one core")
    for variant in variants:
        cells = []
        for case, measured in table.items():
            summary = measured[variant.name].summary()
            times = ratio(table, case, variant.name, OURS)
            cells.append(
                f"{summary['milliseconds']:.0f} ({times:.2f}) {summary['peakMegabytes']:.0f} MB"
            )
        rows.add_row(variant.name, *cells)
    console.print(rows)
    for line in missing:
        console.print(f"[yellow]{line}")


def _as_json(
    options: argparse.Namespace,
    table: Table,
    both: Table,
    targets: Sequence[Target],
    missing: Sequence[str],
) -> dict[str, object]:
    return {
        "rounds": options.rounds,
        "runs": options.runs,
        "cases": summaries({**table, "12 MP, a batch on two cores": both["12 MP"]}),
        "targets": as_rows(targets),
        "missing": list(missing),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
