"""What must hold of a finished listing; every broken promise is one readable line."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageOps, ImageStat

from local.media import MediaFile
from local.run_result import RunResult
from toq_media.contracts import FinalizationCallback, ProcessingCallback, convert
from toq_media.errors import InvalidMessageError
from toq_media.keys import RENDITION_WIDTHS
from toq_media.probing import VideoLimits, probe

_WRONG_TURNS = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.ROTATE_180,
)
"""Ways to be wrong that keep the size; a quarter turn shows in the size itself."""

_PROCESSING_FIELDS = {
    "jobId", "listingIdentityId", "executionArn", "startedAt", "provider", "status",
    "failureReason", "error", "traceparent", "outputs",
}  # fmt: skip
_OUTPUT_FIELDS = {"rawKey", "processedKey", "thumbnailKey", "outputs", "errorCode", "errorMessage"}
_ANY_VIDEO = VideoLimits(max_seconds=10**9, max_bytes=2**62)


def check_listing(
    result: RunResult, files: list[MediaFile], objects: Mapping[str, Path]
) -> list[str]:
    """Everything that is wrong; an empty list when every check held.

    Args:
        result: the run.
        files: what was uploaded.
        objects: downloaded objects by key.
    """
    body = result.processing.body
    problems = _check_shape(body)
    if body.get("status") != "SUCCEEDED":
        problems.append(f"processing ended as {body.get('status')}, not SUCCEEDED")
    by_key = {output["rawKey"]: output for output in body.get("outputs", [])}
    if list(by_key) != [file.key for file in files]:
        problems.append("the callback's outputs are not the uploaded files in their order")
    for file in files:
        output = by_key.get(file.key)
        if output:
            problems += [f"{file.key}: {text}" for text in _check_asset(file, output, objects)]
    problems += _check_bundle(result, files, objects)
    problems += [
        f"execution {run.arn} ended as {run.status}"
        for run in result.executions
        if run.status != "SUCCEEDED"
    ]
    return problems


def _check_shape(body: dict[str, Any]) -> list[str]:
    try:
        convert(body, ProcessingCallback)
    except InvalidMessageError as error:
        return [f"processing callback: {error}"]
    problems = [
        f"an output of the callback has the fields {sorted(output)}"
        for output in body["outputs"]
        if set(output) != _OUTPUT_FIELDS
    ]
    if set(body) != _PROCESSING_FIELDS:
        problems.append(f"processing callback has the fields {sorted(body)}")
    return problems


def _check_asset(file: MediaFile, output: dict[str, Any], objects: Mapping[str, Path]) -> list[str]:
    if output["errorCode"]:
        return [f"{output['errorCode']}: {output['errorMessage']}"]
    lost = [key for key in output["outputs"].values() if key not in objects]
    if lost:
        return [f"{key} is not in the bucket" for key in lost]
    if file.asset_type.startswith("PHOTO"):
        return _check_photo(file, output["outputs"], objects)
    if file.asset_type.startswith("VIDEO"):
        return _check_video(file, output, objects)
    copied = objects[output["processedKey"]].read_bytes()
    return [] if copied == file.path.read_bytes() else ["its copy holds other bytes"]


def _check_photo(
    file: MediaFile, outputs: dict[str, str], objects: Mapping[str, Path]
) -> list[str]:
    problems = []
    suffix = file.asset_type.lower()
    with Image.open(file.path) as source:
        upright = ImageOps.exif_transpose(source).convert("L")
    for size, target in RENDITION_WIDTHS.items():
        key = outputs.get(f"{size}_{suffix}", "")
        if not key:
            problems.append(f"rendition {size} is missing")
            continue
        with Image.open(objects[key]) as rendition:
            width = min(target, upright.width)
            height = max(1, int(width * upright.height / upright.width + 0.5))
            if rendition.format != "JPEG" or rendition.size != (width, height):
                problems.append(
                    f"{size} is {rendition.format} {rendition.size}, not JPEG {(width, height)}"
                )
                continue
            shown = rendition.convert("L")
        expected = upright.resize(shown.size)
        turned = min(_difference(shown, expected.transpose(turn)) for turn in _WRONG_TURNS)
        if turned < _difference(shown, expected):
            problems.append(f"{size} does not show the original upright")
    return problems


def _difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two grey pictures, 0 to 255; converted colours shift it a little."""
    return float(ImageStat.Stat(ImageChops.difference(one, other)).mean[0])


def _check_video(file: MediaFile, output: dict[str, Any], objects: Mapping[str, Path]) -> list[str]:
    data = objects[output["processedKey"]].read_bytes()
    facts = probe(lambda start, length: data[start : start + length], len(data), _ANY_VIDEO)
    problems = []
    if file.upright and (facts.width > facts.height) != (file.upright[0] > file.upright[1]):
        problems.append(f"the transcode is {facts.width}x{facts.height}: not upright")
    if not output["thumbnailKey"].endswith(".jpg"):
        problems.append(f"its thumbnail is {output['thumbnailKey']}")
    if len(output["outputs"]) != 1 + len(RENDITION_WIDTHS):
        problems.append(f"it has the outputs {sorted(output['outputs'])}")
    return problems


def _check_bundle(
    result: RunResult, files: list[MediaFile], objects: Mapping[str, Path]
) -> list[str]:
    if result.finalization is None:
        return ["no bundle was asked for, since nothing was processed"]
    body = result.finalization.body
    try:
        told = convert(body, FinalizationCallback)
    except InvalidMessageError as error:
        return [f"finalization callback: {error}"]
    if told.status != "SUCCEEDED" or not isinstance(told.zip_bundles, list):
        return [f"finalization ended as {told.status}: {body.get('error')}"]
    archived = [
        hashlib.sha256(data).hexdigest()
        for key in told.zip_bundles
        for data in _zip_contents(objects[key]).values()
    ]
    originals = [hashlib.sha256(file.path.read_bytes()).hexdigest() for file in files]
    if sorted(archived) != sorted(originals):
        return ["the ZIP does not hold the originals byte for byte"]
    return []


def _zip_contents(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
