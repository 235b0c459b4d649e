"""docs/performance.md."""

from __future__ import annotations

from typing import Any

from bench.chart import bars
from bench.pages.parts import MADE, chart, result, table, taken, targets

_OURS = frozenset({"ours"})

_INTRO = """# Performance

Measured by `make bench`: every variant in its own process, variants shuffled within each round,
medians of the rounds, ratios as medians of the rounds' own ratios. Absolute times are this
machine's; ratios are what carries over. Goals are what the design should reach, floors what a noisy
machine must still show: below a floor the bench exits with an error. A value below its floor stays
in these tables as it was measured.

`make bench BENCH="zip cold-start"` runs single parts, `QUICK=1` fewer rounds and smaller jobs.
Nothing here was measured on AWS."""

_RENDITIONS = """## Renditions

Four JPEGs (1200, 800, 400, 200 pixels wide) of one picture on one core: JPEG's own scaling while
decoding, one Lanczos to the largest size, each smaller size from the next larger. *Bound* is the
smallest decode that serves and four encodes with no resizing, which no method can beat. *Go
original* is the first implementation's method with its own library."""

_ZIP = """## ZIP

Originals of a listing into one stored ZIP, against a loopback S3. *Plain copy* brings the same
bytes through the process unchanged with as many requests at a time; it knows every size
beforehand, where a bundle has to ask (a HEAD an object). *Original* deflates one file after the
other in memory. Where a listing has videos, S3 copies their middles itself: their bytes never pass
through the function, which is how a bundle can be faster than the copy. The slow S3 takes 25 ms a
request and 80 MB/s a connection."""

_COLD = """## Cold start

Processor time of import and clients in a fresh process, from the archives and layers as they are
deployed, with bytecode and nothing else on the path; `boto3:s3` is boto3 with an S3 client and
nothing of ours.
The functions use botocore's clients directly: boto3 imports its S3 transfer manager for everyone.
Only thumbnails has Pillow, whose HEIC plugin brings 11 MB of an encoder that nothing calls but
libheif is linked to. Tests hold the imports, not the times.

Archives carry bytecode only if they are built where Lambda's Python is installed; without it, every
import is compiled at the start, which takes two to three times as long."""

_JOBS = """## Whole jobs

Listings through the deployed stack in the local cloud, from the message to the bundle's callback.
The emulator runs on the same cores, so these numbers say how time grows and who takes it, not how
fast AWS would be."""


def performance_pages() -> dict[str, str]:
    """The page and its charts by path under docs/."""
    renditions, bundles = result("renditions"), result("zip")
    cold, jobs = result("cold_start"), result("jobs")
    charts = {
        "renditions": _renditions_chart(renditions),
        "zip": _zip_chart(bundles),
        "cold-start": _cold_chart(cold),
        "jobs": _jobs_chart(jobs),
    }
    page = "\n\n".join(
        [
            MADE,
            _INTRO,
            *(_RENDITIONS, taken(renditions), chart("renditions", "Renditions of 12 MP")),
            *(_times(renditions["cases"]), targets(renditions)),
            *(_ZIP, taken(bundles), chart("zip", "ZIP of 0.8 GB")),
            *(_zip_times(bundles), targets(bundles)),
            *(_COLD, taken(cold), chart("cold-start", "Cold start")),
            *(_cold_table(cold), targets(cold)),
            *(_JOBS, taken(jobs), chart("jobs", "Time a photo")),
            *(_jobs_tables(jobs), targets(jobs)),
        ]
    )
    return {"performance.md": page + "\n"} | {
        f"charts/{name}.svg": content for name, content in charts.items()
    }


def _times(cases: dict[str, Any]) -> str:
    """Milliseconds and peak memory of every variant that ran on all cases."""
    single = {name: rows for name, rows in cases.items() if "ours" in rows}
    variants = next(iter(single.values()))
    rows = [
        (
            variant,
            *(
                f"{case[variant]['milliseconds']:.0f} ms, {case[variant]['peakMegabytes']:.0f} MB"
                for case in single.values()
            ),
        )
        for variant in variants
    ]
    return table(("one core", *single), rows)


