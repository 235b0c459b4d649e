"""What the program registers for a stack, as plain data without secrets.

Run as a module, it prints a snapshot of the program that comes first on the import path: that is
how another commit's program is looked at, in a process of its own.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from components.functions import bundle
from local.recorder import KEY_ID, Archives, Recorded, Resource, record_stack

MASK: Final = "[secret]"
_UNKNOWN = {KEY_ID: "[key id]", "-AbCdEf": "-[suffix]"}
"""What AWS chooses, as the recorder makes it up."""
_PROVIDER_CREDENTIALS = frozenset({"accessKey", "secretKey", "token"})


@dataclass(frozen=True, kw_only=True)
class View:
    """One resource as a preview shows it.

    Attributes:
        urn: its identity: stack, types of its parents, type and name.
        type: Pulumi's type token.
        name: logical name in the program.
        parent: URN of the component that it is in.
        properties: inputs; JSON documents as trees, secrets masked.
        options: protect, retainOnDelete, import and ignoreChanges, where they are set.
    """

    urn: str
    type: str
    name: str
    parent: str
    properties: dict[str, Any]
    options: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A stack as its program registers it."""

    stack: str
    resources: list[View]
    exports: dict[str, Any]


class DigestedArchives(Archives):
    """Archives named by what would go into them, so that changed sources show in a preview."""

    def function_archive(self, package: str, *, root: Path = bundle.ROOT) -> Path:
        """Path with a digest of the package's sources and the shared ones."""
        sources = root / bundle.SOURCES
        files = sorted(
            path
            for name in (bundle.SHARED_PACKAGE, package)
            for path in (sources / name).rglob("*.py")
        )
        named = [(path.relative_to(sources).as_posix().encode(), path) for path in files]
        digest = _digest(part for name, path in named for part in (name, path.read_bytes()))
        return Path(f"{package}-{digest}.zip")

    def layer_archive(self, layer: str, target: bundle.Target, *, root: Path = bundle.ROOT) -> Path:
        """Path with a digest of the layer's lock."""
        lock = root / "requirements" / bundle.LAYER_LOCKS[layer]
        return Path(f"{layer}-{target}-{_digest([lock.read_bytes()])}.zip")


def take(stack: str) -> Snapshot:
    """Snapshot of a committed stack; raises as `record_stack` does."""
    recorded = record_stack(stack, archives=DigestedArchives())
    return Snapshot(
        stack=stack,
        resources=[_view(resource) for resource in recorded.resources],
        exports=_exports(recorded),
    )


def dump(snapshot: Snapshot) -> dict[str, Any]:
    """The snapshot as JSON-ready builtins."""
    return dataclasses.asdict(snapshot)


def load(data: dict[str, Any]) -> Snapshot:
    """The snapshot that `dump` wrote."""
    return Snapshot(**{**data, "resources": [View(**item) for item in data["resources"]]})


def _view(resource: Resource) -> View:
    hidden = resource.secrets
    if resource.type.startswith("pulumi:providers:"):
        hidden |= _PROVIDER_CREDENTIALS
    options = {
        "protect": resource.protect,
        "retainOnDelete": resource.retain_on_delete,
        "import": resource.import_id,
        "ignoreChanges": list(resource.ignore_changes),
    }
    return View(
        urn=resource.urn,
        type=resource.type,
        name=resource.name,
        parent=resource.parent,
        properties={
            name: MASK if name in hidden else _shown(value)
            for name, value in sorted(resource.inputs.items())
        },
        options={name: value for name, value in options.items() if value},
    )


def _exports(recorded: Recorded) -> dict[str, Any]:
    return {
        name: MASK if name in recorded.secret_exports else _shown(value)
        for name, value in sorted(recorded.exports.items())
    }


def _shown(value: Any) -> Any:
    """A value with the JSON in its texts parsed, and without what only AWS knows."""
    if isinstance(value, dict):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if value.startswith(("{", "[")):
        try:
            return _shown(json.loads(value))
        except ValueError:
            return value  # a filter pattern has braces too
    for invented, placeholder in _UNKNOWN.items():
        value = value.replace(invented, placeholder)
    return value


def _digest(parts: Iterable[bytes]) -> str:
    total = hashlib.sha256()
    for part in parts:
        total.update(len(part).to_bytes(8, "big") + part)
    return total.hexdigest()[:12]


if __name__ == "__main__":
    print(json.dumps(dump(take(sys.argv[1]))))
