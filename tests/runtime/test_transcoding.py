"""The MediaConvert request: right for every shape of video, and valid to AWS's own model."""

from __future__ import annotations

import json
from typing import Any

import botocore.session
import msgspec
import pytest
from botocore.validate import ParamValidator

from toq_media.contracts import StateError
from toq_media.errors import AssetError, ErrorCode
from toq_media.keys import JobKeys, RawKey
from toq_media.probing import VideoFacts
from toq_media.transcoding import VideoJob, failure_reason, video_job, video_renditions

KEY = "512/raw/video/vertical/vertical-01-tour.v2.MOV"
JOB = JobKeys(listing_id=512, job_id=77, retry=0)


def facts(
    width: int = 1920,
    height: int = 1080,
    *,
    has_audio: bool = True,
    picture_seconds: float = 5.0,
) -> VideoFacts:
    return VideoFacts(
        duration_seconds=5.0,
        picture_seconds=picture_seconds,
        width=width,
        height=height,
        rotation=0,
        codec="h264",
        has_audio=has_audio,
    )


def build(seen: VideoFacts, *, key: str = KEY, job: JobKeys = JOB, asset: int = 3) -> VideoJob:
    return video_job(
        seen,
        raw=RawKey.parse(key, listing_id=job.listing_id),
        source=key,
        bucket="media",
        job=job,
        asset=asset,
        environment="dev",
    )


def outputs(job: VideoJob) -> list[tuple[str, dict[str, Any]]]:
    return [
        (group["OutputGroupSettings"]["FileGroupSettings"]["Destination"], group["Outputs"][0])
        for group in job.settings["OutputGroups"]
    ]


def picture_size(output: dict[str, Any]) -> tuple[int, int]:
    return output["VideoDescription"]["Width"], output["VideoDescription"]["Height"]


