import json
from typing import Any

import pytest

from dispatch.logic import Record, records_of, request_of, start, undispatched
from tests.runtime.fakes import FakeStore, FakeWorkflows
from toq_media.contracts import JobRequest, ProcessingInput, decode
from toq_media.errors import InvalidMessageError, JobConflictError, ThrottledError

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEY = "512/raw/photo/vertical/vertical-02-sala.jpg"


def record(body: object, traceparent: str | None = TRACE) -> Record:
    text = body if isinstance(body, str) else json.dumps(body)
    attributes = (
        {"Traceparent": {"stringValue": traceparent, "dataType": "String"}} if traceparent else {}
    )
    event = {
        "Records": [{"messageId": "m-1", "body": text, "messageAttributes": attributes, "md5": "x"}]
    }
    return records_of(event)[0]


def job(**changes: Any) -> dict[str, Any]:
    return {
        "jobId": 77,
        "listingIdentityId": 512,
        "assets": [{"key": KEY, "type": "PHOTO_VERTICAL"}],
        "retry": 0,
    } | changes


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("no json", "JobMessage"),
        ({}, "jobId"),
        (job(jobId=0), "jobId"),
        (job(jobId=True), "jobId"),
        (job(jobId=-1), "jobId"),
        (job(listingIdentityId=0), "listingIdentityId"),
        (job(assets=[]), "assets"),
        (job(assets=[{"type": "PHOTO_VERTICAL"}]), "key"),
        (job(assets={"key": KEY}), "assets"),
        (job(retry=70000), "retry"),
        (job(assets=[{"key": KEY, "type": "P"}, {"key": KEY, "type": "P"}]), "more than once"),
        (job(assets=[{"key": "513/raw/photo/a.jpg", "type": "P"}]), "must start with"),
        (job(assets=["512/raw/../../1/raw/photo/a.jpg"]), "'..'"),
        (job(assets=["512/processed/photo/a.jpg"]), "must start with"),
    ],
)
def test_impossible_messages_are_refused_by_name(body: object, names: str) -> None:
    with pytest.raises(InvalidMessageError, match=names):  # field notes 1, 5
        request_of(record(body))


def test_legacy_keys_get_the_type_of_their_path() -> None:
    legacy = job(assets=[KEY, "512/raw/video/horizontal/a.mov"])
    assert [asset.type for asset in request_of(record(legacy)).assets] == ["PHOTO", "VIDEO"]


def test_unknown_fields_and_strings_from_other_producers_are_ignored() -> None:
    wide = job(assets=[{"key": KEY, "type": "PHOTO_VERTICAL", "size": 3, "etag": '"x"'}], more=1)
    assert request_of(record(wide)).assets[0].key == KEY


def test_one_message_is_one_execution() -> None:  # field note 2
    store, workflows = FakeStore(), FakeWorkflows()
    request = request_of(record(job()))
    assert start(request, TRACE, store, workflows) is True
    assert start(request, TRACE, store, workflows) is False
    assert list(workflows.started) == ["process-512-77-0"]
    sent = decode(workflows.started["process-512-77-0"], ProcessingInput)
    assert sent.traceparent == TRACE  # field note 4
    assert decode(store.body(sent.request_key), JobRequest) == request


def test_a_deliberate_retry_is_another_execution() -> None:  # field note 10
    store, workflows = FakeStore(), FakeWorkflows()
    start(request_of(record(job())), TRACE, store, workflows)
    start(request_of(record(job(retry=1))), TRACE, store, workflows)
    assert list(workflows.started) == ["process-512-77-0", "process-512-77-1"]


def test_the_same_job_with_other_assets_is_a_conflict() -> None:
    store, workflows = FakeStore(), FakeWorkflows()
    start(request_of(record(job())), TRACE, store, workflows)
    other = request_of(record(job(assets=["512/raw/photo/vertical/b.jpg"])))
    with pytest.raises(JobConflictError, match="retry"):
        start(other, TRACE, store, workflows)
    sent = decode(workflows.started["process-512-77-0"], ProcessingInput)
    assert decode(store.body(sent.request_key), JobRequest).assets[0].key == KEY


def test_throttling_leaves_the_record_for_another_delivery() -> None:
    workflows = FakeWorkflows()
    workflows.failures = [ThrottledError("slow down")]
    with pytest.raises(ThrottledError):
        start(request_of(record(job())), TRACE, FakeStore(), workflows)


def test_what_time_is_short_for_is_left_and_not_begun() -> None:
    event = {"Records": [{"messageId": f"m-{n}", "body": ""} for n in range(4)]}
    left, begun = iter([9_000, 5_000, 1_999, 1_000]), []

    def dispatched(record: Record) -> bool:
        begun.append(record.message_id)
        return record.message_id != "m-1"

    failed = undispatched(records_of(event), dispatched, remaining=lambda: next(left))
    assert failed == ["m-1", "m-2", "m-3"]
    assert begun == ["m-0", "m-1"]


@pytest.mark.parametrize(
    "attribute", [7, "text", [], {"dataType": "Binary", "binaryValue": "AA=="}, {"stringValue": 1}]
)
def test_strange_attributes_do_not_fail_the_batch(attribute: object) -> None:
    attributes = {"Traceparent": attribute, "Other": attribute}
    event = {"Records": [{"messageId": "m", "body": "{}", "messageAttributes": attributes}]}
    assert len(records_of(event)[0].traceparent()) == 55


@pytest.mark.parametrize("bad", [None, "", "00-zz", "00-" + "0" * 32 + "-" + "1" * 16 + "-01"])
def test_a_missing_or_bad_trace_is_replaced(bad: str | None) -> None:
    made = record(job(), traceparent=bad).traceparent()
    assert made != bad
    assert len(made) == 55


def test_two_thousand_assets_leave_the_state_small() -> None:  # field note 36
    assets = [f"512/raw/photo/vertical/vertical-{i:04d}-sala.jpg" for i in range(2000)]
    workflows = FakeWorkflows()
    start(request_of(record(job(assets=assets))), TRACE, FakeStore(), workflows)
    assert len(workflows.started["process-512-77-0"]) < 1000
