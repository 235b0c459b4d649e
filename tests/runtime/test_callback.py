import json
from collections.abc import Mapping
from typing import Any

import pytest

from callback.http import HttpSender
from callback.logic import deliver
from tests.runtime.fakes import FakeStore
from toq_media.contracts import FinalizationCallback, ProcessingCallback, decode
from toq_media.errors import (
    CallbackRejectedError,
    CallbackUnavailableError,
    InvalidMessageError,
    SettingsError,
)
from toq_media.keys import JobKeys
from toq_media.ports import Reply
from toq_media.signing import verify

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEYS = JobKeys(listing_id=512, job_id=77, retry=0)
BODY = b'{"jobId":77,"status":"SUCCEEDED"}'
NOW = 1_768_046_400.0
NEW, OLD = b"n" * 32, b"o" * 32
TASK = {
    "jobId": 77,
    "listingIdentityId": 512,
    "retry": 0,
    "status": "SUCCEEDED",
    "traceparent": TRACE,
    "bodyKey": KEYS.callback,
}


class Backend:
    """A scripted backend: answers in turn, then 200."""

    def __init__(self, *answers: Reply | Exception) -> None:
        self.answers = list(answers)
        self.received: list[tuple[bytes, Mapping[str, str]]] = []

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        self.received.append((body, headers))
        answer = self.answers.pop(0) if self.answers else Reply(status=200)
        if isinstance(answer, Exception):
            raise answer
        return answer


class Secret:
    """A secret that was rotated: the cache still holds the old one."""

    def current(self, *, refresh: bool = False) -> bytes:
        return NEW if refresh else OLD


def store_with_body() -> FakeStore:
    store = FakeStore()
    store.write(KEYS.callback, BODY, content_type="")
    return store


def run(event: dict[str, Any], backend: Backend, store: FakeStore) -> dict[str, Any]:
    waits: list[float] = []
    outcome = deliver(event, store, Secret(), backend, clock=lambda: NOW, sleep=waits.append)
    return outcome | {"waits": waits}


def failed(status: str, machine: str = "process", **given: Any) -> dict[str, Any]:
    return {
        "status": status,
        "executionArn": f"arn:aws:states:us-east-1:1:execution:m:{machine}-512-77-0",
        "startedAt": "2026-01-10T12:00:00.000Z",
        "input": {"jobId": 77} | given,
        "error": {"Error": "Sandbox.Timedout", "Cause": json.dumps({"errorMessage": "too slow"})},
    }


def ended(status: str, machine: str = "process") -> dict[str, Any]:
    name = f"{machine}-512-77-0"
    return {
        "detail-type": "Step Functions Execution Status Change",
        "detail": {
            "executionArn": f"arn:aws:states:us-east-1:1:execution:m:{name}",
            "name": name,
            "status": status,
            "startDate": 1_768_046_000_123,
            "input": json.dumps({"traceparent": TRACE}),
        },
    }


def test_the_exact_bytes_go_out_signed_with_the_trace() -> None:
    backend = Backend()
    run(TASK, backend, store_with_body())
    body, headers = backend.received[0]
    assert body == BODY
    assert verify(body, headers, [OLD], now=NOW) == ""
    assert headers["traceparent"] == TRACE  # field note 4
    assert headers["X-Toq-Timestamp"] == str(int(NOW))


def test_retries_of_one_delivery_share_their_id() -> None:
    backend = Backend(Reply(status=500))
    store = store_with_body()
    with pytest.raises(CallbackUnavailableError):
        run(TASK, backend, store)
    run(TASK, backend, store)
    first, second = (headers["X-Toq-Delivery"] for _, headers in backend.received)
    assert first == second


def test_a_delivered_callback_is_not_sent_again() -> None:
    backend, store = Backend(), store_with_body()
    assert run(TASK, backend, store)["delivered"] is True
    assert run(TASK, backend, store)["delivered"] is False
    assert run(ended("FAILED"), backend, store)["delivered"] is False
    assert len(backend.received) == 1


def test_a_rotated_secret_is_read_again_once() -> None:
    backend = Backend(Reply(status=403))
    run(TASK, backend, store_with_body())
    body, headers = backend.received[1]
    assert verify(body, headers, [NEW], now=NOW) == ""


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_what_may_pass_is_left_to_the_state_machine(status: int) -> None:
    store = store_with_body()
    with pytest.raises(CallbackUnavailableError, match=str(status)):
        run(TASK, Backend(Reply(status=status)), store)
    assert KEYS.receipt not in store.objects


@pytest.mark.parametrize("status", [301, 302, 400, 404, 410, 422])
def test_what_will_not_pass_is_refused_at_once(status: int) -> None:  # field note 41
    with pytest.raises(CallbackRejectedError, match=str(status)):
        run(TASK, Backend(Reply(status=status)), store_with_body())


