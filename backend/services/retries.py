"""Being written."""

from typing import Any

from backend.errors import ApiError


def retry(*_args: Any, **_kwargs: Any) -> Any:
    """Not there yet."""
    raise ApiError("NOT_YET", "this endpoint is being written")
