"""MediaConvert job of one video, built from what probing found; pure.

The state machine passes the document on as it is (`mediaconvert:createJob.sync`), so its settings
are in the API's PascalCase. Every number here is a rule of the product (design section 4) or a
limit of MediaConvert.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Final

from toq_media.contracts import StateError, Wire
from toq_media.errors import AssetError, ErrorCode
from toq_media.keys import RENDITION_WIDTHS, JobKeys, RawKey
from toq_media.probing import VideoFacts

MAX_LONG_SIDE: Final = 1920
"""Longest side of a transcoded video in pixels."""

_BITRATES: Final = ((1280, 5_000_000, 8), (854, 3_500_000, 8), (0, 1_500_000, 7))
"""Long side above which a row holds, its peak in bits per second and its QVBR level (1 to 10)."""

_AUDIO: Final = "Audio Selector 1"
_JPEG_QUALITY: Final = 85
_MAX_REASON: Final = 500


class VideoJob(Wire, frozen=True, kw_only=True):
    """What the state machine adds to the role and the queue to make a CreateJob request."""

    client_request_token: str
    settings: dict[str, Any]
    tags: dict[str, str]
    user_metadata: dict[str, str]


def video_job(
    facts: VideoFacts,
    *,
    raw: RawKey,
    source: str,
    bucket: str,
    job: JobKeys,
    asset: int,
    environment: str,
) -> VideoJob:
    """Request that transcodes one video and cuts its four posters.

    Args:
        facts: what probing found.
        raw: the video's raw key, taken apart; names the outputs.
        source: the video's raw key as it is in the bucket.
        bucket: the bucket of the source and of the outputs.
        job: the attempt that the video belongs to.
        asset: the video's index in the manifest.
        environment: name of the environment, for tags.

    Raises:
        AssetError: the name holds what MediaConvert would read as a format identifier.
    """
    if "$" in raw.video():
        raise AssetError(
            ErrorCode.VALIDATION_ERROR,
            f"key {source!r}: holds '$', which MediaConvert expands in names; rename the file",
        )
    labels = {
        "environment": environment,
        "listingIdentityId": str(job.listing_id),
        "jobId": str(job.job_id),
        "retry": str(job.retry),
        "asset": str(asset),
    }
    return VideoJob(
        client_request_token=hashlib.sha256(
            f"{environment}/{job.prefix}/{asset}".encode()
        ).hexdigest(),
        settings=_settings(facts, raw, source, bucket),
        tags=labels,
        user_metadata=labels,
    )


def video_renditions(raw: RawKey) -> dict[str, str]:
    """Keys of what a finished job of `video_job` leaves in the bucket, by rendition name."""
    return {"original": raw.video()} | {size: raw.poster(size) for size in RENDITION_WIDTHS}


def failure_reason(failure: StateError) -> str:
    """MediaConvert's code and message out of what the state machine kept of a failed job.

    A job that ends in ERROR leaves its description as the cause; any other failure (refused
    request, time-out) leaves a plain text or nothing.
    """
    try:
        description = json.loads(failure.cause)
    except ValueError:
        description = None
    if isinstance(description, dict):
        job = description.get("Job", description)
        if isinstance(job, dict) and job.get("ErrorCode"):
            message = job.get("ErrorMessage", "no message")
            return f"MediaConvert error {job['ErrorCode']}: {message}"[:_MAX_REASON]
        if isinstance(job, dict) and job.get("Status"):
            return f"MediaConvert job ended as {job['Status']}"[:_MAX_REASON]
    return f"{failure.error}: {failure.cause or 'no cause given'}"[:_MAX_REASON]


def _settings(facts: VideoFacts, raw: RawKey, source: str, bucket: str) -> dict[str, Any]:
    # An input that lacks the sound its job asks for fails or turns silent; so ask only for what
    # probing has seen (field note "What none of them has", 3).
    selectors = {"AudioSelectors": {_AUDIO: {"DefaultSelection": "DEFAULT"}}}
    return {
        "TimecodeConfig": {"Source": "ZEROBASED"},
        "Inputs": [
            {
                "FileInput": f"s3://{bucket}/{source}",
                "TimecodeSource": "ZEROBASED",
                "VideoSelector": {"Rotate": "AUTO"},
                **(selectors if facts.has_audio else {}),
            }
        ],
        "OutputGroups": [
            _group("video", f"s3://{bucket}/{raw.video().removesuffix('.mp4')}", _video(facts)),
            *(
                # One group a size: a group has one folder, and each size has its own.
                _group(f"poster {size}", _poster_destination(bucket, raw, size), _poster(facts, w))
                for size, w in RENDITION_WIDTHS.items()
            ),
        ],
    }


def _group(name: str, destination: str, output: dict[str, Any]) -> dict[str, Any]:
    """Output group with one output; MediaConvert adds the extension to the destination."""
    return {
        "Name": name,
        "OutputGroupSettings": {
            "Type": "FILE_GROUP_SETTINGS",
            "FileGroupSettings": {"Destination": destination},
        },
        "Outputs": [output],
    }


def _video(facts: VideoFacts) -> dict[str, Any]:
    width, height = _scaled(facts, MAX_LONG_SIDE / max(facts.width, facts.height))
    bitrate, quality = next(
        (rate, level) for above, rate, level in _BITRATES if max(width, height) > above
    )
    output: dict[str, Any] = {
        "Extension": "mp4",
        "ContainerSettings": {
            "Container": "MP4",
            "Mp4Settings": {"MoovPlacement": "PROGRESSIVE_DOWNLOAD"},
        },
        "VideoDescription": _picture(
            width,
            height,
            {
                "Codec": "H_264",
                "H264Settings": {
                    "RateControlMode": "QVBR",
                    "QvbrSettings": {"QvbrQualityLevel": quality},
                    "MaxBitrate": bitrate,
                    "QualityTuningLevel": "SINGLE_PASS_HQ",
                    "SceneChangeDetect": "TRANSITION_DETECTION",
                    "FramerateControl": "INITIALIZE_FROM_SOURCE",
                    "ParControl": "SPECIFIED",
                    "ParNumerator": 1,
                    "ParDenominator": 1,
                },
            },
        ),
    }
    if facts.has_audio:
        output["AudioDescriptions"] = [
            {
                "AudioSourceName": _AUDIO,
                "CodecSettings": {
                    "Codec": "AAC",
                    "AacSettings": {
                        "Bitrate": 128_000,
                        "CodingMode": "CODING_MODE_2_0",
                        "SampleRate": 48_000,
                    },
                },
            }
        ]
    return output


def _poster(facts: VideoFacts, target_width: int) -> dict[str, Any]:
    """A frame as a JPEG: one second in, or half-way of a shorter clip.

    MediaConvert always captures the first frame too, which is black in many clips; the poster is
    the second capture, whatever the clip's length, so that its name is known beforehand.
    """
    width, height = _scaled(facts, target_width / facts.width)
    interval_ms = min(1000, max(1, int(facts.picture_seconds * 500)))
    return {
        "Extension": "jpg",
        "ContainerSettings": {"Container": "RAW"},
        "VideoDescription": _picture(
            width,
            height,
            {
                "Codec": "FRAME_CAPTURE",
                "FrameCaptureSettings": {
                    "FramerateNumerator": 1000,
                    "FramerateDenominator": interval_ms,
                    "MaxCaptures": 2,
                    "Quality": _JPEG_QUALITY,
                },
            },
        ),
    }


def _poster_destination(bucket: str, raw: RawKey, size: str) -> str:
    return f"s3://{bucket}/{raw.poster(size).removesuffix(RawKey.POSTER_SUFFIX)}"


def _picture(width: int, height: int, codec: dict[str, Any]) -> dict[str, Any]:
    # The size has the source's aspect already: stretching evens out less than a pixel, where the
    # default would add bars for it.
    return {
        "Width": width,
        "Height": height,
        "ScalingBehavior": "STRETCH_TO_OUTPUT",
        "CodecSettings": codec,
    }


def _scaled(facts: VideoFacts, factor: float) -> tuple[int, int]:
    """Size after scaling, never larger than the source; H.264 in 4:2:0 needs even sides."""
    factor = min(factor, 1.0)
    return _even(facts.width * factor), _even(facts.height * factor)


def _even(length: float) -> int:
    return int(length + 0.5) // 2 * 2
