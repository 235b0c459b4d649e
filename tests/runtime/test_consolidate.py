import json

import pytest

from consolidate.logic import consolidate
from tests.runtime.fakes import FakeMeter, FakeStore
from toq_media.contracts import (
    AssetResult,
    BatchResult,
    BranchItem,
    ConsolidateTask,
    Manifest,
    ManifestAsset,
    ProcessingCallback,
    decode,
    encode,
)
from toq_media.errors import ErrorCode
from toq_media.keys import JobKeys
from toq_media.ports import Metric

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
FINISHED = 1_768_046_490.0  # 90 s after the start
KEYS = JobKeys(listing_id=512, job_id=77, retry=0)
PHOTO = "512/raw/photo/vertical/vertical-{:02d}-sala.jpg"
VIDEO = "512/raw/video/horizontal/horizontal-01-tour.mov"
RENDITIONS = {size: f"512/processed/photo/vertical/{size}/a.jpg" for size in ("thumbnail", "large")}


def photo(number: int, error: str = "") -> ManifestAsset:
    return ManifestAsset(key=PHOTO.format(number), type="PHOTO_VERTICAL", error_code=error)


def run(
    assets: list[ManifestAsset],
    batches: list[list[int]],
    results: dict[int, list[AssetResult]],
    branches: list[list[BranchItem] | BranchItem],
    store: FakeStore | None = None,
    meter: FakeMeter | None = None,
) -> ProcessingCallback:
    store = store or FakeStore()
    manifest = Manifest(
        job_id=77,
        listing_identity_id=512,
        retry=0,
        traceparent=TRACE,
        assets=assets,
        batches=batches,
    )
    store.write(KEYS.manifest, encode(manifest), content_type="")
    for number, one in results.items():
        written = encode(BatchResult(batch=number, results=one))
        store.write(KEYS.batch_result(number), written, content_type="")
    task = consolidate(
        ConsolidateTask(
            manifest_key=KEYS.manifest,
            execution_arn="arn:x:process-512-77-0",
            started_at="2026-01-10T12:00:00.000Z",
            branches=branches,
        ),
        store,
        meter or FakeMeter(),
        clock=lambda: FINISHED,
    )
    assert task.execution == "process-512-77-0"
    body = decode(store.body(task.body_key), ProcessingCallback)
    assert task.status == body.status
    return body


def test_success_only_when_every_asset_succeeded() -> None:
    done = [AssetResult(index=i, renditions=RENDITIONS) for i in (0, 1)]
    body = run([photo(1), photo(2)], [[0, 1]], {0: done}, [[BranchItem(batch=0)], [], []])
    assert body.status == "SUCCEEDED"
    assert body.error is None
    assert body.failure_reason == ""
    assert body.outputs[0].processed_key == RENDITIONS["large"]
    assert body.outputs[0].thumbnail_key == RENDITIONS["thumbnail"]
    assert set(body.outputs[0].outputs) == {"thumbnail_photo_vertical", "large_photo_vertical"}


def test_a_missing_object_makes_the_job_partial() -> None:  # field note 11
    assets = [photo(1, ErrorCode.VALIDATION_ERROR), photo(2)]
    done = {0: [AssetResult(index=1, renditions=RENDITIONS)]}
    body = run(assets, [[1]], done, [[BranchItem(batch=0)], [], []])
    assert body.status == "PARTIAL_SUCCESS"
    assert body.failure_reason == "DERIVATIVE_ERRORS_DETECTED"
    assert [o.error_code for o in body.outputs] == ["VALIDATION_ERROR", ""]


def test_nothing_valid_is_a_validation_failure() -> None:
    body = run([photo(1, ErrorCode.VALIDATION_ERROR)], [], {}, [[], [], []])
    assert body.status == "VALIDATION_FAILED"


def test_nothing_processed_is_a_processing_failure() -> None:  # field note 12
    failed = [AssetResult(index=0, error_code="CORRUPT_MEDIA", error_message="bad")]
    body = run([photo(1)], [[0]], {0: failed}, [[BranchItem(batch=0)], [], []])
    assert body.status == "PROCESSING_FAILED"
    assert body.outputs[0].error_message == "bad"


def test_a_batch_that_died_is_an_error_of_its_assets_alone() -> None:  # field note 40
    done = {1: [AssetResult(index=1, renditions=RENDITIONS)]}
    branches: list[list[BranchItem] | BranchItem] = [
        [BranchItem(batch=0, error="Sandbox.Timedout"), BranchItem(batch=1)],
        [],
        [],
    ]
    body = run([photo(1), photo(2)], [[0], [1]], done, branches)
    assert body.status == "PARTIAL_SUCCESS"
    assert body.outputs[0].error_code == "THUMBNAIL_PROCESSING_FAILED"
    assert "Sandbox.Timedout" in body.outputs[0].error_message
    assert body.outputs[1].error_code == ""


