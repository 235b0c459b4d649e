"""Reconciler and cleaner: what they mend, and what they leave alone."""

import json
import threading
from datetime import timedelta

import pytest

from backend.db.models import Job
from backend.ports import Execution
from backend.services.cleaner import clean
from backend.services.leases import acquire, release
from backend.services.reconciler import reconcile
from backend.worker import Worker
from tests.backend.backend_fakes import aws_down
from tests.backend.backend_harness import LISTING, Service, finalized, photo
from toq_media.keys import JobKeys


def _execution(service: Service, job_id: int, status: str) -> None:
    arn = service.job(job_id).external_id
    assert arn is not None
    failed = status not in {"RUNNING", "SUCCEEDED"}
    service.aws.executions.states[arn] = Execution(
        status=status, error="States.Timeout" if failed else "", cause="late" if failed else ""
    )


def test_young_job_is_not_even_asked_about(sqlite_service: Service) -> None:
    sqlite_service.started()
    sqlite_service.clock.forward(minutes=29)
    reconcile(sqlite_service.context, "a")
    assert sqlite_service.aws.executions.asked == []


def test_running_execution_is_left_alone(service: Service) -> None:
    job_id = service.started()
    _execution(service, job_id, "RUNNING")
    service.clock.forward(hours=5)
    done = reconcile(service.context, "a")
    assert done is not None
    assert done["running"] == 1
    assert (service.job(job_id).status, service.statuses()) == ("RUNNING", ["PROCESSING"])


def test_execution_over_its_own_limit_is_stopped(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    _execution(sqlite_service, job_id, "RUNNING")
    sqlite_service.clock.forward(hours=25)
    reconcile(sqlite_service.context, "a")
    assert sqlite_service.aws.executions.stopped == [sqlite_service.job(job_id).external_id]
    assert sqlite_service.job(job_id).status == "FAILED"


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED"])
def test_lost_callback_is_taken_from_s3(service: Service, status: str) -> None:
    job_id = service.started()
    _execution(service, job_id, status)
    body = json.dumps(service.success(job_id)).encode()
    keys = JobKeys(listing_id=LISTING, job_id=job_id, retry=0)
    service.aws.storage.documents[keys.callback] = body
    service.clock.forward(minutes=31)
    reconcile(service.context, "a")
    assert (service.job(job_id).status, service.statuses()) == ("SUCCEEDED", ["PROCESSED"])
    late = service.callback(json.loads(body))
    assert late.json()["data"]["status"] == "ignored"


@pytest.mark.parametrize("status", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"])
def test_dead_execution_fails_its_job(sqlite_service: Service, status: str) -> None:
    job_id = sqlite_service.started()
    _execution(sqlite_service, job_id, status)
    sqlite_service.clock.forward(minutes=31)
    reconcile(sqlite_service.context, "a")
    job = sqlite_service.job(job_id)
    assert job.status == "FAILED"
    assert (job.last_error or "").startswith(f"EXECUTION_{status}")


def test_job_that_never_began_fails_with_its_own_assets_only(service: Service) -> None:
    dead = service.started(photo(1))
    service.clock.forward(minutes=20)
    young = service.started(photo(2))
    service.clock.forward(minutes=11)
    reconcile(service.context, "a")
    assert service.statuses() == ["FAILED", "PROCESSING"]
    assert (service.job(dead).status, service.job(young).status) == ("FAILED", "RUNNING")
    assert "dead-letter queue" in (service.job(dead).last_error or "")


def test_job_that_could_not_be_published_is_not_judged(sqlite_service: Service) -> None:
    sqlite_service.aws.trouble.before["send"] = aws_down()
    job_id = sqlite_service.started()
    sqlite_service.clock.forward(minutes=31)
    sqlite_service.aws.trouble.before["send"] = aws_down()
    reconcile(sqlite_service.context, "a")
    assert sqlite_service.job(job_id).status == "PENDING"
    assert sqlite_service.aws.executions.asked == []


def test_answerless_step_functions_judges_nobody(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    sqlite_service.clock.forward(minutes=31)
    sqlite_service.aws.trouble.before["describe"] = aws_down()
    done = reconcile(sqlite_service.context, "a")
    assert done is not None
    assert done["unanswered"] == 1
    assert sqlite_service.job(job_id).status == "RUNNING"


def test_result_that_cannot_be_read_fails_the_job(sqlite_service: Service) -> None:
    job_id = sqlite_service.started()
    _execution(sqlite_service, job_id, "SUCCEEDED")
    keys = JobKeys(listing_id=LISTING, job_id=job_id, retry=0)
    sqlite_service.aws.storage.documents[keys.callback] = b"{}"
    sqlite_service.clock.forward(minutes=31)
    reconcile(sqlite_service.context, "a")
    assert (sqlite_service.job(job_id).last_error or "").startswith("BAD_RESULT")


def test_lease_keeps_others_away_until_it_ends(service: Service) -> None:
    length = timedelta(minutes=10)
    assert acquire(service.context, "reconciler", "other", length)
    assert reconcile(service.context, "mine") is None
    service.clock.forward(minutes=11)
    assert reconcile(service.context, "mine") is not None
    release(service.context, "reconciler", "other")
    assert acquire(service.context, "reconciler", "third", length)


def test_cleaner_keeps_young_jobs_and_live_bundles(service: Service) -> None:
    bundle = service.bundled()
    processed = next(job.id for job in service.rows(Job) if job.id != bundle)
    service.clock.forward(days=89)
    assert clean(service.context, "a") == 0
    service.clock.forward(days=2)
    assert clean(service.context, "a") == 1
    assert [job.id for job in service.rows(Job)] == [bundle]
    assert processed not in {asset.job_id for asset in service.assets()}
    assert service.get("/listings/media", listingIdentityId=LISTING)["zipBundle"] is not None


def test_cleaner_takes_older_bundles_and_active_jobs_stay(service: Service) -> None:
    old = service.bundled()
    service.post("/listings/media/approve", {"listingIdentityId": LISTING, "approve": False})
    service.clock.forward(days=1)
    new = service.complete()["jobId"]
    service.callback(finalized(new))
    service.clock.forward(days=100)
    service.post("/listings/media/approve", {"listingIdentityId": LISTING, "approve": False})
    running = service.started(photo(2))
    service.clock.forward(days=100)
    clean(service.context, "a")
    left = {job.id for job in service.rows(Job)}
    assert left == {new, running}
    assert old not in left


def test_worker_begins_at_once_and_ends_when_asked(sqlite_service: Service) -> None:
    sqlite_service.aws.trouble.before["send"] = aws_down()
    sqlite_service.started()
    worker = Worker(sqlite_service.context)
    sent = threading.Event()
    sqlite_service.aws.queue.on_send = sent.set
    worker.start()
    assert sent.wait(30)
    worker.stop()
    assert sqlite_service.open_messages() == []
