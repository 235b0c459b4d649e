"""W3C trace context: taken from where it is valid, made where there is none."""

from __future__ import annotations

import re
import secrets

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def traceparent_or_new(candidate: object) -> str:
    """The candidate if it is a valid version 00 `traceparent`, else a fresh, sampled one."""
    if isinstance(candidate, str) and _TRACEPARENT.fullmatch(candidate):
        return candidate
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
