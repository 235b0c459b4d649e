"""Stands in front of a function's handler and lets it fail as planned.

It is copied into the function's archive, so it imports the standard library only.
"""

from __future__ import annotations

import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

_SETUP = json.loads(Path(__file__).with_suffix(".json").read_text())
_FOLDER = Path(_SETUP["folder"])
_EXIT_CODE = 70
_OVER_THE_STATE_LIMIT = 300_000


def handler(event: Any, context: Any) -> Any:
    """Do what the first plan for this event says, else what the function does."""
    act = _planned(json.dumps(event))
    if act == "exit":
        os._exit(_EXIT_CODE)
    if act == "hang":
        time.sleep(3600)
    result = _function()(event, context)
    if act == "exit-after":
        os._exit(_EXIT_CODE)
    if act == "bloat":
        return {**result, "padding": "x" * _OVER_THE_STATE_LIMIT}
    return result


def _function() -> Any:
    module, _, name = _SETUP["handler"].rpartition(".")
    return getattr(importlib.import_module(module), name)


def _planned(text: str) -> str:
    for path in sorted(_FOLDER.glob("*.json")):
        try:
            plan = json.loads(path.read_text())
        except (OSError, ValueError):
            continue  # taken away, or being written, in this very moment
        if plan["match"] in text and _strikes(path, plan["times"]):
            return str(plan["act"])
    return ""


def _strikes(path: Path, times: int) -> bool:
    """Take one of the plan's strikes; creating a file is atomic over all processes."""
    if times < 0:
        return True
    for number in range(times):
        try:
            path.with_suffix(f".strike-{number}").touch(exist_ok=False)
        except FileExistsError:
            continue
        return True
    return False
