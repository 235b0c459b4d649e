"""Cold starts and sizes, P10 and P11: `python -m bench.cold_start`; exits 1 below a floor.

Each start is a fresh process with the archive, the layers built for this machine, and the boto3
that Lambda brings; nothing else is importable. Bytecode is there for all, as in Lambda.
"""

from __future__ import annotations

import argparse
import compileall
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table as Rows

from bench.measure import Table, Variant, measure, ratio, save, summaries
from bench.targets import Target, as_rows, print_targets
from components.functions.bundle import (
    LAYER_LOCKS,
    UNPACKED_LIMIT_BYTES,
    function_archive,
    layer_archive,
)
from local.host_runtime import host_runtime

FOLDER: Final = Path(".build/bench/cold").resolve()
CASE: Final = "a fresh process"
BASE: Final = "boto3:s3"
CLIENTS: Final = {
    "dispatch": "botocore:s3,stepfunctions",
    "validate": "botocore:s3",
    "thumbnails": "botocore:s3",
    "zip_bundle": "botocore:s3",
    "consolidate": "botocore:s3",
    "callback": "botocore:s3,secretsmanager",
}
SMALL: Final = ("dispatch", "consolidate", "callback")
LAYERS: Final = dict.fromkeys(CLIENTS, ("runtime",)) | {"thumbnails": ("runtime", "imaging")}
PACKED_LIMIT_BYTES: Final = 50 * 1024 * 1024
"""Lambda takes no larger archive directly (AWS, "Lambda quotas")."""


def main(arguments: Sequence[str]) -> int:
    """Measure, print, save; 1 when a value is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m bench.cold_start", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args(arguments)
    console = Console()
    lay_out(FOLDER)
    names = [BASE, *sorted(set(CLIENTS.values())), *CLIENTS]
    worker = str(Path(__file__).with_name("cold_worker.py"))
    variants = [
        Variant(name=name, command=(sys.executable, "-I", "-S", worker, name)) for name in names
    ]
    measure(variants, {CASE: FOLDER}, rounds=1, runs=1)  # files into the page cache
    table = measure(variants, {CASE: FOLDER}, rounds=options.rounds, runs=1)
    sizes = {package: size_of(package) for package in CLIENTS}
    runtime_bytes = _folder_bytes(FOLDER / "boto3")
    targets = [*_starts(table), *_sizes(sizes)]
    _print(table, sizes, console)
    print_targets(targets, console)
    save(
        "cold_start",
        {
            "rounds": options.rounds,
            "functions": summaries(table)[CASE],
            "sizes": sizes,
            "runtimeBytes": runtime_bytes,
            "targets": as_rows(targets),
        },
    )
    return int(any(target.verdict == "below" for target in targets))


def lay_out(root: Path) -> None:
    """Unpack archives, layers and runtime side by side, compiled for this interpreter."""
    shutil.rmtree(root, ignore_errors=True)
    for package in CLIENTS:
        _unpack(function_archive(package), root / package)
    for layer in LAYER_LOCKS:
        _unpack(layer_archive(layer, "host"), root / layer)
    shutil.copytree(host_runtime(), root / "boto3")
    compileall.compile_dir(root, quiet=1)


def size_of(package: str) -> dict[str, int]:
    """Bytes of a function as Lambda gets it: its archive, and all with its layers unpacked."""
    archive = function_archive(package)
    layers = [layer_archive(layer, "lambda") for layer in LAYERS[package]]
    return {
        "packedBytes": archive.stat().st_size,
        "layersPackedBytes": sum(layer.stat().st_size for layer in layers),
        "unpackedBytes": sum(_unpacked(path) for path in (archive, *layers)),
    }


def _starts(table: Table) -> list[Target]:
    image = ratio(table, CASE, "thumbnails", BASE)
    targets = [
        Target(
            id="P10",
            what="thumbnails / boto3 with an S3 client",
            value=image,
            goal=1.05,
            floor=1.3,
            at_least=False,
        )
    ]
    rows = table[CASE]
    for package in SMALL:
        pairs = zip(rows[package].milliseconds, rows[CLIENTS[package]].milliseconds, strict=True)
        beyond = sorted(one - other for one, other in pairs)
        targets.append(
            Target(
                id="P10",
                what=f"{package} beyond botocore and its clients",
                value=beyond[len(beyond) // 2],
                goal=60,
                floor=60 * 1.3,
                at_least=False,
                unit=" ms",
            )
        )
    return targets


def _sizes(sizes: dict[str, dict[str, int]]) -> list[Target]:
    """What counts towards Lambda's limits; its own boto3 does not and is told apart."""
    largest = max(sizes, key=lambda package: sizes[package]["unpackedBytes"])
    total = sizes[largest]["unpackedBytes"]
    packed = max(row["packedBytes"] for row in sizes.values())
    unpacked_limit, packed_limit = UNPACKED_LIMIT_BYTES / 1e6, PACKED_LIMIT_BYTES / 1e6
    return [
        _at_most("P11", f"{largest} with its layers, unpacked", total, 45, 60),
        _at_most("limit", "the same, of what Lambda takes", total, 60, unpacked_limit),
        _at_most("limit", "largest archive, of what Lambda takes", packed, 1, packed_limit),
    ]


def _at_most(target: str, what: str, count: int, goal: float, floor: float) -> Target:
    return Target(
        id=target, what=what, value=count / 1e6, goal=goal, floor=floor, at_least=False, unit=" MB"
    )


def _print(table: Table, sizes: dict[str, dict[str, int]], console: Console) -> None:
    rows = Rows(
        "", "ms", "times boto3 + S3", "MB", title="Cold start: import and clients, one core"
    )
    for name, measured in table[CASE].items():
        summary: dict[str, Any] = measured.summary()
        times = ratio(table, CASE, name, BASE)
        peak = f"{summary['peakMegabytes']:.0f}"
        rows.add_row(name, f"{summary['milliseconds']:.0f}", f"{times:.2f}", peak)
    console.print(rows)
    for package, size in sizes.items():
        console.print(f"{package}: {size['unpackedBytes'] / 1e6:.1f} MB unpacked with its layers")


def _unpack(archive: Path, folder: Path) -> None:
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)


def _unpacked(archive: Path) -> int:
    with zipfile.ZipFile(archive) as packed:
        return sum(entry.file_size for entry in packed.infolist())


def _folder_bytes(folder: Path) -> int:
    """Without bytecode, as Lambda's own boto3 is not ours to compile."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
