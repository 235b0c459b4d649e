"""Which function makes which type of resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local.emulator.clients import Clients
from local.errors import DeploymentError, UnsupportedResourceError
from local.provisioners.inputs import Inputs
from local.provisioners.unsupported import NOT_MADE, NOT_SENT


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where resources are made."""

    clients: Clients
    account_id: str
    region: str


@dataclass(frozen=True, kw_only=True)
class Created:
    """What a resource became: its Pulumi id and the outputs that only AWS knows."""

    id: str
    outputs: dict[str, Any] = field(default_factory=dict)


Provisioner = Callable[[Target, Inputs], Created]

_PROVISIONERS: dict[str, Provisioner] = {}


def provisions(kind: str) -> Callable[[Provisioner], Provisioner]:
    """Register the provisioner of a resource type."""

    def register(function: Provisioner) -> Provisioner:
        _PROVISIONERS[kind] = function
        return function

    return register


def known_types() -> frozenset[str]:
    """Resource types that can be made."""
    return frozenset(_PROVISIONERS) | frozenset(NOT_MADE)


def create(target: Target, kind: str, name: str, values: Mapping[str, Any]) -> Created:
    """Make one resource.

    Raises:
        UnsupportedResourceError: no provisioner knows the type, or a property that the program
            sets is neither sent nor listed in `unsupported.NOT_SENT`.
        DeploymentError: the emulator refuses it.
    """
    if kind in NOT_MADE:
        return Created(id=name)
    if kind not in _PROVISIONERS:
        raise UnsupportedResourceError(
            f"{name}: the local cloud cannot make {kind}; add a provisioner to local/provisioners"
        )
    inputs = Inputs(values)
    try:
        created = _PROVISIONERS[kind](target, inputs)
    except (BotoCoreError, ClientError) as error:
        raise DeploymentError(f"{name} ({kind}): {error}") from error
    ignored = set(NOT_SENT.get(kind, {}))
    if lost := inputs.unread() - ignored:
        raise UnsupportedResourceError(
            f"{name}: nobody sends {', '.join(sorted(lost))} of {kind}; "
            "read it in its provisioner or list it in local/provisioners/unsupported.py"
        )
    return created
