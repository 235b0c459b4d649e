"""A stack's configuration as the Pulumi CLI would hand it to the program.

Types and defaults in `Pulumi.yaml` and the values in `Pulumi.<stack>.yaml` are joined by the CLI,
not by the SDK. Whoever runs the program without the CLI (tests, local cloud, offline preview)
does it here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml


class StackConfigError(Exception):
    """A project or stack file is missing or says what the CLI would refuse; names file and key."""


def load_stack_config(root: Path, stack: str) -> dict[str, str]:
    """Configuration of a stack, for `pulumi.runtime.set_all_config`.

    Args:
        root: folder of `Pulumi.yaml`.
        stack: stack name, as in `Pulumi.<stack>.yaml`.

    Returns:
        Full keys (`toq-media:region`) with values as text; lists and maps as JSON.

    Raises:
        StackConfigError: a file is missing or malformed, a declared key without default has no
            value, or a value is encrypted.
    """
    project_file = root / "Pulumi.yaml"
    stack_file = root / f"Pulumi.{stack}.yaml"
    project = _mapping(project_file)
    namespace = project["name"]
    values: dict[str, str] = {}
    required = set()
    for key, schema in (project.get("config") or {}).items():
        if "default" in schema:
            values[f"{namespace}:{key}"] = _text(schema["default"])
        else:
            required.add(f"{namespace}:{key}")
    for key, value in (_mapping(stack_file).get("config") or {}).items():
        if isinstance(value, dict) and "secure" in value:
            raise StackConfigError(f"{stack_file.name}: {key} is encrypted; only the CLI reads it")
        values[key] = _text(value)
    missing = sorted(required - values.keys())
    if missing:
        raise StackConfigError(f"{stack_file.name}: no value for {', '.join(missing)}")
    return values


def _mapping(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StackConfigError(f"{path.name} does not exist in {path.parent}") from None
    except yaml.YAMLError as error:
        raise StackConfigError(f"{path.name}: {error}") from error
    if not isinstance(content, dict):
        raise StackConfigError(f"{path.name}: must be a mapping")
    return content


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
