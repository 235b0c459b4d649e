"""Runs a policy pack as the Pulumi engine does: as a process, over its analyzer protocol (gRPC)."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import analyzer_pb2_grpc

from local.errors import LocalCloudError
from local.recorder import Recorded, Resource

_START_SECONDS: Final = 30
_CALL_SECONDS: Final = 60
_STOP_SECONDS: Final = 5
_CHANNEL: Final = (("grpc.max_receive_message_length", 400 * 1024 * 1024),)


class PolicyPackError(LocalCloudError):
    """The pack does not start or does not answer; the message ends with what it said."""


@dataclass(frozen=True, kw_only=True)
class Violation:
    """A policy that a resource does not meet; `resource` is its logical name."""

    policy: str
    level: str
    severity: str
    urn: str
    resource: str
    message: str


@dataclass(frozen=True, kw_only=True)
class PolicyInfo:
    """One policy, as the pack describes itself."""

    name: str
    description: str
    severity: str
    remedy: str
    tags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What the pack said of a program."""

    pack: str
    policies: tuple[PolicyInfo, ...]
    violations: tuple[Violation, ...]
    resources: int

    @property
    def mandatory(self) -> list[Violation]:
        """Violations that would stop an update."""
        return [item for item in self.violations if item.level == "mandatory"]


def analyze(program: Recorded, *, pack: Path, stack: str, project: str) -> Analysis:
    """Ask a pack about every resource, then about the stack as a whole.

    Raises:
        PolicyPackError: the pack does not start, or fails over a resource.
    """
    with _serving(pack, stack=stack, project=project) as analyzer:
        try:
            return _ask(analyzer, program, stack, project)
        except grpc.RpcError as error:
            raise PolicyPackError(f"policy pack {pack}: {error}") from error


def _ask(analyzer: Any, program: Recorded, stack: str, project: str) -> Analysis:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=_CALL_SECONDS)
    analyzer.ConfigureStack(
        proto.AnalyzerStackConfigureRequest(stack=stack, project=project, dry_run=False),
        timeout=_CALL_SECONDS,
    )
    providers = {item.urn: item for item in program.of_type("pulumi:providers:aws")}
    found: list[Any] = []
    for resource in program.resources:
        request = proto.AnalyzeRequest(**_facts(resource, providers))
        found += analyzer.Analyze(request, timeout=_CALL_SECONDS).diagnostics
    everything = proto.AnalyzeStackRequest(
        resources=[
            proto.AnalyzerResource(**_facts(resource, providers), parent=resource.parent)
            for resource in program.resources
        ]
    )
    found += analyzer.AnalyzeStack(everything, timeout=_CALL_SECONDS).diagnostics
    return Analysis(
        pack=info.name,
        policies=tuple(
            PolicyInfo(
                name=policy.name,
                description=policy.description,
                severity=_severity(policy.severity),
                remedy=policy.remediation_steps,
                tags=tuple(policy.tags),
            )
            for policy in info.policies
        ),
        violations=tuple(_violation(item) for item in found),
        resources=len(program.resources),
    )


def _facts(resource: Resource, providers: Mapping[str, Resource]) -> dict[str, Any]:
    """The fields that both requests share."""
    facts: dict[str, Any] = {
        "type": resource.type,
        "urn": resource.urn,
        "name": resource.name,
        "properties": _struct(resource.inputs),
        "options": proto.AnalyzerResourceOptions(
            protect=resource.protect,
            ignoreChanges=list(resource.ignore_changes),
            parent=resource.parent,
        ),
    }
    # The engine's reference to a provider is its URN and its id.
    if provider := providers.get(resource.provider.rpartition("::")[0]):
        facts["provider"] = proto.AnalyzerProviderResource(
            type=provider.type,
            urn=provider.urn,
            name=provider.name,
            properties=_struct(provider.inputs),
        )
    return facts


def _struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    return json_format.ParseDict(dict(values), struct_pb2.Struct())


def _violation(item: Any) -> Violation:
    # The SDK puts the policy's description on a first line of its own.
    message = item.message.removeprefix(f"{item.description}\n")
    return Violation(
        policy=item.policyName,
        level=proto.EnforcementLevel.Name(item.enforcementLevel).lower(),
        severity=_severity(item.severity),
        urn=item.urn,
        resource=item.urn.rpartition("::")[2],
        message=message,
    )


def _severity(value: Any) -> str:
    name: str = proto.PolicySeverity.Name(value)
    return name.removeprefix("POLICY_SEVERITY_").lower()


@contextmanager
def _serving(pack: Path, *, stack: str, project: str) -> Iterator[Any]:
    """The pack's process, from its start until it is stopped again."""
    # The engine names its own address; a pack asks it only to log, which this one never does.
    command = [sys.executable, "-u", str(pack), "127.0.0.1:0"]
    process = subprocess.Popen(
        command,
        env=_environment(stack, project),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        with grpc.insecure_channel(
            f"127.0.0.1:{_port(process, pack)}", options=_CHANNEL
        ) as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()


def _environment(stack: str, project: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"PULUMI_PROJECT": project, "PULUMI_STACK": stack, "PULUMI_DRY_RUN": "false"}


def _port(process: subprocess.Popen[bytes], pack: Path) -> int:
    """The port that a pack prints as its first line."""
    assert process.stdout
    said = b""
    deadline = time.monotonic() + _START_SECONDS
    while not said.endswith(b"\n") and time.monotonic() < deadline:
        if select.select([process.stdout], [], [], 0.1)[0]:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            said += piece
    if not said.strip().isdigit():
        raise PolicyPackError(f"policy pack {pack} did not start; it said: {said.decode().strip()}")
    return int(said)


def worst_first(violations: Sequence[Violation]) -> list[Violation]:
    """Critical ones first, then by policy and resource."""
    order = ("critical", "high", "medium", "low", "unspecified")
    return sorted(violations, key=lambda v: (order.index(v.severity), v.policy, v.resource))
