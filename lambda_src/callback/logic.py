"""Delivery of a callback: which body, and what the backend's answer means."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from callback.bodies import Failure, failure_body
from toq_media.contracts import CallbackStatus, CallbackTask, FailureTask, StateError, convert
from toq_media.errors import (
    CallbackRejectedError,
    CallbackUnavailableError,
    InvalidMessageError,
    ObjectMissingError,
)
from toq_media.keys import JobKeys
from toq_media.observability import bind
from toq_media.ports import ObjectStore, Reply, SecretSource, Sender
from toq_media.signing import delivery_id, signed_headers
from toq_media.tracing import traceparent_or_new

MAX_RETRY_AFTER_SECONDS = 20.0
"""Longest wait inside the function; the state machine's own back-off does the rest."""

_RETRYABLE = frozenset({408, 425, 429})
_OWN_FAILURES = frozenset({"MediaProcessingFailed", "MediaFinalizationFailed"})
"""Errors of the machines' Fail states: the callback was delivered, or is a dead letter, by then."""
_NAME = re.compile(r"(process|finalization)-(\d+)-(\d+)-(\d+)")
_STATUS: dict[str, CallbackStatus] = {
    "process": "PROCESSING_FAILED",
    "finalization": "FINALIZATION_FAILED",
}


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    """What we read of EventBridge's `Step Functions Execution Status Change`."""

    execution_arn: str
    name: str
    status: str
    start_date: int
    input: str | None = None
    error: str | None = None
    cause: str | None = None


def deliver(
    event: dict[str, Any],
    store: ObjectStore,
    secret: SecretSource,
    sender: Sender,
    *,
    clock: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Deliver the callback that an event asks for, at most once per attempt of a job.

    Args:
        event: a `CallbackTask`, a `FailureTask`, or EventBridge's word that an execution ended.
        store: the bucket that keeps bodies and receipts.
        secret: the signing secret.
        sender: the way to the backend.
        clock: Unix time in seconds.
        sleep: waits for what `Retry-After` asks.

    Raises:
        CallbackUnavailableError: to be tried again by the state machine.
        CallbackRejectedError: the backend refused for good.
        InvalidMessageError: the event is none of the three.
    """
    keys, failure, execution, traceparent = _read(event)
    bind(keys, execution=execution, traceparent=traceparent)
    if _is_dealt_with(event):
        return {"delivered": False, "reason": "the state machine dealt with its own failure"}
    if _exists(store, keys.receipt):
        return {"delivered": False, "reason": "this callback was delivered before"}
    body = _stored_or_built(store, keys, failure)
    delivery = delivery_id(keys.callback)

    def attempt(*, refresh: bool) -> Reply:
        headers = signed_headers(
            body, secret.current(refresh=refresh), delivery=delivery, timestamp=int(clock())
        )
        extra = {"Content-Type": "application/json", "traceparent": traceparent}
        try:
            return sender.post(body, {**headers, **extra})
        except CallbackUnavailableError as error:
            raise CallbackUnavailableError(f"{keys.callback}: {error}") from error

    reply = attempt(refresh=False)
    if reply.status in {401, 403}:
        reply = attempt(refresh=True)
    _judge(reply, keys.callback, sleep)
    receipt = {"deliveryId": delivery, "status": reply.status, "deliveredAt": _iso(clock())}
    store.write(keys.receipt, msgspec.json.encode(receipt), content_type="application/json")
    return {"delivered": True, "deliveryId": delivery, "status": reply.status}


def _is_dealt_with(event: dict[str, Any]) -> bool:
    """Whether EventBridge tells of an end that the state machine has reported or kept itself."""
    detail = event.get("detail")
    return isinstance(detail, dict) and detail.get("error") in _OWN_FAILURES


def _read(event: dict[str, Any]) -> tuple[JobKeys, Failure | None, str, str]:
    """Which job an event is about, the failure to report if any, execution and trace."""
    if "bodyKey" in event:
        task = convert(event, CallbackTask)
        keys = JobKeys(listing_id=task.listing_identity_id, job_id=task.job_id, retry=task.retry)
        return keys, None, task.execution, traceparent_or_new(task.traceparent)
    if "detail" in event:
        failure = _ended(convert(event["detail"], _Detail))
    else:
        failure = _failed(convert(event, FailureTask))
    execution = failure.execution_arn.rsplit(":", 1)[-1]
    return failure.keys, failure, execution, failure.traceparent


def _failed(task: FailureTask) -> Failure:
    return _failure(
        name=task.execution_arn.rsplit(":", 1)[-1],
        arn=task.execution_arn,
        started_at=task.started_at,
        status=task.status,
        traceparent=task.input.get("traceparent"),
        error=task.error,
    )


def _ended(detail: _Detail) -> Failure:
    given = msgspec.json.decode(detail.input) if detail.input else {}
    kind = detail.name.split("-", 1)[0]
    return _failure(
        name=detail.name,
        arn=detail.execution_arn,
        started_at=_iso(detail.start_date / 1000),
        status=_STATUS.get(kind, "PROCESSING_FAILED"),
        traceparent=given.get("traceparent") if isinstance(given, dict) else None,
        error=StateError(
            error=detail.error or f"EXECUTION_{detail.status}",
            cause=detail.cause or f"the execution ended as {detail.status}",
        ),
    )


def _failure(
    *,
    name: str,
    arn: str,
    started_at: str,
    status: CallbackStatus,
    traceparent: object,
    error: StateError,
) -> Failure:
    match = _NAME.fullmatch(name)
    if not match:
        raise InvalidMessageError(
            f"executionArn: {name!r} is not the name of one of our executions"
        )
    listing_id, job_id, retry = (int(part) for part in match.groups()[1:])
    return Failure(
        keys=JobKeys(listing_id=listing_id, job_id=job_id, retry=retry),
        execution_arn=arn,
        started_at=started_at,
        status=status,
        traceparent=traceparent_or_new(traceparent),
        error=error,
    )


def _stored_or_built(store: ObjectStore, keys: JobKeys, failure: Failure | None) -> bytes:
    """The body that the job left; only where there is none, one that reports the failure.

    A stored body always wins, so that a failure is never told after a result was worked out, and
    retries send the very same bytes.
    """
    try:
        return store.read(keys.callback)
    except ObjectMissingError:
        if failure is None:
            raise
    body = failure_body(failure)
    store.write(keys.callback, body, content_type="application/json")
    return body


def _judge(reply: Reply, body_key: str, sleep: Callable[[float], None]) -> None:
    """Raise unless the backend took the body; errors name its key, for whoever resends it."""
    if 200 <= reply.status < 300:
        return
    if reply.status in _RETRYABLE or reply.status >= 500:
        if reply.retry_after.isascii() and reply.retry_after.isdigit():
            sleep(min(float(reply.retry_after), MAX_RETRY_AFTER_SECONDS))
        raise CallbackUnavailableError(f"{body_key}: the backend answered {reply.status}")
    said = reply.body[:200]
    raise CallbackRejectedError(f"{body_key}: the backend answered {reply.status}: {said!r}")


def _exists(store: ObjectStore, key: str) -> bool:
    try:
        store.head(key)
    except ObjectMissingError:
        return False
    return True


def _iso(seconds: float) -> str:
    stamp = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return stamp.replace("+00:00", "Z")
