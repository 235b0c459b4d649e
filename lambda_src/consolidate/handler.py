"""Entry point of `listing-media-consolidate-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from consolidate.logic import consolidate
from toq_media.aws.objects import S3ObjectStore
from toq_media.contracts import ConsolidateTask, convert, dump
from toq_media.observability import EmfMeter, logger
from toq_media.settings import ConsolidateSettings, MetricsSettings, load


@cache
def _ports() -> tuple[S3ObjectStore, EmfMeter]:
    store = S3ObjectStore(load(ConsolidateSettings).media_bucket)
    return store, EmfMeter(load(MetricsSettings))


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Write the callback's body; return its reference."""
    task = consolidate(convert(event, ConsolidateTask), *_ports())
    logger.info("job consolidated", extra={"status": task.status, "bodyKey": task.body_key})
    return dump(task)
