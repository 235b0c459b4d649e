"""`python -m backend serve|worker|migrate|openapi`; configured by environment variables."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from types import FrameType

import uvicorn

from backend.app import create_app
from backend.db.migrate import downgrade, upgrade
from backend.logs import log_to_stderr
from backend.settings import read_settings
from backend.worker import Worker
from toq_media.errors import SettingsError


def main(arguments: list[str]) -> int:
    """Run one command; 2 when the configuration is wrong."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201  # a command's answer
        return 2
    if options.command == "migrate":
        if options.down:
            downgrade(settings.database_url, options.down)
        else:
            upgrade(settings.database_url)
        return 0
    app = create_app(settings)
    if options.command == "openapi":
        print(json.dumps(app.openapi(), indent=2))  # noqa: T201  # a command's answer
        return 0
    log_to_stderr()
    if options.command == "serve":
        uvicorn.run(app, host=options.host, port=options.port, log_config=None)
        return 0
    worker = Worker(app.state.context)

    def stop(_number: int, _frame: FrameType | None) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    worker.run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="backend", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the API")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8000)
    commands.add_parser("worker", help="run reconciler and cleaner alone")
    migrate = commands.add_parser("migrate", help="bring the database up to date")
    migrate.add_argument("--down", metavar="REVISION", help="go back instead; 'base' is empty")
    commands.add_parser("openapi", help="print the API's description")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
