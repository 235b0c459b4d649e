"""From uploads to the queue: the pre-check, the outbox and its crashes, retries."""

import json

import pytest

from backend.db.models import Job
from backend.ports import StoredObject
from backend.services import processing
from backend.services.reconciler import reconcile
from tests.backend.backend_fakes import Crash, aws_down
from tests.backend.backend_harness import (
    LISTING,
    Service,
    finalized,
    photo,
    processing_body,
)
from toq_media.contracts import FinalizationInput, JobRequest, decode, encode
from toq_media.errors import JobConflictError
from toq_media.keys import JobKeys

TRACE = f"00-{'a' * 32}-{'b' * 16}-01"


def test_message_is_the_contracts(service: Service) -> None:
    service.client.headers["traceparent"] = TRACE
    job_id = service.started(photo(1))
    ((body, attributes),) = service.aws.queue.sent
    assert json.loads(body) == {
        "jobId": job_id,
        "listingIdentityId": LISTING,
        "assets": [
            {
                "key": f"{LISTING}/raw/photo/vertical/vertical-01-room-1.jpg",
                "type": "PHOTO_VERTICAL",
            }
        ],
        "retry": 0,
    }
    assert attributes == {
        "ListingIdentityId": str(LISTING),
        "JobId": str(job_id),
        "RetryCount": "0",
        "Traceparent": TRACE,
    }


def test_bundle_is_started_by_reference(sqlite_service: Service) -> None:
    sqlite_service.processed(photo(1), photo(2))
    job_id = sqlite_service.complete()["jobId"]
    ((arn, payload),) = sqlite_service.aws.executions.started.items()
    assert arn.endswith(f":finalization-{LISTING}-{job_id}-0")
    asked = decode(payload, FinalizationInput)
    stored = decode(sqlite_service.aws.storage.documents[asked.request_key], JobRequest)
    assert len(stored.assets) == 2
    assert sqlite_service.job(job_id).external_id == arn


def test_every_bad_upload_is_named_and_nothing_happens(service: Service) -> None:
    keys = service.upload(*(photo(number) for number in range(1, 6)))
    held = service.aws.storage.objects
    del held[keys[0]]
    held[keys[1]] = StoredObject(size=0, checksum="")
    held[keys[2]] = StoredObject(size=1, checksum=held[keys[2]].checksum)
    held[keys[3]] = StoredObject(size=held[keys[3]].size, checksum="other")
    answer = service.process(status=400)
    problems = {one["key"]: one["problem"] for one in answer["details"]}
    expected = ["MISSING", "EMPTY", "WRONG_SIZE", "WRONG_CHECKSUM"]
    assert problems == dict(zip(keys[:4], expected, strict=True))
    assert service.aws.queue.sent == []
    assert service.rows(Job) == []
    assert set(service.statuses()) == {"PENDING_UPLOAD"}


def test_nothing_to_process(sqlite_service: Service) -> None:
    assert sqlite_service.process(status=400)["reason"] == "NOTHING_TO_PROCESS"


def test_change_while_s3_is_asked_is_a_conflict(sqlite_service: Service) -> None:
    sqlite_service.upload(photo(1))

    def upload_again() -> None:
        sqlite_service.clock.forward(seconds=1)
        sqlite_service.request_uploads(photo(1))

    sqlite_service.aws.storage.on_head = upload_again
    assert sqlite_service.process(status=409)["reason"] == "MEDIA_CHANGED"
    assert sqlite_service.aws.queue.sent == []


def test_more_assets_than_a_message_holds_become_more_jobs(
    sqlite_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processing, "MAX_ASSETS_BYTES", 200)
    sqlite_service.upload(*(photo(number) for number in range(1, 6)))
    jobs = sqlite_service.process()["jobIds"]
    messages = sqlite_service.messages()
    assert [message.job_id for message in messages] == jobs
    assert len(jobs) == 3
    keys = [asset.key for message in messages for asset in message.asset_refs()]
    assert len(set(keys)) == 5
    assert all(len(encode(message)) < 200 + 100 for message in messages)