def _zip_times(bundles: dict[str, Any]) -> str:
    rows = [
        (
            f"{listing}, {way}, {speed}",
            f"{measured['milliseconds']:.0f}",
            f"{measured['peakMegabytes']:.0f}",
        )
        for speed, listings in bundles["times"].items()
        for listing, ways in listings.items()
        for way, measured in ways.items()
    ]
    return table(("", "ms", "peak MB"), rows)


def _cold_table(cold: dict[str, Any]) -> str:
    rows = []
    for name, measured in cold["functions"].items():
        size = cold["sizes"].get(name)
        rows.append(
            (
                f"`{name}`",
                f"{measured['milliseconds']:.0f}",
                f"{measured['peakMegabytes']:.0f}",
                f"{size['packedBytes'] / 1e6:.3f}" if size else "",
                f"{size['unpackedBytes'] / 1e6:.1f}" if size else "",
            )
        )
    heads = ("", "ms", "peak MB", "archive, MB", "unpacked with layers, MB")
    boto3 = cold["runtimeBytes"] / 1e6
    note = (
        f"Lambda's limit unpacked is 262 MB. Its own boto3, {boto3:.1f} MB here, does not count "
        "towards it and is in no archive of ours."
    )
    return f"{table(heads, rows)}\n\n{note}"


def _jobs_tables(jobs: dict[str, Any]) -> str:
    growth = [
        (photos, f"{seconds:.2f}", f"{seconds / int(photos):.3f}")
        for photos, seconds in jobs["secondsByPhotos"].items()
    ]
    who = {name: seconds for name, seconds in jobs["processorSeconds"].items() if name != "job"}
    shares = [
        (name, f"{seconds:.2f}", f"{seconds / sum(who.values()):.0%}")
        for name, seconds in who.items()
    ]
    flight = jobs["jobsAMinuteByJobsInFlight"].items()
    return "\n\n".join(
        [
            table(("photos of 1.2 MP", "seconds", "seconds a photo"), growth),
            (
                "Processor time of a job of 60 photos of 12 MP. *Ours* is all that the functions "
                "take beyond making renditions: starts of processes, requests, checks, JSON."
            ),
            table(("", "seconds", "share"), shares),
            table(("jobs in flight (5 photos each)", "jobs a minute"), flight),
        ]
    )


def _renditions_chart(found: dict[str, Any]) -> str:
    rows = [(name, row["milliseconds"]) for name, row in found["cases"]["12 MP"].items()]
    rows.sort(key=lambda row: row[1])
    return bars("Renditions of a 12 MP photo, one core", rows, unit="ms", ours=_OURS)


def _zip_chart(found: dict[str, Any]) -> str:
    rows = [
        (f"{way}: {listing}, {speed}", row["milliseconds"] / 1000)
        for speed, listings in found["times"].items()
        for listing, ways in listings.items()
        for way, row in ways.items()
    ]
    ours = frozenset(label for label, _ in rows if label.startswith("ours"))
    return bars("ZIP of a listing", rows, unit="s", ours=ours)


def _cold_chart(found: dict[str, Any]) -> str:
    rows = [(name, row["milliseconds"]) for name, row in found["functions"].items()]
    return bars("Cold start: import and clients", rows, unit="ms", ours=frozenset(found["sizes"]))


def _jobs_chart(found: dict[str, Any]) -> str:
    rows = [
        (f"{photos} photos", seconds / int(photos))
        for photos, seconds in found["secondsByPhotos"].items()
    ]
    labels = frozenset(label for label, _ in rows)
    return bars("Time a photo, whole job in the local cloud", rows, unit="s", ours=labels)
