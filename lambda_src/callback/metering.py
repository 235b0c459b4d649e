"""Counting of attempts to deliver."""

from __future__ import annotations

from collections.abc import Mapping

from toq_media.ports import Meter, Metric, Reply, Sender


class MeteredSender:
    """A sender whose attempts are counted by outcome: `2xx` to `5xx`, or `unreachable`."""

    def __init__(self, sender: Sender, meter: Meter) -> None:
        self._sender = sender
        self._meter = meter

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send; raises as the sender does."""
        outcome = "unreachable"
        try:
            reply = self._sender.post(body, headers)
            outcome = f"{reply.status // 100}xx"
        finally:
            self._meter.measure({Metric.CALLBACK_ATTEMPTS: 1}, outcome=outcome)
        return reply
