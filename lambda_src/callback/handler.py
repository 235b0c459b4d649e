"""Entry point of `listing-media-callback-dispatch-{env}`."""

from __future__ import annotations

from functools import cache
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from callback.http import HttpSender
from callback.logic import deliver
from callback.metering import MeteredSender
from toq_media.aws.objects import S3ObjectStore
from toq_media.aws.secrets import SigningSecret
from toq_media.errors import MediaError
from toq_media.observability import EmfMeter, logger
from toq_media.settings import CallbackSettings, MetricsSettings, load


@cache
def _ports() -> tuple[S3ObjectStore, SigningSecret, MeteredSender]:
    settings = load(CallbackSettings)
    return (
        S3ObjectStore(settings.media_bucket),
        SigningSecret(settings.callback_secret_arn),
        MeteredSender(HttpSender(settings.callback_url), EmfMeter(load(MetricsSettings))),
    )


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001 - Lambda's signature
    """Deliver one callback."""
    store, secret, sender = _ports()
    try:
        outcome = deliver(event, store, secret, sender)
    except MediaError as error:
        logger.warning("callback not delivered", extra={"reason": str(error)})
        raise
    logger.info("callback", extra=outcome)
    return outcome
