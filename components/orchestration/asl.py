"""Strict rendering of state machine definitions.

Definitions are JSON files with `${snake_case}` placeholders. They are filled in after parsing, so a
value can never break the JSON, and JSONPath (`$.x`, `$$.Execution.Id`) is left alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

DEFINITIONS: Final = Path(__file__).parent / "definitions"

_PLACEHOLDER = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")


class DefinitionError(Exception):
    """A definition and its values do not fit; names the placeholders."""


def render(definition: str, values: Mapping[str, str | int]) -> str:
    """A definition as JSON, all placeholders replaced.

    Args:
        definition: name of the file, `processing` for `definitions/processing.asl.json`.
        values: by placeholder. A string that is nothing but a placeholder becomes the value with
            its type, so that `"${timeout}"` can become a number.

    Raises:
        DefinitionError: a placeholder has no value, or a value has no placeholder.
    """
    path = DEFINITIONS / f"{definition}.asl.json"
    tree = json.loads(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    rendered = _fill(tree, values, found)
    missing, unused = sorted(found - values.keys()), sorted(values.keys() - found)
    if missing:
        raise DefinitionError(f"{path.name}: no value for {', '.join(missing)}")
    if unused:
        raise DefinitionError(f"{path.name}: no placeholder for {', '.join(unused)}")
    return json.dumps(rendered, indent=2)


def placeholders(definition: str) -> set[str]:
    """Names of a definition's placeholders."""
    text = (DEFINITIONS / f"{definition}.asl.json").read_text(encoding="utf-8")
    return set(_PLACEHOLDER.findall(text))


def _fill(node: Any, values: Mapping[str, str | int], found: set[str]) -> Any:
    if isinstance(node, dict):
        return {key: _fill(value, values, found) for key, value in node.items()}
    if isinstance(node, list):
        return [_fill(item, values, found) for item in node]
    if not isinstance(node, str):
        return node
    names = _PLACEHOLDER.findall(node)
    found.update(names)
    whole = _PLACEHOLDER.fullmatch(node)
    if whole:
        return values.get(whole[1], node)
    return _PLACEHOLDER.sub(lambda match: str(values.get(match[1], match[0])), node)
