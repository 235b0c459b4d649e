"""What the command says to people and to scripts, and what it refuses."""

from __future__ import annotations

import argparse
import io
import json
from typing import NoReturn

import pytest
from rich.console import Console

from components.settings import SettingsError
from ops.__main__ import main
from ops.cloud import Cloud
from ops.command import COMMANDS, OFFLINE
from ops.errors import NotThereError, OpsError
from ops.outcome import Outcome
from ops.parser import parser


def shown(outcome: Outcome, width: int) -> str:
    said = io.StringIO()
    outcome.show(Console(file=said, width=width))
    return said.getvalue()


def commands_of(root: argparse.ArgumentParser) -> set[tuple[str, str]]:
    def names(one: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
        return {
            name: sub
            for action in one._actions
            if isinstance(action, argparse._SubParsersAction)
            for name, sub in action.choices.items()
        }

    return {(group, command) for group, sub in names(root).items() for command in names(sub)}


def test_every_command_line_leads_to_work() -> None:
    assert commands_of(parser()) == set(COMMANDS) | set(OFFLINE)


ROWS = {"letters": [{"key": "k" * 40, "empty": "", "reason": "because"}]}


def test_rows_are_a_table_where_it_fits_and_blocks_where_not() -> None:
    outcome = Outcome(title="letters", tables=ROWS)
    assert "┃" in shown(outcome, 120)
    narrow = shown(outcome, 50)
    assert "┃" not in narrow
    assert f"key: {'k' * 40}" in narrow
    assert "empty" not in narrow


def test_text_from_outside_is_never_read_as_markup() -> None:
    outcome = Outcome(title="t", facts={"reason": "[red]x[/]"}, tables={"a": [{"b": "[bold]y"}]})
    assert "[red]x[/]" in shown(outcome, 80)
    assert "[bold]y" in shown(outcome, 80)


def test_a_dry_run_says_so_to_people_and_to_scripts() -> None:
    outcome = Outcome(title="t", done=False)
    assert "dry run" in shown(outcome, 80)
    assert json.loads(outcome.as_json())["done"] is False
    assert "done" not in json.loads(Outcome(title="t").as_json())


@pytest.mark.parametrize(
    "words",
    [
        "",
        "job",
        "job show 77",
        "job show 0 --stack staging",
        "job show -7 --stack staging",
        "job show \u0667 --stack staging",
        "job replay --stack staging",
        "job replay 77 --only videos --stack staging",
        "secret rotate --stack staging",
        "listing purge all --stack staging",
    ],
)
def test_bad_usage_ends_with_2(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(words.split())
    assert end.value.code == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [(NotThereError("nowhere"), 1), (OpsError("not so"), 2), (SettingsError("bad key"), 2)],
)
def test_errors_are_one_line_on_stderr(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def connected(given: argparse.Namespace) -> NoReturn:
        raise error

    assert main(["dlq", "list", "--stack", "staging"], connected=connected) == code
    said = capsys.readouterr()
    assert said.err == f"error: {error}\n"
    assert not said.out


def test_an_unknown_stack_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dlq", "list", "--stack", "moon"]) == 2
    assert "Pulumi.moon.yaml does not exist" in capsys.readouterr().err


def test_a_look_without_ids_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    def connected(given: argparse.Namespace) -> Cloud:
        return None  # type: ignore[return-value] # it must end before the environment is used

    assert main(["job", "show", "--stack", "staging"], connected=connected) == 2
    assert "--listing" in capsys.readouterr().err
