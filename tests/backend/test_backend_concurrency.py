"""Rivals at the same moment, on a database that runs transactions side by side."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from backend.db.models import Delivery, Job
from backend.services.outbox import publish
from backend.services.reconciler import reconcile
from tests.backend.backend_fakes import aws_down
from tests.backend.backend_harness import Service, photo, processing_body

T = TypeVar("T")
RIVALS = 6


def at_once(work: Callable[[int], T]) -> list[T]:
    """Results of the work done by all rivals at the same moment."""
    barrier = Barrier(RIVALS, timeout=30)

    def run(number: int) -> T:
        barrier.wait()
        return work(number)

    with ThreadPoolExecutor(RIVALS) as pool:
        return list(pool.map(run, range(RIVALS)))


def test_same_callback_at_once_has_one_effect(mariadb_service: Service) -> None:
    job_id = mariadb_service.started(*(photo(number) for number in range(1, 6)))
    body = mariadb_service.success(job_id)
    answers = at_once(lambda _: mariadb_service.callback(body))
    assert [answer.status_code for answer in answers] == [200] * RIVALS
    told = sorted(answer.json()["data"]["status"] for answer in answers)
    assert told == ["accepted"] + ["ignored"] * (RIVALS - 1)
    assert len(mariadb_service.rows(Delivery)) == 1
    assert set(mariadb_service.statuses()) == {"PROCESSED"}


def test_contradicting_callbacks_at_once_leave_one_truth(mariadb_service: Service) -> None:
    job_id = mariadb_service.started(photo(1), photo(2))
    bodies = [
        mariadb_service.success(job_id) if number % 2 else processing_body(job_id, "FAILED", [])
        for number in range(RIVALS)
    ]
    at_once(lambda number: mariadb_service.callback(bodies[number], delivery=f"d{number}"))
    truth = {"SUCCEEDED": {"PROCESSED"}, "FAILED": {"FAILED"}}
    status = mariadb_service.job(job_id).status
    assert set(mariadb_service.statuses()) == truth[status]


def test_reconcilers_at_once_publish_once(mariadb_service: Service) -> None:
    mariadb_service.aws.trouble.before["send"] = aws_down()
    mariadb_service.started()
    passes = at_once(lambda number: reconcile(mariadb_service.context, f"replica-{number}"))
    assert any(one is not None for one in passes)
    assert len(mariadb_service.aws.queue.sent) == 1


def test_publishers_at_once_send_once(mariadb_service: Service) -> None:
    mariadb_service.aws.trouble.before["send"] = aws_down()
    mariadb_service.started()
    (message,) = mariadb_service.open_messages()
    results = at_once(lambda _: publish(mariadb_service.context, message.id))
    assert sorted(results) == [False] * (RIVALS - 1) + [True]
    assert len(mariadb_service.aws.queue.sent) == 1


def test_reconcilers_at_once_fail_a_dead_job_once(mariadb_service: Service) -> None:
    job_id = mariadb_service.started()
    mariadb_service.clock.forward(minutes=31)
    passes = at_once(lambda number: reconcile(mariadb_service.context, f"replica-{number}"))
    assert sum(one["failed"] for one in passes if one) == 1
    assert mariadb_service.job(job_id).status == "FAILED"


def test_process_at_once_makes_one_job(mariadb_service: Service) -> None:
    mariadb_service.upload(photo(1), photo(2))
    body = {"listingIdentityId": 512}
    path = "/api/v2/listings/media/uploads/process"
    answers = at_once(lambda _: mariadb_service.client.post(path, json=body).status_code)
    assert answers.count(202) == 1
    assert set(answers) <= {202, 400, 409}
    assert len(mariadb_service.rows(Job)) == len(mariadb_service.aws.queue.sent) == 1


def test_complete_at_once_makes_one_bundle(mariadb_service: Service) -> None:
    mariadb_service.processed()
    jobs = at_once(lambda _: mariadb_service.complete()["jobId"])
    assert len(set(jobs)) == 1
    assert len(mariadb_service.aws.executions.started) == 1


def test_uploads_of_one_place_at_once_make_one_asset(mariadb_service: Service) -> None:
    body = {"listingIdentityId": 512, "files": [photo(1)]}
    path = "/api/v2/listings/media/uploads"
    answers = at_once(lambda _: mariadb_service.client.post(path, json=body).status_code)
    assert answers == [201] * RIVALS
    assert len(mariadb_service.assets()) == 1
