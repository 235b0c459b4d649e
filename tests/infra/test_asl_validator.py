"""A second linter of the state machines, where Node and asl-validator are installed."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.infra.harness import record_stack

COMMAND = shutil.which("asl-validator")
pytestmark = pytest.mark.skipif(
    COMMAND is None, reason="asl-validator is not installed: npm install -g asl-validator@4.0.0"
)


def validate(definition: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "machine.json"
    path.write_text(definition, encoding="utf-8")
    assert COMMAND
    return subprocess.run(
        [COMMAND, "--json-path", str(path)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("machine", ["processing", "finalization"])
def test_asl_validator_finds_nothing(machine: str, tmp_path: Path) -> None:
    found = record_stack("staging").one(
        "aws:sfn/stateMachine:StateMachine", f"workflow-{machine}-machine"
    )
    done = validate(found.inputs["definition"], tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr


def test_asl_validator_would_find_something(tmp_path: Path) -> None:
    bad = {"StartAt": "x", "States": {"a": {"Type": "Pass", "End": True}}}

    assert validate(json.dumps(bad), tmp_path).returncode != 0
