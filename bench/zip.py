"""ZIP targets P7 to P9: `python -m bench.zip`; exits 1 when a floor is not held.

Ours, a plain S3-to-S3 copy through the process with the same parallelism, and the first
implementation's method, against a fake S3 on loopback: a fast one, and one that takes 25 ms a
request and 80 MB/s a connection.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from bench.measure import Table, Variant, measure, ratio, save, summaries
from bench.targets import Target, as_rows, print_targets

SLOW: Final = ("--latency", "0.025", "--rate", "80e6")
ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_DEFAULT_REGION": "us-east-1",
    "MALLOC_ARENA_MAX": "2",  # as the function has it
}
FAST_NAME: Final = "no latency"
COPIED: Final = "0.8 GB"
PHOTOS: Final = "photos"
DEFLATED: Final = "0.3 GB"
SIZES: Final = ("0.04 GB", "0.8 GB", "5 GB", "12 GB")


def main() -> int:
    """Measure, print, keep under `bench/results/`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--largest", choices=SIZES, default=SIZES[-1], help="largest listing")
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    prove_that_it_opens()
    targets: list[Target] = []
    times: dict[str, Any] = {}
    for name, behaviour in ((FAST_NAME, ()), ("25 ms a request", SLOW)):
        with fake_s3(*behaviour):
            against_copy = rounds_of(("ours", "plain copy"), (COPIED, PHOTOS), options.rounds)
            against_original = rounds_of(("ours", "original"), (DEFLATED,), options.rounds)
        targets += _times(name, against_copy, against_original)
        times[name] = summaries(against_copy) | summaries(against_original)
    with fake_s3():
        memory = rounds_of(("ours",), SIZES[: SIZES.index(options.largest) + 1], 1)
    targets += _memory(memory)
    print_targets(targets, Console())
    save(
        "zip",
        {
            "rounds": options.rounds,
            "times": times,
            "memory": summaries(memory),
            "targets": as_rows(targets),
        },
    )
    return int(any(target.verdict == "below" for target in targets))


def rounds_of(ways: Sequence[str], listings: Sequence[str], rounds: int) -> Table:
    """Measure each way on each listing, one run a process."""
    variants = [
        Variant(name=way, command=(sys.executable, "-m", "bench.zip_methods", way)) for way in ways
    ]
    cases = {listing: Path(listing) for listing in listings}
    return measure(variants, cases, rounds=rounds, runs=1)


def prove_that_it_opens() -> None:
    """Bundle a small listing, read it back and check every file: speed alone is worth nothing."""
    with fake_s3("--keep"):
        rounds_of(("ours",), ("0.04 GB",), 1)
        from toq_media.aws.objects import S3ObjectStore  # noqa: PLC0415 - after the environment

        body = S3ObjectStore("media").read("512/processed/zip/listing-media.zip")
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        if broken := archive.testzip():
            raise SystemExit(f"the bundle is broken at {broken}")


@contextmanager
def fake_s3(*behaviour: str) -> Iterator[None]:
    """Run the fake S3; the S3 clients of child processes find it by their environment."""
    command = (sys.executable, "-m", "bench.fake_s3", *behaviour)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        try:
            port = server.stdout.readline().strip()
            os.environ["AWS_ENDPOINT_URL_S3"] = f"http://127.0.0.1:{port}"
            yield
        finally:
            server.terminate()


def _times(name: str, copies: Table, originals: Table) -> list[Target]:
    what = {COPIED: "0.8 GB with a video", PHOTOS: "75 photos of 4 MB"}
    # Of photos alone nothing is copied server-side, so that goal is the plain copy itself.
    goals = {COPIED: 0.6, PHOTOS: 1.0}
    return [
        *(
            Target(
                id="P7",
                what=f"ours / plain copy, {what[listing]}, {name}",
                value=ratio(copies, listing, "ours", "plain copy"),
                goal=goals[listing],
                floor=1.2,
                at_least=False,
            )
            for listing in (COPIED, PHOTOS)
        ),
        Target(
            id="P9",
            what=f"original's method / ours, 0.3 GB, {name}",
            value=ratio(originals, DEFLATED, "original", "ours"),
            goal=6.4 if name == FAST_NAME else 6.3,
            floor=4.5,
        ),
    ]


def _memory(table: Table) -> list[Target]:
    goals = {"0.04 GB": 123.0, "0.8 GB": 189.0}
    return [
        Target(
            id="P8",
            what=f"peak of the process, {listing}",
            value=variants["ours"].summary()["peakMegabytes"],
            goal=goals.get(listing, 199.0),
            floor=256,
            at_least=False,
            unit=" MB",
        )
        for listing, variants in table.items()
    ]


if __name__ == "__main__":
    sys.exit(main())
