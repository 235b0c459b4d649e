"""Reading policy documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policy.rules.model import Item

Statement = dict[str, Any]
SECURE_TRANSPORT = {"Bool": {"aws:SecureTransport": "false"}}


def statements(text: object) -> list[Statement]:
    """Statements of a document given as JSON; none where there is no document."""
    if not isinstance(text, str):
        return []
    found = json.loads(text)["Statement"]
    return found if isinstance(found, list) else [found]


def listed(value: object) -> list[Any]:
    """A value that IAM takes alone or in a list, as a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def principals(statement: Statement) -> list[str]:
    """Principals of a statement, without their kind."""
    principal = statement.get("Principal", {})
    if isinstance(principal, str):
        return [principal]
    return [one for kind in principal.values() for one in listed(kind)]


def open_to_all(document: object) -> list[str]:
    """Sids of statements that let everyone in without a condition."""
    return [
        statement.get("Sid", "?")
        for statement in statements(document)
        if statement["Effect"] == "Allow"
        and "*" in principals(statement)
        and not statement.get("Condition")
    ]


def denies_plain_http(document: object, action: str, resources: set[str]) -> bool:
    """Whether everyone is denied `action` on all of `resources` without TLS."""
    return any(
        statement["Effect"] == "Deny"
        and principals(statement) == ["*"]
        and action in listed(statement["Action"])
        and resources <= set(listed(statement["Resource"]))
        and statement.get("Condition") == SECURE_TRANSPORT
        for statement in statements(document)
    )


def services_without_source(document: object, spared: set[str]) -> Iterator[str]:
    """Service principals that another account could borrow (confused deputy)."""
    for statement in statements(document):
        keys = {key.lower() for test in statement.get("Condition", {}).values() for key in test}
        if statement["Effect"] != "Allow" or keys & {
            "aws:sourceaccount",
            "aws:sourcearn",
            "kms:encryptioncontext:aws:logs:arn",
        }:
            continue
        for principal in principals(statement):
            if principal.endswith(".amazonaws.com") and principal not in spared:
                yield principal


def grants(item: Item) -> Iterator[Statement]:
    """Allow statements of an inline role policy."""
    for statement in statements(item.props.get("policy")):
        if statement["Effect"] == "Allow":
            yield statement
