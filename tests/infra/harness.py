"""Runs a Pulumi program against a recorder and hands back what it registered.

Asserts belong outside the program, on the plain values of `Recorded`: one in `apply` may never run.
What the mock monitor lets pass, this one refuses: two resources with one URN, a resource outside
every component, a call that no test expects.
"""

from __future__ import annotations

import asyncio
import os
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import ROOT as ROOT_RESOURCE
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_in_stack
from pulumi.runtime.sync_await import _ensure_event_loop

from components.functions import bundle
from components.stack_config import load_stack_config

ROOT = Path(__file__).resolve().parents[2]
STACKS = ("local", "dev", "staging", "prod")
PROJECT = "toq-media"
STACK_TYPE = "pulumi:pulumi:Stack"

REGION = "us-east-1"
KEY_ID = "11111111-2222-3333-4444-555555555555"

# Without it an Output in an f-string silently becomes a sentence about Outputs.
os.environ["PULUMI_ERROR_OUTPUT_STRING"] = "true"


class HarnessError(AssertionError):
    """The program did what the mock monitor would let pass and the engine would not."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration, as the engine would see it."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    provider: str
    inputs: dict[str, Any]
    protect: bool
    retain_on_delete: bool
    import_id: str
    ignore_changes: tuple[str, ...]
    depends_on: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Recorded:
    """All registrations of a program, in order, and its stack outputs."""

    resources: list[Resource] = field(default_factory=list)
    exports: dict[str, Any] = field(default_factory=dict)

    def of_type(self, type_: str) -> list[Resource]:
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str) -> Resource:
        found = [resource for resource in self.of_type(type_) if resource.name == name]
        assert len(found) == 1, f"{type_} {name}: {len(found)} of {self._names(type_)}"
        return found[0]

    @property
    def custom(self) -> list[Resource]:
        return [resource for resource in self.resources if resource.custom]

    def _names(self, type_: str) -> list[str]:
        return [resource.name for resource in self.of_type(type_)]


class _Mocks(pulumi_mocks.Mocks):
    def __init__(self, account_id: str) -> None:
        self.account_id = account_id

    def call(self, args: pulumi_mocks.MockCallArgs) -> Any:
        raise HarnessError(f"call of {args.token}: the program asks the provider; say what it gets")

    def new_resource(
        self, args: pulumi_mocks.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        inputs = _plain(args.inputs)
        if not args.custom:
            return None, inputs
        return f"{args.name}-id", inputs | _computed(args.typ, args.name, inputs, self.account_id)


class _Monitor(pulumi_mocks.MockMonitor):
    def __init__(self, mocks: pulumi_mocks.Mocks) -> None:
        super().__init__(mocks)
        self.recorded = Recorded()

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 -- the gRPC method's name
        if request.type != STACK_TYPE:
            self._record(request)
        return super().RegisterResource(request)  # type: ignore[no-untyped-call]

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 -- the gRPC method's name
        if f"::{STACK_TYPE}::" in request.urn:
            self.recorded.exports.update(_plain(rpc.deserialize_properties(request.outputs)))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def _record(self, request: Any) -> None:
        urn = self.make_urn(request.parent, request.type, request.name)
        if any(resource.urn == urn for resource in self.recorded.resources):
            raise HarnessError(f"two resources are called {urn}")
        if request.custom and request.parent.split("::")[2] == STACK_TYPE:
            raise HarnessError(f"{urn} is in no component: give it opts with parent")
        self.recorded.resources.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                provider=request.provider,
                inputs=_plain(rpc.deserialize_properties(request.object)),
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                import_id=request.importId,
                ignore_changes=tuple(request.ignoreChanges),
                depends_on=tuple(request.dependencies),
            )
        )


def record(
    program: Callable[[], None], *, stack: str = "test", config: Mapping[str, str] | None = None
) -> Recorded:
    """Run a program to its end, with all that it does in `apply`; its errors come through."""
    values = dict(config or {})
    monitor = _Monitor(_Mocks(values.get(f"{PROJECT}:accountId", "123456789012")))
    pulumi.runtime.set_mocks(
        monitor.mocks, project=PROJECT, stack=stack, preview=False, monitor=monitor
    )
    SETTINGS.rpc_manager.clear()  # what a failed run left waiting
    SETTINGS.outputs.clear()
    set_all_config(values)
    ROOT_RESOURCE.set(None)  # set_mocks leaves a finished stack there; this run makes its own
    loop: asyncio.AbstractEventLoop = _ensure_event_loop()  # type: ignore[no-untyped-call]
    # A failed run raises its first error; what else was under way would report itself once more.
    loop.set_exception_handler(lambda _loop, _context: None)
    loop.run_until_complete(run_in_stack(program))
    return monitor.recorded


@cache
def record_stack(stack: str, **changes: str) -> Recorded:
    """The real `__main__.py` with a committed stack's configuration; archives are stand-ins.

    `changes` are configuration keys, as one would set them for a single update.
    """
    changed = {f"{PROJECT}:{key}": value for key, value in changes.items()}
    return record(_run_main, stack=stack, config=load_stack_config(ROOT, stack) | changed)


def _run_main() -> None:
    real = bundle.layer_archive, bundle.function_archive
    # Building a layer needs a package index; these tests look at resources, not at archives.
    bundle.layer_archive, bundle.function_archive = _layer_archive, _function_archive
    try:
        runpy.run_path(str(ROOT / "__main__.py"))
    finally:
        bundle.layer_archive, bundle.function_archive = real


def _layer_archive(layer: str, target: bundle.Target, *, root: Path = Path()) -> Path:
    return root / f".build/{target}-{layer}.zip"


def _function_archive(package: str, *, root: Path = Path()) -> Path:
    return root / f".build/{package}.zip"


def _plain(value: Any) -> Any:
    """Recorded values as plain ones: secrets unwrapped, archives as their paths."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return _plain(value.get("value"))
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, pulumi.FileArchive):
        return value.path
    return value


