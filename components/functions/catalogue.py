"""What functions there are: one record each, with its size, role and environment.

To add a function: a package with `handler.py` in `lambda_src`, a settings model in
`toq_media/settings.py`, and a record here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pulumi

from components.naming import METRICS_NAMESPACE, Names

Layer = Literal["runtime", "imaging"]


@dataclass(frozen=True, kw_only=True)
class FunctionSpec:
    """One function.

    Attributes:
        kind: its part of the physical name, `listing-media-{kind}-{env}`.
        package: its package in `lambda_src`.
        role: purpose of its role, as `Identity.role_arns` is keyed.
        memory_mb: memory; Lambda gives CPU in proportion, a whole vCPU at 1769 MB.
        timeout_seconds: Lambda ends the call then.
        layers: third-party packages, by layer.
        environment: its own variables; the fields of its settings model, upper-cased.
    """

    kind: str
    package: str
    role: str
    memory_mb: int
    timeout_seconds: int
    layers: tuple[Layer, ...] = ("runtime",)
    environment: Mapping[str, pulumi.Input[str]]

    @property
    def handler(self) -> str:
        """Handler string inside the archive."""
        return f"{self.package}.handler.handler"


@dataclass(frozen=True, kw_only=True)
class FunctionConfig:
    """What the functions' environments are made from; sizes in bytes, pixels or seconds."""

    names: Names
    callback_url: str
    callback_secret_arn: pulumi.Input[str]
    max_image_pixels: int
    max_image_bytes: int
    max_video_bytes: int
    max_video_seconds: int
    max_batch_assets: int
    max_batch_bytes: int
    rendition_cache_control: str
    strip_metadata: bool
    log_level: str


def catalogue(config: FunctionConfig) -> tuple[FunctionSpec, ...]:
    """All functions, in the order in which a job meets them."""
    media_bucket = {"MEDIA_BUCKET": config.names.media_bucket}
    return (
        FunctionSpec(
            kind="dispatch",
            package="dispatch",
            role="dispatch",
            memory_mb=256,
            # A sixth of the queue's visibility timeout, as AWS advises for event source mappings.
            timeout_seconds=10,
            environment=media_bucket
            | {
                "PROCESSING_STATE_MACHINE_ARN": config.names.machine_arn(
                    config.names.processing_machine
                )
            },
        ),
        FunctionSpec(
            kind="validate",
            package="validate",
            role="lambda",
            memory_mb=1024,
            timeout_seconds=60,
            environment=media_bucket
            | {
                "ENVIRONMENT": config.names.environment,
                "MAX_BATCH_ASSETS": str(config.max_batch_assets),
                "MAX_BATCH_BYTES": str(config.max_batch_bytes),
                "MAX_IMAGE_BYTES": str(config.max_image_bytes),
                "MAX_VIDEO_BYTES": str(config.max_video_bytes),
                "MAX_VIDEO_SECONDS": str(config.max_video_seconds),
            },
        ),
        FunctionSpec(
            kind="thumbnails",
            package="thumbnails",
            role="lambda",
            memory_mb=3008,
            timeout_seconds=300,
            layers=("runtime", "imaging"),
            environment=media_bucket
            | {
                "MAX_IMAGE_PIXELS": str(config.max_image_pixels),
                "RENDITION_CACHE_CONTROL": config.rendition_cache_control,
            },
        ),
        FunctionSpec(
            kind="zip",
            package="zip_bundle",
            role="lambda",
            memory_mb=3008,
            timeout_seconds=900,
            environment=media_bucket
            | {
                "STRIP_METADATA": str(config.strip_metadata).lower(),
                # Many threads allocate: without it memory grows with the listing (fragmentation).
                "MALLOC_ARENA_MAX": "2",
            },
        ),
        FunctionSpec(
            kind="consolidate",
            package="consolidate",
            role="consolidate",
            memory_mb=512,
            timeout_seconds=60,
            environment=media_bucket,
        ),
        FunctionSpec(
            kind="callback-dispatch",
            package="callback",
            role="callback",
            memory_mb=256,
            timeout_seconds=60,
            environment=media_bucket
            | {
                "CALLBACK_URL": config.callback_url,
                "CALLBACK_SECRET_ARN": config.callback_secret_arn,
            },
        ),
    )


def common_environment(spec: FunctionSpec, config: FunctionConfig) -> dict[str, str]:
    """Variables that every function has: where its logs and metrics say they come from."""
    return {
        "ENVIRONMENT": config.names.environment,
        "POWERTOOLS_LOG_LEVEL": config.log_level,
        "POWERTOOLS_SERVICE_NAME": spec.kind,
        "POWERTOOLS_METRICS_NAMESPACE": METRICS_NAMESPACE,
    }
