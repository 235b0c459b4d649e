"""Violations as SARIF 2.1.0, which code scanning shows next to the code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from local.analyzer import Analysis, PolicyInfo, Violation

_VERSION: Final = "2.1.0"
_SCORES: Final = {"critical": "9.5", "high": "8.0", "medium": "5.0", "low": "2.0"}
"""Severities as the CVSS-like numbers that code scanning sorts by."""


def sarif(analysis: Analysis, *, stack: str, files: Mapping[str, str]) -> dict[str, Any]:
    """A SARIF log with one run.

    Args:
        analysis: what the pack said.
        stack: stack that was looked at.
        files: file of the program that makes each policy hold; where a result is shown.
    """
    rules = [_rule(policy) for policy in analysis.policies]
    index = {policy.name: number for number, policy in enumerate(analysis.policies)}
    return {
        "version": _VERSION,
        "runs": [
            {
                "tool": {"driver": {"name": f"policy pack {analysis.pack}", "rules": rules}},
                "automationDetails": {"id": f"policy/{stack}"},
                "results": [
                    _result(violation, index[violation.policy], files)
                    for violation in analysis.violations
                ],
            }
        ],
    }


def _rule(policy: PolicyInfo) -> dict[str, Any]:
    return {
        "id": policy.name,
        "shortDescription": {"text": policy.description},
        "help": {"text": policy.remedy},
        "properties": {
            "security-severity": _SCORES.get(policy.severity, "0.0"),
            "tags": ["security", *policy.tags],
        },
    }


def _result(violation: Violation, rule: int, files: Mapping[str, str]) -> dict[str, Any]:
    return {
        "ruleId": violation.policy,
        "ruleIndex": rule,
        "level": "error" if violation.level == "mandatory" else "warning",
        "message": {"text": violation.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": files[violation.policy]},
                    "region": {"startLine": 1},
                },
                "logicalLocations": [
                    {"fullyQualifiedName": violation.urn, "name": violation.resource}
                ],
            }
        ],
        "partialFingerprints": {"resource": f"{violation.policy}/{violation.urn}"},
    }
