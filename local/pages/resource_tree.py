"""What a stack is made of, drawn from its recorded program."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from local.recorder import Recorded, Resource

_COMPONENTS = "toq:media:"


def component_wiring(program: Recorded) -> str:
    """Flowchart of the components: an arrow from what is needed to what needs it."""
    components = _components(program)
    needs = sorted(
        {
            (_owner(needed, components), _owner(resource.urn, components))
            for resource in program.custom
            for needed in resource.depends_on
        }
    )
    lines = ["flowchart LR"]
    lines += [f'  {item.name}["{_title(item)}"]' for item in components.values()]
    lines += [
        f"  {source} --> {target}"
        for source, target in needs
        if source and target and source != target
    ]
    return "\n".join(lines)


def component_tree(program: Recorded) -> str:
    """Flowchart of what each component holds, by type."""
    components = _components(program)
    root = next(item for item in program.resources if item.type == f"{_COMPONENTS}Platform")
    lines = ["flowchart LR", f'  root(["{_title(root)}"])']
    for item in components.values():
        lines.append(f'  root --> {item.name}["{_title(item)}"]')
        lines += _leaves(item, program, components)
    return "\n".join(lines)


def _leaves(
    component: Resource, program: Recorded, components: dict[str, Resource]
) -> Iterator[str]:
    held = Counter(
        resource.type
        for resource in program.custom
        if _owner(resource.urn, components) == component.name
    )
    by_service: dict[str, list[str]] = {}
    for type_, count in sorted(held.items()):
        service, _, kind = type_.removeprefix("aws:").partition("/")
        text = kind.rpartition(":")[2]
        by_service.setdefault(service, []).append(f"{count} {text}" if count > 1 else text)
    for service, kinds in by_service.items():
        leaf = re.sub(r"\W", "_", f"{component.name}_{service}")
        yield f'  {component.name} --> {leaf}["<b>{service}</b><br/>{"<br/>".join(kinds)}"]'


def function_table(program: Recorded) -> str:
    """Every function with its size, as a Markdown table."""
    rows = ["| function | handler | memory | timeout | layers |", "|---|---|---|---|---|"]
    functions = program.of_type("aws:lambda/function:Function")
    for item in sorted(functions, key=lambda item: item.name):
        layers = ", ".join(_layer(arn) for arn in item.inputs["layers"])
        rows.append(
            f"| `{item.inputs['name'].rpartition('-')[0]}-*` | `{item.inputs['handler']}` "
            f"| {item.inputs['memorySize']:.0f} MB | {item.inputs['timeout']:.0f} s | {layers} |"
        )
    return "\n".join(rows)


def _layer(arn: str) -> str:
    return "imaging" if "imaging" in arn else "runtime"


def _components(program: Recorded) -> dict[str, Resource]:
    """Components under the platform, by URN; sorted, since runs register in varying order."""
    return {
        item.urn: item
        for item in sorted(program.resources, key=lambda item: item.name)
        if item.type.startswith(_COMPONENTS) and item.type != f"{_COMPONENTS}Platform"
    }


def _owner(urn: str, components: dict[str, Resource]) -> str:
    """Name of the component that a resource is in; empty for the provider."""
    kinds = urn.split("::")[2].split("$")
    return next((item.name for item in components.values() if item.type in kinds), "")


def _title(component: Resource) -> str:
    return component.type.removeprefix(_COMPONENTS)
