"""One suffering cloud for all faults, and the table of what was injected and what came of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from local.chaos.world import World, suffering
from tests.faults.not_shown import NOT_SHOWN

Seen = Callable[[str], None]
COLUMNS = ("fault", "injected", "expected", "seen", "outcome")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--fault-report", help="folder for faults.json; prints the table too")


@pytest.fixture(scope="session")
def shared_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with suffering(tmp_path_factory.mktemp("faults")) as running:
        yield running


@pytest.fixture
def world(shared_world: World) -> Iterator[World]:
    """The shared cloud; what a test breaks is mended after it."""
    yield shared_world
    shared_world.cloud.emulator.set_faults([])
    shared_world.sabotage.clear()
    shared_world.receiver.script.clear()


@pytest.fixture
def seen(request: pytest.FixtureRequest) -> Seen:
    """Says what a fault's test saw, for the table."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "every fault's test says what it injects and expects"
    facts = {"fault": marker.args[0], **marker.kwargs}
    request.node.user_properties.append(("fault", facts))

    def say(text: str) -> None:
        facts["seen"] = text

    return say


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    folder = config.getoption("--fault-report", default=None)
    if folder is None:
        return
    rows = [
        {"seen": "", **facts, "outcome": "held" if report.passed else "FAILED"}
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, [])
        if report.when == "call"
        for name, facts in report.user_properties
        if name == "fault"
    ]
    rows.sort(key=lambda row: row["fault"])
    write(Path(folder), rows)
    show(rows)


def write(folder: Path, rows: list[dict[str, Any]]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    report = {"faults": rows, "notShownHere": NOT_SHOWN}
    (folder / "faults.json").write_text(json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def show(rows: list[dict[str, Any]]) -> None:
    table = Table(*COLUMNS, title="faults", show_lines=True)
    for row in rows:
        table.add_row(*(str(row[column]) for column in COLUMNS))
    rest = Table("fault", "why not here", title="not shown here", show_lines=True)
    for fault, reason in NOT_SHOWN.items():
        rest.add_row(fault, reason)
    console = Console()
    console.print(table)
    console.print(rest)