SHAPES = [
    (1920, 1080),
    (1080, 1920),
    (3840, 2160),
    (2160, 3840),
    (176, 144),
    (1279, 719),
    (1000, 1000),
    (192, 32),
    (32, 192),
    (7680, 1280),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("has_audio", [True, False])
def test_aws_model_accepts_the_request(shape: tuple[int, int], has_audio: bool) -> None:
    built = msgspec.to_builtins(build(facts(*shape, has_audio=has_audio)))
    request = {
        "Role": "arn:aws:iam::123456789012:role/mediaconvert",
        "Queue": "arn:aws:mediaconvert:us-east-1:123456789012:queues/toq-media-queue-dev",
        "ClientRequestToken": built["clientRequestToken"],
        "Settings": built["settings"],
        "Tags": built["tags"],
        "UserMetadata": built["userMetadata"],
    }
    model = botocore.session.get_session().get_service_model("mediaconvert")
    report = ParamValidator().validate(request, model.shape_for("CreateJobRequest"))
    assert not report.has_errors(), report.generate_report()
    assert len(built["clientRequestToken"]) <= 64


@pytest.mark.parametrize("shape", SHAPES)
def test_sizes_keep_the_aspect_are_even_and_never_larger(shape: tuple[int, int]) -> None:
    width, height = shape
    sizes = [picture_size(output) for _, output in outputs(build(facts(width, height)))]
    for made_width, made_height in sizes:
        assert made_width % 2 == made_height % 2 == 0
        assert 32 <= made_width <= width
        assert 32 <= made_height <= height
        assert abs(made_width * height / width - made_height) <= 2 * max(1, height / width)
    assert max(sizes[0]) == min(1920, max(shape) // 2 * 2)
    assert [made for made, _ in sizes[1:]] == [
        min(target, width // 2 * 2) for target in (200, 400, 800, 1200)
    ]


def test_portrait_stays_portrait_and_no_bars_are_added() -> None:
    for _, output in outputs(build(facts(2160, 3840))):
        made_width, made_height = picture_size(output)
        assert made_height > made_width
        assert output["VideoDescription"]["ScalingBehavior"] == "STRETCH_TO_OUTPUT"


def test_the_input_is_turned_as_its_flag_says() -> None:
    [source] = build(facts()).settings["Inputs"]
    assert source["FileInput"] == f"s3://media/{KEY}"
    assert source["VideoSelector"] == {"Rotate": "AUTO"}


def test_sound_is_asked_for_only_where_there_is_some() -> None:
    loud, silent = build(facts()), build(facts(has_audio=False))
    [audio] = outputs(loud)[0][1]["AudioDescriptions"]
    assert audio["CodecSettings"]["Codec"] == "AAC"
    assert audio["AudioSourceName"] in loud.settings["Inputs"][0]["AudioSelectors"]
    assert "AudioSelectors" not in silent.settings["Inputs"][0]
    assert not any("AudioDescriptions" in output for _, output in outputs(silent))


def test_video_is_progressive_quality_bound_and_keeps_the_frame_rate() -> None:
    _, output = outputs(build(facts()))[0]
    assert output["ContainerSettings"]["Mp4Settings"]["MoovPlacement"] == "PROGRESSIVE_DOWNLOAD"
    codec = output["VideoDescription"]["CodecSettings"]["H264Settings"]
    assert codec["RateControlMode"] == "QVBR"
    assert codec["FramerateControl"] == "INITIALIZE_FROM_SOURCE"


@pytest.mark.parametrize(
    ("shape", "peak"),
    [((3840, 2160), 5_000_000), ((1280, 720), 3_500_000), ((480, 854), 1_500_000)],
)
def test_peak_bitrate_follows_the_size(shape: tuple[int, int], peak: int) -> None:
    _, output = outputs(build(facts(*shape)))[0]
    assert output["VideoDescription"]["CodecSettings"]["H264Settings"]["MaxBitrate"] == peak


def test_destinations_are_the_keys_that_are_reported_afterwards() -> None:
    """MediaConvert appends `.{extension}` to a destination, and a counter to a frame capture."""
    job = build(facts())
    made = {}
    for destination, output in outputs(job):
        capture = output["VideoDescription"]["CodecSettings"]["Codec"] == "FRAME_CAPTURE"
        made[destination.removeprefix("s3://media/")] = (
            f"{destination}{'.0000001' if capture else ''}.{output['Extension']}"
        )
    expected = video_renditions(RawKey.parse(KEY, listing_id=512))
    assert set(expected) == {"original", "thumbnail", "small", "medium", "large"}
    assert sorted(made.values()) == sorted(f"s3://media/{key}" for key in expected.values())
    assert expected["original"] == "512/processed/video/vertical/original/vertical-01-tour.v2.mp4"
    assert expected["large"].endswith("/large/vertical-01-tour.v2.0000001.jpg")


@pytest.mark.parametrize(("seconds", "at_ms"), [(5.0, 1000), (2.0, 1000), (0.6, 300), (0.001, 1)])
def test_posters_are_the_second_capture_which_every_clip_has(seconds: float, at_ms: int) -> None:
    for _, output in outputs(build(facts(picture_seconds=seconds)))[1:]:
        settings = output["VideoDescription"]["CodecSettings"]["FrameCaptureSettings"]
        assert settings["MaxCaptures"] == 2
        assert settings["FramerateDenominator"] * 1000 == at_ms * settings["FramerateNumerator"]


def test_token_is_of_the_attempt_and_the_asset() -> None:
    again = build(facts()).client_request_token
    retried = JobKeys(listing_id=512, job_id=77, retry=1)
    assert build(facts()).client_request_token == again
    assert build(facts(), asset=4).client_request_token != again
    assert build(facts(), job=retried).client_request_token != again


def test_labels_say_listing_job_and_environment() -> None:
    job = build(facts())
    assert job.tags == job.user_metadata
    assert job.tags["listingIdentityId"] == "512"
    assert job.tags["jobId"] == "77"
    assert job.tags["environment"] == "dev"


def test_name_that_mediaconvert_would_expand_is_refused() -> None:
    with pytest.raises(AssetError, match=r"holds '\$'") as caught:
        build(facts(), key="512/raw/video/vertical/tour-$dt$.mov")
    assert caught.value.code == ErrorCode.VALIDATION_ERROR


@pytest.mark.parametrize("wrap", [True, False])
def test_reason_of_a_failed_job_is_its_code_and_message(wrap: bool) -> None:
    job = {"Id": "1", "Status": "ERROR", "ErrorCode": 1010, "ErrorMessage": "Unable to open"}
    cause = json.dumps({"Job": job} if wrap else job)
    failure = StateError(error="States.TaskFailed", cause=cause)
    assert failure_reason(failure) == "MediaConvert error 1010: Unable to open"


@pytest.mark.parametrize(
    ("error", "cause", "reason"),
    [
        ("States.Timeout", "", "States.Timeout: no cause given"),
        ("MediaConvert.BadRequestException", "bad", "MediaConvert.BadRequestException: bad"),
        ("States.TaskFailed", "[1]", "States.TaskFailed: [1]"),
        (
            "States.TaskFailed",
            '{"Job":{"Status":"CANCELED"}}',
            "MediaConvert job ended as CANCELED",
        ),
        ("States.TaskFailed", "x" * 9000, None),
    ],
)
def test_reason_of_any_other_failure_is_bounded_text(
    error: str, cause: str, reason: str | None
) -> None:
    text = failure_reason(StateError(error=error, cause=cause))
    assert text == reason or (reason is None and text.startswith(error))
    assert len(text) <= 500