def test_full_listing_of_long_names_fits_a_message(sqlite_service: Service) -> None:
    sqlite_service.upload(*(photo(n, filename=f"{'x' * 200}{n}.jpg") for n in range(1, 61)))
    sqlite_service.process()
    assert all(len(body) < 262_144 for body, _ in sqlite_service.aws.queue.sent)


@pytest.mark.parametrize(("when", "sent"), [("before", 1), ("after", 2)])
def test_crash_around_the_send_loses_nothing(service: Service, when: str, sent: int) -> None:
    service.upload(photo(1))
    getattr(service.aws.trouble, when)["send"] = Crash()
    with pytest.raises(Crash):
        service.process()
    assert service.statuses() == ["PROCESSING"]
    reconcile(service.context, "a")
    assert len(service.aws.queue.sent) == sent - 1, "the dead publisher's claim still holds"
    service.clock.forward(seconds=61)
    reconcile(service.context, "a")
    assert len(service.aws.queue.sent) == sent
    assert len({body for body, _ in service.aws.queue.sent}) == 1, "one execution name for both"
    assert [job.status for job in service.rows(Job)] == ["RUNNING"]
    reconcile(service.context, "a")
    assert len(service.aws.queue.sent) == sent


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["write", "start"])
def test_crash_around_the_start_of_a_bundle(service: Service, when: str, step: str) -> None:
    service.processed()
    getattr(service.aws.trouble, when)[step] = Crash()
    with pytest.raises(Crash):
        service.complete()
    service.clock.forward(seconds=61)
    reconcile(service.context, "a")
    assert len(service.aws.executions.started) == 1
    assert service.open_messages() == []


