"""What the stand-in takes and what it refuses, by the setting's name."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from local.mediaconvert.errors import ApiError
from local.mediaconvert.plan import H264, Capture, plan
from local.mediaconvert.wire import read, service_model, write
from toq_media.keys import JobKeys, RawKey
from toq_media.probing import VideoFacts
from toq_media.transcoding import video_job, video_renditions

KEY = "512/raw/video/horizontal/tour.mov"
Settings = dict[str, Any]


def our_settings(*, has_audio: bool = True) -> Settings:
    facts = VideoFacts(
        duration_seconds=5,
        picture_seconds=5,
        width=1920,
        height=1080,
        rotation=0,
        codec="h264",
        has_audio=has_audio,
    )
    job = video_job(
        facts,
        raw=RawKey.parse(KEY, listing_id=512),
        source=KEY,
        bucket="media",
        job=JobKeys(listing_id=512, job_id=1, retry=0),
        asset=0,
        environment="dev",
    )
    settings: Settings = copy.deepcopy(msgspec.to_builtins(job.settings))
    return settings


def request(settings: Settings) -> dict[str, Any]:
    body = {"Role": "arn:aws:iam::1:role/x", "Settings": settings, "ClientRequestToken": "t"}
    return write("CreateJobRequest", body)


def test_program_s_own_settings_are_all_carried_out() -> None:
    made = plan(our_settings())
    outputs = [output for group in made.groups for output in group]
    video = outputs[0].codec
    assert isinstance(video, H264)
    assert (video.quality, video.max_bitrate, video.faststart) == (8, 5_000_000, True)
    assert video.sound is not None
    assert made.rotate is None
    assert all(isinstance(output.codec, Capture) for output in outputs[1:])
    raw = RawKey.parse(KEY, listing_id=512)
    keys = [o.key % 1 if isinstance(o.codec, Capture) else o.key for o in outputs]
    assert keys == list(video_renditions(raw).values())


def test_base_name_defaults_to_the_input_s_and_modifiers_are_added() -> None:
    settings = our_settings()
    group = settings["OutputGroups"][0]
    group["OutputGroupSettings"]["FileGroupSettings"]["Destination"] = "s3://media/out/"
    group["Outputs"][0]["NameModifier"] = "-1080p"
    del group["Outputs"][0]["Extension"]
    assert plan(settings).groups[0][0].key == "out/tour-1080p.mp4"


def video_of(settings: Settings) -> Settings:
    output: Settings = settings["OutputGroups"][0]["Outputs"][0]
    return output


def h264_of(settings: Settings) -> Settings:
    codec: Settings = video_of(settings)["VideoDescription"]["CodecSettings"]["H264Settings"]
    return codec


CHANGES: list[tuple[str, Callable[[Settings], object]]] = [
    ("Settings.AdAvailOffset", lambda s: s.update(AdAvailOffset=3)),
    ("Settings.Inputs[0].DeblockFilter", lambda s: s["Inputs"][0].update(DeblockFilter="ENABLED")),
    (
        "Settings.Inputs[0].AudioSelectors.Audio Selector 1.Tracks",
        lambda s: s["Inputs"][0]["AudioSelectors"]["Audio Selector 1"].update(Tracks=[1]),
    ),
    (
        "VideoDescription.VideoPreprocessors",
        lambda s: video_of(s)["VideoDescription"].update(VideoPreprocessors={}),
    ),
    (
        "H264Settings.GopSize",
        lambda s: h264_of(s).update(GopSize=9),
    ),
    (
        "H264Settings.RateControlMode: CBR",
        lambda s: h264_of(s).update(RateControlMode="CBR"),
    ),
    (
        "ContainerSettings.Container: MOV",
        lambda s: video_of(s)["ContainerSettings"].update(Container="MOV"),
    ),
    (
        "Codec: H_265",
        lambda s: video_of(s)["VideoDescription"]["CodecSettings"].update(Codec="H_265"),
    ),
    ("AudioSourceName", lambda s: video_of(s)["AudioDescriptions"][0].update(AudioSourceName="No")),
    ("2 inputs", lambda s: s["Inputs"].append(s["Inputs"][0])),
    ("needs a regular output", lambda s: s["OutputGroups"].pop(0)),
    ("same name", lambda s: s["OutputGroups"].append(s["OutputGroups"][0])),
    (
        "format identifiers in Destination",
        lambda s: s["OutputGroups"][0]["OutputGroupSettings"]["FileGroupSettings"].update(
            Destination="s3://media/$dt$"
        ),
    ),
]


@pytest.mark.parametrize(("named", "change"), CHANGES, ids=[name for name, _ in CHANGES])
def test_what_is_not_carried_out_is_refused_by_name(
    named: str, change: Callable[[Settings], object]
) -> None:
    settings = our_settings()
    change(settings)
    with pytest.raises(ApiError) as caught:
        plan(settings)
    assert caught.value.name == "BadRequestException"
    assert named in str(caught.value)


WRONG: list[tuple[str, Callable[[Settings], object]]] = [
    ("/settings/inputs/0/colour: is not a known", lambda s: s["inputs"][0].update(colour=1)),
    ("rotate: Should be one of", lambda s: s["inputs"][0]["videoSelector"].update(rotate="UP")),
    ("Should match the pattern", lambda s: s["inputs"][0].update(fileInput="ftp://x/y")),
    (
        "Width, value: 16, valid min value: 32",
        lambda s: s["outputGroups"][1]["outputs"][0]["videoDescription"].update(width=16),
    ),
    (
        "width: Should be less than or equal to 8192",
        lambda s: s["outputGroups"][1]["outputs"][0]["videoDescription"].update(width=9000),
    ),
    ("Invalid type", lambda s: s.update(outputGroups="all")),
]


@pytest.mark.parametrize(("named", "change"), WRONG, ids=[name for name, _ in WRONG])
def test_what_breaks_aws_s_model_is_refused_with_its_path(
    named: str, change: Callable[[Settings], object]
) -> None:
    document = request(our_settings())
    change(document["settings"])
    with pytest.raises(ApiError) as caught:
        read("CreateJobRequest", document)
    assert named in str(caught.value)


def test_wire_and_api_names_are_each_other_s_inverse() -> None:
    document = request(our_settings())
    assert document["settings"]["inputs"][0]["fileInput"] == f"s3://media/{KEY}"
    assert read("CreateJobRequest", document)["Settings"] == our_settings()


def test_missing_role_is_refused() -> None:
    document = request(our_settings())
    del document["role"]
    with pytest.raises(ApiError, match="Role"):
        read("CreateJobRequest", document)


def test_errors_that_the_stand_in_answers_are_aws_s() -> None:
    modeled = {shape.name for shape in service_model().operation_model("CreateJob").error_shapes}
    assert set(ApiError.STATUSES) <= modeled
