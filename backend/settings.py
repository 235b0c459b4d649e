"""Configuration of the service: environment variables, or explicit values when embedded.

Defaults are the contract's (1.8, 1.10, 1.11).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from toq_media.errors import SettingsError

_ARN = r"^arn:aws:states:[a-z0-9-]+:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}$"
_MINIMUM_SECRET = 16

StateMachineArn = Annotated[str, Field(pattern=_ARN)]
Positive = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Everything the service is told; each field is the variable of the same name in capitals.

    Bearer tokens are JWTs of `jwt_issuer` (keys from `jwt_jwks_url`, audience `jwt_audience`), or,
    for development only, the one fixed `dev_token` that stands for the subject `dev_subject`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    database_url: str = "sqlite:///toq-media.db"
    media_bucket: str
    queue_url: str
    processing_state_machine_arn: StateMachineArn
    finalization_state_machine_arn: StateMachineArn

    callback_secret: SecretStr
    callback_secret_previous: SecretStr | None = None

    jwt_issuer: str = ""
    jwt_audience: str = ""
    jwt_jwks_url: str = ""
    dev_token: SecretStr | None = None
    dev_subject: str = "dev"

    upload_url_ttl_seconds: Annotated[int, Field(ge=1, le=604_800)] = 900
    download_url_ttl_seconds: Annotated[int, Field(ge=1, le=604_800)] = 3600
    max_files_per_batch: Positive = 60
    max_total_bytes: Positive = 1024**3
    max_file_bytes: Positive = 256 * 1024**2
    max_callback_bytes: Positive = 16 * 1024**2
    allowed_content_types: tuple[str, ...] = (
        "image/jpeg",
        "image/png",
        "image/heic",
        "video/mp4",
        "video/quicktime",
        "application/pdf",
    )

    run_worker: bool = False
    """Whether the HTTP process also runs reconciler and cleaner; else run `backend worker`."""
    reconcile_interval_seconds: Positive = 300
    stuck_job_timeout_minutes: Positive = 30
    execution_limit_minutes: Positive = 24 * 60
    """Longest run of an execution, its own TimeoutSeconds; only older ones are stopped."""
    cleanup_interval_minutes: Positive = 120
    job_retention_days: Positive = 90
    cleanup_batch_size: Annotated[int, Field(ge=1, le=5000)] = 500

    listing_approval_admin_review: bool = False
    event_poll_seconds: Annotated[float, Field(gt=0)] = 0.5

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.jwt_issuer) != bool(self.jwt_jwks_url):
            raise ValueError("JWT_ISSUER and JWT_JWKS_URL belong together: set both or neither")
        if self.jwt_issuer and not self.jwt_audience:
            raise ValueError("JWT_AUDIENCE: tokens for other services must not work here; set it")
        if not self.jwt_issuer and self.dev_token is None:
            raise ValueError("set JWT_ISSUER and JWT_JWKS_URL, or DEV_TOKEN for development")
        if self.jwt_issuer and self.dev_token is not None:
            raise ValueError("DEV_TOKEN is for development only: leave it out where JWT_ISSUER is")
        for name in ("callback_secret", "callback_secret_previous", "dev_token"):
            secret: SecretStr | None = getattr(self, name)
            if secret is not None and len(secret.get_secret_value()) < _MINIMUM_SECRET:
                raise ValueError(f"{name.upper()}: shorter than {_MINIMUM_SECRET} characters")
        return self

    @property
    def callback_secrets(self) -> tuple[bytes, ...]:
        """Secrets that a callback may be signed with: two while one is rotated."""
        given = (self.callback_secret, self.callback_secret_previous)
        return tuple(secret.get_secret_value().encode() for secret in given if secret is not None)


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from environment variables; empty ones count as unset.

    Raises:
        SettingsError: a variable is missing or wrong; names each.
    """
    names = {name.upper(): name for name in Settings.model_fields}
    given: dict[str, object] = {
        names[key]: value for key, value in environment.items() if key in names and value
    }
    types = given.get("allowed_content_types")
    if isinstance(types, str):
        given["allowed_content_types"] = tuple(part.strip() for part in types.split(","))
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        found = (
            f"{'.'.join(map(str, one['loc'])).upper() or 'settings'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        )
        raise SettingsError("; ".join(found)) from None
