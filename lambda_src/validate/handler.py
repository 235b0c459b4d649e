"""Entry point of `listing-media-validate-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from toq_media.aws.objects import S3ObjectStore
from toq_media.contracts import ProcessingInput, convert, dump
from toq_media.keys import JobKeys
from toq_media.observability import bind, logger
from toq_media.settings import ValidateSettings, load
from validate.logic import Validator


@cache
def _validator() -> Validator:
    settings = load(ValidateSettings)
    return Validator(store=S3ObjectStore(settings.media_bucket), settings=settings)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Validate one job."""
    task = convert(event, ProcessingInput)
    keys = JobKeys(listing_id=task.listing_identity_id, job_id=task.job_id, retry=task.retry)
    bind(keys, execution=keys.execution("process"), traceparent=task.traceparent)
    result = _validator().validate(task)
    logger.info(
        "job validated",
        extra={"assets": result.asset_count, "invalid": result.invalid_count},
    )
    return dump(result)
