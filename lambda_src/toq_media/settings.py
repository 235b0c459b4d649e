"""Each function's environment as one checked record; nothing else reads `os.environ`.

The Pulumi program's catalogue sets exactly these variables: `tests/agreement` holds it to that.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from toq_media.errors import SettingsError

Text = Annotated[str, Meta(min_length=1)]
Positive = Annotated[int, Meta(ge=1)]


class FunctionSettings(msgspec.Struct, frozen=True, kw_only=True, rename=str.upper):
    """Base: field `media_bucket` is read from variable `MEDIA_BUCKET`."""


class DispatchSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-dispatch-{env}`."""

    media_bucket: Text
    processing_state_machine_arn: Text


class ValidateSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-validate-{env}`."""

    media_bucket: Text
    max_batch_assets: Positive
    max_batch_bytes: Positive
    max_image_bytes: Positive
    max_video_bytes: Positive
    max_video_seconds: Positive
    environment: Text


class ThumbnailsSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-thumbnails-{env}`."""

    media_bucket: Text
    max_image_pixels: Positive
    rendition_cache_control: str = ""


class ZipSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-zip-{env}`."""

    media_bucket: Text
    strip_metadata: bool


class ConsolidateSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-consolidate-{env}`."""

    media_bucket: Text


class CallbackSettings(FunctionSettings, frozen=True, kw_only=True):
    """Environment of `listing-media-callback-dispatch-{env}`."""

    media_bucket: Text
    callback_url: Annotated[str, Meta(pattern="^https?://")]
    callback_secret_arn: Text


class MetricsSettings(FunctionSettings, frozen=True, kw_only=True):
    """Where metrics go; set for every function."""

    environment: Text
    powertools_metrics_namespace: Text


S = TypeVar("S", bound=FunctionSettings)


def load(model: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """Read a function's settings.

    Raises:
        SettingsError: a variable is missing or bad; names it.
    """
    try:
        return msgspec.convert(dict(environ), type=model, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{model.__name__}: {error}") from error
