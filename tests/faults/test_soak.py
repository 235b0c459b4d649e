"""A small soak; `make soak JOBS=200` runs a large one."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from local.chaos import soak
from local.chaos.world import World

pytestmark = pytest.mark.local

SEED = 7


def test_nothing_is_lost_and_nothing_done_twice(world: World) -> None:
    account = soak.run(world, 10, SEED, Console(file=io.StringIO()))
    assert account.lost == []
    assert account.twice == []
    assert sum(account.statuses.values()) == 10
    assert len(account.faults) > 4
