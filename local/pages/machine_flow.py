"""A state machine's definition as a Mermaid flowchart."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from components.orchestration.asl import DEFINITIONS

_SHAPES: Final = {
    "Task": ('("', '")'),
    "Choice": ('{"', '"}'),
    "Pass": ('["', '"]'),
    "Wait": ('["', '"]'),
    "Succeed": ('(["', '"])'),
    "Fail": ('(["', '"])'),
}

State = dict[str, Any]


def machine_flow(definition: str) -> str:
    """Flowchart of `definitions/<definition>.asl.json`: solid where it goes, dotted on errors."""
    path = DEFINITIONS / f"{definition}.asl.json"
    machine = json.loads(path.read_text(encoding="utf-8"))
    lines = ["flowchart TB", "  start((start))", *_body(machine, "  ")]
    lines.append(f"  start --> {machine['StartAt']}")
    ends = [name for name, state in machine["States"].items() if state.get("End")]
    lines += ["  done(((end)))", *(f"  {name} --> done" for name in ends)]
    lines.append("  classDef failed stroke:#c62828,stroke-width:2px")
    return "\n".join(lines)


def _body(machine: State, pad: str) -> Iterator[str]:
    for name, state in machine["States"].items():
        yield from _state(name, state, pad)
    for name, state in machine["States"].items():
        yield from (f"{pad}{edge}" for edge in _edges(name, state))


def _state(name: str, state: State, pad: str) -> Iterator[str]:
    if state["Type"] not in {"Map", "Parallel"}:
        opened, closed = _SHAPES[state["Type"]]
        mark = ":::failed" if state["Type"] == "Fail" else ""
        yield f"{pad}{name}{opened}{_label(name, state)}{closed}{mark}"
        return
    # Mermaid turns a nested graph by a right angle unless it is told its direction.
    yield f'{pad}subgraph {name}["{_label(name, state)}"]'
    yield f"{pad}  direction TB"
    if state["Type"] == "Map":
        yield from _body(state["ItemProcessor"], f"{pad}  ")
    for number, branch in enumerate(state.get("Branches", []), start=1):
        yield f'{pad}  subgraph {name}_{number}[" "]'
        yield f"{pad}    direction TB"
        yield from _body(branch, f"{pad}    ")
        yield f"{pad}  end"
    yield f"{pad}end"


def _label(name: str, state: State) -> str:
    if state["Type"] == "Map":
        return f"{name}: each of {state['ItemsPath'].removeprefix('$.')}"
    if state["Type"] == "Parallel":
        return f"{name}: all of"
    if state["Type"] != "Task":
        return name
    return f"{name}<br/><i>{_performer(state)}</i>"


def _performer(state: State) -> str:
    """Who does a task: the function by its kind, or the service and its call."""
    function = state.get("Parameters", {}).get("FunctionName", "")
    found = re.fullmatch(r"\$\{([a-z_]+)_function_arn\}", function)
    if found:
        return f"function {found[1].replace('_', '-')}"
    integration = str(state["Resource"]).removeprefix("arn:aws:states:::").removeprefix("aws-sdk:")
    return integration.replace(":", " ")


def _edges(name: str, state: State) -> Iterator[str]:
    if "Next" in state:
        yield f"{name} --> {state['Next']}"
    for choice in state.get("Choices", []):
        yield f"{name} -- {_condition(choice)} --> {choice['Next']}"
    if "Default" in state:
        yield f"{name} -- otherwise --> {state['Default']}"
    for catch in state.get("Catch", []):
        errors = ", ".join(error for error in catch["ErrorEquals"] if error != "States.ALL")
        yield f"{name} -. {errors or 'error'} .-> {catch['Next']}"


def _condition(choice: State) -> str:
    variable = str(choice.get("Variable", "condition")).rsplit(".", 1)[-1]
    found = [key for key in choice if key not in {"Variable", "Next", "Comment"}]
    if len(found) != 1:
        return variable
    value = choice[found[0]]
    return variable if value is True else f'"{variable} {found[0]} {value}"'
