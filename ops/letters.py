"""What lies in the dead-letter queue and why, read from the letter alone; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ops.attempts import Attempt, attempt_of
from ops.causes import cause_text
from toq_media.contracts import JobMessage, decode
from toq_media.errors import InvalidKeyError, InvalidMessageError
from toq_media.keys import JobKeys, RawKey

LetterKind = Literal["job", "callback", "ended", "unreadable"]

_DISPATCH_GAVE_UP = (
    "dispatch failed five times although the message is sound; its log says why "
    "(search by messageId): throttling, missing rights, or a conflict with another message"
)


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A message of the dead-letter queue, understood.

    Attributes:
        kind: A job message; a callback that the machine gave up; word of an ended execution that
            the callback function could not handle; or none of these.
        reason: Why it is here, as far as it can be known.
        hopeless: Whether it would come back however often it is redriven.
        attempt: The job that it is about.
        event: What to call the callback function with, for the kind `ended`.
    """

    kind: LetterKind
    reason: str
    hopeless: bool = False
    attempt: Attempt | None = None
    event: Mapping[str, Any] = field(default_factory=dict)


def read_letter(body: str, attributes: Mapping[str, str]) -> Letter:
    """Understand a message.

    Args:
        body: Its body.
        attributes: Its message attributes, by name; EventBridge puts its reason there.
    """
    try:
        document = json.loads(body)
    except ValueError as error:
        return Letter(kind="unreadable", reason=f"the body is no JSON: {error}", hopeless=True)
    if isinstance(document, dict):
        if document.get("kind") == "CALLBACK_UNDELIVERED":
            return _callback(document)
        if "requestPayload" in document and "responsePayload" in document:
            return _refused_event(document)
        if "detail" in document:
            return _ended(document, _eventbridge_reason(attributes))
    return _job(body)


def _callback(document: dict[str, Any]) -> Letter:
    """What the state `CallbackUndelivered` sends."""
    attempt = attempt_of(str(document.get("executionArn", "")).rsplit(":", 1)[-1])
    state = document.get("state")
    error = state.get("error", {}) if isinstance(state, dict) else {}
    cause = error.get("Cause", "") if isinstance(error, dict) else ""
    name = error.get("Error", "no error told") if isinstance(error, dict) else str(error)
    return Letter(
        kind="callback",
        reason=": ".join(part for part in (name, cause_text(str(cause))) if part),
        hopeless=attempt is None,
        attempt=attempt,
    )


def _refused_event(document: dict[str, Any]) -> Letter:
    """What Lambda's on-failure destination sends: the event and what the function said."""
    answer = document["responsePayload"] if isinstance(document["responsePayload"], dict) else {}
    kind, text = answer.get("errorType", "no answer"), answer.get("errorMessage", "")
    reason = f"the callback function failed: {kind}: {text}"
    event = document["requestPayload"]
    return _ended(event if isinstance(event, dict) else {}, reason)


def _ended(event: dict[str, Any], reason: str) -> Letter:
    detail = event.get("detail")
    name = detail.get("name", "") if isinstance(detail, dict) else ""
    attempt = attempt_of(str(name))
    if attempt is None:
        return Letter(
            kind="unreadable", reason=f"is about no execution of ours; {reason}", hopeless=True
        )
    return Letter(kind="ended", reason=reason, attempt=attempt, event=event)


def _eventbridge_reason(attributes: Mapping[str, str]) -> str:
    code = attributes.get("ERROR_CODE", "no code told")
    return f"EventBridge could not call the function: {code} {attributes.get('ERROR_MESSAGE', '')}"


def _job(body: str) -> Letter:
    try:
        message = decode(body, JobMessage)
    except InvalidMessageError as error:
        return Letter(kind="job", reason=str(error), hopeless=True)
    keys = JobKeys(
        listing_id=message.listing_identity_id, job_id=message.job_id, retry=message.retry
    )
    attempt = Attempt(kind="processing", keys=keys)
    problem = _key_problem(message)
    return Letter(
        kind="job", reason=problem or _DISPATCH_GAVE_UP, hopeless=bool(problem), attempt=attempt
    )


def _key_problem(message: JobMessage) -> str:
    """The rules that dispatch holds the keys of a message to."""
    seen: set[str] = set()
    for asset in message.asset_refs():
        try:
            RawKey.parse(asset.key, listing_id=message.listing_identity_id)
        except InvalidKeyError as error:
            return f"assets: {error}"
        if asset.key in seen:
            return f"assets: key {asset.key!r} stands more than once"
        seen.add(asset.key)
    return ""
