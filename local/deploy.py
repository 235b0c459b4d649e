"""Deploys the real program: every resource it registers is made through boto3 as it registers.

Pulumi's own mocks are the seam: the SDK hands each resource with resolved inputs to
`new_resource` and takes id and outputs from it, so the program cannot tell this from AWS.
"""

from __future__ import annotations

import runpy
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import SETTINGS, get_root_resource
from pulumi.runtime.stack import Stack, run_pulumi_func
from pulumi.runtime.sync_await import _sync_await

from components.functions.bundle import ROOT
from components.stack_config import load_stack_config
from local.errors import UnsupportedResourceError
from local.program import PROJECT, program_runtime
from local.provisioners import Created, Target, create

STACK = "local"


@dataclass(frozen=True, kw_only=True)
class DeployedResource:
    """One resource of the stack.

    Attributes:
        type: Pulumi's type token.
        name: Logical name in the program.
        id: Id that the provisioner returned.
        inputs: What the program set.
        outputs: What was known after it was made.
    """

    type: str
    name: str
    id: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """What a deployment left: the stack's exports and its resources in the order made."""

    exports: dict[str, Any]
    resources: tuple[DeployedResource, ...]


class CreatingMocks(pulumi.runtime.Mocks):
    """Makes each custom resource; components and providers pass through."""

    def __init__(self, target: Target, progress: Callable[[DeployedResource], None] | None) -> None:
        self._target = target
        self._progress = progress
        self._lock = threading.Lock()  # Pulumi registers independent resources at once
        self.resources: list[DeployedResource] = []

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """Make one resource and return its id and outputs."""
        if not args.custom:
            return None, args.inputs
        provider = args.typ.startswith("pulumi:providers:")
        made = (
            Created(id=args.name)
            if provider
            else create(self._target, args.typ, args.name, args.inputs)
        )
        outputs = {**args.inputs, **made.outputs}
        resource = DeployedResource(
            type=args.typ, name=args.name, id=made.id, inputs=args.inputs, outputs=outputs
        )
        if not provider:
            with self._lock:
                self.resources.append(resource)
                if self._progress:
                    self._progress(resource)
        return made.id, outputs

    def call(self, args: mocks.MockCallArgs) -> NoReturn:
        """Refuse: the program names everything itself and asks AWS for nothing.

        Raises:
            UnsupportedResourceError: always.
        """
        raise UnsupportedResourceError(f"the local cloud answers no call of {args.token}")


def deploy(
    target: Target,
    *,
    config: Mapping[str, str] | None = None,
    root: Path = ROOT,
    progress: Callable[[DeployedResource], None] | None = None,
) -> Deployment:
    """Evaluate the project's program against a running emulator.

    Args:
        target: Where resources are made.
        config: Full keys (`toq-media:callbackUrl`) and values over those of `Pulumi.local.yaml`.
        root: Folder of `Pulumi.yaml` and the program.
        progress: Told of each resource once it is made.

    Raises:
        UnsupportedResourceError: the program declares what no provisioner can make.
        DeploymentError: the emulator refuses a resource.
        SettingsError: a key of the configuration is unknown or bad.
        BundleError: an archive cannot be built.
    """
    creating = CreatingMocks(target, progress)
    with program_runtime(root):
        exports = _evaluate(root, creating, {**load_stack_config(root, STACK), **(config or {})})
    return Deployment(exports=exports, resources=tuple(creating.resources))


def _evaluate(root: Path, creating: CreatingMocks, config: dict[str, str]) -> dict[str, Any]:
    mocks.set_mocks(creating, project=PROJECT, stack=STACK, preview=False)
    set_all_config(config)
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    stack = get_root_resource()
    assert isinstance(stack, Stack)
    stack.outputs = {}
    exports: dict[str, Any] = {}

    async def program() -> None:
        runpy.run_path(str(root / "__main__.py"), run_name="__main__")
        for name, value in stack.outputs.items():
            exports[name] = await pulumi.Output.from_input(value).future()

    _sync_await(run_pulumi_func(program))
    return exports
