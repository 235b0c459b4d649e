"""Bar charts as SVG: text and rectangles, nothing from elsewhere, readable on light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

WIDTH: Final = 760
_ROW: Final = 26
_TOP: Final = 44
_LABELS: Final = 270
_VALUES: Final = 90
_OURS: Final = "#2563eb"
_OTHERS: Final = "#94a3b8"
_TEXT: Final = "#475569"


def bars(
    title: str, rows: Sequence[tuple[str, float]], *, unit: str, ours: frozenset[str] = frozenset()
) -> str:
    """Horizontal bars from zero, one a row, in the order given.

    Args:
        title: what the bars show.
        rows: label and value of each.
        unit: written after each value.
        ours: labels that stand out.
    """
    longest = max((value for _, value in rows), default=0) or 1
    scale = (WIDTH - _LABELS - _VALUES) / longest
    height = _TOP + _ROW * len(rows) + 10
    lines = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
            f'font-family="system-ui, sans-serif" font-size="13" role="img">'
        ),
        f"<title>{escape(title)}</title>",
        f'<text x="8" y="24" fill="{_TEXT}" font-size="15">{escape(title)}</text>',
    ]
    for number, (label, value) in enumerate(rows):
        y = _TOP + number * _ROW
        length = max(1.0, value * scale)
        colour = _OURS if label in ours else _OTHERS
        lines += [
            (
                f'<text x="{_LABELS - 8}" y="{y + 14}" text-anchor="end" fill="{_TEXT}">'
                f"{escape(label)}</text>"
            ),
            (
                f'<rect x="{_LABELS}" y="{y}" width="{length:.1f}" height="18" rx="2" '
                f'fill="{colour}"/>'
            ),
            f'<text x="{_LABELS + length + 6:.1f}" y="{y + 14}" fill="{_TEXT}">'
            f"{value:,.4g} {escape(unit)}</text>".replace(" </text>", "</text>"),
        ]
    return "\n".join([*lines, "</svg>"]) + "\n"
