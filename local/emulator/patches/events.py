"""EventBridge calls functions asynchronously, as in AWS: with retries, and a place for what fails.

The emulator calls once and forgets.
"""

from __future__ import annotations

import json
from collections.abc import Callable

from ministack.services import eventbridge, lambda_svc

from local.emulator.settings import EmulatorSettings

USES = (
    "ministack.services.eventbridge:_dispatch_to_lambda",
    "ministack.services.lambda_svc:_execution_record_for_config",
    "ministack.services.lambda_svc:_get_func_record_for_ref",
    "ministack.services.lambda_svc:invoke_async_with_retry",
)


def install(settings: EmulatorSettings) -> None:  # noqa: ARG001 - patches share one signature
    """Replace how a rule's target function is called."""
    eventbridge._dispatch_to_lambda = _asynchronously(eventbridge._dispatch_to_lambda)


def _asynchronously(original: Callable[[str, str], None]) -> Callable[[str, str], None]:
    def dispatch(arn: str, payload: str) -> None:
        function, config, _ = lambda_svc._get_func_record_for_ref(arn)
        if not function or not config:
            original(arn, payload)  # which says in the log what is missing
            return
        record = lambda_svc._execution_record_for_config(function, config)
        lambda_svc.invoke_async_with_retry(record, json.loads(payload))

    return dispatch