def test_crash_before_the_commit_leaves_nothing(service: Service) -> None:
    service.upload(photo(1))
    service.aws.trouble.before["arn"] = Crash()
    with pytest.raises(Crash):
        service.process()
    assert service.rows(Job) == []
    assert service.statuses() == ["PENDING_UPLOAD"]
    assert service.aws.queue.sent == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_crash_around_a_deletion(sqlite_service: Service, when: str) -> None:
    (key,) = sqlite_service.upload(photo(1))
    getattr(sqlite_service.aws.trouble, when)["delete"] = Crash()
    place = {"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1}
    with pytest.raises(Crash):
        sqlite_service.delete(place)
    assert sqlite_service.assets() == []
    sqlite_service.clock.forward(seconds=61)
    reconcile(sqlite_service.context, "a")
    assert key in sqlite_service.aws.storage.deleted
    assert sqlite_service.open_messages() == []


def test_late_deletion_spares_what_was_uploaded_since(sqlite_service: Service) -> None:
    (key,) = sqlite_service.upload(photo(1))
    sqlite_service.aws.trouble.before["delete"] = aws_down()
    place = {"listingIdentityId": LISTING, "assetType": "PHOTO_VERTICAL", "sequence": 1}
    sqlite_service.delete(place)
    sqlite_service.upload(photo(1))
    reconcile(sqlite_service.context, "a")
    assert key not in sqlite_service.aws.storage.deleted
    assert key in sqlite_service.aws.storage.objects


def test_queue_that_is_down_is_no_error_of_the_client(sqlite_service: Service) -> None:
    sqlite_service.aws.trouble.before["send"] = aws_down()
    job_id = sqlite_service.started(photo(1))
    assert sqlite_service.job(job_id).status == "PENDING"
    (message,) = sqlite_service.open_messages()
    assert message.last_error == "SendMessage: throttled"
    reconcile(sqlite_service.context, "a")
    assert sqlite_service.job(job_id).status == "RUNNING"


def test_s3_that_is_down_changes_nothing(sqlite_service: Service) -> None:
    sqlite_service.upload(photo(1))
    sqlite_service.aws.trouble.before["head"] = aws_down()
    assert sqlite_service.process(status=500)["reason"] == "AWS_UNAVAILABLE"
    assert sqlite_service.statuses() == ["PENDING_UPLOAD"]


def test_name_that_is_taken_ends_the_bundle(sqlite_service: Service) -> None:
    sqlite_service.processed()
    sqlite_service.aws.trouble.before["start"] = JobConflictError("taken by other input")
    job_id = sqlite_service.complete()["jobId"]
    job = sqlite_service.job(job_id)
    assert (job.status, job.last_error) == ("FAILED", "JOB_CONFLICT: taken by other input")
    assert sqlite_service.open_messages() == []


def test_callback_faster_than_the_note_of_publishing(sqlite_service: Service) -> None:
    sqlite_service.upload(photo(1))
    sqlite_service.aws.trouble.after["send"] = Crash()
    with pytest.raises(Crash):
        sqlite_service.process()
    (job,) = sqlite_service.rows(Job)
    sqlite_service.callback(sqlite_service.success(job.id))
    sqlite_service.clock.forward(seconds=61)
    reconcile(sqlite_service.context, "a")
    assert sqlite_service.job(job.id).status == "SUCCEEDED"
    assert len(sqlite_service.aws.queue.sent) == 1


def test_retry_of_failed_assets_sends_only_those(service: Service) -> None:
    job_id = service.started(photo(1), photo(2))
    broken = service.assets()[1].s3_key_raw
    service.callback(service.success(job_id, failing=[broken]))
    job = service.post(f"/jobs/{job_id}/retry", {"scope": "failed"}, status=202)
    assert (job["retryCount"], job["status"]) == (1, "RUNNING")
    assert job["executionArn"].endswith(f"process-{LISTING}-{job_id}-1")
    message = service.messages()[-1]
    assert ([one.key for one in message.asset_refs()], message.retry) == ([broken], 1)
    assert sorted(service.statuses()) == ["PROCESSED", "PROCESSING"]
    service.callback(service.success(job_id), retry=1)
    assert service.statuses() == ["PROCESSED", "PROCESSED"]
    statuses = [one["status"] for one in service.get(f"/jobs/{job_id}")["attempts"]]
    assert statuses == ["PARTIAL_SUCCESS", "SUCCEEDED"]


def test_retry_needs_an_ended_job_and_something_to_do(sqlite_service: Service) -> None:
    job_id = sqlite_service.started(photo(1))
    path = f"/jobs/{job_id}/retry"
    assert sqlite_service.post(path, {}, status=409)["reason"] == "JOB_RUNNING"
    sqlite_service.callback(sqlite_service.success(job_id))
    nothing = sqlite_service.post(path, {"scope": "failed"}, status=409)
    assert nothing["reason"] == "NOTHING_TO_RETRY"
    assert sqlite_service.post(path, {"scope": "none"}, status=422)["code"] == 422
    sqlite_service.aws.storage.objects.clear()
    assert sqlite_service.post(path, {}, status=400)["reason"] == "UPLOADS_NOT_READY"


def test_retry_of_the_callback_takes_the_result_from_s3(service: Service) -> None:
    job_id = service.started(photo(1))
    path = f"/jobs/{job_id}/retry"
    nothing = service.post(path, {"scope": "callback"}, status=409)
    assert nothing["reason"] == "NO_RESULT"
    service.clock.forward(minutes=31)
    reconcile(service.context, "a")
    assert service.job(job_id).status == "FAILED"
    keys = JobKeys(listing_id=LISTING, job_id=job_id, retry=0)
    body = json.dumps(service.success(job_id)).encode()
    service.aws.storage.documents[keys.callback] = body
    job = service.post(path, {"scope": "callback"}, status=202)
    assert (job["status"], service.statuses()) == ("SUCCEEDED", ["PROCESSED"])
    again = service.post(path, {"scope": "callback"}, status=409)
    assert again["reason"] == "ALREADY_TAKEN"


def test_retry_of_a_bundle(sqlite_service: Service) -> None:
    sqlite_service.processed()
    job_id = sqlite_service.complete()["jobId"]
    path = f"/jobs/{job_id}/retry"
    assert sqlite_service.post(path, {}, status=409)["reason"] == "JOB_NOT_FAILED"
    sqlite_service.callback(finalized(job_id, status="FINALIZATION_FAILED"))
    assert sqlite_service.post(path, {}, status=202)["retryCount"] == 1


def test_failed_assets_are_processed_again_by_a_new_job(sqlite_service: Service) -> None:
    first = sqlite_service.started(photo(1))
    sqlite_service.callback(processing_body(first, "PROCESSING_FAILED", []))
    (second,) = sqlite_service.process()["jobIds"]
    assert second != first
    assert sqlite_service.assets()[0].job_id == second
