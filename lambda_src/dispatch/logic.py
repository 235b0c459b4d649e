"""One SQS record to one execution, under a name that only this job's attempt can have."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from toq_media.contracts import (
    JobMessage,
    JobRequest,
    ProcessingInput,
    convert,
    decode,
    encode,
)
from toq_media.errors import InvalidKeyError, InvalidMessageError, JobConflictError
from toq_media.keys import JobKeys, RawKey
from toq_media.ports import ExecutionExists, ObjectStore, Workflows
from toq_media.tracing import traceparent_or_new

RESERVE_MILLISECONDS = 2_000
"""What one record may need; the function has 10 s for its ten."""


class Record(msgspec.Struct, frozen=True, rename="camel"):
    """What dispatch reads of an SQS record.

    Attributes are the sender's and may hold anything: a strange one must not fail the batch.
    """

    message_id: str
    body: str
    message_attributes: dict[str, Any] = {}

    def traceparent(self) -> str:
        """Trace context of the sender, or a fresh one."""
        attribute = self.message_attributes.get("Traceparent")
        return traceparent_or_new(
            attribute.get("stringValue") if isinstance(attribute, dict) else None
        )


class _Event(msgspec.Struct, frozen=True):
    records: list[Record] = msgspec.field(name="Records")


def records_of(event: dict[str, Any]) -> list[Record]:
    """Records of an SQS event."""
    return convert(event, _Event).records


def undispatched(
    records: list[Record], dispatched: Callable[[Record], bool], *, remaining: Callable[[], int]
) -> list[str]:
    """Ids of the messages that SQS has to deliver again.

    A record for which the time is short is left for another delivery: were the function stopped in
    its midst, SQS would repeat the whole batch and count a receive against the finished ones too.

    Args:
        records: one batch.
        dispatched: handles one record; whether SQS may delete it.
        remaining: milliseconds until Lambda stops the function.
    """
    return [
        record.message_id
        for record in records
        if remaining() < RESERVE_MILLISECONDS or not dispatched(record)
    ]


def request_of(record: Record) -> JobRequest:
    """The job that a record asks for.

    Raises:
        InvalidMessageError: the body breaks the contract, names a key twice, or one that is not
            under the listing's own `raw/`.
    """
    message = decode(record.body, JobMessage)
    assets = message.asset_refs()
    twice = [key for key, count in Counter(asset.key for asset in assets).items() if count > 1]
    if twice:
        raise InvalidMessageError(f"assets: key {twice[0]!r} stands more than once")
    for asset in assets:
        try:
            RawKey.parse(asset.key, listing_id=message.listing_identity_id)
        except InvalidKeyError as error:
            raise InvalidMessageError(f"assets: {error}") from error
    return JobRequest(
        job_id=message.job_id,
        listing_identity_id=message.listing_identity_id,
        retry=message.retry,
        assets=assets,
    )


def start(request: JobRequest, traceparent: str, store: ObjectStore, workflows: Workflows) -> bool:
    """Start the job's execution unless it was started before.

    Returns:
        True if this call started it, False if it was a duplicate.

    Raises:
        JobConflictError: the job's attempt was started with other assets.
        ThrottledError: AWS asks to slow down; the message is to be delivered again.
    """
    body = encode(request)
    keys = JobKeys(
        listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
    )
    request_key = keys.request(hashlib.sha256(body).hexdigest()[:16])
    store.write(request_key, body, content_type="application/json")
    payload = ProcessingInput(
        job_id=request.job_id,
        listing_identity_id=request.listing_identity_id,
        retry=request.retry,
        traceparent=traceparent,
        request_key=request_key,
    )
    name = keys.execution("process")
    try:
        workflows.start(name, encode(payload))
    except ExecutionExists:
        running = decode(workflows.input_of(name), ProcessingInput)
        if running.request_key != request_key:
            raise JobConflictError(
                f"execution {name} was started with other assets; "
                "send a deliberate repeat with a higher 'retry'"
            ) from None
        return False
    return True
