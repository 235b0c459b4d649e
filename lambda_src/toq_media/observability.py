"""One JSON logger and one metrics namespace for all functions."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TextIO

from aws_lambda_powertools import Logger

from toq_media.keys import JobKeys
from toq_media.ports import Metric
from toq_media.settings import MetricsSettings


def one_line(record: dict[str, Any]) -> str:
    """A log record as ASCII JSON.

    Powertools leaves other characters as they are: a client's key could turn the line's direction
    around, end it (U+2028), or hold a lone surrogate, which no stream can write.
    """
    return json.dumps(record, default=str, separators=(",", ":"))


logger = Logger(json_serializer=one_line)
"""Service name and level come from POWERTOOLS_SERVICE_NAME and POWERTOOLS_LOG_LEVEL."""

CORRELATION_KEYS: Final = ("jobId", "listingIdentityId", "execution", "traceparent")
"""What every line of a job carries."""


def bind(keys: JobKeys, *, execution: str, traceparent: str) -> None:
    """Put a job's correlation keys on every later line of this invocation."""
    values = (keys.job_id, keys.listing_id, execution, traceparent)
    logger.append_keys(**dict(zip(CORRELATION_KEYS, values, strict=True)))


def unbind() -> None:
    """Take a job's keys off again, where one invocation handles several jobs."""
    logger.remove_keys(CORRELATION_KEYS)


_UNITS: Final = {Metric.JOB_BYTES: "Bytes", Metric.JOB_SECONDS: "Seconds"}


class EmfMeter:
    """Metrics as lines of the log (CloudWatch embedded metric format): no call, no import.

    Written here rather than with Powertools, whose Metrics give one line one set of dimensions and
    add the function's name to it; alarms need a sum over all values of a dimension as well.

    Args:
        settings: namespace and environment.
        output: where lines go; standard output by default, which is the function's log.
        clock: Unix time in seconds.
    """

    def __init__(
        self,
        settings: MetricsSettings,
        *,
        output: TextIO | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._output = output
        self._clock = clock

    def measure(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        """Write one line: the values by environment, and by environment and these dimensions.

        Args:
            values: by metric.
            dimensions: each pair of name and value is a metric to pay for, so there must be few.
        """
        keys = logger.get_current_keys()
        sets = [["environment"]] + ([["environment", *dimensions]] if dimensions else [])
        line: dict[str, Any] = {
            "_aws": {
                "Timestamp": int(self._clock() * 1000),
                "CloudWatchMetrics": [
                    {
                        "Namespace": self._settings.powertools_metrics_namespace,
                        "Dimensions": sets,
                        "Metrics": [
                            {"Name": metric, "Unit": _UNITS.get(metric, "Count")}
                            for metric in values
                        ],
                    }
                ],
            },
            "environment": self._settings.environment,
            **dimensions,
            **{str(metric): value for metric, value in values.items()},
            **{name: keys[name] for name in CORRELATION_KEYS if name in keys},
        }
        (self._output or sys.stdout).write(one_line(line) + "\n")
