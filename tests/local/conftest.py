"""One emulator for all tests of a session, and one deployed stack for those that need it."""

from collections.abc import Iterator

import pytest

from local.cloud import LocalCloud
from local.emulator import Emulator
from tests.local.stage import ACCOUNT, REGION, Stage


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    scratch = tmp_path_factory.mktemp("emulator")
    with Emulator(
        account_id=ACCOUNT, region=REGION, scratch_parent=scratch, wait_scale=0.01
    ) as running:
        yield running


@pytest.fixture
def stage(emulator: Emulator) -> Stage:
    return Stage(emulator)


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    with LocalCloud(scratch_parent=tmp_path_factory.mktemp("cloud"), wait_scale=0.01) as running:
        yield running
