"""Faults inside the state machine: they stay with the assets that they concern."""

from __future__ import annotations

import pytest

from local.chaos.world import World, until
from tests.faults.conftest import Seen
from tests.runtime.clips import clip

pytestmark = pytest.mark.local

PDF = b"%PDF-1.4\n%%EOF\n"


def codes(body: dict[str, object]) -> list[str]:
    """Error code of each output; none is processed without a key."""
    outputs = body["outputs"]
    assert isinstance(outputs, list)
    for one in outputs:
        assert bool(one["processedKey"]) != bool(one["errorCode"])
    return [one["errorCode"] for one in outputs]


@pytest.mark.fault(
    "function crashes once",
    injected="the thumbnails process ends in the midst of its batch",
    expected="retried, all assets done, told once",
)
def test_crash_once(world: World, seen: Seen) -> None:
    job = world.job(2)
    world.sabotage.plan("thumbnails", job.files.prefix, "exit")
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    assert world.ended(job)["status"] == "SUCCEEDED"
    assert world.attempts(job) == 1
    seen("SUCCEEDED, 1 callback")


@pytest.mark.fault(
    "function crashes for ever",
    injected="every thumbnails process of the pictures' batch ends",
    expected="errors of those assets alone; the document's branch is not touched",
)
def test_crash_for_ever(world: World, seen: Seen) -> None:
    job = world.job(2, plan_pdf=PDF)
    world.sabotage.plan("thumbnails", '"batch": 0', "exit", times=-1)
    world.send(job)
    body = world.told(job)
    assert body["status"] == "PARTIAL_SUCCESS"
    assert codes(body) == ["THUMBNAIL_PROCESSING_FAILED"] * 2 + [""]
    assert [one["rawKey"] for one in body["outputs"]] == [asset.key for asset in job.assets]
    seen("PARTIAL_SUCCESS: 2 asset errors, 1 document")


@pytest.mark.slow
@pytest.mark.fault(
    "function times out",
    injected="thumbnails sleeps until Lambda ends it, every time",
    expected="Sandbox.Timedout, retried twice, then errors of its assets alone",
)
def test_function_timeout(world: World, seen: Seen) -> None:
    job = world.job(1, plan_pdf=PDF)
    world.sabotage.plan("thumbnails", '"batch": 0', "hang", times=-1)
    with world.sabotage.timeout("thumbnails", 3):
        world.send(job)
        body = world.told(job)
    assert codes(body) == ["THUMBNAIL_PROCESSING_FAILED", ""]
    assert "Sandbox.Timedout" in body["outputs"][0]["errorMessage"]
    seen("PARTIAL_SUCCESS, Sandbox.Timedout in the asset's message")


@pytest.mark.fault(
    "functions throttled and failing in Lambda",
    injected="3 x TooManyRequestsException, 2 x ServiceException on Invoke",
    expected="retried with jitter, all assets done",
)
def test_throttled_functions(world: World, seen: Seen) -> None:
    job = world.job(1)
    busy = {"action": "lambda:InvokeFunction", "match": job.files.prefix, "times": 3,
            "status": 429, "code": "TooManyRequestsException"}  # fmt: skip
    broken = {**busy, "times": 2, "status": 500, "code": "ServiceException"}
    world.cloud.emulator.set_faults([busy, broken])
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    assert [fault["struck"] for fault in world.cloud.emulator.faults()] == [3, 2]
    seen("SUCCEEDED after 5 failed calls")


@pytest.mark.fault(
    "S3 503 SlowDown, passing",
    injected="2 x 503 on reading an original, 2 x on writing a result",
    expected="the SDK retries; all assets done",
)
def test_slow_down(world: World, seen: Seen) -> None:
    job = world.job(1)
    reading = {"action": "s3:GetObject", "match": job.assets[0].key, "code": "SlowDown", "times": 2}
    writing = {**reading, "action": "s3:PutObject", "match": f"{job.files.prefix}/results/"}
    world.cloud.emulator.set_faults([reading, writing])
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    assert [fault["struck"] for fault in world.cloud.emulator.faults()] == [2, 2]
    seen("SUCCEEDED after 4 x 503")


@pytest.mark.slow
@pytest.mark.fault(
    "S3 500 for longer than the SDK tries",
    injected="6 x InternalError on writing the callback's body",
    expected="the state is retried too; the result is told, no failure instead",
)
def test_s3_errors_outlast_the_sdk(world: World, seen: Seen) -> None:
    job = world.job(1)
    broken = {"action": "s3:PutObject", "match": job.files.callback, "status": 500,
              "code": "InternalError", "times": 6}  # fmt: skip
    world.cloud.emulator.set_faults([broken])
    world.send(job)
    assert world.told(job)["status"] == "SUCCEEDED"
    assert world.ended(job)["status"] == "SUCCEEDED"
    seen("SUCCEEDED in the state's second attempt")


@pytest.mark.fault(
    "key denied for an original",
    injected="AccessDenied (KMS) on one of two originals, for ever",
    expected="VALIDATION_ERROR of that asset, the other done, no endless retry",
)
def test_denied_original(world: World, seen: Seen) -> None:
    job = world.job(2)
    denied = {"action": "s3:GetObject", "match": job.assets[0].key, "status": 403,
              "code": "AccessDenied"}  # fmt: skip
    world.cloud.emulator.set_faults([denied])
    world.send(job)
    assert codes(world.told(job)) == ["VALIDATION_ERROR", ""]
    assert world.cloud.emulator.faults()[0]["struck"] < 10
    seen("PARTIAL_SUCCESS: 1 VALIDATION_ERROR")


