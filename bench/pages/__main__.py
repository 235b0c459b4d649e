"""`python -m bench.pages`: write the pages; with `--check`, exit 1 if one is not up to date."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from bench.pages.cost import cost_pages
from bench.pages.performance import performance_pages
from bench.pages.scale import scale_pages

DOCS: Final = Path(__file__).parents[2] / "docs"


def rendered() -> dict[str, str]:
    """Every page and chart by its path under docs/."""
    return performance_pages() | cost_pages() | scale_pages()


def outdated(docs: Path = DOCS) -> list[str]:
    """Paths whose file is missing or says something else than the results."""
    return [
        name
        for name, content in rendered().items()
        if not (docs / name).exists() or (docs / name).read_text(encoding="utf-8") != content
    ]


def main(arguments: list[str]) -> int:
    """Write, or check."""
    if "--check" in arguments:
        stale = outdated()
        for name in stale:
            sys.stderr.write(f"docs/{name} is out of date: run make bench-docs\n")
        return int(bool(stale))
    for name, content in rendered().items():
        path = DOCS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
