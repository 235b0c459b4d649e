"""Runs a Pulumi program against a recorder and hands back what it registered; nothing is made.

What the mock monitor lets pass, this one refuses: two resources with one URN, a resource outside
every component, a call of the provider that has no answer here.
"""

from __future__ import annotations

import asyncio
import runpy
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import pulumi
from pulumi.runtime import mocks as pulumi_mocks
from pulumi.runtime import rpc
from pulumi.runtime.config import set_all_config
from pulumi.runtime.settings import ROOT as ROOT_RESOURCE
from pulumi.runtime.settings import SETTINGS
from pulumi.runtime.stack import run_in_stack
from pulumi.runtime.sync_await import _ensure_event_loop

from components.functions import bundle
from components.functions.bundle import ROOT
from components.stack_config import load_stack_config
from local.program import PROJECT, program_runtime

STACK_TYPE: Final = "pulumi:pulumi:Stack"
REGION: Final = "us-east-1"
KEY_ID: Final = "11111111-2222-3333-4444-555555555555"
"""Id of every KMS key that a recorded program makes."""

_TEST_ACCOUNT: Final = "123456789012"


class RecordingError(Exception):
    """The program did what the mock monitor would let pass and the engine would not."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration, as the engine would see it; `secrets` names the inputs that are secret."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    provider: str
    inputs: dict[str, Any]
    secrets: frozenset[str]
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
    secret_exports: set[str] = field(default_factory=set)

    def of_type(self, type_: str) -> list[Resource]:
        """Resources of one type."""
        return [resource for resource in self.resources if resource.type == type_]

    def one(self, type_: str, name: str) -> Resource:
        """The resource of that type and logical name.

        Raises:
            RecordingError: there is none, or several; names those of the type.
        """
        found = [resource for resource in self.of_type(type_) if resource.name == name]
        if len(found) != 1:
            others = [resource.name for resource in self.of_type(type_)]
            raise RecordingError(f"{type_} {name}: {len(found)} of {others}")
        return found[0]

    @property
    def custom(self) -> list[Resource]:
        """Everything but components."""
        return [resource for resource in self.resources if resource.custom]


Answer = Callable[[str, str, dict[str, Any], str], tuple[str, dict[str, Any]]]
"""What the cloud says of a new resource: (type, name, inputs, account) -> (id, computed outputs).

An output left out would be None in the program and hide a mistake.
"""


def as_aws(
    type_: str, name: str, inputs: dict[str, Any], account: str
) -> tuple[str, dict[str, Any]]:
    """Ids, ARNs and URLs of the shape that AWS gives them."""
    known = {"region": REGION, "account": account, "name": name} | {
        key: value for key, value in inputs.items() if isinstance(value, str)
    }
    pattern = _ARNS.get(type_, "arn:aws:mock:{region}:{account}:{name}")
    url = f"https://sqs.{REGION}.amazonaws.com/{account}/{known['name']}"
    return f"{name}-id", {
        "arn": pattern.format_map(known),
        "url": url,
        "keyId": KEY_ID,
        "name": known["name"],
    }


class Archives:
    """Names of archives that are never built."""

    def function_archive(self, package: str, *, root: Path = Path()) -> Path:
        """Path of one function's archive."""
        return root / f".build/{package}.zip"

    def layer_archive(self, layer: str, target: bundle.Target, *, root: Path = Path()) -> Path:
        """Path of one layer's archive."""
        return root / f".build/{target}-{layer}.zip"


