"""Cold starts, pinned by what is imported and made, not by time."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bench import cold_worker
from bench.cold_start import CLIENTS, LAYERS
from components.functions import bundle
from components.functions.bundle import ROOT

SCRIPT = """
import importlib, json, runpy, sys
worker, root, package = sys.argv[1:]
sys.path.insert(0, f"{root}/{package}")
importlib.import_module(f"{package}.handler")
clients = importlib.import_module("toq_media.aws.clients")
makers = {n: getattr(clients, f"{n}_client").cache_info for n in ("s3", "states", "secrets")}
before = [name for name, info in makers.items() if info().currsize]
from pathlib import Path
runpy.run_path(worker)["start"](package, Path(root))
after = [name for name, info in makers.items() if info().currsize]
print(json.dumps([before, after, sorted({name.split(".")[0] for name in sys.modules})]))
"""
NAMES = {"s3": "s3", "stepfunctions": "states", "secretsmanager": "secrets"}
HEAVY = {"aws_xray_sdk", "boto3", "pydantic", "s3transfer", "numpy", "requests"}


@pytest.mark.parametrize("package", CLIENTS)
def test_a_start_imports_and_makes_only_what_the_function_uses(
    package: str, tmp_path: Path
) -> None:
    with zipfile.ZipFile(bundle.function_archive(package)) as archive:
        archive.extractall(tmp_path / package)
    run = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, cold_worker.__file__, str(tmp_path), package],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=cold_worker.ENVIRONMENT,
    )
    before, after, imported = json.loads(run.stdout.splitlines()[-1])
    services = CLIENTS[package].partition(":")[2].split(",")
    assert before == [], "a client is made by an import"
    assert set(after) == {NAMES[service] for service in services}
    assert not HEAVY & set(imported)
    assert ("PIL" in imported) == ("imaging" in LAYERS[package])


def test_the_benchmark_knows_every_function() -> None:
    sources = ROOT / "lambda_src"
    assert set(CLIENTS) == {path.parent.name for path in sources.glob("*/handler.py")}
