"""Entry point of `listing-media-dispatch-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from dispatch.logic import Record, records_of, request_of, start, undispatched
from toq_media.aws.objects import S3ObjectStore
from toq_media.aws.workflows import StateMachine
from toq_media.errors import PermanentError
from toq_media.keys import JobKeys
from toq_media.observability import bind, logger, unbind
from toq_media.settings import DispatchSettings, load


@cache
def _ports() -> tuple[S3ObjectStore, StateMachine]:
    settings = load(DispatchSettings)
    return S3ObjectStore(settings.media_bucket), StateMachine(settings.processing_state_machine_arn)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Start one execution a record; report the records that SQS has to deliver again."""
    failed = undispatched(
        records_of(event), _dispatched, remaining=context.get_remaining_time_in_millis
    )
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _dispatched(record: Record) -> bool:
    store, workflows = _ports()
    unbind()
    logger.append_keys(messageId=record.message_id)
    try:
        request = request_of(record)
        traceparent = record.traceparent()
        keys = JobKeys(
            listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
        )
        bind(keys, execution=keys.execution("process"), traceparent=traceparent)
        started = start(request, traceparent, store, workflows)
    except PermanentError as error:
        logger.error(
            "message refused, bound for the dead-letter queue", extra={"reason": str(error)}
        )
        return False
    except Exception:  # noqa: BLE001 - one record's failure must not reach its neighbours
        logger.exception("message not dispatched, to be delivered again")
        return False
    logger.info("execution started" if started else "duplicate delivery dropped")
    return True