@pytest.mark.fault(
    "key disabled under a running job",
    injected="KMS.DisabledException on reading the request, for ever",
    expected="VALIDATION_FAILED told once, execution FAILED, no endless retry",
)
def test_disabled_key(world: World, seen: Seen) -> None:
    job = world.job(1)
    disabled = {"action": "s3:GetObject", "match": f"{job.files.prefix}/request-", "status": 400,
                "code": "KMS.DisabledException"}  # fmt: skip
    world.cloud.emulator.set_faults([disabled])
    world.send(job)
    assert world.told(job)["status"] == "VALIDATION_FAILED"
    assert world.ended(job)["status"] == "FAILED"
    world.logged("callback-dispatch", "dealt with its own failure", str(job.job_id))
    assert world.attempts(job) == 1
    assert world.cloud.emulator.faults()[0]["struck"] == 1
    seen("VALIDATION_FAILED, 1 callback, 1 read")


@pytest.mark.fault(
    "unusable originals",
    injected="one never uploaded, empty, text as .jpg, cut off, archived; one good",
    expected="each asset its own error code, in request order; the good one done",
)
def test_unusable_originals(world: World, seen: Seen) -> None:
    good = world.job(1)
    cut = world.job(1, empty_jpg=b"", text_jpg=b"no picture", gone_jpg=b"x", old_jpg=b"x")
    keys = {asset.key.rpartition("/")[2]: asset.key for asset in cut.assets}
    world.delete(keys["gone.jpg"])
    source = (
        world.cloud.admin_client("s3")
        .get_object(Bucket=world.cloud.bucket, Key=good.assets[0].key)["Body"]
        .read()
    )
    world.put(keys["old.jpg"], source, StorageClass="GLACIER")
    world.send(cut)
    body = world.told(cut)
    assert codes(body) == [
        "", "VALIDATION_ERROR", "UNSUPPORTED_MEDIA", "VALIDATION_ERROR", "ARCHIVED_SOURCE",
    ]  # fmt: skip
    assert body["status"] == "PARTIAL_SUCCESS"
    seen("PARTIAL_SUCCESS: 4 codes of their own, 1 done")


@pytest.mark.fault(
    "original deleted between two states",
    injected="deleted after validation, before its rendition",
    expected="error of that asset, the other done",
)
def test_original_deleted(world: World, seen: Seen) -> None:
    job = world.job(2)
    world.cloud.emulator.set_faults([pause(f"{job.files.manifest}")])
    world.send(job)
    until(lambda: world.holds(job.files.manifest) or None, "manifest")
    world.delete(job.assets[0].key)
    assert codes(world.told(job)) == ["VALIDATION_ERROR", ""]
    seen("PARTIAL_SUCCESS: 1 asset error")


@pytest.mark.fault(
    "manifest deleted between two states",
    injected="deleted after validation",
    expected="PROCESSING_FAILED told once; the execution fails visibly",
)
def test_manifest_deleted(world: World, seen: Seen) -> None:
    job = world.job(1)
    world.cloud.emulator.set_faults([pause(job.files.manifest)])
    world.send(job)
    until(lambda: world.holds(job.files.manifest) or None, "manifest")
    world.delete(job.files.manifest)
    body = world.told(job)
    assert (body["status"], body["failureReason"]) == ("PROCESSING_FAILED", "ObjectMissingError")
    assert world.ended(job)["status"] == "FAILED"
    world.logged("callback-dispatch", "dealt with its own failure", str(job.job_id))
    assert world.attempts(job) == 1
    seen("PROCESSING_FAILED, 1 callback")


@pytest.mark.fault(
    "MediaConvert refuses a video for good",
    injected="AccessDenied on CreateJob; a picture and a video in the job",
    expected="VIDEO_PROCESSING_FAILED of the video alone",
)
def test_video_refused(world: World, seen: Seen) -> None:
    job = world.job(1, tour_mp4=clip())
    denied = {"action": "mediaconvert:CreateJob", "status": 403, "code": "AccessDeniedException"}
    world.cloud.emulator.set_faults([denied])
    world.send(job)
    assert codes(world.told(job)) == ["", "VIDEO_PROCESSING_FAILED"]
    seen("PARTIAL_SUCCESS: picture done, 1 video error")


@pytest.mark.fault(
    "MediaConvert throttled",
    injected="3 x TooManyRequestsException on CreateJob",
    expected="retried with the same token; the video is transcoded once",
)
def test_video_throttled(world: World, seen: Seen) -> None:
    job = world.job(0, tour_mp4=clip())
    busy = {"action": "mediaconvert:CreateJob", "status": 429, "times": 3,
            "code": "TooManyRequestsException"}  # fmt: skip
    world.cloud.emulator.set_faults([busy])
    world.send(job)
    assert codes(world.told(job)) == [""]
    assert world.cloud.emulator.faults()[0]["struck"] == 3
    seen("SUCCEEDED after 3 refusals")


def pause(match: str) -> dict[str, object]:
    """Hold the next call of a function for as long as a test needs to change something."""
    return {"action": "lambda:InvokeFunction", "match": match, "status": 0, "delay": 1.5,
            "times": 1}  # fmt: skip
