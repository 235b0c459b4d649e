"""Peers that need more than this project's own environment; each is built if it can be."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from bench.measure import BenchError, Variant

_HERE: Final = Path(__file__).parent
_BUILD: Final = Path(".build/bench").resolve()
_SHARP: Final = "sharp@0.35.5"


def python_variant(name: str, worker: str) -> Variant:
    """A variant of bench/worker.py."""
    return Variant(name=name, command=(sys.executable, "-m", "bench.worker", worker))


def peers() -> tuple[list[Variant], list[str]]:
    """Variants that run here, and a line for each peer that does not."""
    found: list[Variant] = []
    missing: list[str] = []
    for name, build in (("Go original", _go), ("sharp", _sharp), ("pyvips", _pyvips)):
        try:
            found += build()
        except (BenchError, OSError, subprocess.SubprocessError) as error:
            missing.append(f"{name} left out: {error}")
    return found, missing


def _go() -> list[Variant]:
    binary = _BUILD / "go_original"
    _run(("go", "build", "-mod=readonly", "-o", str(binary), "."), _HERE / "go_original")
    return [Variant(name="Go original", command=(str(binary),))]


def _sharp() -> list[Variant]:
    home = _BUILD / "sharp"
    if not (home / "node_modules" / "sharp").is_dir():
        home.mkdir(parents=True, exist_ok=True)
        flags = ("--no-package-lock", "--no-audit", "--no-fund", "--silent")
        _run(("npm", "install", *flags, "--prefix", str(home), _SHARP), home)
    script = ("node", str(_HERE / "sharp_peer" / "main.mjs"), str(home / "node_modules"))
    return [
        Variant(name="sharp, usual", command=(*script, "usual")),
        Variant(name="sharp, pyramid", command=(*script, "pyramid")),
    ]


def _pyvips() -> list[Variant]:
    if importlib.util.find_spec("pyvips") is None:
        raise BenchError("install requirements/bench.txt to have it")
    # libvips would otherwise start a thread for every core it sees.
    os.environ["VIPS_CONCURRENCY"] = "1"
    return [python_variant("pyvips, pyramid", "vips")]


def _run(command: tuple[str, ...], folder: Path) -> None:
    if shutil.which(command[0]) is None:
        raise BenchError(f"{command[0]} is not installed")
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    if done.returncode:
        raise BenchError(f"{' '.join(command[:2])}: {done.stderr.strip()[-300:]}")
