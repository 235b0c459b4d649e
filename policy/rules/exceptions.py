"""Resources that a rule does not bind, each with its reason; no rule has another way around it."""

from __future__ import annotations

from typing import Final

_ACCESS_LOGS_KEY = "S3 delivers access logs only to buckets that encrypt with S3's own keys"

EXCEPTIONS: Final = {
    ("s3-sealed", "storage-logs-bucket"): _ACCESS_LOGS_KEY,
    ("s3-versioned", "storage-logs-bucket"): "log files are written once under names of their own",
    ("s3-access-logged", "storage-logs-bucket"): "a log of the log's deliveries would feed itself",
}
"""(rule, logical name) -> reason."""