_ARNS = {
    "aws:kms/key:Key": "arn:aws:kms:{region}:{account}:key/" + KEY_ID,
    "aws:s3/bucket:Bucket": "arn:aws:s3:::{bucket}",
    "aws:sqs/queue:Queue": "arn:aws:sqs:{region}:{account}:{name}",
    "aws:iam/role:Role": "arn:aws:iam::{account}:role/{name}",
    "aws:lambda/function:Function": "arn:aws:lambda:{region}:{account}:function:{name}",
    "aws:lambda/layerVersion:LayerVersion": "arn:aws:lambda:{region}:{account}:layer:{layerName}:1",
    "aws:sfn/stateMachine:StateMachine": "arn:aws:states:{region}:{account}:stateMachine:{name}",
    "aws:mediaconvert/queue:Queue": "arn:aws:mediaconvert:{region}:{account}:queues/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "arn:aws:logs:{region}:{account}:log-group:{name}",
    "aws:cloudwatch/eventRule:EventRule": "arn:aws:events:{region}:{account}:rule/{name}",
    "aws:sns/topic:Topic": "arn:aws:sns:{region}:{account}:{name}",
    "aws:secretsmanager/secret:Secret": (
        "arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf"
    ),
}


def _computed(type_: str, name: str, inputs: dict[str, Any], account: str) -> dict[str, Any]:
    """What AWS would answer; an output left out here would be None and hide a mistake."""
    known = {"region": REGION, "account": account, "name": name} | {
        key: value for key, value in inputs.items() if isinstance(value, str)
    }
    pattern = _ARNS.get(type_, "arn:aws:mock:{region}:{account}:{name}")
    url = f"https://sqs.{REGION}.amazonaws.com/{account}/{known['name']}"
    return {
        "arn": pattern.format_map(known),
        "url": url,
        "keyId": KEY_ID,
        "name": known["name"],
    }


def inventory(program: Recorded) -> str:
    """Type and name of every resource, one a line: what a review of a change looks at first."""
    return "".join(sorted(f"{item.type} {item.name}\n" for item in program.resources))