def test_a_branch_that_died_is_an_error_of_its_assets_alone() -> None:
    video = ManifestAsset(key=VIDEO, type="VIDEO_HORIZONTAL", kind="video")
    done = {0: [AssetResult(index=0, renditions=RENDITIONS)]}
    branches: list[list[BranchItem] | BranchItem] = [
        [BranchItem(batch=0)],
        BranchItem(error="States.DataLimitExceeded"),
        [],
    ]
    body = run([photo(1), video], [[0]], done, branches)
    assert [o.error_code for o in body.outputs] == ["", "VIDEO_PROCESSING_FAILED"]
    assert "States.DataLimitExceeded" in body.outputs[1].error_message


def test_a_video_is_its_transcode_and_its_thumbnail_a_jpeg() -> None:  # field notes 25, 31
    video = ManifestAsset(key=VIDEO, type="VIDEO_HORIZONTAL", kind="video")
    body = run([video], [], {}, [[], [BranchItem(video=0)], []])
    output = body.outputs[0]
    assert output.processed_key.endswith("/original/horizontal-01-tour.mp4")
    assert output.thumbnail_key.endswith(".jpg")
    assert "original_video_horizontal" in output.outputs


def test_a_failed_transcode_tells_mediaconverts_reason() -> None:  # field note 24
    store = FakeStore()
    cause = json.dumps({"Job": {"ErrorCode": 1010, "ErrorMessage": "no such stream"}})
    kept = json.dumps({"Error": "States.TaskFailed", "Cause": cause})
    store.write(KEYS.video_result(0), kept.encode(), content_type="")
    video = ManifestAsset(key=VIDEO, type="VIDEO_HORIZONTAL", kind="video")
    item = BranchItem(video=0, error="States.TaskFailed")
    body = run([video], [], {}, [[], [item], []], store)
    assert "1010" in body.outputs[0].error_message
    assert "no such stream" in body.outputs[0].error_message


def test_outputs_keep_the_order_of_the_request() -> None:  # field note 48
    assets = [photo(n) for n in (9, 3, 7, 1)]
    done = {
        0: [
            AssetResult(index=2, renditions=RENDITIONS),
            AssetResult(index=0, renditions=RENDITIONS),
        ],
        1: [
            AssetResult(index=3, renditions=RENDITIONS),
            AssetResult(index=1, renditions=RENDITIONS),
        ],
    }
    body = run(assets, [[2, 0], [3, 1]], done, [[BranchItem(batch=0), BranchItem(batch=1)], [], []])
    assert [o.raw_key for o in body.outputs] == [a.key for a in assets]


@pytest.mark.parametrize("lost", [AssetResult(index=0), None])
def test_no_asset_is_processed_without_a_key(lost: AssetResult | None) -> None:
    body = run([photo(1)], [[0]], {0: [lost] if lost else []}, [[BranchItem(batch=0)], [], []])
    assert body.outputs[0].processed_key == ""
    assert body.outputs[0].error_code == "THUMBNAIL_PROCESSING_FAILED"


def test_assets_bytes_and_seconds_are_measured() -> None:
    meter = FakeMeter()
    assets = [
        ManifestAsset(key=PHOTO.format(1), type="PHOTO_VERTICAL", size=700),
        ManifestAsset(key=PHOTO.format(2), type="PHOTO_VERTICAL", size=300),
        photo(3, error=ErrorCode.VALIDATION_ERROR),
        photo(4, error=ErrorCode.VALIDATION_ERROR),
    ]
    done = AssetResult(index=0, renditions=RENDITIONS)
    bad = AssetResult(index=1, error_code=ErrorCode.CORRUPT_MEDIA)

    run(assets, [[0, 1]], {0: [done, bad]}, [], meter=meter)

    assert meter.measured == [
        (Metric.ASSETS_PROCESSED, 1, {}),
        (Metric.ASSETS_FAILED, 1, {"errorCode": "CORRUPT_MEDIA"}),
        (Metric.ASSETS_FAILED, 2, {"errorCode": "VALIDATION_ERROR"}),
        (Metric.JOB_BYTES, 1000, {"machine": "processing"}),
        (Metric.JOB_SECONDS, 90.0, {"machine": "processing"}),
    ]
