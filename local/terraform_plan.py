"""A stack as a Terraform plan, for tools that read nothing else (checkov).

The program's resources are those of the Terraform provider that pulumi-aws wraps: only names are
written otherwise, and single blocks are lists of one.
"""

from __future__ import annotations

import re
from typing import Any, Final

from local.recorder import Recorded, as_aws

_RENAMED: Final = {
    "rules": "rule",
    "transitions": "transition",
    "cors_rules": "cors_rule",
    "code": "filename",
}
_TYPES: Final = {"mediaconvert": "media_convert"}
_MAPS: Final = {"tags", "variables"}


def terraform_plan(program: Recorded) -> dict[str, Any]:
    """A plan that creates every AWS resource of a program recorded with `as_terraform`."""
    resources = [
        {
            "address": f"{_type(item.type)}.{label(item.name)}",
            "mode": "managed",
            "type": _type(item.type),
            "name": label(item.name),
            "values": _values(item.type, item.inputs),
        }
        for item in program.custom
        if item.type.startswith("aws:")
    ]
    facts = ("address", "mode", "type", "name")
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": resources}},
        "resource_changes": [
            {name: item[name] for name in facts}
            | {"change": {"actions": ["create"], "before": None, "after": item["values"]}}
            for item in resources
        ],
        "configuration": {
            "root_module": {
                "resources": [
                    {name: item[name] for name in facts} | {"expressions": {}} for item in resources
                ]
            }
        },
    }


def as_terraform(
    type_: str, name: str, inputs: dict[str, Any], account: str
) -> tuple[str, dict[str, Any]]:
    """Ids as Terraform references, so that what belongs together stays joined in the plan."""
    _, computed = as_aws(type_, name, inputs, account)
    if not type_.startswith("aws:"):
        return f"{name}-id", computed
    address = f"{_type(type_)}.{label(name)}"
    references = {"bucket": f"${{{address}.id}}"} if type_ == "aws:s3/bucket:Bucket" else {}
    return f"${{{address}.id}}", computed | references


def _type(token: str) -> str:
    """`aws:s3/bucketPolicy:BucketPolicy` -> `aws_s3_bucket_policy`."""
    module, _, resource = token.split(":")[1].partition("/")
    return f"aws_{_TYPES.get(module, module)}_{_snake(resource)}"


def _values(token: str, inputs: dict[str, Any]) -> dict[str, Any]:
    values = _converted(inputs)
    if token == "aws:lambda/function:Function":  # noqa: S105 -- a resource type
        values["function_name"] = values.pop("name")
    return values


def _converted(inputs: dict[str, Any]) -> dict[str, Any]:
    converted: dict[str, Any] = {}
    for key, value in inputs.items():
        name = _RENAMED.get(_snake(key), _snake(key))
        if isinstance(value, dict):
            converted[name] = value if name in _MAPS else [_converted(value)]
        elif isinstance(value, list):
            converted[name] = [_converted(v) if isinstance(v, dict) else v for v in value]
        else:
            converted[name] = value
    return converted


def _snake(text: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text).lower()


def label(name: str) -> str:
    """Logical name as Terraform writes it."""
    return name.replace("-", "_")
