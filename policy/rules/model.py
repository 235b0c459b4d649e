"""What a rule is, and what it sees of a resource; nothing here depends on how the pack is run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pulumi_policy import Severity

PROTECTED_ENVIRONMENTS = frozenset({"staging", "prod"})
"""Environments whose data would be missed."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """One resource as the engine hands it to a policy."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any]
    protect: bool
    provider: str
    """Logical name of its provider; empty when none is known."""

    @property
    def environment(self) -> str:
        """Stack of the resource: `urn:pulumi:<stack>::...`."""
        return self.urn.removeprefix("urn:pulumi:").split("::", maxsplit=1)[0]


class Stack:
    """All resources of a stack, with the look-ups that rules on companions need."""

    def __init__(self, items: Sequence[Item]) -> None:
        self.items = items

    def of(self, *types: str) -> list[Item]:
        """Resources of some types."""
        return [item for item in self.items if item.type in types]

    def companion(self, type_: str, key: str, value: object) -> Item | None:
        """The resource of a type whose input `key` is that value."""
        return next((item for item in self.of(type_) if item.props.get(key) == value), None)


ItemCheck = Callable[[Item], Iterator[str]]
StackCheck = Callable[[Stack], Iterator[tuple[Item, str]]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that must hold; exactly one of `on` and `across` checks it.

    Attributes:
        id: name of the policy.
        holds: what must hold, as a sentence without its full stop.
        severity: how bad a violation is.
        remedy: what to do about one.
        controls: ids of the catalogues that ask for it: AWS Foundational Security Best Practices
            (`S3.8`), CIS, cdk-nag (`AwsSolutions-`), checkov (`CKV_`).
        enforced_in: file of the program that makes it hold.
        types: resources that `on` is asked about; empty for every AWS resource.
        on: problems of one resource.
        across: problems that show only between resources.
    """

    id: str
    holds: str
    severity: Severity
    remedy: str
    controls: tuple[str, ...] = ()
    enforced_in: str
    types: tuple[str, ...] = ()
    on: ItemCheck | None = None
    across: StackCheck | None = None

    def message(self, problem: str) -> str:
        """What a person reads: id, severity, problem, remedy."""
        return f"[{self.id}, {self.severity.value}] {problem}. Remedy: {self.remedy}."

    def applies(self, item: Item) -> bool:
        """Whether `on` is asked about a resource."""
        return item.type in self.types if self.types else item.type.startswith("aws:")
