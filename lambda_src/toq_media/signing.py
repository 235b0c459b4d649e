"""Signatures of callbacks: both sides, so that sender and receiver cannot drift.

`X-Toq-Signature` is the contract's (1.7): hex HMAC-SHA256 of the exact body. It protects the body
alone, so `X-Toq-Signature-V2` signs delivery id, time and body together, in the manner of Standard
Webhooks; receivers that know it can refuse replays.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Final

SIGNATURE: Final = "X-Toq-Signature"
SIGNATURE_V2: Final = "X-Toq-Signature-V2"
TIMESTAMP: Final = "X-Toq-Timestamp"
DELIVERY: Final = "X-Toq-Delivery"

TOLERANCE_SECONDS: Final = 300
"""How far a delivery's time may be from the receiver's clock."""

_HEX = re.compile(r"[0-9a-f]{64}")
_NAMESPACE = uuid.UUID("8f9f2c43-9a0e-4b59-8d0c-0c3a4c2f7d11")


def delivery_id(body_key: str) -> str:
    """Id of a delivery, the same for every attempt to deliver the body under this key."""
    return str(uuid.uuid5(_NAMESPACE, body_key))


def sign(body: bytes, secret: bytes) -> str:
    """Hex HMAC-SHA256 of the body."""
    return hmac.new(secret, body, hashlib.sha256).hexdigest()


def signed_headers(body: bytes, secret: bytes, *, delivery: str, timestamp: int) -> dict[str, str]:
    """All four headers of one attempt; `timestamp` is Unix seconds."""
    return {
        SIGNATURE: sign(body, secret),
        SIGNATURE_V2: f"v1={sign(_envelope(body, delivery, str(timestamp)), secret)}",
        TIMESTAMP: str(timestamp),
        DELIVERY: delivery,
    }


def verify(body: bytes, headers: Mapping[str, str], secrets: Sequence[bytes], *, now: float) -> str:
    """Why a callback must be refused, or an empty string.

    Args:
        body: the raw body, before any parsing.
        headers: header names in any case.
        secrets: every secret that is valid now (two while one is rotated); none refuses all.
        now: Unix seconds.
    """
    found = {name.lower(): value.strip() for name, value in headers.items()}
    if not body:
        return "the body is empty"
    signature = found.get(SIGNATURE.lower(), "").lower()
    if not _HEX.fullmatch(signature):
        return f"{SIGNATURE} is missing or malformed"
    if not any(hmac.compare_digest(signature, sign(body, secret)) for secret in secrets):
        return f"{SIGNATURE} does not match the body"
    return _verify_v2(body, found, secrets, now)


def _verify_v2(body: bytes, found: Mapping[str, str], secrets: Sequence[bytes], now: float) -> str:
    signatures = found.get(SIGNATURE_V2.lower())
    if signatures is None:
        return ""
    timestamp = found.get(TIMESTAMP.lower(), "")
    if not timestamp.isascii() or not timestamp.isdigit():
        return f"{TIMESTAMP} is missing or malformed"
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        return f"{TIMESTAMP} is more than {TOLERANCE_SECONDS} s away"
    envelope = _envelope(body, found.get(DELIVERY.lower(), ""), timestamp)
    expected = [f"v1={sign(envelope, secret)}" for secret in secrets]
    given = signatures.lower().split()
    if any(hmac.compare_digest(one, other) for one in given for other in expected):
        return ""
    return f"{SIGNATURE_V2} does not match"


def _envelope(body: bytes, delivery: str, timestamp: str) -> bytes:
    return f"{delivery}.{timestamp}.".encode() + body
