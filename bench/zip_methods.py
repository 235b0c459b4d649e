"""One way to bundle one listing: `python -m bench.zip_methods WAY LISTING RUNS`.

S3 is where AWS_ENDPOINT_URL_S3 says. Prints what `bench.measure` wants of a variant.
"""

from __future__ import annotations

import io
import json
import resource
import sys
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from toq_media.aws.clients import s3_client
from toq_media.aws.multipart import S3BundleStore
from toq_media.contracts import AssetRef, FinalizationInput
from toq_media.keys import zip_key
from toq_media.observability import EmfMeter
from toq_media.settings import MetricsSettings
from toq_media.zipping.transfer import MAX_WORKERS
from zip_bundle.logic import Bundler

MB: Final = 1_000_000
BUCKET: Final = "media"
PART_BYTES: Final = 8 * 1024 * 1024

LISTINGS: Final[dict[str, list[int]]] = {
    "0.04 GB": [4 * MB] * 10,
    "0.3 GB": [8 * MB] * 18 + [156 * MB],
    "0.8 GB": [8 * MB] * 40 + [500 * MB],
    "photos": [4 * MB] * 75,
    "5 GB": [8 * MB] * 40 + [500 * MB] * 10,
    "12 GB": [8 * MB] * 40 + [500 * MB] * 24,
}


def keys_of(listing: str) -> list[str]:
    """Raw keys of a listing's sources; the fake S3 reads their sizes from them."""
    return [
        f"512/raw/photo/vertical/{index:03d}-{size}-bytes.jpg"
        for index, size in enumerate(LISTINGS[listing])
    ]


def ours(listing: str) -> None:
    """What the function does."""
    assets = [AssetRef(key=key, type="PHOTO_VERTICAL") for key in keys_of(listing)]
    request = FinalizationInput(
        job_id=1, listing_identity_id=512, assets=assets, traceparent="", force=True
    )
    store = S3BundleStore(BUCKET)
    settings = MetricsSettings(environment="bench", powertools_metrics_namespace="bench")
    meter = EmfMeter(settings, output=io.StringIO())
    Bundler(store=store, meter=meter, strip_metadata=False, remaining=lambda: 900).bundle(request)


def plain_copy(listing: str) -> None:
    """The bytes of every source through the process, unchanged: as many at a time as ours."""
    store = S3BundleStore(BUCKET)
    ranges = [
        (key, start, min(PART_BYTES, size - start))
        for key, size in zip(keys_of(listing), LISTINGS[listing], strict=True)
        for start in range(0, size, PART_BYTES)
    ]
    with (
        store.multipart("512/copy", content_type="", metadata={}) as upload,
        ThreadPoolExecutor(MAX_WORKERS) as pool,
    ):
        upload.complete(
            list(
                pool.map(
                    lambda item: upload.put(item[0], store.read_range(*item[1])),
                    enumerate(ranges, 1),
                )
            )
        )


def original(listing: str) -> None:
    """The first implementation's method: one source after the other, deflated in memory."""
    client = s3_client()
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for key in keys_of(listing):
            archive.writestr(key, client.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    client.put_object(Bucket=BUCKET, Key=zip_key(512), Body=file.getvalue())


WAYS: Final[dict[str, Callable[[str], None]]] = {
    "ours": ours,
    "plain copy": plain_copy,
    "original": original,
}


def main(way: str, listing: str, runs: str) -> None:
    """Run one way some times and print what `bench.measure` reads; clients are made before."""
    s3_client()
    start, milliseconds, peaks = _megabytes(), [], []
    for _ in range(int(runs)):
        began = time.perf_counter()
        WAYS[way](listing)
        milliseconds.append((time.perf_counter() - began) * 1000)
        peaks.append(_megabytes())
    said = {"milliseconds": milliseconds, "startMegabytes": start, "peakMegabytes": peaks[0]}
    print(json.dumps(said))


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MB


if __name__ == "__main__":
    main(*sys.argv[1:])