class _Mocks(pulumi_mocks.Mocks):
    def __init__(self, account_id: str, answer: Answer) -> None:
        self._account_id = account_id
        self._answer = answer

    def call(self, args: pulumi_mocks.MockCallArgs) -> NoReturn:
        raise RecordingError(
            f"call of {args.token}: the program asks the provider; say what it gets"
        )

    def new_resource(
        self, args: pulumi_mocks.MockResourceArgs
    ) -> tuple[str | None, dict[str, Any]]:
        inputs = plain(args.inputs)
        if not args.custom:
            return None, inputs
        id_, computed = self._answer(args.typ, args.name, inputs, self._account_id)
        return id_, inputs | computed


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
            outputs = rpc.deserialize_properties(request.outputs)
            self.recorded.exports.update(plain(outputs))
            self.recorded.secret_exports.update(_secrets(outputs))
        return super().RegisterResourceOutputs(request)  # type: ignore[no-untyped-call]

    def _record(self, request: Any) -> None:
        urn = self.make_urn(request.parent, request.type, request.name)
        if any(resource.urn == urn for resource in self.recorded.resources):
            raise RecordingError(f"two resources are called {urn}")
        if request.custom and request.parent.split("::")[2] == STACK_TYPE:
            raise RecordingError(f"{urn} is in no component: give it opts with parent")
        inputs = rpc.deserialize_properties(request.object)
        self.recorded.resources.append(
            Resource(
                urn=urn,
                type=request.type,
                name=request.name,
                parent=request.parent,
                custom=request.custom,
                provider=request.provider,
                inputs=plain(inputs),
                secrets=_secrets(inputs),
                protect=request.protect,
                retain_on_delete=request.retainOnDelete,
                import_id=request.importId,
                ignore_changes=tuple(request.ignoreChanges),
                depends_on=tuple(request.dependencies),
            )
        )


def record(
    program: Callable[[], None],
    *,
    stack: str = "test",
    config: Mapping[str, str] | None = None,
    answer: Answer = as_aws,
    root: Path = ROOT,
) -> Recorded:
    """Run a program to its end, with all that it does in `apply`; its errors come through."""
    values = dict(config or {})
    mocks = _Mocks(values.get(f"{PROJECT}:accountId", _TEST_ACCOUNT), answer)
    monitor = _Monitor(mocks)
    pulumi.runtime.set_mocks(mocks, project=PROJECT, stack=stack, preview=False, monitor=monitor)
    SETTINGS.rpc_manager.clear()  # what a failed run left waiting
    SETTINGS.outputs.clear()
    set_all_config(values)
    ROOT_RESOURCE.set(None)  # set_mocks leaves a finished stack there; this run makes its own
    loop: asyncio.AbstractEventLoop = _ensure_event_loop()  # type: ignore[no-untyped-call]
    # A failed run raises its first error; what else was under way would report itself once more.
    loop.set_exception_handler(lambda _loop, _context: None)
    with program_runtime(root):
        loop.run_until_complete(run_in_stack(program))
    return monitor.recorded


def record_stack(
    stack: str,
    *,
    changes: Mapping[str, str] | None = None,
    answer: Answer = as_aws,
    archives: Archives | None = None,
    root: Path = ROOT,
) -> Recorded:
    """The real `__main__.py` with a committed stack's configuration; archives are stand-ins.

    Args:
        stack: name of the stack, as in `Pulumi.<stack>.yaml`.
        changes: configuration keys over the stack's, as one would set them for a single update.
        answer: what the cloud says of each new resource.
        archives: the stand-ins of the archives, plain names by default.
        root: folder of `Pulumi.yaml` and the program.

    Raises:
        StackConfigError: the stack has no configuration, or one that the CLI would refuse.
        SettingsError: a key of the configuration is unknown or bad.
        RecordingError: the program registers what the engine would refuse.
    """
    changed = {f"{PROJECT}:{key}": value for key, value in (changes or {}).items()}
    config = load_stack_config(root, stack) | changed

    def program() -> None:
        runpy.run_path(str(root / "__main__.py"))

    with _stand_ins(archives or Archives()):
        return record(program, stack=stack, config=config, answer=answer, root=root)


@contextmanager
def _stand_ins(archives: Archives) -> Iterator[None]:
    """Building a layer needs a package index; a recording looks at resources, not at archives."""
    real = bundle.layer_archive, bundle.function_archive
    bundle.layer_archive, bundle.function_archive = (
        archives.layer_archive,
        archives.function_archive,
    )
    try:
        yield
    finally:
        bundle.layer_archive, bundle.function_archive = real


def _secrets(properties: dict[str, Any]) -> frozenset[str]:
    """Properties that are secret, wholly or in part: the SDK marks the whole of such a property."""
    return frozenset(
        name
        for name, value in properties.items()
        if isinstance(value, dict) and value.get(rpc._special_sig_key) == rpc._special_secret_sig
    )


def plain(value: Any) -> Any:
    """Recorded values as plain ones: secrets unwrapped, archives as their paths."""
    if isinstance(value, dict):
        if rpc._special_sig_key in value:
            return plain(value.get("value"))
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
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
