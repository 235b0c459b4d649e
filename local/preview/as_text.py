"""A preview for the terminal."""

from __future__ import annotations

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import yaml

from local.preview.difference import ABSENT, Change, Difference
from local.preview.snapshot import Snapshot, View

_WIDTH = 100


def tree(snapshot: Snapshot) -> str:
    """Every resource under its component, with its properties."""
    children: dict[str, list[View]] = defaultdict(list)
    known = {view.urn for view in snapshot.resources}
    for view in snapshot.resources:
        children[view.parent if view.parent in known else ""].append(view)

    def lines(parent: str, depth: int) -> Iterator[str]:
        for view in children[parent]:
            yield textwrap.indent(f"{view.type} {view.name}\n{facts(view)}", "  " * depth)
            yield from lines(view.urn, depth + 1)

    heading = f"stack {snapshot.stack}: {len(snapshot.resources)} resources\n"
    exports = f"outputs\n{_yaml(snapshot.exports)}"
    return "\n".join([heading, *(text.rstrip() for text in lines("", 0)), exports])


def comparison(snapshot: Snapshot, base: str, difference: Difference) -> str:
    """What is added, changed and removed against a base."""
    blocks = [f"stack {snapshot.stack} against {base}: {counts(difference)}"]
    blocks += [f"+ {view.type} {view.name}\n{facts(view)}" for view in difference.added]
    for item in difference.changed:
        changes = "\n".join(f"    {_arrow(change)}" for change in item.changes)
        blocks.append(f"~ {item.view.type} {item.view.name}\n{changes}")
    blocks += [f"- {view.type} {view.name}{removal_note(view)}" for view in difference.removed]
    if difference.exports:
        changes = "\n".join(f"    {_arrow(change)}" for change in difference.exports)
        blocks.append(f"~ outputs\n{changes}")
    return "\n".join(block.rstrip() for block in blocks) + "\n"


def counts(difference: Difference) -> str:
    """`2 added, 1 changed, 0 removed, 103 unchanged`."""
    return (
        f"{len(difference.added)} added, {len(difference.changed)} changed, "
        f"{len(difference.removed)} removed, {difference.unchanged} unchanged"
    )


def removal_note(view: View) -> str:
    """What stands against a removal, or nothing."""
    if view.options.get("protect"):
        return "  (protected: the update fails until the protection is lifted)"
    return ""


def facts(view: View) -> str:
    """Properties and options of a resource as YAML."""
    shown = {**view.properties, **{f"({key})": value for key, value in view.options.items()}}
    return _yaml(shown) if shown else ""


def value_text(value: Any) -> str:
    """A property's value on one line."""
    return "(not set)" if value is ABSENT else json.dumps(value, ensure_ascii=False)


def _arrow(change: Change) -> str:
    return f"{change.path}: {value_text(change.before)} -> {value_text(change.after)}"


def _yaml(tree: Any) -> str:
    text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return textwrap.indent(text, "    ")
