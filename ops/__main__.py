"""`python -m ops`: the operator's command."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from components.settings import SettingsError
from components.stack_config import StackConfigError
from ops.cloud import Cloud, connect
from ops.command import COMMANDS, OFFLINE
from ops.errors import OpsError
from ops.parser import parser
from toq_media.errors import MediaError

FAILED = 2
"""Exit code for bad input, missing access, or what AWS refuses."""


def _connect(given: argparse.Namespace) -> Cloud:
    bundle = str(given.ca_bundle) if given.ca_bundle else ""
    return connect(given.stack, endpoint=given.endpoint, ca_bundle=bundle)


def main(
    arguments: list[str] | None = None,
    *,
    connected: Callable[[argparse.Namespace], Cloud] = _connect,
) -> int:
    """Run one command; its exit code."""
    given = parser().parse_args(arguments)
    try:
        chosen = (given.group, given.command)
        offline = OFFLINE.get(chosen)
        outcome = offline(given) if offline else COMMANDS[chosen](connected(given), given)
    except OpsError as error:
        return _fail(error, error.exit_code)
    except (
        SettingsError,
        StackConfigError,
        MediaError,
        ClientError,
        BotoCoreError,
        OSError,
    ) as error:
        return _fail(error, FAILED)
    if given.json:
        sys.stdout.write(outcome.as_json() + "\n")
    else:
        outcome.show(Console())
    return outcome.exit_code


def _fail(error: Exception, exit_code: int) -> int:
    sys.stderr.write(f"error: {error}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
