"""The stand-in at work: real transcodes, real failures, and the program's own branch and roles."""

from __future__ import annotations

import io
import json
import random
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError
from PIL import Image

from local.emulator import Emulator
from local.mediaconvert.task import RULE
from tests.local.stage import until
from tests.local.studio import Studio, facts_of
from tests.runtime.clips import clip
from toq_media.contracts import StateError, decode
from toq_media.transcoding import failure_reason, video_renditions

pytestmark = pytest.mark.local
FRAME_SECONDS = 1 / 25


@pytest.fixture(scope="module")
def studio(emulator: Emulator) -> Studio:
    return Studio(emulator)


def corrupt(body: bytes) -> bytes:
    """A clip whose index is whole and whose pictures are noise: only decoding finds out."""
    start = body.index(b"mdat") + 4
    end = body.index(b"moov") - 4
    return body[:start] + random.Random(7).randbytes(end - start) + body[end:]


def refusal(error: pytest.ExceptionInfo[ClientError]) -> tuple[str, str]:
    answer = error.value.response["Error"]
    return answer["Code"], answer["Message"]


@pytest.mark.parametrize(
    ("made", "shape"),
    [
        ({"size": "640x360"}, (640, 360)),
        ({"rotation": 90, "suffix": ".mov"}, (180, 320)),
        ({"rotation": 270, "suffix": ".mov"}, (180, 320)),
        ({"sound": False}, (320, 180)),
        ({"size": "2560x1440", "seconds": 0.2, "sound": False}, (1920, 1080)),
        ({"size": "176x144", "sound": False, "suffix": ".3gp", "options": ("-c:v", "h263")}, None),
    ],
)
def test_transcode(studio: Studio, made: dict[str, Any], shape: tuple[int, int] | None) -> None:
    source = clip(**made)
    before = facts_of(source)
    name = studio.stage.name("tour") + made.get("suffix", ".mp4")
    job, outputs = studio.transcode(source, name)
    video = outputs["original"]
    after = facts_of(video)
    shape = shape or (before.width // 2 * 2, before.height // 2 * 2)
    assert (after.width, after.height, after.rotation) == (*shape, 0)
    assert after.codec == "h264"
    assert after.has_audio == before.has_audio
    assert after.duration_seconds == pytest.approx(before.duration_seconds, abs=FRAME_SECONDS)
    assert video.index(b"moov") < video.index(b"mdat"), "progressive download"
    sizes = {name: Image.open(io.BytesIO(outputs[name])).size for name in list(outputs)[1:]}
    for name, target in {"thumbnail": 200, "small": 400, "medium": 800, "large": 1200}.items():
        width, height = sizes[name]
        assert width == min(target, before.width // 2 * 2)
        assert abs(height - width * before.height / before.width) <= 2
    assert job["OutputGroupDetails"][0]["OutputDetails"][0]["VideoDetails"] == {
        "WidthInPx": shape[0],
        "HeightInPx": shape[1],
    }


def test_poster_is_not_the_black_first_frame(studio: Studio) -> None:
    """The clip fades in from black over its first half."""
    body = clip(sound=False, options=("-vf", "fade=in:0:13"))
    raw = studio.upload(body, studio.stage.name("fade") + ".mp4")
    client = studio.client("mediaconvert")
    studio.finished(client.create_job(**studio.request(raw, facts_of(body)))["Job"]["Id"])
    poster = video_renditions(raw)["small"]
    first = poster.replace(".0000001.", ".0000000.")
    brightness = {
        key: Image.open(io.BytesIO(studio.read(key))).convert("L").resize((1, 1)).getpixel((0, 0))
        for key in (poster, first)
    }
    assert brightness[first] == pytest.approx(0, abs=4)
    assert brightness[poster] == pytest.approx(128, abs=60)


def test_turned_picture_is_upright(studio: Studio) -> None:
    """The test picture's first column is dark at the top once the flag is honoured."""
    upright = clip(size="320x180", sound=False)
    _, straight = studio.transcode(upright, studio.stage.name("a") + ".mp4")
    flagged = clip(size="320x180", sound=False, rotation=180, suffix=".mov")
    _, turned = studio.transcode(flagged, studio.stage.name("b") + ".mov")
    first = Image.open(io.BytesIO(straight["thumbnail"])).convert("L")
    second = Image.open(io.BytesIO(turned["thumbnail"])).convert("L")
    pixels = [(x, y) for x in range(5, 195, 10) for y in range(5, 105, 10)]
    last = (first.width - 1, first.height - 1)
    differences = [
        abs(first.getpixel((x, y)) - second.getpixel((last[0] - x, last[1] - y)))  # type: ignore[operator]
        for x, y in pixels
    ]
    assert sum(differences) / len(differences) < 12


def test_labels_can_be_found_on_the_job(studio: Studio) -> None:
    raw = studio.upload(clip(), studio.stage.name("tags") + ".mp4")
    client = studio.client("mediaconvert")
    job = client.create_job(**studio.request(raw, facts_of(clip())))["Job"]
    assert job["UserMetadata"]["listingIdentityId"] == "512"
    tags = client.list_tags_for_resource(Arn=job["Arn"])["ResourceTags"]["Tags"]
    assert tags["environment"] == studio.names.environment
    studio.finished(job["Id"])
    ended = client.list_jobs(Queue=studio.names.mediaconvert_queue, Status="COMPLETE")["Jobs"]
    assert job["Id"] in [found["Id"] for found in ended]


def test_same_token_makes_no_second_job(studio: Studio) -> None:
    raw = studio.upload(clip(), studio.stage.name("twice") + ".mp4")
    request = studio.request(raw, facts_of(clip()))
    client = studio.client("mediaconvert")
    first, again = (client.create_job(**request)["Job"]["Id"] for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"not a video at all", 1010, "Failed probe/open"),
        (b"", 1010, "Failed probe/open"),
        (corrupt(clip(sound=False)), 1040, "Decoder error"),
        (None, 1404, "HeadObject failed"),
    ],
    ids=["text", "empty", "noise", "missing"],
)
def test_unreadable_input_ends_in_error(
    studio: Studio, body: bytes | None, code: int, words: str
) -> None:
    raw = studio.upload(body or b"", studio.stage.name("bad") + ".mp4")
    if body is None:
        key = f"512/raw/{raw.directory}/{raw.filename}"
        studio.client("s3").delete_object(Bucket=studio.bucket, Key=key)
    request = studio.request(raw, facts_of(clip()))
    job = studio.finished(studio.client("mediaconvert").create_job(**request)["Job"]["Id"])
    assert (job["Status"], job["ErrorCode"]) == ("ERROR", code)
    assert words in job["ErrorMessage"]
    assert studio.keys(video_renditions(raw)["original"]) == []


TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole"}


@pytest.mark.parametrize(
    ("service", "actions", "code", "words"),
    [
        ("mediaconvert.amazonaws.com", ["s3:GetObject"], 1401, "Access Denied"),
        ("mediaconvert.amazonaws.com", ["s3:PutObject"], 1404, "HeadObject failed"),
        ("lambda.amazonaws.com", ["s3:*"], 1434, "AssumeRole failed"),
    ],
)
def test_job_has_no_more_rights_than_its_role(
    studio: Studio, service: str, actions: list[str], code: int, words: str
) -> None:
    trust = {"Statement": [{**TRUST, "Principal": {"Service": service}}]}
    policy = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}
    role = studio.make_role(studio.stage.name("role"), trust, policy)
    raw = studio.upload(clip(), studio.stage.name("rights") + ".mp4")
    request = {**studio.request(raw, facts_of(clip())), "Role": role}
    job = studio.finished(studio.client("mediaconvert").create_job(**request)["Job"]["Id"])
    assert (job["Status"], job["ErrorCode"]) == ("ERROR", code)
    assert words in job["ErrorMessage"]


def test_missing_role_ends_in_error(studio: Studio) -> None:
    raw = studio.upload(clip(), studio.stage.name("role") + ".mp4")
    role = f"arn:aws:iam::{studio.names.account_id}:role/nobody"
    request = {**studio.request(raw, facts_of(clip())), "Role": role}
    job = studio.finished(studio.client("mediaconvert").create_job(**request)["Job"]["Id"])
    assert job["ErrorCode"] == 1432


