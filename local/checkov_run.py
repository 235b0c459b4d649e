"""`make checkov STACK=staging`: an independent judge over the stack's Terraform plan.

Findings are compared with `policy/rules/not_applicable.py`: exit code 1 for one that has no reason
there, and for a reason that excuses nothing any more.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

from local import terraform_plan
from local.recorder import Recorded, record_stack
from policy.rules.not_applicable import NOT_APPLICABLE, NotApplicable

_TIME_LIMIT_SECONDS: Final = 300


def main(arguments: list[str] | None = None) -> int:
    """Run checkov; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.checkov_run", description=__doc__)
    parser.add_argument("--stack", default="staging")
    parser.add_argument("--checkov", required=True, help="checkov's command")
    options = parser.parse_args(arguments)
    program = record_stack(options.stack, answer=terraform_plan.as_terraform)
    report = _checkov(options.checkov, program)
    unexcused, idle = judge(report, program)
    for line in (*unexcused, *(f"excuses nothing: {', '.join(one.controls)}" for one in idle)):
        print(line)
    passed = report["summary"]["passed"]
    print(f"{options.stack}: {passed} checks passed, {len(unexcused)} findings without a reason")
    return 1 if unexcused or idle else 0


def judge(report: dict[str, Any], program: Recorded) -> tuple[list[str], list[NotApplicable]]:
    """Findings without a reason, and reasons of checkov's that excuse no finding."""
    names = {terraform_plan.label(item.name): item.name for item in program.custom}
    findings = [
        (found["check_id"], found["check_name"], names[found["resource"].partition(".")[2]])
        for found in report["results"]["failed_checks"]
    ]
    unexcused = [
        f"{check}: {name}: {text}"
        for check, text, name in findings
        if not any(one.covers(check, name) for one in NOT_APPLICABLE)
    ]
    idle = [
        one
        for one in NOT_APPLICABLE
        if any(control.startswith("CKV") for control in one.controls)
        and not any(one.covers(check, name) for check, _, name in findings)
    ]
    return unexcused, idle


def _checkov(command: str, program: Recorded) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="toq-checkov-") as folder:
        plan = Path(folder, "plan.json")
        plan.write_text(json.dumps(terraform_plan.terraform_plan(program)), encoding="utf-8")
        options = ["--framework", "terraform_plan", "--skip-download", "--quiet", "-o", "json"]
        done = subprocess.run(
            [command, "-f", str(plan), *options],
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT_SECONDS,
            check=False,  # it says 1 for every finding; ours are judged here
        )
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"checkov gave no report: {done.stderr.strip() or done.stdout.strip()}")
    return report


if __name__ == "__main__":
    sys.exit(main())
