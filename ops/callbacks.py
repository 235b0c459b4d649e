"""`callback`: what the backend was told, and telling it again."""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any

from ops.attempts import Attempt, execution_arn
from ops.cloud import Cloud
from ops.errors import NotThereError
from ops.executions import progress_of
from ops.outcome import Outcome
from ops.secret import read_secret
from ops.working_files import read
from toq_media.contracts import (
    CallbackTask,
    FinalizationCallback,
    ProcessingCallback,
    decode,
    dump,
)
from toq_media.errors import InvalidMessageError
from toq_media.keys import JobKeys
from toq_media.signing import delivery_id, sign


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Answer of the callback function; `problem` is empty when it did its work."""

    result: dict[str, Any]
    problem: str = ""


def call_function(cloud: Cloud, event: dict[str, Any]) -> Answer:
    """Call the callback function and wait for it."""
    reply = cloud.functions.invoke(
        FunctionName=cloud.names.function("callback-dispatch"), Payload=json.dumps(event).encode()
    )
    result = json.loads(reply["Payload"].read() or b"{}")
    if reply.get("FunctionError"):
        kind, text = result.get("errorType", "error"), result.get("errorMessage", result)
        return Answer(result=result, problem=f"{kind}: {text}")
    return Answer(result=result)


def deliver(cloud: Cloud, keys: JobKeys) -> Answer:
    """Have the stored body delivered, unless its receipt says that it was.

    Raises:
        NotThereError: the attempt left no body.
    """
    body = _body(cloud, keys)
    parsed = json.loads(body)
    task = CallbackTask(
        job_id=keys.job_id,
        listing_identity_id=keys.listing_id,
        retry=keys.retry,
        status=parsed["status"],
        traceparent=parsed.get("traceparent", ""),
        body_key=keys.callback,
    )
    return call_function(cloud, dump(task))


def resend(cloud: Cloud, attempt: Attempt, *, yes: bool) -> Outcome:
    """`callback resend`: deliver the stored bytes again, whatever the receipt says.

    The delivery id stays the same, so that a receiver that knows it drops the repeat. Where the
    delivery fails, the receipt of the one before is put back: it is still true.
    """
    keys = attempt.keys
    facts: dict[str, Any] = {"bodyKey": keys.callback, "bytes": len(_body(cloud, keys))}
    receipt = read(cloud, keys.receipt)
    facts["deliveredBefore"] = receipt is not None
    if not yes:
        return Outcome(title=f"resend the callback of {attempt.name}", facts=facts, done=False)
    if receipt is not None:
        cloud.s3.delete_object(Bucket=cloud.names.media_bucket, Key=keys.receipt)
    answer = deliver(cloud, keys)
    if answer.problem and receipt is not None:
        cloud.store.write(keys.receipt, receipt, content_type="application/json")
    return Outcome(
        title=f"resend the callback of {attempt.name}",
        facts={**facts, "problem": answer.problem, **({} if answer.problem else answer.result)},
        done=True,
        exit_code=1 if answer.problem else 0,
    )


def verify(cloud: Cloud, attempt: Attempt, *, signature: str) -> Outcome:
    """`callback verify`: body, attempts and receipt; exit code 1 unless all is well.

    Args:
        cloud: The environment.
        attempt: Whose callback.
        signature: `X-Toq-Signature` as the backend saw it, to learn which secret made it.
    """
    keys = attempt.keys
    body = _body(cloud, keys)
    problem = _contract_problem(attempt, body)
    receipt = read(cloud, keys.receipt)
    progress = progress_of(cloud, execution_arn(cloud, attempt))
    signed_by = _signer(cloud, body, signature) if signature else ""
    return Outcome(
        title=f"callback of {attempt.name}",
        facts={
            "bodyKey": keys.callback,
            "bytes": len(body),
            "status": json.loads(body).get("status"),
            "contract": problem or "kept",
            "deliveryId": delivery_id(keys.callback),
            "attempts": progress.callback_attempts if progress else None,
            "lastError": progress.callback_error if progress else "",
            "delivered": receipt is not None,
            "receipt": json.loads(receipt) if receipt else None,
            **({"signedBy": signed_by} if signature else {}),
        },
        exit_code=1 if problem or receipt is None or signed_by == "neither secret" else 0,
    )


def _contract_problem(attempt: Attempt, body: bytes) -> str:
    """Why a body is not one of this attempt, or an empty string."""
    try:
        if attempt.kind == "processing":
            told = decode(body, ProcessingCallback)
            ids = (told.job_id, told.listing_identity_id)
        else:
            bundle = decode(body, FinalizationCallback)
            ids = (bundle.job_id, int(bundle.listing_identity_id))
    except (InvalidMessageError, ValueError) as error:
        return str(error)
    if ids != (attempt.keys.job_id, attempt.keys.listing_id):
        return f"is about job {ids[0]} of listing {ids[1]}"
    return ""


def _signer(cloud: Cloud, body: bytes, signature: str) -> str:
    secret = read_secret(cloud)
    for name, value in (("current", secret.current), ("previous", secret.previous)):
        made = sign(body, value.encode()) if value else ""
        if made and hmac.compare_digest(made, signature.strip().lower()):
            return f"the {name} secret"
    return "neither secret"


def _body(cloud: Cloud, keys: JobKeys) -> bytes:
    body = read(cloud, keys.callback)
    if body is None:
        raise NotThereError(f"{keys.callback}: there is none; the job has not come so far")
    return body
