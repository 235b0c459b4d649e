"""What differs between two snapshots, property by property."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from local.preview.snapshot import Snapshot, View

_ITEM_NAMES: Final = ("Sid", "id", "Id")
"""Properties that tell items of a list apart, so that an inserted one does not shift the others."""


@dataclass(frozen=True, kw_only=True)
class Absent:
    """Stands where a property is not set."""


ABSENT: Final = Absent()


@dataclass(frozen=True, kw_only=True)
class Change:
    """One property, by its path, before and after; `ABSENT` where it is not set."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, kw_only=True)
class ChangedResource:
    """A resource that both have, and its properties that differ."""

    view: View
    changes: list[Change]


@dataclass(frozen=True, kw_only=True)
class Difference:
    """From one snapshot to another."""

    added: list[View]
    changed: list[ChangedResource]
    removed: list[View]
    unchanged: int
    exports: list[Change]

    @property
    def is_empty(self) -> bool:
        """Whether the two are the same."""
        return not (self.added or self.changed or self.removed or self.exports)


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """What a deployment of `after` does to `before`; what is renamed is both added and removed."""
    old = {view.urn: view for view in before.resources}
    new = {view.urn: view for view in after.resources}
    common = [(old[urn], view) for urn, view in new.items() if urn in old]
    changed = [
        ChangedResource(view=view, changes=changes)
        for former, view in common
        if (changes := _changes(_facts(former), _facts(view)))
    ]
    return Difference(
        added=[view for urn, view in new.items() if urn not in old],
        changed=changed,
        removed=[view for urn, view in old.items() if urn not in new],
        unchanged=len(common) - len(changed),
        exports=_changes(before.exports, after.exports),
    )


def _facts(view: View) -> dict[str, Any]:
    return {**view.properties, **{f"({name})": value for name, value in view.options.items()}}


def _changes(before: dict[str, Any], after: dict[str, Any]) -> list[Change]:
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    return [
        Change(path=path, before=old.get(path, ABSENT), after=new.get(path, ABSENT))
        for path in sorted(old.keys() | new.keys())
        if old.get(path, ABSENT) != new.get(path, ABSENT)
    ]


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Paths of a tree with their values; a list of plain values is one value."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for label, item in zip(_labels(value), value, strict=True):
            yield from _leaves(item, f"{path}[{label}]")
    else:
        yield path, value


def _labels(items: list[dict[str, Any]]) -> list[str]:
    for name in _ITEM_NAMES:
        labels = [str(item[name]) for item in items if name in item]
        if len(set(labels)) == len(items):
            return labels
    return [str(index) for index in range(len(items))]
