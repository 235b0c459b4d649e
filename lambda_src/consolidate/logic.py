"""From the manifest and the branches' results to the body that the backend receives."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from toq_media.contracts import (
    PROVIDER_PROCESSING,
    AssetOutput,
    AssetResult,
    BatchResult,
    BranchItem,
    CallbackError,
    CallbackStatus,
    CallbackTask,
    ConsolidateTask,
    Manifest,
    ManifestAsset,
    ProcessingCallback,
    StateError,
    decode,
    encode,
)
from toq_media.errors import ErrorCode, ObjectMissingError
from toq_media.keys import BEST_FIRST, JobKeys, RawKey
from toq_media.observability import bind
from toq_media.ports import Meter, Metric, ObjectStore
from toq_media.transcoding import failure_reason, video_renditions

_READERS = 16
_FAILED = {
    "picture": ErrorCode.THUMBNAIL_PROCESSING_FAILED,
    "video": ErrorCode.VIDEO_PROCESSING_FAILED,
    "document": ErrorCode.DOCUMENT_COPY_FAILED,
}


def consolidate(
    task: ConsolidateTask,
    store: ObjectStore,
    meter: Meter,
    *,
    clock: Callable[[], float] = time.time,
) -> CallbackTask:
    """Write the callback's body and return its reference and status.

    Every asset of the request appears exactly once, in request order, with a `processedKey` or an
    error code (field notes 11, 12, 25, 40, 48).
    """
    manifest = decode(store.read(task.manifest_key), Manifest)
    keys = JobKeys(
        listing_id=manifest.listing_identity_id, job_id=manifest.job_id, retry=manifest.retry
    )
    execution = keys.execution("process")
    bind(keys, execution=execution, traceparent=manifest.traceparent)
    results = _results(manifest, task, keys, store)
    outputs = [_output(asset, results.get(i)) for i, asset in enumerate(manifest.assets)]
    status, error = _verdict(manifest, outputs)
    body = ProcessingCallback(
        job_id=manifest.job_id,
        listing_identity_id=manifest.listing_identity_id,
        execution_arn=task.execution_arn,
        started_at=task.started_at,
        provider=PROVIDER_PROCESSING,
        status=status,
        failure_reason=error.code if error else "",
        error=error,
        traceparent=manifest.traceparent,
        outputs=outputs,
    )
    store.write(keys.callback, encode(body), content_type="application/json")
    _measure(
        meter, manifest, outputs, clock() - datetime.fromisoformat(task.started_at).timestamp()
    )
    return CallbackTask(
        job_id=manifest.job_id,
        listing_identity_id=manifest.listing_identity_id,
        retry=manifest.retry,
        status=status,
        traceparent=manifest.traceparent,
        body_key=keys.callback,
        execution=execution,
    )


def _measure(meter: Meter, manifest: Manifest, outputs: list[AssetOutput], seconds: float) -> None:
    failures = Counter(output.error_code for output in outputs if output.error_code)
    meter.measure({Metric.ASSETS_PROCESSED: len(outputs) - failures.total()})
    for code, count in failures.items():
        meter.measure({Metric.ASSETS_FAILED: count}, errorCode=code)
    size = sum(asset.size for asset in manifest.assets)
    meter.measure({Metric.JOB_BYTES: size, Metric.JOB_SECONDS: seconds}, machine="processing")


def _results(
    manifest: Manifest, task: ConsolidateTask, keys: JobKeys, store: ObjectStore
) -> dict[int, AssetResult]:
    """Result of each asset that a branch took up, by its index."""
    items = [item for branch in task.branches for item in _as_list(branch)]
    batch_errors = {item.batch: item.error for item in items if isinstance(item.batch, int)}
    video_errors = {item.video: item.error for item in items if isinstance(item.video, int)}
    lost = next((item.error for item in items if not _is_numbered(item)), "")
    videos = [i for i, asset in enumerate(manifest.assets) if _to_transcode(asset)]
    found: dict[int, AssetResult] = {}
    with ThreadPoolExecutor(max_workers=_READERS) as pool:
        batches = pool.map(
            lambda n: _batch_results(n, batch_errors.get(n, lost), manifest, keys, store),
            range(len(manifest.batches)),
        )
        clips = pool.map(
            lambda i: _video_result(
                i, video_errors.get(i, lost), i in video_errors, manifest, keys, store
            ),
            videos,
        )
        for result in [*(one for batch in batches for one in batch), *clips]:
            found[result.index] = result
    return found


def _batch_results(
    number: int, error: str, manifest: Manifest, keys: JobKeys, store: ObjectStore
) -> list[AssetResult]:
    """Results that the batch wrote; one error for each of its assets if it wrote none."""
    try:
        return decode(store.read(keys.batch_result(number)), BatchResult).results
    except ObjectMissingError:
        return [
            AssetResult(
                index=index,
                error_code=_FAILED[manifest.assets[index].kind],
                error_message=f"batch {number} ended without results: {error or 'unknown error'}",
            )
            for index in manifest.batches[number]
        ]


def _video_result(
    index: int, error: str, reported: bool, manifest: Manifest, keys: JobKeys, store: ObjectStore
) -> AssetResult:
    if reported and not error:
        raw = RawKey.parse(manifest.assets[index].key, listing_id=manifest.listing_identity_id)
        return AssetResult(index=index, renditions=video_renditions(raw))
    try:
        kept = decode(store.read(keys.video_result(index)), StateError)
        message = failure_reason(kept)
    except ObjectMissingError:
        message = error or "the video branch ended without a result"
    return AssetResult(
        index=index, error_code=ErrorCode.VIDEO_PROCESSING_FAILED, error_message=message
    )


def _output(asset: ManifestAsset, result: AssetResult | None) -> AssetOutput:
    if asset.error_code:
        return _failed(asset.key, asset.error_code, asset.error_message)
    if result is None:
        return _failed(asset.key, _FAILED[asset.kind], "no branch reported on this asset")
    if result.error_code:
        return _failed(asset.key, result.error_code, result.error_message)
    best = next((result.renditions[r] for r in BEST_FIRST if r in result.renditions), "")
    if not best:
        return _failed(asset.key, _FAILED[asset.kind], "processing made no rendition")
    suffix = asset.type.lower()
    return AssetOutput(
        raw_key=asset.key,
        processed_key=best,
        thumbnail_key=result.renditions.get("thumbnail", ""),
        outputs={f"{name}_{suffix}": key for name, key in result.renditions.items()},
        error_code="",
        error_message="",
    )


def _failed(key: str, code: str, message: str) -> AssetOutput:
    return AssetOutput(
        raw_key=key,
        processed_key="",
        thumbnail_key="",
        outputs={},
        error_code=code,
        error_message=message,
    )


def _verdict(
    manifest: Manifest, outputs: list[AssetOutput]
) -> tuple[CallbackStatus, CallbackError | None]:
    """Status of the job: success only if every asset succeeded."""
    failed = sum(1 for output in outputs if output.error_code)
    total = len(outputs)
    if not failed:
        return "SUCCEEDED", None
    if failed < total:
        return "PARTIAL_SUCCESS", CallbackError(
            code=ErrorCode.DERIVATIVE_ERRORS_DETECTED,
            message=f"{failed} of {total} assets failed; see outputs[].errorCode",
        )
    if all(asset.error_code for asset in manifest.assets):
        return "VALIDATION_FAILED", CallbackError(
            code=ErrorCode.VALIDATION_ERROR, message=f"none of {total} assets could be validated"
        )
    return "PROCESSING_FAILED", CallbackError(
        code=ErrorCode.NO_ASSET_SUCCEEDED, message=f"none of {total} assets could be processed"
    )


def _to_transcode(asset: ManifestAsset) -> bool:
    return asset.kind == "video" and not asset.error_code


def _as_list(branch: list[BranchItem] | BranchItem) -> list[BranchItem]:
    return [branch] if isinstance(branch, BranchItem) else branch


def _is_numbered(item: BranchItem) -> bool:
    return isinstance(item.batch, int) or isinstance(item.video, int)
