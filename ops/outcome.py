"""What a command found or did, shown as tables or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]

_EMPTY = "-"
_ANY_WIDTH = 10_000


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Answer of a command.

    Attributes:
        title: What it is about.
        facts: Single values.
        tables: Rows by heading; all rows of a table have the same columns.
        done: Whether a change was made; None where the command changes nothing.
        exit_code: 0, or 1 when something is not as it should be.
    """

    title: str
    facts: Row = field(default_factory=dict)
    tables: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    done: bool | None = None
    exit_code: int = 0

    def as_json(self) -> str:
        """One JSON document."""
        changed = {} if self.done is None else {"done": self.done}
        document = {"title": self.title, **changed, **self.facts, **self.tables}
        return json.dumps(document, indent=2, ensure_ascii=False)

    def show(self, console: Console) -> None:
        """Facts line by line, then the tables that have rows."""
        console.print(f"[bold]{escape(self.title)}[/]", highlight=False)
        for name, value in self.facts.items():
            console.print(f"  {name}: {escape(_text(value))}", highlight=False, soft_wrap=True)
        for heading, rows in self.tables.items():
            if rows:
                _show_rows(console, heading, rows)
        if self.done is False:
            console.print("[yellow]dry run: nothing was changed; repeat with --yes[/]")


def _show_rows(console: Console, heading: str, rows: Sequence[Row]) -> None:
    """A table; where it would not fit, one block a row without what is empty."""
    table = Table(*rows[0], title=heading, title_justify="left")
    for row in rows:
        table.add_row(*(escape(_text(value)) for value in row.values()))
    if console.measure(table, options=console.options.update(max_width=_ANY_WIDTH)).maximum <= (
        console.width
    ):
        console.print(table)
        return
    console.print(f"[bold]{heading}[/] ({len(rows)})", highlight=False)
    for row in rows:
        filled = [(name, _text(value)) for name, value in row.items() if _text(value) != _EMPTY]
        for place, (name, text) in enumerate(filled):
            mark = "-" if place == 0 else " "
            line = f"  {mark} {name}: {escape(text)}"
            console.print(line, highlight=False, soft_wrap=True)


def _text(value: object) -> str:
    if value is None or value == "":
        return _EMPTY
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_text, value)) or _EMPTY
    return str(value)
