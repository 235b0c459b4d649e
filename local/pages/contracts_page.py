"""`docs/contracts.md`: every message and document, from its model and its golden payloads."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any, Final

import msgspec

from toq_media import contracts

GOLDEN: Final = Path(__file__).parents[2] / "tests/agreement/golden"

_SECTIONS: Final = {
    "What the backend sends": ("JobMessage", "FinalizationInput"),
    "What the backend receives": ("ProcessingCallback", "FinalizationCallback"),
    "Between dispatch and the state machine": ("JobRequest", "ProcessingInput"),
    "Between the states": (
        "ValidationResult", "BatchTask", "BatchSummary", "ConsolidateTask", "CallbackTask",
        "FailureTask",
    ),
    "Working files of a job": ("Manifest", "BatchResult"),
}  # fmt: skip

_INTRODUCTION: Final = """\
Every payload that crosses a boundary, with the example that the tests hold it to. Payloads only
grow: a field is never renamed or removed, and readers ignore fields that they do not know.

A callback is posted as it stands in `callback.json`, byte for byte. Its headers are
`X-Toq-Signature` (hex HMAC-SHA256 of the body), `X-Toq-Timestamp`, `X-Toq-Delivery` (the same over
retries) and `traceparent`. A receiver answers 2xx, checks the signature before it believes a word,
and takes a delivery that it knows as done.
"""


class ContractsPageError(Exception):
    """A golden payload has no place on the page; names it."""


def contracts_page() -> str:
    """The whole page.

    Raises:
        ContractsPageError: a golden payload belongs to a model that no section lists.
    """
    listed = {model for models in _SECTIONS.values() for model in models}
    known = {path.stem.split(".")[0] for path in GOLDEN.glob("*.json")}
    if listed != known:
        raise ContractsPageError(
            f"_SECTIONS of {Path(__file__).name} and {GOLDEN.name}/ differ by "
            f"{', '.join(sorted(listed ^ known))}"
        )
    parts = ["# Contracts", _INTRODUCTION.rstrip()]
    for title, models in _SECTIONS.items():
        parts.append(f"## {title}")
        for model in models:
            parts += _model_section(model)
    return "\n\n".join(parts) + "\n"


def _model_section(name: str) -> list[str]:
    model = getattr(contracts, name)
    schema, others = msgspec.json.schema_components([model], ref_template="{name}")
    parts = [f"### {name}", _meaning(model), _fields(others[schema[0]["$ref"]])]
    inner = sorted(others.keys() - {schema[0]["$ref"]})
    for other in inner:
        parts += [f"Its `{other}`: {_meaning(getattr(contracts, other))}"]
        parts += [_fields(others[other])]
    for path in sorted(GOLDEN.glob(f"{name}*.json"), key=lambda path: len(path.name)):
        if path.stem.split(".")[0] == name:
            variant = path.stem.partition(".")[2].replace("_", " ")
            title = f'"{variant}"' if variant else '"example"'
            parts.append(f"```json title={title}\n{path.read_text(encoding='utf-8').strip()}\n```")
    return parts


def _meaning(model: type) -> str:
    """A model's docstring; where the ordering document says it is for those who read the code."""
    return re.sub(r" \(contract [^)]+\)", "", inspect.getdoc(model) or "")


def _fields(schema: dict[str, Any]) -> str:
    required = set(schema.get("required", []))
    rows = ["| field | type | required |", "|---|---|---|"]
    for name, field in schema["properties"].items():
        rows.append(f"| `{name}` | {_type(field)} | {'yes' if name in required else 'no'} |")
    return "\n".join(rows)


def _type(field: dict[str, Any]) -> str:
    """A field's JSON type with its bounds, in words."""
    if "$ref" in field:
        return f"`{field['$ref']}`"
    if "anyOf" in field:
        return " or ".join(_type(item) for item in field["anyOf"])
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if field.get("type") == "array":
        return f"array of {_type(field['items'])}" if field.get("items") else "array"
    if isinstance(field.get("additionalProperties"), dict):
        return f"object of {_type(field['additionalProperties'])}"
    return f"{field.get('type', 'any')}{_bounds(field)}"


def _bounds(field: dict[str, Any]) -> str:
    least = field.get("minimum", field.get("minLength"))
    most = field.get("maximum", field.get("maxLength"))
    unit = " characters" if "maxLength" in field else ""
    if least is None or most is None:
        return ""
    return f", {least:,} to {most:,}{unit}"
