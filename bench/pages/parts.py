"""Pieces that the pages share."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from bench.measure import RESULTS, BenchError

MADE: Final = "<!-- Made by `make bench-docs` from bench/results. Edit bench/pages, not this. -->"


def result(name: str) -> dict[str, Any]:
    """A benchmark's result.

    Raises:
        BenchError: it was never run.
    """
    path = RESULTS / f"{name}.json"
    if not path.exists():
        raise BenchError(f"{path} is missing: run make bench")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; the first column is text, the others are numbers."""
    lines = [f"| {' | '.join(heads)} |", f"|---|{'---:|' * (len(heads) - 1)}"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in rows]
    return "\n".join(lines)


def taken(found: dict[str, Any]) -> str:
    """When and where a result was taken."""
    load = f", load {found['loadBefore']} before" if "loadBefore" in found else ""
    return (
        f"Taken {found['date'][:16].replace('T', ' ')} UTC on {found['cpuCount']} cores "
        f"({found['machine']}, Python {found['python']}){load}."
    )


def targets(found: dict[str, Any]) -> str:
    """A result's targets as a table."""
    rows = [
        (
            f"{row['id']}: {row['what']}",
            *(f"{row[name]:.4g}{row['unit']}" for name in ("value", "goal", "floor")),
            "**below the floor**" if row["verdict"] == "below" else row["verdict"],
        )
        for row in found["targets"]
    ]
    return table(("target", "measured", "goal", "floor", "holds"), rows)


def chart(name: str, title: str) -> str:
    """A reference to a chart beside the page."""
    return f"![{title}](charts/{name}.svg)"
