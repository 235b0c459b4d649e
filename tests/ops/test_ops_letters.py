"""Every kind of dead letter says why it is there, and whether redriving it can help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.letters import read_letter

ARN = "arn:aws:states:us-east-1:123456789012:execution:listing-media-processing-sm-local:"


def job(**changes: Any) -> str:
    message = {
        "jobId": 77,
        "listingIdentityId": 512,
        "assets": [{"key": "512/raw/photo/vertical/a.jpg", "type": "PHOTO_VERTICAL"}],
        "retry": 1,
    }
    return json.dumps(message | changes)


def test_a_sound_job_can_be_redriven() -> None:
    letter = read_letter(job(), {})
    assert (letter.kind, letter.hopeless) == ("job", False)
    assert letter.attempt
    assert letter.attempt.name == "process-512-77-1"
    assert "dispatch failed five times" in letter.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not JSON", "no JSON"),
        ("[1]", "JobMessage"),
        ('"text"', "JobMessage"),
        (job(jobId=True), r"$.jobId"),
        (job(assets=[]), r"$.assets"),
        (job(assets=["513/raw/photo/vertical/a.jpg"]), "must start with '512/raw/'"),
        (job(assets=["512/raw/photo/a.jpg"] * 2), "stands more than once"),
    ],
)
def test_what_breaks_the_contract_is_hopeless(body: str, reason: str) -> None:
    letter = read_letter(body, {})
    assert letter.hopeless
    assert reason in letter.reason


def test_a_callback_that_was_given_up() -> None:
    state = {
        "bodyKey": "jobs/512/77/0/callback.json",
        "error": {
            "Error": "CallbackRejectedError",
            "Cause": '{"errorMessage": "the backend answered 403"}',
        },
    }
    body = {
        "kind": "CALLBACK_UNDELIVERED",
        "executionArn": ARN + "process-512-77-0",
        "state": state,
    }
    letter = read_letter(json.dumps(body), {})
    assert (letter.kind, letter.hopeless) == ("callback", False)
    assert letter.reason == "CallbackRejectedError: the backend answered 403"
    assert letter.attempt
    assert letter.attempt.keys.callback == "jobs/512/77/0/callback.json"


@pytest.mark.parametrize("state", [None, [], {}, {"error": None}, {"error": "text"}])
def test_a_callback_whose_state_says_nothing(state: object) -> None:
    body = {
        "kind": "CALLBACK_UNDELIVERED",
        "executionArn": ARN + "finalization-512-78-0",
        "state": state,
    }
    letter = read_letter(json.dumps(body), {})
    assert letter.kind == "callback"
    assert letter.attempt
    assert letter.attempt.kind == "finalization"


def test_an_event_that_the_callback_function_refused() -> None:
    event = {"detail": {"name": "process-512-77-0", "status": "ABORTED"}}
    answer = {"errorType": "CallbackUnavailableError", "errorMessage": "the backend answered 503"}
    letter = read_letter(json.dumps({"requestPayload": event, "responsePayload": answer}), {})
    assert (letter.kind, letter.event) == ("ended", event)
    assert "CallbackUnavailableError: the backend answered 503" in letter.reason


def test_an_event_that_eventbridge_could_not_deliver() -> None:
    event = {"detail": {"name": "process-512-77-0", "status": "ABORTED"}}
    letter = read_letter(json.dumps(event), {"ERROR_CODE": "NO_PERMISSIONS"})
    assert (letter.kind, letter.event) == ("ended", event)
    assert "NO_PERMISSIONS" in letter.reason


def test_an_event_about_something_else_is_hopeless() -> None:
    letter = read_letter('{"detail": {"name": "other"}}', {})
    assert (letter.kind, letter.hopeless) == ("unreadable", True)
