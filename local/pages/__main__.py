"""`make docs-generated`: write the generated pages, or with `--check` say which are stale.

Exit code 0 when all are fresh, 1 when `--check` found a stale one.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Final

from components.functions.bundle import ROOT
from local.pages.contracts_page import contracts_page
from local.pages.machine_flow import machine_flow
from local.pages.resource_tree import component_tree, component_wiring, function_table
from local.recorder import record_stack

_STACK: Final = "staging"
_BLOCK = re.compile(r"(<!-- generated: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)


def pages(root: Path = ROOT) -> dict[Path, str]:
    """Every generated page as it should be."""
    program = record_stack(_STACK, root=root)
    blocks = {
        "processing": _diagram(machine_flow("processing")),
        "finalization": _diagram(machine_flow("finalization")),
        "wiring": _diagram(component_wiring(program)),
        "resources": _diagram(component_tree(program)),
        "functions": function_table(program),
    }
    architecture = root / "docs/architecture.md"
    return {
        architecture: filled(architecture.read_text(encoding="utf-8"), blocks),
        root / "docs/contracts.md": contracts_page(),
    }


def filled(text: str, blocks: dict[str, str]) -> str:
    """A page with each `<!-- generated: name -->` block renewed; what people wrote stays.

    Raises:
        KeyError: the page asks for a block that nothing draws.
    """
    return _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]]}\n\n{found[3]}", text)


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.pages", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args(arguments)
    fresh = pages(root)
    stale = [path for path, text in fresh.items() if _text(path) != text]
    if options.check:
        for path in stale:
            print(f"{path.relative_to(root)} is stale: run make docs-generated", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(fresh[path], encoding="utf-8")
        print(f"wrote {path.relative_to(root)}")
    return 0


def _diagram(text: str) -> str:
    return f"```mermaid\n{text}\n```"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    sys.exit(main())
