"""The functions as deployed: layers, log groups, functions, and what invokes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

import pulumi
from pulumi_aws import cloudwatch, lambda_

from components.children import child
from components.functions.catalogue import (
    FunctionConfig,
    FunctionSpec,
    Layer,
    catalogue,
    common_environment,
)

RUNTIME: Final = "python3.13"
ARCHITECTURE: Final = "arm64"
DISPATCH: Final = "dispatch"
CALLBACK: Final = "callback-dispatch"
LAYERS: Final[tuple[Layer, ...]] = ("runtime", "imaging")
DISPATCH_BATCH_SIZE: Final = 10


class Bundle(Protocol):
    """Where archives come from; `components.functions.bundle` is the real one."""

    def function_archive(self, package: str) -> Path:
        """Archive of one function."""

    def layer_archive(self, layer: str, target: Literal["lambda", "host"]) -> Path:
        """Archive of one layer for a platform."""


@dataclass(frozen=True, kw_only=True)
class FleetArgs:
    """Inputs of `Fleet`.

    Attributes:
        config: what the functions' environments are made from.
        tags: tags of every resource.
        bundle: where the archives come from.
        target: platform of the layers.
        key_arn: key of log groups and environments.
        role_arns: roles by purpose.
        queue_arn: queue that dispatch drains.
        dead_letter_queue_arn: where events go that the callback function could not handle.
        log_retention_days: how long logs are kept.
        dispatch_concurrency: most dispatch functions at once.
        adopt: import the seed's functions and their log groups instead of making them.
    """

    config: FunctionConfig
    tags: Mapping[str, str]
    bundle: Bundle
    target: Literal["lambda", "host"]
    key_arn: pulumi.Input[str]
    role_arns: Mapping[str, pulumi.Input[str]]
    queue_arn: pulumi.Input[str]
    dead_letter_queue_arn: pulumi.Input[str]
    log_retention_days: int
    dispatch_concurrency: int
    adopt: bool = False


class Fleet(pulumi.ComponentResource):
    """All functions of the catalogue; its attributes are keyed by kind, timeouts in seconds."""

    function_arns: dict[str, pulumi.Output[str]]
    log_groups: dict[str, pulumi.Output[str]]
    timeouts: dict[str, int]

    def __init__(
        self, name: str, args: FleetArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Fleet", name, None, opts)
        specs = catalogue(args.config)
        self.timeouts = {spec.kind: spec.timeout_seconds for spec in specs}
        self.function_arns = {}
        self.log_groups = {}
        layers = {layer: self._layer(f"{name}-{layer}-layer", layer, args) for layer in LAYERS}
        functions = {
            spec.kind: self._function(f"{name}-{spec.kind}", spec, layers, args) for spec in specs
        }
        self._drain_queue(f"{name}-{DISPATCH}", functions[DISPATCH], args)
        self._keep_failed_events(f"{name}-{CALLBACK}", functions[CALLBACK], args)
        self.register_outputs({"functionArns": self.function_arns, "logGroups": self.log_groups})

    def _layer(self, name: str, layer: Layer, args: FleetArgs) -> lambda_.LayerVersion:
        archive = args.bundle.layer_archive(layer, args.target)
        return lambda_.LayerVersion(
            name,
            layer_name=args.config.names.layer(layer),
            description=f"Third-party packages of the functions: {layer}.",
            code=pulumi.FileArchive(str(archive)),
            compatible_runtimes=[RUNTIME],
            compatible_architectures=[ARCHITECTURE],
            opts=child(self),
        )

    def _function(
        self,
        name: str,
        spec: FunctionSpec,
        layers: Mapping[Layer, lambda_.LayerVersion],
        args: FleetArgs,
    ) -> lambda_.Function:
        names = args.config.names
        # The seed leaves the queue's consumer out.
        adopted = args.adopt and spec.kind != DISPATCH
        # Made before the function: Lambda would make its own, kept for ever and without our key.
        logs = cloudwatch.LogGroup(
            f"{name}-logs",
            name=names.function_log_group(spec.kind),
            retention_in_days=args.log_retention_days,
            kms_key_id=args.key_arn,
            tags=args.tags,
            opts=child(self, import_id=names.function_log_group(spec.kind) if adopted else ""),
        )
        function = lambda_.Function(
            name,
            name=names.function(spec.kind),
            role=args.role_arns[spec.role],
            runtime=RUNTIME,
            architectures=[ARCHITECTURE],
            handler=spec.handler,
            code=pulumi.FileArchive(str(args.bundle.function_archive(spec.package))),
            layers=[layers[layer].arn for layer in spec.layers],
            memory_size=spec.memory_mb,
            timeout=spec.timeout_seconds,
            environment={
                "variables": {**common_environment(spec, args.config), **spec.environment}
            },
            kms_key_arn=args.key_arn,
            tracing_config={"mode": "Active"},
            tags=args.tags,
            opts=child(
                self,
                depends_on=[logs],
                import_id=names.function(spec.kind) if adopted else "",
            ),
        )
        self.function_arns[spec.kind] = function.arn
        self.log_groups[spec.kind] = logs.name
        return function

    def _drain_queue(self, name: str, function: lambda_.Function, args: FleetArgs) -> None:
        lambda_.EventSourceMapping(
            f"{name}-queue",
            event_source_arn=args.queue_arn,
            function_name=function.arn,
            batch_size=DISPATCH_BATCH_SIZE,
            # While an environment is adopted its state machines are still the old ones.
            enabled=not args.adopt,
            # One bad message is reported alone; the others of its batch are not repeated.
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": args.dispatch_concurrency},
            tags=args.tags,
            opts=child(self),
        )

    def _keep_failed_events(self, name: str, function: lambda_.Function, args: FleetArgs) -> None:
        lambda_.FunctionEventInvokeConfig(
            f"{name}-events",
            function_name=function.name,
            maximum_retry_attempts=2,
            maximum_event_age_in_seconds=3600,
            destination_config={"on_failure": {"destination": args.dead_letter_queue_arn}},
            opts=child(self),
        )
