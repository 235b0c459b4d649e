"""A bounded amount of something that threads share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Budget:
    """So many units at a time, over all threads.

    Who asks for more than there is altogether gets all of it, and thus runs alone.

    Args:
        units: what may be held at the same time, bytes for instance.
    """

    def __init__(self, units: int) -> None:
        self._units = self._free = units
        self._changed = Condition()

    @contextmanager
    def hold(self, wanted: int) -> Iterator[None]:
        """Wait until so many units are free, and keep them for the duration of the block."""
        held = min(wanted, self._units)
        with self._changed:
            self._changed.wait_for(lambda: self._free >= held)
            self._free -= held
        try:
            yield
        finally:
            with self._changed:
                self._free += held
                self._changed.notify_all()
