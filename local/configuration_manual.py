"""`make docs`: writes docs/configuration.md from what declares and checks the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml

from components.functions.bundle import ROOT
from components.settings import LOG_RETENTION_DAYS, NAMESPACE, StackSettings

MANUAL: Final = Path("docs/configuration.md")
STACKS: Final = ("local", "dev", "staging", "prod")

_HEAD = """\
# Configuration

<!-- Written by `make docs` from Pulumi.yaml, components/settings.py and the stacks' files. -->

Keys of the namespace `{namespace}`, as in `pulumi config set {namespace}:{example} ... -s staging`.
`Pulumi.yaml` declares them, `components/settings.py` checks them before any resource is
registered, and `Pulumi.<stack>.yaml` holds what a stack has different. An unknown key is an error.
No key holds a secret: the callback secret's value is put into Secrets Manager and is in no state.
"""

_STACKS_HEAD = """\
## What the stacks set

Everything else has its default. `dev` and `prod` carry example accounts and hosts.
"""


def configuration_manual(root: Path = ROOT) -> str:
    """The page as it should be."""
    declared = yaml.safe_load((root / "Pulumi.yaml").read_text(encoding="utf-8"))["config"]
    checked = StackSettings.model_json_schema()["properties"]
    parts = [_HEAD.format(namespace=NAMESPACE, example="logLevel")]
    parts += [_key(name, schema, checked[name]) for name, schema in declared.items()]
    parts += [_STACKS_HEAD, *(_stack(root, stack) for stack in STACKS)]
    return "\n".join(parts)


def write_manual(root: Path = ROOT) -> Path:
    """Write the page and return where it is."""
    path = root / MANUAL
    path.write_text(configuration_manual(root), encoding="utf-8")
    return path


def _key(name: str, declared: dict[str, Any], checked: dict[str, Any]) -> str:
    kind = declared["type"]
    if kind == "array":
        kind = f"list of {declared['items']['type']}s"
        checked = checked["contentSchema"]["items"]
    facts = [kind]
    facts += [f"default {_code(declared['default'])}" if "default" in declared else "**required**"]
    facts += _limits(name, checked)
    description = " ".join(declared["description"].split())
    return f"## {name}\n\n{description}\n\n{'; '.join(facts)}\n"


def _limits(name: str, checked: dict[str, Any]) -> Iterator[str]:
    if name == "logRetentionDays":
        yield "one of " + ", ".join(map(str, LOG_RETENTION_DAYS))
    if "enum" in checked:
        yield "one of " + ", ".join(_code(value) for value in checked["enum"])
    if "minimum" in checked:
        yield f"{checked['minimum']:,} to {checked['maximum']:,}"
    if "maxLength" in checked:
        yield f"{checked.get('minLength', 0)} to {checked['maxLength']} characters"
    if "pattern" in checked:
        yield f"matches `{checked['pattern']}`"


def _stack(root: Path, stack: str) -> str:
    path = root / f"Pulumi.{stack}.yaml"
    values = yaml.safe_load(path.read_text(encoding="utf-8"))["config"]
    rows = [
        f"| {key.removeprefix(f'{NAMESPACE}:')} | {_code(value)} |" for key, value in values.items()
    ]
    return "\n".join([f"### {stack}\n", "| key | value |", "|---|---|", *rows, ""])


def _code(value: Any) -> str:
    if value == "":
        return "empty"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


if __name__ == "__main__":
    print(write_manual().relative_to(ROOT))
