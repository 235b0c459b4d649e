"""Goals, and the floors that even a noisy machine must reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, kw_only=True)
class Target:
    """One measured value against its goal and floor; `at_least` says which side is good."""

    id: str
    what: str
    value: float
    goal: float
    floor: float
    at_least: bool = True
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Goal, floor or below."""
        if self._reaches(self.goal):
            return "goal"
        return "floor" if self._reaches(self.floor) else "below"

    def _reaches(self, limit: float) -> bool:
        return self.value >= limit if self.at_least else self.value <= limit


def print_targets(targets: Sequence[Target], console: Console) -> None:
    """A row per target, the missed ones in red."""
    table = Table("", "what", "measured", "goal", "floor", "", title="Targets")
    colours = {"goal": "green", "floor": "yellow", "below": "bold red"}
    for target in targets:
        numbers = (f"{n:.4g}{target.unit}" for n in (target.value, target.goal, target.floor))
        verdict = f"[{colours[target.verdict]}]{target.verdict}[/]"
        table.add_row(target.id, target.what, *numbers, verdict)
    console.print(table)


def as_rows(targets: Sequence[Target]) -> list[dict[str, Any]]:
    """Targets as they are kept with the results."""
    return [asdict(target) | {"verdict": target.verdict} for target in targets]
