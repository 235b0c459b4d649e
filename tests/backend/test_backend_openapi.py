"""The API's description is the checked-in one, and generated requests find no way around it."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import schemathesis.core.result
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.backend.backend_harness import TOKEN, Service, photo

FILE = Path(__file__).parents[2] / "docs" / "openapi.json"
EVENTS = "/api/v2/listings/{id}/events"
HEALTH = list(HealthCheck)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def test_description_is_the_checked_in_one(sqlite_service: Service) -> None:
    fresh = sqlite_service.app.openapi()
    assert json.loads(FILE.read_text()) == fresh, "run: make openapi"


@pytest.fixture
def fuzzed(sqlite_service: Service) -> schemathesis.schemas.BaseSchema:
    sqlite_service.upload(photo(1), photo(2))
    return schemathesis.openapi.from_asgi("/api/v2/openapi.json", sqlite_service.app)


def test_generated_requests_are_answered_as_described(
    fuzzed: schemathesis.schemas.BaseSchema,
) -> None:
    # The event stream has no end, and an in-process client waits for one.
    tried = []
    for found in fuzzed.exclude(path=EVENTS).get_all_operations():
        assert not isinstance(found, schemathesis.core.result.Err), found
        operation = found.ok()
        tried.append(operation.label)
        _fuzz(operation)
    assert len(tried) == 13, "every operation but the events"


def _fuzz(operation: schemathesis.schemas.APIOperation[Any, Any, Any, Any]) -> None:
    @settings(max_examples=12, deadline=None, database=None, suppress_health_check=HEALTH)
    @given(case=operation.as_strategy())
    def run(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(checks=CHECKS, headers={"Authorization": f"Bearer {TOKEN}"})

    run()