def test_a_second_403_is_for_good() -> None:
    backend = Backend(Reply(status=403), Reply(status=403))
    with pytest.raises(CallbackRejectedError, match="403"):
        run(TASK, backend, store_with_body())
    assert len(backend.received) == 2


@pytest.mark.parametrize(
    ("asked", "waited"), [("7", [7.0]), ("3600", [20.0]), ("soon", []), ("", [])]
)
def test_retry_after_is_honoured_up_to_a_cap(asked: str, waited: list[float]) -> None:
    waits: list[float] = []
    backend = Backend(Reply(status=429, retry_after=asked))
    with pytest.raises(CallbackUnavailableError):
        deliver(TASK, store_with_body(), Secret(), backend, clock=lambda: NOW, sleep=waits.append)
    assert waits == waited


def test_validation_failed_has_the_contracts_shape() -> None:
    backend = Backend()
    run(failed("VALIDATION_FAILED", traceparent=TRACE), backend, FakeStore())
    body = decode(backend.received[0][0], ProcessingCallback)
    assert body.status == "VALIDATION_FAILED"
    assert (body.job_id, body.listing_identity_id) == (77, 512)
    assert body.failure_reason == "Sandbox.Timedout"
    assert body.error is not None
    assert body.error.message == "too slow"
    assert body.outputs == []
    assert body.traceparent == TRACE


def test_a_missing_traceparent_breaks_nothing() -> None:  # field note 39
    backend = Backend()
    run(failed("FINALIZATION_FAILED", "finalization"), backend, FakeStore())
    body = json.loads(backend.received[0][0])
    assert body["traceparent"].startswith("00-")


def test_finalization_failed_speaks_both_casings() -> None:  # field note 38
    backend = Backend()
    run(failed("FINALIZATION_FAILED", "finalization"), backend, FakeStore())
    raw = json.loads(backend.received[0][0])
    assert raw["error"] == {
        "code": "Sandbox.Timedout",
        "message": "too slow",
        "Error": "Sandbox.Timedout",
        "Cause": "too slow",
    }
    assert raw["listingIdentityId"] == "512"
    assert decode(backend.received[0][0], FinalizationCallback).provider == (
        "STEP_FUNCTIONS_FINALIZATION"
    )


@pytest.mark.parametrize("status", ["TIMED_OUT", "ABORTED", "FAILED"])
@pytest.mark.parametrize(
    ("machine", "expected"),
    [("process", "PROCESSING_FAILED"), ("finalization", "FINALIZATION_FAILED")],
)
def test_ends_that_no_state_catches_are_told(status: str, machine: str, expected: str) -> None:
    backend = Backend()
    run(ended(status, machine), backend, FakeStore())
    body = json.loads(backend.received[0][0])
    assert body["status"] == expected
    assert body["error"]["code"] == f"EXECUTION_{status}"
    assert body["traceparent"] == TRACE


@pytest.mark.parametrize(
    ("machine", "error"),
    [("process", "MediaProcessingFailed"), ("finalization", "MediaFinalizationFailed")],
)
def test_an_end_that_the_machine_dealt_with_is_not_told_again(machine: str, error: str) -> None:
    backend, store = Backend(), store_with_body()
    event = ended("FAILED", machine)
    event["detail"]["error"] = error
    assert run(event, backend, store)["delivered"] is False
    assert backend.received == []


def test_an_end_that_reached_neither_backend_nor_queue_is_told() -> None:
    backend, event = Backend(), ended("FAILED")
    event["detail"]["error"] = "CallbackNotKept"
    assert run(event, backend, store_with_body())["delivered"] is True


@pytest.mark.parametrize(
    "answer", [Reply(status=500), Reply(status=410), CallbackUnavailableError("reset")]
)
def test_what_was_not_delivered_names_its_body(answer: Reply | Exception) -> None:
    with pytest.raises((CallbackUnavailableError, CallbackRejectedError), match=KEYS.callback):
        run(TASK, Backend(answer), store_with_body())


def test_a_result_that_was_worked_out_beats_the_failure_to_report_it() -> None:
    backend = Backend()
    run(ended("FAILED"), backend, store_with_body())
    assert backend.received[0][0] == BODY


@pytest.mark.parametrize(
    "event", [{}, {"detail": {}}, {**ended("FAILED")["detail"]}, {**TASK, "jobId": 0}]
)
def test_other_events_are_refused(event: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessageError):
        run(event, Backend(), FakeStore())


def test_executions_that_are_not_ours_are_refused() -> None:
    event = ended("FAILED")
    event["detail"]["name"] = "by-hand"
    with pytest.raises(InvalidMessageError, match="by-hand"):
        run(event, Backend(), FakeStore())


@pytest.mark.parametrize("url", ["http://backend.example/cb", "http://10.0.0.1/cb"])
def test_plain_http_leaves_no_machine(url: str) -> None:
    with pytest.raises(SettingsError, match="https"):
        HttpSender(url)
