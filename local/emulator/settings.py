"""What the emulator's process is told on its command line."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings:
    """Facts that the launcher and its patches share.

    Attributes:
        socket_fd: The bound listening socket, inherited from the parent.
        endpoint: URL under which clients reach it.
        scratch: Folder of everything it writes; removed when it ends.
        certificate: PEM file with the server's key and certificate chain.
        ca_bundle: PEM file that clients trust.
        host_runtime: Folder standing for what Lambda's runtime brings.
        account_id: AWS account that it plays.
        region: AWS region that it plays.
    """

    socket_fd: int
    endpoint: str
    scratch: Path
    certificate: Path
    ca_bundle: Path
    host_runtime: Path
    account_id: str
    region: str

    @property
    def usage_log(self) -> Path:
        """JSON lines of every permission check."""
        return self.scratch / "usage.jsonl"

    def arguments(self) -> list[str]:
        """Command line that `parse` turns back into this record."""
        return [f"--{name.replace('_', '-')}={value}" for name, value in vars(self).items()]


def parse(arguments: list[str]) -> EmulatorSettings:
    """Read the command line that `EmulatorSettings.arguments` wrote."""
    parser = argparse.ArgumentParser(prog="python -m local.emulator")
    parser.add_argument("--socket-fd", type=int, required=True)
    for name in ("endpoint", "account-id", "region"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("scratch", "certificate", "ca-bundle", "host-runtime"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    return EmulatorSettings(**vars(parser.parse_args(arguments)))