def test_caller_must_be_allowed_to_pass_the_role(studio: Studio) -> None:
    caller = studio.stage.role(
        {"Effect": "Allow", "Action": "mediaconvert:*", "Resource": "*"},
    )
    raw = studio.upload(clip(), studio.stage.name("pass") + ".mp4")
    request = studio.request(raw, facts_of(clip()))
    with pytest.raises(ClientError) as caught:
        studio.client("mediaconvert", caller).create_job(**request)
    code, message = refusal(caught)
    assert code == "ForbiddenException"
    assert "iam:PassRole" in message


def test_unknown_setting_queue_and_job_are_refused(studio: Studio) -> None:
    raw = studio.upload(clip(), studio.stage.name("refused") + ".mp4")
    request = studio.request(raw, facts_of(clip()))
    client = studio.client("mediaconvert")
    with pytest.raises(ClientError) as caught:
        client.create_job(**request, Priority=3)
    assert refusal(caught) == (
        "BadRequestException",
        "Priority: is not carried out by the stand-in",
    )
    with pytest.raises(ClientError) as caught:
        client.create_job(**{**request, "Queue": "nowhere"})
    assert refusal(caught)[0] == "NotFoundException"
    with pytest.raises(ClientError) as caught:
        client.get_job(Id="nothing")
    assert refusal(caught)[0] == "NotFoundException"


def test_canceled_job_writes_nothing_and_cannot_be_canceled_again(studio: Studio) -> None:
    body = clip(seconds=4)
    client = studio.client("mediaconvert")
    raws = [studio.upload(body, studio.stage.name("cancel") + ".mp4") for _ in range(3)]
    jobs = [client.create_job(**studio.request(raw, facts_of(body)))["Job"]["Id"] for raw in raws]
    client.cancel_job(Id=jobs[-1])
    assert studio.finished(jobs[-1])["Status"] == "CANCELED"
    for job in jobs[:-1]:
        assert studio.finished(job)["Status"] == "COMPLETE"
    assert studio.keys(video_renditions(raws[-1])["original"]) == []
    with pytest.raises(ClientError) as caught:
        client.cancel_job(Id=jobs[-1])
    assert refusal(caught)[0] == "ConflictException"


