"""All rules, and the policies that the engine runs for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from pulumi_policy import (
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policy.rules import buckets, compute, keys_and_secrets, messages, permissions, platform
from policy.rules.exceptions import EXCEPTIONS
from policy.rules.model import Item, Rule, Stack

PACK_NAME: Final = "toq-media"

RULES: Final[tuple[Rule, ...]] = (
    *platform.RULES,
    *keys_and_secrets.RULES,
    *buckets.RULES,
    *messages.RULES,
    *permissions.RULES,
    *compute.RULES,
)


def violations(rule: Rule, stack: Stack) -> Iterator[tuple[Item, str]]:
    """Problems of a stack that no exception excuses."""
    if rule.across:
        found = rule.across(stack)
    else:
        assert rule.on
        found = (
            (item, problem)
            for item in stack.items
            if rule.applies(item)
            for problem in rule.on(item)
        )
    for item, problem in found:
        if (rule.id, item.name) not in EXCEPTIONS:
            yield item, problem


def policies() -> list[Policy]:
    """One policy a rule, in the form that the engine asks."""
    return [_policy(rule) for rule in RULES]


def _policy(rule: Rule) -> Policy:
    facts: dict[str, Any] = {
        "name": rule.id,
        "description": f"{rule.holds}.",
        "severity": rule.severity,
        "remediation_steps": f"{rule.remedy[0].upper()}{rule.remedy[1:]}.",
        "tags": list(rule.controls) or None,
    }
    if rule.across:

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            for item, problem in violations(rule, Stack([_item(one) for one in args.resources])):
                report(rule.message(problem), item.urn)

        return StackValidationPolicy(validate=validate_stack, **facts)

    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        for _, problem in violations(rule, Stack([_item(args)])):
            report(rule.message(problem), args.urn)

    return ResourceValidationPolicy(validate=validate, **facts)


def _item(given: ResourceValidationArgs | PolicyResource) -> Item:
    return Item(
        urn=given.urn,
        type=given.resource_type,
        name=given.name,
        props=given.props,
        protect=given.opts.protect,
        provider=given.provider.name if given.provider else "",
    )
