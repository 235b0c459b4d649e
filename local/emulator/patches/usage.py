"""Records every permission check, so that granted can be compared with used."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id

from local.emulator.settings import EmulatorSettings

USES = (
    "ministack.core.iam_evaluator:enforce",
    "ministack.core.iam_evaluator:resolve_principal",
    "ministack.core.iam_evaluator:AuthError",
    "ministack.core.responses:get_account_id",
)

_probing: ContextVar[bool] = ContextVar("toq_probing", default=False)


@contextmanager
def probing() -> Iterator[None]:
    """Mark checks that ask what a role may do without the role having asked for it.

    S3 looks at `s3:ListBucket` to choose between 404 and 403: no call was refused by it.
    """
    token = _probing.set(True)
    try:
        yield
    finally:
        _probing.reset(token)


def install(settings: EmulatorSettings) -> None:
    """Wrap the emulator's one permission check."""
    check = iam_evaluator.enforce
    lock = threading.Lock()

    def enforce(
        access_key: str, action: str, service: str, region: str, **details: Any
    ) -> object | None:
        denied: object | None = check(access_key, action, service, region, **details)
        principal = iam_evaluator.resolve_principal(access_key or "", get_account_id())
        if isinstance(principal, iam_evaluator.AuthError) or principal.policies is None:
            return denied  # unknown, or the account's root: not one of the program's roles
        entry = {
            "principal": principal.arn,
            "action": action,
            "resource": details.get("resource_arn", "*"),
            "allowed": denied is None,
            "probe": _probing.get(),
        }
        with lock, settings.usage_log.open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
        return denied

    iam_evaluator.enforce = enforce