def test_state_changes_reach_eventbridge(studio: Studio) -> None:
    queue = studio.client("sqs").create_queue(QueueName=studio.stage.name("events"))["QueueUrl"]
    arn = f"arn:aws:sqs:us-east-1:{studio.names.account_id}:{queue.rpartition('/')[2]}"
    raw = studio.upload(b"nothing", studio.stage.name("events") + ".mp4")
    events = studio.client("events")
    rule = studio.stage.name("rule")
    source = {
        "source": ["aws.mediaconvert"],
        "detail": {"queue": [studio.names.mediaconvert_queue_arn]},
    }
    events.put_rule(Name=rule, EventPattern=json.dumps(source))
    events.put_targets(Rule=rule, Targets=[{"Id": "1", "Arn": arn}])
    request = studio.request(raw, facts_of(clip()))
    job = studio.finished(studio.client("mediaconvert").create_job(**request)["Job"]["Id"])
    seen: dict[str, dict[str, Any]] = {}

    def read() -> bool:
        answer = studio.client("sqs").receive_message(QueueUrl=queue, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            event = json.loads(message["Body"])
            if event["detail"]["jobId"] == job["Id"]:
                seen[event["detail"]["status"]] = event
        return {"PROGRESSING", "ERROR"} <= seen.keys()

    until(read, "events")
    assert seen["ERROR"]["detail-type"] == "MediaConvert Job State Change"
    assert seen["ERROR"]["detail"]["errorCode"] == 1010
    assert seen["ERROR"]["detail"]["userMetadata"] == job["UserMetadata"]


def test_one_bad_video_of_three_leaves_the_others_untouched(studio: Studio) -> None:
    good, silent = clip(), clip(sound=False)
    bodies = [good, corrupt(silent), silent]
    raws = [studio.upload(body, studio.stage.name("three") + ".mp4") for body in bodies]
    requests = [
        studio.request(raw, facts_of(body), asset=n)
        for n, (raw, body) in enumerate(zip(raws, bodies, strict=True))
    ]
    prefix, output = studio.run_branch(requests)
    assert [item["video"] for item in output] == [0, 1, 2]
    assert "error" not in output[0] | output[2]
    assert output[1]["error"] == "States.TaskFailed"
    for number in (0, 2):
        assert studio.keys(video_renditions(raws[number])["original"])
    kept = decode(studio.read(f"{prefix}/results/video-1.json"), StateError)
    assert failure_reason(kept).startswith("MediaConvert error 1040: Decoder error")


def forget_rule(studio: Studio) -> None:
    """Remove what an earlier run may have left, so that this one has to make it."""
    events = studio.client("events")
    with suppress(ClientError):
        events.remove_targets(Rule=RULE, Ids=["StepFunctions"])
        events.delete_rule(Name=RULE)


def test_branch_uses_what_its_role_grants_and_nothing_else(
    studio: Studio, emulator: Emulator
) -> None:
    forget_rule(studio)
    raw = studio.upload(clip(), studio.stage.name("granted") + ".mp4")
    studio.run_branch([studio.request(raw, facts_of(clip()))])
    role = studio.names.role("stepfunctions")
    used = [entry for entry in emulator.usage() if f"/{role}/" in entry["principal"]]
    assert [entry for entry in used if not entry["allowed"]] == []
    assert {
        "mediaconvert:CreateJob",
        "mediaconvert:GetJob",
        "iam:PassRole",
        "events:DescribeRule",
        "events:PutRule",
        "events:PutTargets",
    } <= {entry["action"] for entry in used}


def test_stopped_execution_cancels_its_job(studio: Studio, emulator: Emulator) -> None:
    raw = studio.upload(clip(), studio.stage.name("stopped") + ".mp4")
    client = studio.client("mediaconvert")
    slow = {"action": "s3:GetObject", "match": raw.filename, "status": 0, "delay": 3}
    emulator.set_faults([slow])
    try:
        _, execution = studio.start_branch([studio.request(raw, facts_of(clip()))])

        def running() -> str:
            jobs = client.list_jobs(Status="PROGRESSING", MaxResults=20)["Jobs"]
            mine = [j for j in jobs if raw.filename in j["Settings"]["Inputs"][0]["FileInput"]]
            return mine[0]["Id"] if mine else ""

        job = until(running, "running job")
        studio.client("stepfunctions").stop_execution(executionArn=execution)
        assert studio.finished(job)["Status"] == "CANCELED"
    finally:
        emulator.set_faults([])
    assert studio.keys(video_renditions(raw)["original"]) == []


def test_throttled_creation_is_retried_by_the_state_machine(
    studio: Studio, emulator: Emulator
) -> None:
    raw = studio.upload(clip(), studio.stage.name("throttled") + ".mp4")
    fault = {
        "action": "mediaconvert:CreateJob",
        "match": raw.filename,
        "status": 429,
        "code": "TooManyRequestsException",
        "times": 2,
    }
    emulator.set_faults([fault])
    try:
        _, output = studio.run_branch([studio.request(raw, facts_of(clip()))])
        assert emulator.faults()[0]["struck"] == 2
    finally:
        emulator.set_faults([])
    assert "error" not in output[0]


def test_queues_are_made_listed_and_deleted(studio: Studio) -> None:
    client = studio.client("mediaconvert")
    name = studio.stage.name("queue")
    made = client.create_queue(Name=name, Description="tests", Tags={"a": "b"})["Queue"]
    assert made["Arn"].endswith(f":queues/{name}")
    assert client.get_queue(Name=name)["Queue"]["Description"] == "tests"
    client.tag_resource(Arn=made["Arn"], Tags={"c": "d"})
    tags = client.list_tags_for_resource(Arn=made["Arn"])["ResourceTags"]["Tags"]
    assert tags == {"a": "b", "c": "d"}
    with pytest.raises(ClientError) as caught:
        client.create_queue(Name=name)
    assert refusal(caught)[0] == "ConflictException"
    client.delete_queue(Name=name)
    assert name not in [queue["Name"] for queue in client.list_queues()["Queues"]]
    assert client.describe_endpoints()["Endpoints"][0]["Url"].startswith("https://127.0.0.1")
