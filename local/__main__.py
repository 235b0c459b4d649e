"""`python -m local`: the embedded cloud's commands; `make` calls them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from components.functions.bundle import BundleError
from components.settings import SettingsError
from components.stack_config import StackConfigError
from local import command, up
from local.bare_emulator import keep_emulator
from local.bundle_report import print_bundle
from local.errors import LocalCloudError, UsageError
from local.preview.run import FORMATS, preview
from local.recorder import RecordingError

BAD_INPUT = 2
"""Exit code for what its user can mend; 1 is a check that did not hold."""

_FOR_ITS_USER = (LocalCloudError, BundleError, SettingsError, StackConfigError, RecordingError)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; its exit code."""
    options = _parser().parse_args(arguments)
    console = Console()
    try:
        return _run(options, console)
    except _FOR_ITS_USER as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_INPUT


def _run(options: argparse.Namespace, console: Console) -> int:
    match options.command:
        case "demo":
            code = command.demo(options.out, console)
        case "process" if options.media:
            code = command.process(Path(options.media), options.out, console)
        case "process":
            raise UsageError("MEDIA: name a folder, as in `make process MEDIA=photos OUT=out`")
        case "emulator":
            code = keep_emulator(console)
        case "preview":
            print(preview(options.stack, base=options.base, output=options.format), end="")
            code = 0
        case "up":
            code = up.up(console, port=options.port)
        case "down":
            code = up.down(console)
        case _:
            print_bundle(console)
            code = 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    demo = commands.add_parser("demo", help="deploy and put the sample listing through")
    demo.add_argument("--out", type=Path, default=Path("out/demo"))
    process = commands.add_parser("process", help="the same with a folder of your own")
    process.add_argument("--media", default="")
    process.add_argument("--out", type=Path, default=Path("out/process"))
    look = commands.add_parser("preview", help="what a stack would have, or what changes in it")
    look.add_argument("--stack", default="staging")
    look.add_argument("--base", default="", help="git ref to compare with")
    look.add_argument("--format", choices=FORMATS, default="text")
    commands.add_parser("emulator", help="an empty emulator for the Pulumi CLI")
    running = commands.add_parser("up", help="keep cloud, backend and page running")
    running.add_argument("--port", type=int, default=up.BACKEND_PORT, help="of backend and page")
    commands.add_parser("down", help="stop what `up` runs")
    commands.add_parser("bundle", help="build the functions' archives and layers")
    return parser


if __name__ == "__main__":
    sys.exit(main())
