"""docs/scale.md."""

from __future__ import annotations

from typing import Any

from bench.chart import bars
from bench.pages.parts import MADE, chart, result, table
from bench.scale.capacity import PEAK, TRANSCODE_OVERHEAD_SECONDS, TRANSCODE_SPEED, load_quotas

_INTRO = """# Scale

Where the pipeline gets narrow first, what a backlog does then, and which setting moves it.
`make bench BENCH=scale` computes both tables; the second is a discrete-event simulation
(`bench/scale`, simpy) that takes its retry rule from the state machine's definition."""

_READING = """## What follows

1. **MediaConvert is first at every volume**, some eight times before a single S3 partition and
   forty before anything of ours. Its rate of new jobs is used up at 2 videos a second, its slots at
   about 3. Nothing in this program can raise
   either: they are quotas of the account. Ask for more before 500,000 listings a month; at ten
   million a month the *mean* rate is above the default, so no retry can help.
2. **A burst waits, it must not lose.** A thousand listings at once ask for a thousand jobs in
   seconds, where 100 and then 2 a second are let through: the last are taken after some eight
   minutes. `TranscodeVideo` retried a refused CreateJob 8 times (four minutes on average) and lost
   every fifth video; it now retries 20 times, which costs a state transition each.
3. **SQS, StartExecution, transitions, Lambda and KMS are far from their quotas** even at ten
   million a month. Express or Distributed Map would solve no problem that is there: a listing's
   map has a handful of batches, and executions wait for videos longer than Express allows (5 min).
4. **S3** lets 3,500 writes and 5,500 reads a second through for each partition and splits
   partitions by key prefix under lasting load. Keys begin with the listing's number, so load
   spreads. A fresh bucket that is hit with more at once answers 503 for some minutes; the clients
   retry that.
5. **A slot is awaited for an hour** (`TranscodeVideo`'s time-out counts MediaConvert's own queue).
   With the default 200 slots that is some 11,000 waiting videos of 90 s. More than that is a case
   for reserved queues, whose slots are bought."""

_KNOBS = (
    (
        "`dispatchConcurrency`",
        "5",
        (
            "83 listings a second, twice the busiest hour of ten million a month. "
            "More only moves a burst from SQS, where it is cheap to wait, to Lambda."
        ),
    ),
    (
        "`maxBatchAssets`",
        "20",
        (
            "5 would save a second a listing and cost three times the calls; "
            "40 saves nothing worth a longer repeat after a failure."
        ),
    ),
    (
        "`thumbnailsConcurrency`",
        "10",
        "Reached from 200 photos on; keeps one huge listing at a hundredth of Lambda's quota.",
    ),
    (
        "`videoConcurrency`",
        "5",
        "A fortieth of the slots: one listing of many videos cannot take the queue.",
    ),
    (
        "retries of CreateJob",
        "20",
        "Raised from 8 by the simulation below.",
    ),
    (
        "reserved concurrency",
        "none",
        "Functions need 150 to 300 of 1,000 at the top. Reserve only where the account is shared.",
    ),
)


def scale_pages() -> dict[str, str]:
    """The page and its chart by path under docs/."""
    found, quotas = result("scale"), load_quotas()
    loads: dict[str, dict[str, float]] = found["loads"]
    names = list(loads[max(loads, key=int)])
    rows = [(name, *(f"{row[name]:.4f}" for row in loads.values())) for name in names]
    page = "\n\n".join(
        [
            MADE,
            _INTRO,
            f"**Quotas:** {quotas.source} (`bench/scale/quotas.json`, {quotas.as_of}.)",
            "## Demand over quota in the busiest hour",
            (
                f"The listing of docs/cost.md; the busiest hour has {PEAK} times the mean rate; a "
                f"video holds a slot for {TRANSCODE_OVERHEAD_SECONDS:g} s and "
                f"{1 / TRANSCODE_SPEED:g} s a second of its length. Above 1, a backlog grows."
            ),
            chart("scale", "Demand over quota at 100,000 listings a month"),
            table(("", *(f"{int(volume):,} a month" for volume in loads)), rows),
            _READING,
            "## Defaults",
            table(("setting", "default", "why"), _KNOBS),
            "## Simulated",
            _simulated(found["scenarios"]),
        ]
    )
    middle = loads["100000"]
    drawn = bars(
        "Demand over quota at 100,000 listings a month",
        [(name, middle[name] * 100) for name in names],
        unit="%",
        ours=frozenset(names[:1]),
    )
    return {"scale.md": page + "\n", "charts/scale.svg": drawn}


def _simulated(scenarios: dict[str, dict[str, Any]]) -> str:
    rows = [
        (
            name,
            f"{facts['listings']:,}",
            facts["medianSeconds"],
            facts["p99Seconds"],
            f"{facts['videosLost']:,}",
            f"{facts['mostQueued']:,}",
            facts["mostFunctions"],
        )
        for name, facts in scenarios.items()
    ]
    heads = ("", "listings", "median s", "p99 s", "videos lost", "most in SQS", "most functions")
    return table(heads, rows)
