"""The recorded programs: one a stack, run once and shared."""

import pytest

from tests.infra.harness import STACKS, Recorded, record_stack


@pytest.fixture(params=STACKS)
def stack(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def program(stack: str) -> Recorded:
    """Every stack in turn."""
    return record_stack(stack)


@pytest.fixture
def staging() -> Recorded:
    return record_stack("staging")
