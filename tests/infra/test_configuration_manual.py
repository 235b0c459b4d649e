"""docs/configuration.md is what `make docs` would write."""

from __future__ import annotations

import pytest
import yaml

from components.settings import LOG_RETENTION_DAYS
from local.configuration_manual import MANUAL, STACKS, configuration_manual
from tests.infra import harness
from tests.infra.harness import ROOT


def test_the_page_is_fresh() -> None:
    assert (ROOT / MANUAL).read_text(encoding="utf-8") == configuration_manual(), "run: make docs"


def test_every_key_has_its_section() -> None:
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    headings = [
        line.removeprefix("## ")
        for line in configuration_manual().splitlines()
        if line.startswith("## ") and " " not in line.removeprefix("## ")
    ]

    assert headings == list(declared)


def test_the_page_has_every_stack() -> None:
    assert STACKS == harness.STACKS


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("accountId", r"string; **required**; matches `^\d{12}$`"),
        ("functionTarget", "one of `lambda`, `host`"),
        ("dispatchConcurrency", "integer; default `5`; 2 to 1,000"),
        ("corsAllowedOrigins", "list of strings; default `[]`; matches"),
        ("logRetentionDays", ", ".join(map(str, LOG_RETENTION_DAYS))),
    ],
)
def test_a_key_s_limits_are_those_that_are_checked(key: str, says: str) -> None:
    section = configuration_manual().split(f"\n## {key}\n")[1].split("\n## ")[0]

    assert says in section
