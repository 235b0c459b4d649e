"""What an attempt left under `jobs/{listing}/{job}/{retry}/` (ADR 0002)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from ops.cloud import Cloud
from ops.errors import NotThereError
from toq_media.contracts import AssetRef, BatchResult, JobRequest, Manifest, StateError, decode
from toq_media.errors import ErrorCode, ObjectMissingError
from toq_media.keys import JobKeys
from toq_media.transcoding import failure_reason


@dataclass(frozen=True, kw_only=True)
class AssetLine:
    """One asset: `waiting`, `done` or `failed`, with the code and text that the backend gets."""

    key: str
    type: str
    state: str
    code: str = ""
    message: str = ""


def read(cloud: Cloud, key: str) -> bytes | None:
    """A working file; None where there is none."""
    try:
        return cloud.store.read(key)
    except ObjectMissingError:
        return None


def request(cloud: Cloud, keys: JobKeys) -> JobRequest:
    """The job as it was dispatched.

    Where a refused second message left another request, the one that dispatch wrote first counts:
    it is the one that the execution was started with.

    Raises:
        NotThereError: the working files expired (30 days) or never were.
    """
    listed = cloud.s3.list_objects_v2(
        Bucket=cloud.names.media_bucket, Prefix=f"{keys.prefix}/request-"
    )
    found = sorted(listed.get("Contents", []), key=lambda item: item["LastModified"])
    if not found:
        raise NotThereError(
            f"{keys.prefix}/request-*.json: is gone (working files are kept for 30 days); "
            "let the backend process the listing again"
        )
    return decode(cloud.store.read(found[0]["Key"]), JobRequest)


def callback_body(cloud: Cloud, keys: JobKeys) -> dict[str, Any] | None:
    """The callback's body, parsed; None before there is one."""
    body = read(cloud, keys.callback)
    if body is None:
        return None
    parsed: dict[str, Any] = json.loads(body)
    return parsed


def assets(cloud: Cloud, keys: JobKeys) -> list[AssetLine]:
    """Every asset of an attempt as far as it is known: callback, else results, else request."""
    types: dict[str, str] = {}
    stored = read(cloud, keys.manifest)
    manifest = decode(stored, Manifest) if stored else None
    if manifest:
        types = {asset.key: asset.type for asset in manifest.assets}
    body = callback_body(cloud, keys) or {}
    outputs = body.get("outputs")
    if outputs:
        return [_told(output, types) for output in outputs]
    if manifest:
        return _from_results(cloud, keys, manifest)
    try:
        return [_waiting(asset) for asset in request(cloud, keys).assets]
    except NotThereError:
        return []


def _told(output: dict[str, Any], types: dict[str, str]) -> AssetLine:
    return AssetLine(
        key=output["rawKey"],
        type=types.get(output["rawKey"], ""),
        state="failed" if output["errorCode"] else "done",
        code=output["errorCode"],
        message=output["errorMessage"],
    )


def _from_results(cloud: Cloud, keys: JobKeys, manifest: Manifest) -> list[AssetLine]:
    """Assets of a job that is not consolidated: what validation and each batch wrote."""
    ended: dict[int, tuple[str, str]] = {}
    for number in range(len(manifest.batches)):
        batch = read(cloud, keys.batch_result(number))
        for result in decode(batch, BatchResult).results if batch else ():
            ended[result.index] = (result.error_code, result.error_message)
    for index, asset in enumerate(manifest.assets):
        failure = read(cloud, keys.video_result(index)) if asset.kind == "video" else None
        if failure:
            reason = failure_reason(decode(failure, StateError))
            ended[index] = (ErrorCode.VIDEO_PROCESSING_FAILED, reason)
        if asset.error_code:
            ended[index] = (asset.error_code, asset.error_message)
    lines = []
    for index, asset in enumerate(manifest.assets):
        code, message = ended.get(index, ("", ""))
        state = "failed" if code else ("done" if index in ended else "waiting")
        lines.append(
            AssetLine(key=asset.key, type=asset.type, state=state, code=code, message=message)
        )
    return lines


def _waiting(asset: AssetRef) -> AssetLine:
    return AssetLine(key=asset.key, type=asset.type, state="waiting")
