"""Being written."""

from backend.context import Context


class Worker:
    """Not there yet."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def start(self) -> None:
        """Start."""

    def stop(self) -> None:
        """Stop."""
