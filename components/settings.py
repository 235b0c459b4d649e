"""The stack's configuration as one checked record; nothing else reads `pulumi.Config`.

Every key is declared, typed and described in `Pulumi.yaml`; a key that is not, or a bad value,
stops the program before any resource exists, with the key's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pulumi
from pulumi.runtime import config as pulumi_config
from pydantic import BaseModel, ConfigDict, Field, Json, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from components.naming import Names, default_media_bucket, standard_tags

NAMESPACE = "toq-media"

LOG_RETENTION_DAYS = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827)
"""Retentions that CloudWatch Logs takes (its API reference), up to five years."""

BucketName = Annotated[str, Field(pattern=r"^$|^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
Days = Annotated[int, Field(ge=1, le=3650)]
Origin = Annotated[str, Field(pattern=r"^https?://[^/*\s]+$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
OptionalUrl = Annotated[str, Field(pattern=r"^$|^https?://\S+$")]


class SettingsError(Exception):
    """The configuration has an unknown key or a bad value; one line per key."""


class StackSettings(BaseModel):
    """Configuration of one stack. Descriptions and defaults of the keys are in `Pulumi.yaml`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    environment: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{1,15}$")]
    region: Annotated[str, Field(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    account_id: Annotated[str, Field(pattern=r"^\d{12}$")]
    endpoint_url: OptionalUrl
    owner_tag: Annotated[str, Field(min_length=1, max_length=256)]
    cost_centre_tag: Annotated[str, Field(min_length=1, max_length=256)]

    protect_resources: bool
    force_destroy: bool

    adopt_key_id: Annotated[str, Field(pattern=r"^$|^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]

    media_bucket_name: BucketName
    raw_archive_days: Days
    noncurrent_days: Days
    job_file_days: Days
    access_log_days: Days
    cors_allowed_origins: Json[tuple[Origin, ...]]

    callback_url: Annotated[str, Field(pattern=r"^https?://\S+$")]

    function_target: Literal["lambda", "host"]
    max_image_pixels: Annotated[int, Field(ge=1_000_000, le=1_000_000_000)]
    max_image_bytes: Annotated[int, Field(ge=1_000_000, le=5_368_709_120)]
    max_video_bytes: Annotated[int, Field(ge=1_000_000, le=1_099_511_627_776)]
    max_video_seconds: Annotated[int, Field(ge=1, le=14_400)]
    max_batch_assets: Annotated[int, Field(ge=1, le=100)]
    max_batch_bytes: Annotated[int, Field(ge=1_000_000, le=5_368_709_120)]
    rendition_cache_control: Annotated[str, Field(max_length=256)]
    strip_metadata: bool

    dispatch_concurrency: Annotated[int, Field(ge=2, le=1000)]
    thumbnails_concurrency: Annotated[int, Field(ge=1, le=40)]
    video_concurrency: Annotated[int, Field(ge=1, le=40)]

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]
    log_retention_days: int
    alarm_emails: Json[tuple[Email, ...]]
    runbook_url: OptionalUrl

    @model_validator(mode="after")
    def _values_agree(self) -> StackSettings:
        if self.log_retention_days not in LOG_RETENTION_DAYS:
            allowed = ", ".join(map(str, LOG_RETENTION_DAYS))
            raise ValueError(f"logRetentionDays: must be one of {allowed}")
        if not self.endpoint_url and not self.callback_url.startswith("https://"):
            raise ValueError("callbackUrl: must be https; http is for emulators (endpointUrl)")
        if self.protect_resources and self.force_destroy:
            raise ValueError("forceDestroy: contradicts protectResources; set one of them to false")
        return self

    @classmethod
    def load(cls) -> StackSettings:
        """Read the configuration of the running stack.

        Raises:
            SettingsError: a key is unknown or missing, or a value is bad.
        """
        prefix = f"{NAMESPACE}:"
        found = {
            key.removeprefix(prefix): value
            for key, value in _all_config().items()
            if key.startswith(prefix)
        }
        return cls.parse(found, environment=pulumi.get_stack())

    @classmethod
    def parse(cls, values: Mapping[str, Any], *, environment: str) -> StackSettings:
        """Check configuration values, given by key without namespace; raises as `load` does."""
        try:
            return cls.model_validate({**values, "environment": environment})
        except ValidationError as error:
            raise SettingsError("\n".join(_line(item) for item in error.errors())) from None

    @property
    def names(self) -> Names:
        """Physical names of this environment."""
        return Names(
            account_id=self.account_id,
            region=self.region,
            environment=self.environment,
            media_bucket=self.media_bucket_name or default_media_bucket(self.environment),
        )

    @property
    def tags(self) -> dict[str, str]:
        """Tags of every resource of this environment."""
        return standard_tags(
            environment=self.environment, owner=self.owner_tag, cost_centre=self.cost_centre_tag
        )


def _all_config() -> dict[str, Any]:
    """All keys of all namespaces; `pulumi.Config` can only be asked for keys one knows."""
    return {**pulumi_config.get_config_env(), **pulumi_config.CONFIG.get()}


def _line(item: Any) -> str:
    """One validation error as `toq-media:key: what is wrong`."""
    message = item["msg"].removeprefix("Value error, ")
    if not item["loc"]:
        return f"{NAMESPACE}:{message}"
    key = str(item["loc"][0])
    if item["type"] == "extra_forbidden":
        return f"{NAMESPACE}:{key}: unknown key; the keys are described in Pulumi.yaml"
    where = "".join(f"[{part}]" for part in item["loc"][1:])
    return f"{NAMESPACE}:{key}{where}: {message} (is {item['input']!r})"
