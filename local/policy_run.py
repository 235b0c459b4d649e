"""`make policy STACK=staging`: the policy pack over a stack's recorded program, offline.

Exit code 0 when nothing mandatory is violated, 1 when something is, 2 for what its user can mend.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from components.functions.bundle import ROOT
from components.settings import SettingsError
from components.stack_config import StackConfigError
from local.analyzer import Analysis, analyze, worst_first
from local.errors import LocalCloudError
from local.program import PROJECT
from local.recorder import RecordingError, record_stack
from local.sarif import sarif
from policy.rules import RULES

PACK: Final = ROOT / "policy"
VIOLATED: Final = 1
BAD_INPUT: Final = 2


def main(arguments: list[str] | None = None, *, root: Path = ROOT) -> int:
    """Run the command for the program in `root`; its exit code."""
    options = _parser().parse_args(arguments)
    try:
        program = record_stack(options.stack, root=root)
        analysis = analyze(program, pack=PACK, stack=options.stack, project=PROJECT)
    except (LocalCloudError, SettingsError, StackConfigError, RecordingError) as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT
    if options.sarif:
        files = {rule.id: rule.enforced_in for rule in RULES}
        log = sarif(analysis, stack=options.stack, files=files)
        options.sarif.parent.mkdir(parents=True, exist_ok=True)
        options.sarif.write_text(json.dumps(log, indent=2) + "\n", encoding="utf-8")
    if options.json:
        print(json.dumps(_summary(analysis, options.stack), indent=2))
    else:
        _show(analysis, options.stack, Console())
    return VIOLATED if analysis.mandatory else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.policy_run", description=__doc__)
    parser.add_argument("--stack", default="staging")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--sarif", type=Path, metavar="FILE", help="write SARIF 2.1.0 to FILE too")
    return parser


def _summary(analysis: Analysis, stack: str) -> dict[str, object]:
    return {
        "stack": stack,
        "pack": analysis.pack,
        "policies": len(analysis.policies),
        "resources": analysis.resources,
        "mandatory": len(analysis.mandatory),
        "violations": [asdict(item) for item in worst_first(analysis.violations)],
    }


def _show(analysis: Analysis, stack: str, console: Console) -> None:
    console.print(
        f"{stack}: {len(analysis.policies)} policies over {analysis.resources} resources, "
        f"{len(analysis.violations)} violations ({len(analysis.mandatory)} mandatory)"
    )
    if not analysis.violations:
        return
    table = Table("severity", "resource", "violation")
    for item in worst_first(analysis.violations):
        table.add_row(item.severity, item.resource, item.message)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
