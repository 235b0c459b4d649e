"""States that an execution enters, counted by walking its definition: no formula to go stale."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DEFINITIONS: Final = Path(__file__).parents[2] / "components/orchestration/definitions"


def entered(machine: str, *, items: Mapping[str, int], nested: bool = True) -> int:
    """States entered by an execution in which nothing fails.

    Args:
        machine: `processing` or `finalization`.
        items: how many items each Map state goes through; a Choice enters a Map only if it has
            some. Every Map of the definition has to be named.
        nested: whether states inside Map and Parallel count.
    """
    path = DEFINITIONS / f"{machine}.asl.json"
    definition = json.loads(path.read_text(encoding="utf-8"))
    return _entered(definition, items, nested=nested)


def _entered(definition: Mapping[str, Any], items: Mapping[str, int], *, nested: bool) -> int:
    states, name, count = definition["States"], definition["StartAt"], 0
    while name:
        state = states[name]
        count += 1
        if nested:
            for branch in state.get("Branches", ()):
                count += _entered(branch, items, nested=True)
            if "ItemProcessor" in state:
                count += items[name] * _entered(state["ItemProcessor"], items, nested=True)
        name = _next(state, items)
    return count


def _next(state: Mapping[str, Any], items: Mapping[str, int]) -> str:
    for choice in state.get("Choices", ()):
        if items.get(choice["Next"], 0):
            return str(choice["Next"])
    return str(state.get("Next") or state.get("Default") or "")
