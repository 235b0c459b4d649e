"""Whole jobs through the local cloud, P12 and P13: `python -m bench.jobs`; exits 1 below a floor.

A job is a listing of photos from its message to its bundle's callback; uploads are not counted.
Absolute times are the emulator's and this machine's. What carries over is how time grows with work,
and how much of the processor's time the functions take that is not image work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from statistics import median
from typing import Final

from PIL import Image
from rich.console import Console

from bench.job_counts import counted
from bench.measure import BenchError, save
from bench.pictures import bench_pictures
from bench.processor import Clock, picture_seconds
from bench.targets import Target, as_rows, print_targets
from local.cloud import LocalCloud
from local.listing_run import ListingRun
from local.media import MediaFile
from local.receiver import Receiver, receiving
from local.run_result import RunResult
from toq_media.keys import raw_key, reference_of

SIZES: Final = (1, 10, 60, 500, 1000)
QUICK_SIZES: Final = (1, 10, 60)
SHARE_PHOTOS: Final = 60
IN_FLIGHT: Final = (1, 4, 16)
JOBS: Final = 16
PHOTOS_A_JOB: Final = 5
GROWN_FROM: Final = 10
SMALL_SIDE: Final = (1280, 960)
_PHOTO_TYPE: Final = "PHOTO_HORIZONTAL"
_LIMIT_SECONDS: Final = 1800.0


class Bench:
    """A deployed local cloud that listings are put through, one number after the other."""

    def __init__(self, cloud: LocalCloud, receiver: Receiver) -> None:
        self.cloud = cloud
        self._receiver = receiver
        self._numbers = count(1000)

    def run(self, picture: Path, photos: int) -> RunResult:
        """Put a listing of so many copies of a picture through."""
        listing = next(self._numbers)
        return self.put(listing, [_file(picture, listing, number) for number in range(photos)])

    def put(self, listing: int, files: list[MediaFile]) -> RunResult:
        """Put a listing through.

        Raises:
            BenchError: its job did not succeed: the time of a failure is no result.
        """
        result = ListingRun(
            cloud=self.cloud,
            receiver=self._receiver,
            listing_id=listing,
            process_job=listing * 2,
            finalize_job=listing * 2 + 1,
            progress=lambda *_: None,
            limit_seconds=_LIMIT_SECONDS,
        ).run(files)
        for callback in (result.processing, result.finalization):
            if callback is None or callback.body["status"] != "SUCCEEDED":
                raise BenchError(f"listing {listing} did not succeed: {callback}")
        return result


def main(arguments: Sequence[str]) -> int:
    """Measure, print, save; 1 when a value is below its floor."""
    parser = argparse.ArgumentParser(prog="python -m bench.jobs", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 60 photos, once")
    options = parser.parse_args(arguments)
    sizes, rounds = (QUICK_SIZES, 1) if options.quick else (SIZES, 3)
    console = Console()
    with _bench() as bench, tempfile.TemporaryDirectory() as scratch:
        large = bench_pictures()["12 MP"]
        small = _small(large, Path(scratch) / "small.jpg")
        bench.run(small, 1)  # functions and connections are warm for every size alike
        growth = {photos: _seconds(bench, small, photos, rounds) for photos in sizes}
        console.print("photos to seconds of a job:", growth)
        share = _share(bench, large)
        console.print(f"processor time of {SHARE_PHOTOS} photos of 12 MP:", share)
        throughput = {jobs: _jobs_a_minute(bench, small, jobs) for jobs in IN_FLIGHT}
        console.print("jobs in flight to jobs a minute:", throughput)
        counts = counted(bench.cloud, lambda files: bench.put(1, files), Path(scratch))
    targets = [_growth_target(growth), _share_target(share)]
    print_targets(targets, console)
    save(
        "jobs",
        {
            "rounds": rounds,
            "secondsByPhotos": {str(photos): seconds for photos, seconds in growth.items()},
            "processorSeconds": share,
            "jobsAMinuteByJobsInFlight": {str(jobs): rate for jobs, rate in throughput.items()},
            "counts": counts,
            "targets": as_rows(targets),
        },
    )
    return int(any(target.verdict == "below" for target in targets))


@contextmanager
def _bench() -> Iterator[Bench]:
    with (
        receiving() as receiver,
        LocalCloud(config={"toq-media:callbackUrl": receiver.url}) as cloud,
    ):
        receiver.secrets = [cloud.callback_secret]
        yield Bench(cloud, receiver)


def _seconds(bench: Bench, picture: Path, photos: int, rounds: int) -> float:
    took = [_job_seconds(bench.run(picture, photos)) for _ in range(rounds)]
    return round(median(took), 3)


def _job_seconds(result: RunResult) -> float:
    return result.timings["processing"] + result.timings["finalization"]


def _share(bench: Bench, picture: Path) -> dict[str, float]:
    """Seconds of processor time by who took them, and how long the job was."""
    clock = Clock(bench.cloud.emulator.pid)
    result = bench.run(picture, SHARE_PHOTOS)
    emulator, functions = clock.seconds()
    images = min(functions, SHARE_PHOTOS * picture_seconds(picture))
    return {
        "job": round(_job_seconds(result), 2),
        "emulator": round(emulator, 2),
        "images": round(images, 2),
        "ours": round(functions - images, 2),
    }


def _jobs_a_minute(bench: Bench, picture: Path, in_flight: int) -> float:
    began = time.monotonic()
    with ThreadPoolExecutor(max_workers=in_flight) as pool:
        list(pool.map(lambda _: bench.run(picture, PHOTOS_A_JOB), range(JOBS)))
    return round(JOBS / (time.monotonic() - began) * 60, 1)


def _growth_target(growth: dict[int, float]) -> Target:
    """The worst of any size against any smaller one, from ten photos on."""
    each = {photos: took / photos for photos, took in growth.items() if photos >= GROWN_FROM}
    worst = max(each[more] / each[fewer] for more in each for fewer in each if fewer < more)
    return Target(
        id="P12",
        what=f"time a photo, more photos / fewer, {GROWN_FROM} to {max(each)}",
        value=worst,
        goal=1.15,
        floor=1.3,
        at_least=False,
    )


def _share_target(share: dict[str, float]) -> Target:
    total = share["emulator"] + share["images"] + share["ours"]
    return Target(
        id="P13",
        what=f"neither image work nor emulator, of the processor time, {SHARE_PHOTOS} photos",
        value=share["ours"] / total * 100,
        goal=10,
        floor=20,
        at_least=False,
        unit=" %",
    )


def _file(picture: Path, listing: int, number: int) -> MediaFile:
    reference = reference_of(_PHOTO_TYPE, sequence=number + 1)
    return MediaFile(
        path=picture,
        content_type="image/jpeg",
        asset_type=_PHOTO_TYPE,
        sequence=number + 1,
        key=raw_key(listing, _PHOTO_TYPE, reference, f"photo-{number}.jpg"),
    )


def _small(source: Path, target: Path) -> Path:
    with Image.open(source) as picture:
        picture.draft("RGB", SMALL_SIDE)
        picture.resize(SMALL_SIDE).save(target, "JPEG", quality=90)
    return target


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
