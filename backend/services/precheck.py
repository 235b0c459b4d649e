"""Whether what was declared is what S3 holds, before any job begins (field notes 8, 9)."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from backend.context import Context
from backend.db.models import Asset
from backend.errors import BadRequestError
from backend.ports import Storage

_PARALLEL = 16


@dataclass(frozen=True, kw_only=True)
class Expected:
    """An asset as it was read, and what its upload declared."""

    asset_id: int
    version: int
    key: str
    size: int
    checksum: str


def expected_of(assets: Sequence[Asset]) -> list[Expected]:
    """What the assets' uploads declared."""
    return [
        Expected(
            asset_id=asset.id,
            version=asset.version,
            key=asset.s3_key_raw,
            size=asset.size_bytes,
            checksum=asset.checksum_sha256,
        )
        for asset in assets
    ]


def check_uploads(context: Context, expected: Sequence[Expected]) -> None:
    """Ask S3 for each key, outside any transaction.

    Raises:
        BadRequestError: names every key that is missing, empty, or not what was declared.
        AwsError: S3 does not answer.
    """
    with ThreadPoolExecutor(max_workers=_PARALLEL) as pool:
        found = list(pool.map(lambda one: _problem(context.aws.storage, one), expected))
    problems = [one for one in found if one]
    if problems:
        text = "; ".join(f"{one['key']}: {one['message']}" for one in problems[:3])
        more = f" (and {len(problems) - 3} more)" if len(problems) > 3 else ""
        raise BadRequestError("UPLOADS_NOT_READY", text + more, problems)


def _problem(storage: Storage, expected: Expected) -> dict[str, str] | None:
    stored = storage.head(expected.key)
    if stored is None:
        problem = ("MISSING", "nothing is uploaded")
    elif stored.size == 0:
        problem = ("EMPTY", "the object has no bytes")
    elif stored.size != expected.size:
        problem = ("WRONG_SIZE", f"{stored.size} bytes, {expected.size} were declared")
    elif stored.checksum != expected.checksum:
        held = stored.checksum or "none"
        problem = ("WRONG_CHECKSUM", f"SHA-256 is {held}, {expected.checksum} was declared")
    else:
        return None
    return {"key": expected.key, "problem": problem[0], "message": problem[1]}
