"""Callbacks: signatures, attempts, statuses, and never twice."""

import json
from typing import Any

import pytest

from backend.db.models import Delivery
from tests.backend.backend_harness import (
    LISTING,
    PREVIOUS,
    Service,
    finalized,
    output,
    photo,
    processing_body,
)
from toq_media.signing import SIGNATURE, SIGNATURE_V2


def test_success_marks_assets_processed_with_their_renditions(service: Service) -> None:
    job_id = service.started(photo(1), photo(2))
    answer = service.callback(service.success(job_id))
    assert answer.json() == {"success": True, "data": {"status": "accepted", "reason": None}}
    assert service.statuses() == ["PROCESSED", "PROCESSED"]
    asset = service.get("/listings/media", listingIdentityId=LISTING)["data"][0]
    large = f"{LISTING}/processed/photo/vertical/large/vertical-01-room-1.jpg"
    assert asset["s3KeyProcessed"] == asset["renditions"]["large"] == large
    assert asset["metadata"]["large_photo_vertical"] == large
    job = service.get(f"/jobs/{job_id}")
    assert (job["status"], job["attempts"][0]["status"]) == ("SUCCEEDED", "SUCCEEDED")


def test_partial_success_fails_only_what_failed(service: Service) -> None:
    job_id = service.started(photo(1), photo(2))
    broken = service.assets()[1].s3_key_raw
    service.callback(service.success(job_id, failing=[broken]))
    assert service.job(job_id).status == "PARTIAL_SUCCESS"
    failed = next(asset for asset in service.assets() if asset.s3_key_raw == broken)
    assert (failed.status, failed.error_code) == ("FAILED", "CORRUPT_MEDIA")


@pytest.mark.parametrize(
    "status", ["PROCESSING_FAILED", "VALIDATION_FAILED", "FAILED", "TIMED_OUT", "failed"]
)
def test_job_failure_without_outputs_fails_its_assets(sqlite_service: Service, status: str) -> None:
    job_id = sqlite_service.started(photo(1), photo(2))
    error = {"code": "States.Timeout", "message": "took too long"}
    sqlite_service.callback(processing_body(job_id, status, [], error=error))
    job = sqlite_service.job(job_id)
    assert (job.status, job.last_error) == ("FAILED", "STATES.TIMEOUT: took too long")
    assert sqlite_service.statuses() == ["FAILED", "FAILED"]


def test_failure_of_one_job_leaves_the_assets_of_another(sqlite_service: Service) -> None:
    first = sqlite_service.started(photo(1))
    second = sqlite_service.started(photo(2))
    assert first != second
    sqlite_service.callback(processing_body(first, "PROCESSING_FAILED", []))
    assert sqlite_service.statuses() == ["FAILED", "PROCESSING"]


def test_asset_that_the_result_does_not_name_has_failed(sqlite_service: Service) -> None:
    job_id = sqlite_service.started(photo(1), photo(2))
    body = sqlite_service.success(job_id)
    body["outputs"].pop()
    sqlite_service.callback(body)
    assert sorted(sqlite_service.statuses()) == ["FAILED", "PROCESSED"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"processedKey": ""}, "MISSING_PROCESSED_KEY"),
        ({"processedKey": "513/processed/photo/vertical/large/x.jpg"}, "INVALID_KEY"),
    ],
)
def test_processed_asset_needs_a_key_of_its_listing(
    sqlite_service: Service, changes: dict[str, Any], code: str
) -> None:
    job_id = sqlite_service.started()
    body = sqlite_service.success(job_id)
    body["outputs"][0].update(changes)
    sqlite_service.callback(body)
    asset = sqlite_service.assets()[0]
    assert (asset.status, asset.error_code) == ("FAILED", code)


def test_unknown_raw_key_and_other_jobs_asset_are_passed_by(sqlite_service: Service) -> None:
    first = sqlite_service.started(photo(1))
    foreign = sqlite_service.assets()[0].s3_key_raw
    second = sqlite_service.started(photo(2))
    body = sqlite_service.success(second)
    body["outputs"] += [output(foreign, error="CORRUPT_MEDIA"), output(f"{LISTING}/raw/a/b.jpg")]
    assert sqlite_service.callback(body).status_code == 200
    assert sqlite_service.statuses() == ["PROCESSING", "PROCESSED"]
    assert sqlite_service.job(first).status == "RUNNING"


def test_reuploaded_asset_is_not_touched_by_its_old_job(service: Service) -> None:
    job_id = service.started(photo(1))
    body = service.success(job_id)
    service.request_uploads(photo(1))
    service.callback(body)
    assert service.statuses() == ["PENDING_UPLOAD"]


def test_same_delivery_again_changes_nothing(service: Service) -> None:
    job_id = service.started()
    body = service.success(job_id)
    service.callback(body)
    version = service.job(job_id).version
    again = service.callback(body)
    assert (again.status_code, again.json()["data"]["status"]) == (200, "ignored")
    assert service.job(job_id).version == version
    assert len(service.rows(Delivery)) == 1


def test_delivery_id_is_bound_to_its_body(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    sqlite_service.callback(sqlite_service.success(job_id))
    other = sqlite_service.callback(processing_body(job_id, "PROCESSING_FAILED", []))
    assert other.status_code == 409
    assert other.json()["reason"] == "DELIVERY_REUSED"
    assert sqlite_service.job(job_id).status == "SUCCEEDED"


def test_terminal_job_stays_as_it_is(sqlite_service: Service) -> None:
    job_id = sqlite_service.processed()
    late = processing_body(job_id, "PROCESSING_FAILED", [])
    answer = sqlite_service.callback(late, drop=[SIGNATURE_V2])
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "ignored")
    assert sqlite_service.statuses() == ["PROCESSED"]


