"""The runbook speaks of this program: its alarms, its codes, and commands that exist."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from components.naming import Names
from components.observability.alarms import alarm_specs
from ops.__main__ import main
from ops.parser import parser
from toq_media.errors import ErrorCode

RUNBOOK = Path("docs/runbook.md").read_text()
HEADINGS = Counter(re.findall(r"^### (.+)$", RUNBOOK, re.MULTILINE))
FUNCTIONS = ("dispatch", "validate", "thumbnails", "zip", "consolidate", "callback-dispatch")
_AWS_GLOBAL = {"--output", "--profile", "--query", "--region"}


def fenced(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", RUNBOOK, re.MULTILINE | re.DOTALL)


def lines() -> Iterator[str]:
    for block in fenced("sh"):
        yield from block.splitlines()


COMMANDS = sorted(set(lines()))
OPS = [line for line in COMMANDS if line.startswith("python -m ops ")]
AWS = [line for line in COMMANDS if line.startswith("aws ")]
MAKE = [line for line in COMMANDS if line.startswith("make ")]


def kinds() -> list[str]:
    names = Names(
        account_id="123456789012", region="us-east-1", environment="test", media_bucket="media"
    )
    return [spec.kind for spec in alarm_specs(names, dict.fromkeys(FUNCTIONS, 60))]


@pytest.mark.parametrize("kind", kinds())
def test_each_alarm_has_one_section_that_says_all_four_things(kind: str) -> None:
    assert HEADINGS[kind] == 1, "the alarm's description links to this heading"
    section = RUNBOOK.split(f"\n### {kind}\n")[1].split("\n##")[0]
    for part in ("Means", "Look", "Fix", "Verify"):
        assert section.count(f"**{part}:**") == 1


def test_no_section_is_about_an_alarm_that_is_no_more() -> None:
    section = RUNBOOK.split("\n## Alarms\n")[1].split("\n## ")[0]
    assert re.findall(r"^### (.+)$", section, re.MULTILINE) == kinds()


def test_each_error_code_is_described_once() -> None:
    described = re.findall(r"^\| `([A-Z_]+)` \|", RUNBOOK, re.MULTILINE)
    assert sorted(described) == sorted(ErrorCode)


def test_links_lead_somewhere() -> None:
    anchors = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", RUNBOOK, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= anchors


def test_every_command_is_of_a_kind_that_is_checked() -> None:
    assert set(COMMANDS) == {*OPS, *AWS, *MAKE}
    assert OPS


@pytest.mark.parametrize("line", [line for line in OPS if "--help" not in line])
def test_the_operators_commands_are_accepted(line: str) -> None:
    given = parser().parse_args(shlex.split(line)[3:])
    assert given.stack == "staging"


@pytest.mark.parametrize("line", [line for line in OPS if "--help" in line])
def test_what_needs_no_aws_is_run(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(shlex.split(line)[3:])
    assert end.value.code == 0
    assert "dry run" in capsys.readouterr().out


@pytest.mark.parametrize("line", AWS)
def test_aws_knows_its_commands(line: str) -> None:
    service, operation, *options = shlex.split(line)[1:]
    model = botocore.session.get_session().get_service_model(service)
    by_command = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(by_command[operation]).input_shape
    members = shape.members if shape else {}
    known = _AWS_GLOBAL | {f"--{xform_name(member, '-')}" for member in members}
    assert {option for option in options if option.startswith("--")} <= known


@pytest.mark.parametrize("line", MAKE)
def test_make_knows_its_targets(line: str) -> None:
    target, *variables = shlex.split(line)[1:]
    assert re.search(rf"^{target}:", Path("Makefile").read_text(), re.MULTILINE)
    for variable in variables:
        name, _, value = variable.partition("=")
        assert name == "ARGS"
        parser().parse_args(shlex.split(value))
