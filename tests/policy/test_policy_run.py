"""The pack as the engine runs it: its own process, the analyzer protocol, exit codes, SARIF."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from local.analyzer import PolicyPackError, analyze
from local.policy_run import BAD_INPUT, PACK, VIOLATED, main
from policy.rules import PACK_NAME, RULES
from tests.infra.harness import ROOT, Recorded, record_stack

pytestmark = pytest.mark.local


@pytest.fixture
def careless(tmp_path: Path) -> Path:
    """A program whose staging protects nothing."""
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.staging.yaml"):
        shutil.copy(ROOT / name, tmp_path / name)
    stack = tmp_path / "Pulumi.staging.yaml"
    stack.write_text(f"{stack.read_text()}  toq-media:protectResources: false\n")
    return tmp_path


def test_the_pack_serves_every_rule_and_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "prod", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)

    assert (said["pack"], said["policies"]) == (PACK_NAME, len(RULES))
    assert said["resources"] == len(record_stack("prod").resources)
    assert said["violations"] == []


def test_violations_end_in_exit_code_1_and_sarif(
    careless: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "out/policy.sarif"
    assert main(["--json", "--sarif", str(report)], root=careless) == VIOLATED
    said = json.loads(capsys.readouterr().out)
    run = json.loads(report.read_text())["runs"][0]

    assert said["mandatory"] == len(said["violations"]) == len(run["results"])
    names = {item["resource"] for item in said["violations"]}
    assert {"encryption-key", "storage-media-bucket", "messaging-queue"} <= names
    assert {item["policy"] for item in said["violations"]} == {"stateful-protected"}
    assert "set protectResources" in said["violations"][0]["message"]
    for result in run["results"]:
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert (ROOT / place).exists()
        assert result["level"] == "error"


def test_people_get_a_table(careless: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([], root=careless) == VIOLATED

    assert "high" in capsys.readouterr().out


def test_rules_across_resources_are_asked_over_the_protocol() -> None:
    whole = record_stack("staging")
    resources = [r for r in whole.resources if r.name != "storage-media-public-access-block"]
    open_queue = [
        replace(r, inputs={k: v for k, v in r.inputs.items() if k != "kmsMasterKeyId"})
        if r.name == "messaging-queue"
        else r
        for r in resources
    ]
    analysis = analyze(
        Recorded(resources=open_queue), pack=PACK, stack="staging", project="toq-media"
    )

    assert {(v.policy, v.resource, v.severity) for v in analysis.violations} == {
        ("s3-public-access-blocked", "storage-media-bucket", "critical"),
        ("sqs-sealed", "messaging-queue", "high"),
    }


def test_an_unknown_stack_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--stack", "nope"]) == BAD_INPUT
    assert "Pulumi.nope.yaml does not exist" in capsys.readouterr().err


def test_a_pack_that_does_not_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text("raise SystemExit('no rules today')")

    with pytest.raises(PolicyPackError, match="no rules today"):
        analyze(record_stack("staging"), pack=tmp_path, stack="staging", project="toq-media")
