"""`make emulator`: an empty emulator at the local stack's endpoint, for the Pulumi CLI."""

from __future__ import annotations

import signal
import threading
from urllib.parse import urlsplit

from rich.console import Console

from components.functions.bundle import ROOT
from components.stack_config import load_stack_config
from local.deploy import STACK
from local.emulator import Emulator
from local.emulator.certificates import PUBLISHED
from local.program import PROJECT


def keep_emulator(console: Console) -> int:
    """Run until Ctrl-C or SIGTERM.

    Raises:
        PortInUseError: something else listens there, such as `make up`.
        LocalCloudError: the emulator does not start.
    """
    config = load_stack_config(ROOT, STACK)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    emulator = Emulator(
        account_id=config[f"{PROJECT}:accountId"],
        region=config[f"{PROJECT}:region"],
        port=urlsplit(config[f"{PROJECT}:endpointUrl"]).port or 0,
    )
    try:
        with emulator:
            trust = f"AWS_CA_BUNDLE={PUBLISHED.relative_to(ROOT)}"
            console.print(f"{emulator.endpoint} is up and empty; Ctrl-C ends it", highlight=False)
            console.print(f"in another terminal: {trust} pulumi up -s {STACK}", highlight=False)
            threading.Event().wait()
    except KeyboardInterrupt:
        console.print("stopped")
    return 0
