"""A certificate of the emulator's own, so that policies which demand TLS hold here too."""

from __future__ import annotations

import shutil
from pathlib import Path

import trustme

from components.functions.bundle import ROOT

HOST = "127.0.0.1"
PUBLISHED = ROOT / ".build" / "local" / "ca.pem"
"""What clients trust that are configured once, such as the Pulumi CLI through AWS_CA_BUNDLE."""


def write(folder: Path) -> tuple[Path, Path]:
    """Write the server's key with its certificates, and what clients trust; return both paths."""
    authority = trustme.CA(organization_name="toq-media local cloud")
    server = authority.issue_cert(HOST, "localhost")
    certificate, bundle = folder / "server.pem", folder / "ca.pem"
    certificate.touch(mode=0o600)
    server.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(bundle))
    return certificate, bundle


def publish(bundle: Path) -> None:
    """Put the running emulator's certificate where clients of a fixed port look for it.

    The authority is made anew at each start and its key is never written down.
    """
    PUBLISHED.parent.mkdir(parents=True, exist_ok=True)
    partial = PUBLISHED.with_suffix(".partial")
    shutil.copyfile(bundle, partial)
    partial.replace(PUBLISHED)
