"""`python -m bench [PART ...]`: every benchmark in one go, then the pages made from the results.

Exits 1 when a part is below a floor or could not run; the other parts run all the same.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from rich.console import Console


@dataclass(frozen=True, kw_only=True)
class Part:
    """A benchmark: its module, and the arguments of a quick run."""

    module: str
    quick: tuple[str, ...] = ()


PARTS: Final = {
    "renditions": Part(module="bench.renditions", quick=("--rounds", "1", "--runs", "1")),
    "zip": Part(module="bench.zip", quick=("--rounds", "1", "--largest", "0.8 GB")),
    "cold-start": Part(module="bench.cold_start", quick=("--rounds", "3")),
    "jobs": Part(module="bench.jobs", quick=("--quick",)),
    "scale": Part(module="bench.scale"),
}
"""In the order in which they run: cost and scale are computed from the others' results."""

PAGES: Final = "bench.pages"


def main(arguments: Sequence[str]) -> int:
    """Run the parts that were asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, smaller work")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.parts if name not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}; there are {', '.join(PARTS)}")
    console, failed = Console(), []
    for name in options.parts or PARTS:
        part = PARTS[name]
        console.rule(name)
        if _run(part.module, *(part.quick if options.quick else ())):
            failed.append(name)
    if _run(PAGES):
        failed.append("pages")
    if failed:
        console.print(f"[bold red]below a floor, or not run: {', '.join(failed)}")
    return int(bool(failed))


def _run(module: str, *arguments: str) -> int:
    command = (sys.executable, "-m", module, *arguments)
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
