"""One batch of assets: read, rendered and written with the three overlapping."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from thumbnails.assets import AssetProcessor
from toq_media.contracts import (
    AssetResult,
    BatchResult,
    BatchSummary,
    BatchTask,
    Manifest,
    decode,
    encode,
)
from toq_media.errors import AssetError, ErrorCode, InvalidMessageError
from toq_media.keys import JobKeys
from toq_media.observability import bind, logger
from toq_media.ports import ObjectStore
from toq_media.settings import ThumbnailsSettings

WORKERS: Final = 8
"""Assets in hand at the same time; enough that S3's latency hides behind two renderers."""


def process_batch(
    task: BatchTask, store: ObjectStore, settings: ThumbnailsSettings
) -> BatchSummary:
    """Process the assets of one batch and write `results/batch-{n}.json`.

    A failed asset is a result like any other. Running it again writes the same keys.

    Raises:
        InvalidMessageError: the manifest has no such batch, or the batch names no such asset.
        RetryableError: AWS failed; no result is written, the state machine tries again.
    """
    manifest = decode(store.read(task.manifest_key), Manifest)
    keys = JobKeys(
        listing_id=manifest.listing_identity_id, job_id=manifest.job_id, retry=manifest.retry
    )
    bind(keys, execution=keys.execution("process"), traceparent=task.traceparent)
    indices = _indices(manifest, task.batch)
    processor = AssetProcessor(
        store=store, settings=settings, listing_id=manifest.listing_identity_id
    )
    results = _in_parallel(lambda index: _outcome(processor, manifest, index), indices)
    result = BatchResult(batch=task.batch, results=results)
    store.write(keys.batch_result(task.batch), encode(result), content_type="application/json")
    failed = sum(bool(result.error_code) for result in results)
    return BatchSummary(batch=task.batch, succeeded=len(results) - failed, failed=failed)


def _indices(manifest: Manifest, batch: int) -> list[int]:
    if not 0 <= batch < len(manifest.batches):
        message = f"batch: {batch}, the manifest has {len(manifest.batches)} batches"
        raise InvalidMessageError(message)
    indices = manifest.batches[batch]
    for index in indices:
        if not 0 <= index < len(manifest.assets):
            message = f"batches[{batch}]: {index}, the manifest has {len(manifest.assets)} assets"
            raise InvalidMessageError(message)
    return indices


def _outcome(processor: AssetProcessor, manifest: Manifest, index: int) -> AssetResult:
    asset = manifest.assets[index]
    try:
        return processor.process(index, asset)
    except AssetError as error:
        unexpected = error.code is ErrorCode.THUMBNAIL_PROCESSING_FAILED
        logger.warning(
            "asset failed",
            extra={"rawKey": asset.key, "errorCode": error.code, "reason": error.message},
            exc_info=error if unexpected else None,
        )
        return AssetResult(index=index, error_code=error.code, error_message=error.message)


def _in_parallel(work: Callable[[int], AssetResult], indices: list[int]) -> list[AssetResult]:
    """Results in the order of the indices; the first error drops what has not begun."""
    with ThreadPoolExecutor(max_workers=WORKERS) as pool:
        futures = [pool.submit(work, index) for index in indices]
        try:
            return [future.result() for future in futures]
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
