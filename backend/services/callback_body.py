"""A callback's body as leniently as the contract reads it (1.7), and no more so."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from backend.errors import BadRequestError

_DIGITS = re.compile(r"[0-9]{1,10}")


def _id(value: object) -> object:
    """A number, or one written as a string; never a boolean or a fraction."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        return int(value)
    if type(value) is not int:
        raise ValueError("must be a number, or a string of digits")
    return value


def _text(value: object) -> object:
    """Null reads as empty; NUL cannot be kept in every database."""
    return value.replace("\x00", "") if isinstance(value, str) else value or ""


def _upper(value: object) -> object:
    text = _text(value)
    return text.strip().upper() if isinstance(text, str) else text


def _list(value: object) -> object:
    return [] if value is None else value


def _map(value: object) -> object:
    return {} if value is None else value


def _time(value: object) -> object:
    return value or None


Id = Annotated[int, BeforeValidator(_id), Field(ge=1, le=2**32 - 1)]
Text = Annotated[str, BeforeValidator(_text)]
Word = Annotated[str, BeforeValidator(_upper)]
Count = Annotated[int, Field(ge=0)]
Texts = Annotated[dict[str, Text], BeforeValidator(_map)]


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, frozen=True, extra="ignore")


class Output(_Body):
    """What became of one asset."""

    raw_key: Text = ""
    processed_key: Text = ""
    thumbnail_key: Text = ""
    outputs: Texts = Field(default_factory=dict)
    error_code: Text = ""
    error_message: Text = ""


class Error(_Body):
    """An error, in the contract's casing or in AWS's (field note 38)."""

    code: Word = ""
    message: Text = ""
    details: Texts = Field(default_factory=dict)
    aws_error: Text = Field(default="", alias="Error")
    aws_cause: Text = Field(default="", alias="Cause")


class CallbackBody(_Body):
    """The body of any callback."""

    job_id: Id
    listing_identity_id: Id
    status: Word = ""
    provider: Word = ""
    execution_arn: Text = ""
    started_at: Annotated[AwareDatetime | None, BeforeValidator(_time)] = None
    failure_reason: Text = ""
    error: Error | None = None
    outputs: Annotated[list[Output], BeforeValidator(_list)] = Field(default_factory=list)
    assets_zipped: Count = 0
    zip_bundles: Annotated[list[str], BeforeValidator(_list)] = Field(default_factory=list)
    zip_size_bytes: Count = 0
    unzipped_size_bytes: Count = 0
    skipped: Annotated[list[dict[str, Any]], BeforeValidator(_list)] = Field(default_factory=list)

    def failure(self) -> tuple[str, str]:
        """Code and message of what went wrong; empty where nothing did."""
        if self.error is None:
            return self.failure_reason, ""
        code = self.error.code or self.error.aws_error or self.failure_reason
        return code, self.error.message or self.error.aws_cause


def parse(body: bytes) -> CallbackBody:
    """Read a body whose signature was checked.

    Raises:
        BadRequestError: it is no JSON object, has something after it, or a wrong field.
    """
    try:
        return CallbackBody.model_validate_json(body)
    except ValidationError as error:
        found = [
            {"field": ".".join(map(str, one["loc"])) or "body", "message": one["msg"]}
            for one in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        text = "; ".join(f"{one['field']}: {one['message']}" for one in found[:3])
        raise BadRequestError("INVALID_CALLBACK", text, found) from error
