"""Entry point of `listing-media-zip-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from toq_media.aws.multipart import S3BundleStore
from toq_media.contracts import dump
from toq_media.observability import bind, logger
from toq_media.settings import ZipSettings, load
from zip_bundle.logic import Bundler, request_of


@cache
def _ports() -> tuple[S3BundleStore, ZipSettings]:
    settings = load(ZipSettings)
    return S3BundleStore(settings.media_bucket), settings


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bundle one listing."""
    request = request_of(event)
    bind(
        job_id=request.job_id,
        listing_identity_id=request.listing_identity_id,
        traceparent=request.traceparent,
    )
    store, settings = _ports()
    bundler = Bundler(
        store=store,
        strip_metadata=settings.strip_metadata,
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    task = bundler.bundle(request)
    logger.info("bundle ready", extra={"bodyKey": task.body_key})
    return dump(task)
