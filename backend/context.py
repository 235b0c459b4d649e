"""What every service function needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from backend.db.session import Database
from backend.ports import Aws
from backend.settings import Settings


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Context:
    """Settings, database, AWS and clock of one running service."""

    settings: Settings
    database: Database
    aws: Aws
    clock: Callable[[], datetime] = field(default=utc_now)
