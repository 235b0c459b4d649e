"""`secret rotate`: a new signing secret without a moment in which callbacks are refused."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from ops.cloud import Cloud
from ops.errors import OpsError
from ops.outcome import Outcome

SECRET_BYTES: Final = 32
"""Random bytes of a new secret; the callback function refuses shorter ones."""

Step = Literal["prepare", "switch", "finish"]


@dataclass(frozen=True, kw_only=True)
class Secret:
    """Both secrets that receivers must accept; callbacks are signed with `current`."""

    current: str = ""
    previous: str = ""

    def __repr__(self) -> str:
        """Fingerprints: a secret must not get into a log or a traceback."""
        return f"Secret(current={_print(self.current)}, previous={_print(self.previous)})"

    @property
    def prints(self) -> dict[str, str]:
        """First 16 hex digits of each one's SHA-256, to compare both sides by."""
        return {"current": _print(self.current), "previous": _print(self.previous)}


def read_secret(cloud: Cloud) -> Secret:
    """Both secrets; empty ones where none was ever put.

    Raises:
        OpsError: the value is not the JSON that the callback function reads.
    """
    name = cloud.names.callback_secret
    try:
        text = cloud.secrets.get_secret_value(SecretId=name)["SecretString"]
    except cloud.secrets.exceptions.ResourceNotFoundException:
        return Secret()
    try:
        value = json.loads(text)
        return Secret(current=str(value["current"]), previous=str(value.get("previous", "")))
    except (ValueError, KeyError, TypeError, AttributeError):
        # The chained error could quote the value, so it is left out.
        raise OpsError(f'{name}: must hold {{"current": "...", "previous": "..."}}') from None


def next_secret(step: Step, old: Secret, make: Callable[[], str]) -> tuple[Secret, str]:
    """The secret after a step, and what has to happen before the next one.

    `prepare` puts the new secret second, where receivers accept it and nobody signs with it yet;
    `switch` changes their places; `finish` forgets the old one.

    Raises:
        OpsError: the step does not fit what is there.
    """
    if step == "prepare":
        if not old.current:
            return Secret(current=make()), "give receivers the secret; callbacks can be signed now"
        if old.previous:
            raise OpsError(
                "a second secret is there already: `--step switch` to sign with it, or "
                "`--step finish` to drop it, then prepare"
            )
        return (
            Secret(current=old.current, previous=make()),
            "give every receiver both secrets, then `--step switch`",
        )
    if not old.previous:
        raise OpsError(f"there is no second secret to {step}; begin with `--step prepare`")
    if step == "switch":
        return (
            Secret(current=old.previous, previous=old.current),
            "after 5 minutes (the functions' cache) `--step finish`; another `switch` goes back",
        )
    return Secret(current=old.current), "nothing: the rotation is complete"


def rotate(cloud: Cloud, step: Step, *, yes: bool) -> Outcome:
    """`secret rotate`: one step; values are never shown."""
    old = read_secret(cloud)
    new, then = next_secret(step, old, lambda: secrets.token_urlsafe(SECRET_BYTES))
    if yes:
        cloud.secrets.put_secret_value(
            SecretId=cloud.names.callback_secret,
            SecretString=json.dumps({"current": new.current, "previous": new.previous}),
        )
    shown = new.prints if yes else {}
    return Outcome(
        title=f"{step} the rotation of {cloud.names.callback_secret}",
        facts={
            "fingerprintsBefore": _line(old.prints),
            **({"fingerprintsNow": _line(shown)} if shown else {}),
            "next": then,
        },
        done=yes,
    )


def _print(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16] if value else "none"


def _line(prints: dict[str, str]) -> str:
    return ", ".join(f"{name} {value}" for name, value in prints.items())
