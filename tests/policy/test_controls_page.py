"""The controls table says what the rules say, and points at things that exist."""

from __future__ import annotations

import re

import pytest

from local.controls import BEYOND_RULES, PAGE, page
from policy.rules.not_applicable import NOT_APPLICABLE
from tests.infra.harness import ROOT

DOCS = (PAGE, ROOT / "docs/threat-model.md")


def test_the_page_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "rules changed: make controls"


@pytest.mark.parametrize("control", BEYOND_RULES, ids=lambda control: control[0])
def test_a_control_is_where_it_says_and_is_proven(control: tuple[str, str, str, str]) -> None:
    _, _, where, proof = control
    file, _, test = proof.partition("::")

    assert (ROOT / where).exists()
    assert f"def {test}" in (ROOT / file).read_text(encoding="utf-8")


@pytest.mark.parametrize("path", DOCS, ids=lambda path: path.name)
def test_pages_name_tests_and_rules_that_exist(path: object) -> None:
    text = (ROOT / str(path)).read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:tests|requirements|policy)/[\w./-]+)`", text))
    rules = {rule for line in re.findall(r"rules? ((?:`[a-z0-9-]+`(?:, )?)+)", text)
             for rule in re.findall(r"`([a-z0-9-]+)`", line)}  # fmt: skip

    assert files
    assert [name for name in files if not (ROOT / name).exists()] == []
    assert [rule for rule in rules if f"`{rule}`" not in page()] == []


def test_whatever_does_not_apply_has_its_reason() -> None:
    for one in NOT_APPLICABLE:
        assert len(one.reason) > 20, one.controls
