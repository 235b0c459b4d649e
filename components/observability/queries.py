"""Saved Logs Insights queries over the functions' logs."""

from __future__ import annotations

from typing import Final

QUERIES: Final = {
    "one-job": """\
fields @timestamp, service, level, execution, message, traceparent
| filter jobId = 0 # put the job's id here
| sort @timestamp asc
| limit 1000""",
    "one-listing": """\
fields @timestamp, service, level, jobId, message
| filter listingIdentityId = 0 # put the listing's id here
| sort @timestamp asc
| limit 1000""",
    "errors-by-function": """\
filter level = "ERROR"
| stats count(*) as errors, count_distinct(jobId) as jobs by service, message
| sort errors desc
| limit 50""",
    "slowest-calls": """\
filter @type = "REPORT"
| stats max(@duration) as longest_ms, pct(@duration, 95) as p95_ms,
    max(@maxMemoryUsed / 1000000) as memory_mb by @log
| sort longest_ms desc""",
}
"""By name; the correlation keys are those that every log line of a job carries."""