def test_stale_attempt_cannot_touch_a_newer_one(service: Service) -> None:
    job_id = service.started()
    service.callback(processing_body(job_id, "PROCESSING_FAILED", []))
    service.post(f"/jobs/{job_id}/retry", {"scope": "whole"}, status=202)
    stale = service.success(job_id)
    stale["executionArn"] = stale["executionArn"].removesuffix("-1") + "-0"
    by_arn = service.callback(stale, drop=[SIGNATURE_V2])
    assert by_arn.json()["data"]["status"] == "ignored"
    assert service.statuses() == ["PROCESSING"]
    assert service.callback(service.success(job_id), retry=1).json()["data"]["reason"] is None
    assert service.statuses() == ["PROCESSED"]


def test_stale_bundle_is_told_by_its_delivery_id(sqlite_service: Service) -> None:
    sqlite_service.processed()
    job_id = sqlite_service.complete()["jobId"]
    sqlite_service.callback(finalized(job_id, status="FINALIZATION_FAILED"))
    assert sqlite_service.complete()["jobId"] == job_id
    stale = finalized(job_id, zipSizeBytes=1)
    assert sqlite_service.callback(stale).status_code == 409
    assert sqlite_service.job(job_id).status == "RUNNING"
    assert sqlite_service.callback(finalized(job_id), retry=1).status_code == 200
    assert sqlite_service.job(job_id).status == "SUCCEEDED"


def test_failed_bundle_keeps_its_error_in_aws_casing(sqlite_service: Service) -> None:
    sqlite_service.processed()
    job_id = sqlite_service.complete()["jobId"]
    error = {"Error": "NothingToZipError", "Cause": "no source can be read"}
    sqlite_service.callback(finalized(job_id, status="FINALIZATION_FAILED", error=error))
    job = sqlite_service.job(job_id)
    assert (job.status, job.last_error) == ("FAILED", "NothingToZipError: no source can be read")


def test_body_of_any_size_is_kept(service: Service) -> None:
    job_id = service.started()
    body = service.success(job_id)
    body["outputs"][0]["outputs"]["huge_photo"] = "x" * 300_000
    service.callback(body)
    kept = service.job(job_id).callback_body
    assert kept is not None
    assert json.loads(kept) == body


def test_previous_secret_is_good_during_rotation(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    assert sqlite_service.callback(sqlite_service.success(job_id), secret=PREVIOUS).is_success


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"secret": b"somebody else's secret"}, "does not match"),
        ({"drop": [SIGNATURE]}, "missing"),
        ({"age": 301}, "300 s away"),
        ({"age": -301}, "300 s away"),
    ],
)
def test_bad_signature_is_refused(
    sqlite_service: Service, options: dict[str, Any], words: str
) -> None:
    job_id = sqlite_service.started()
    refused = sqlite_service.callback(sqlite_service.success(job_id), **options)
    assert refused.status_code == 403
    assert words in refused.json()["message"]
    assert sqlite_service.statuses() == ["PROCESSING"]


def test_signature_is_checked_before_anything_is_parsed(sqlite_service: Service) -> None:
    assert sqlite_service.callback(b"{", secret=b"wrong secret of 16").status_code == 403
    assert sqlite_service.callback(b"{").status_code == 400
    assert sqlite_service.callback(b"").status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        {"jobId": True},
        {"jobId": 1.5},
        {"jobId": "7a"},
        {"jobId": 0},
        {"listingIdentityId": None},
        {"startedAt": "yesterday"},
        {"outputs": {}},
    ],
)
def test_wrong_field_is_named(sqlite_service: Service, change: dict[str, Any]) -> None:
    body = {**processing_body(1, "SUCCEEDED", []), **change}
    answer = sqlite_service.callback(json.dumps(body).encode())
    assert answer.status_code == 400
    assert next(iter(change)) in answer.json()["message"]


def test_trailing_content_is_refused(sqlite_service: Service) -> None:
    body = json.dumps(processing_body(1, "SUCCEEDED", [])).encode()
    assert sqlite_service.callback(body + b" {}").status_code == 400


def test_ids_may_be_strings_and_unknown_fields_are_ignored(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    body = {**sqlite_service.success(job_id), "jobId": str(job_id), "externalId": "x", "new": {}}
    body["listingIdentityId"] = str(LISTING)
    assert sqlite_service.callback(body).status_code == 200
    assert sqlite_service.statuses() == ["PROCESSED"]


def test_unknown_job_and_foreign_listing(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    assert sqlite_service.callback(processing_body(2**31, "SUCCEEDED", [])).status_code == 404
    foreign = processing_body(job_id, "SUCCEEDED", [], listingIdentityId=LISTING + 1)
    assert sqlite_service.callback(foreign).status_code == 409
    assert sqlite_service.job(job_id).status == "RUNNING"


@pytest.mark.parametrize("status", ["", "HALFWAY"])
def test_unknown_status_means_running(sqlite_service: Service, status: str) -> None:
    job_id = sqlite_service.started()
    assert sqlite_service.callback(processing_body(job_id, status, [])).status_code == 200
    assert sqlite_service.job(job_id).status == "RUNNING"
    assert sqlite_service.callback(sqlite_service.success(job_id)).status_code == 200
    assert sqlite_service.job(job_id).status == "SUCCEEDED"


def test_body_is_never_read_beyond_the_limit(sqlite_service: Service) -> None:
    limit = sqlite_service.settings.max_callback_bytes
    assert sqlite_service.callback(b" " * (limit + 1)).status_code == 413
