"""Entry point of `listing-media-zip-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from toq_media.aws.multipart import S3BundleStore
from toq_media.contracts import dump
from toq_media.keys import JobKeys
from toq_media.observability import EmfMeter, bind, logger
from toq_media.settings import MetricsSettings, ZipSettings, load
from zip_bundle.logic import Bundler, request_of


@cache
def _ports() -> tuple[S3BundleStore, ZipSettings, EmfMeter]:
    settings = load(ZipSettings)
    return S3BundleStore(settings.media_bucket), settings, EmfMeter(load(MetricsSettings))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Bundle one listing."""
    request = request_of(event)
    keys = JobKeys(
        listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
    )
    bind(keys, execution=keys.execution("finalization"), traceparent=request.traceparent)
    store, settings, meter = _ports()
    bundler = Bundler(
        store=store,
        meter=meter,
        strip_metadata=settings.strip_metadata,
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
    )
    task = bundler.bundle(request)
    logger.info("bundle ready", extra={"bodyKey": task.body_key})
    return dump(task)
