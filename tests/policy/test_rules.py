"""Each rule on the program as it is, and on one changed where the rule looks."""

from __future__ import annotations

import copy

import pytest

from policy.rules import RULES, violations
from policy.rules.exceptions import EXCEPTIONS
from policy.rules.model import Item, Rule, Stack
from tests.infra.harness import ROOT, STACKS, Recorded, record_stack
from tests.policy.changes import CHANGES, Change, having

BY_ID = {rule.id: rule for rule in RULES}


def items(program: Recorded) -> list[Item]:
    return [
        Item(
            urn=one.urn,
            type=one.type,
            name=one.name,
            props=copy.deepcopy(one.inputs),
            protect=one.protect,
            provider=one.provider.split("::")[-2] if one.provider else "",
        )
        for one in program.resources
    ]


def found(rule: Rule, of: list[Item]) -> set[str]:
    return {item.name for item, _ in violations(rule, Stack(of))}


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_violates_a_rule(stack: str) -> None:
    program = items(record_stack(stack))

    assert {rule.id: found(rule, program) for rule in RULES if found(rule, program)} == {}


@pytest.mark.parametrize(("rule", "culprit", "change"), CHANGES)
def test_a_rule_finds_what_it_forbids(rule: str, culprit: str, change: Change) -> None:
    assert culprit in found(BY_ID[rule], change(items(record_stack("staging"))))


def test_every_rule_was_seen_to_fail() -> None:
    assert {rule for rule, _, _ in CHANGES} == set(BY_ID)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_looks_at_something(rule: Rule) -> None:
    absent_on_purpose = {"secret-not-in-state", "iam-no-attached-policies"}
    types = {item.type for item in items(record_stack("staging"))}

    assert (rule.on is None) != (rule.across is None)
    assert rule.id in absent_on_purpose or not rule.types or set(rule.types) & types


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_to_do_and_where(rule: Rule) -> None:
    message = rule.message("something is wrong")

    assert rule.id in message
    assert rule.severity.value in message
    assert rule.remedy in message
    assert not rule.holds.endswith(".")
    assert (ROOT / rule.enforced_in).exists()


def test_ids_are_told_once() -> None:
    assert len(BY_ID) == len(RULES)


@pytest.mark.parametrize(("rule", "name"), EXCEPTIONS)
def test_an_exception_is_needed(rule: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EXCEPTIONS, (rule, name))

    assert found(BY_ID[rule], items(record_stack("staging"))) == {name}


def test_prod_keeps_logs_for_a_year() -> None:
    change = having("functions-zip-logs", retentionInDays=30)

    assert found(BY_ID["logs-expire"], change(items(record_stack("prod")))) == {
        "functions-zip-logs"
    }
