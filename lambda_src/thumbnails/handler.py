"""Entry point of `listing-media-thumbnails-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from thumbnails.logic import process_batch
from toq_media.aws.objects import S3ObjectStore
from toq_media.contracts import BatchTask, convert, dump
from toq_media.observability import logger
from toq_media.settings import ThumbnailsSettings, load


@cache
def _settings() -> ThumbnailsSettings:
    return load(ThumbnailsSettings)


@cache
def _store() -> S3ObjectStore:
    return S3ObjectStore(_settings().media_bucket)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Process one batch of pictures or documents."""
    summary = process_batch(convert(event, BatchTask), _store(), _settings())
    logger.info(
        "batch processed",
        extra={
            "batch": summary.batch,
            "succeeded": summary.succeeded,
            "failed": summary.failed,
        },
    )
    return dump(summary)
