"""A certificate of the emulator's own, so that policies which demand TLS hold here too."""

from __future__ import annotations

from pathlib import Path

import trustme

HOST = "127.0.0.1"


def write(folder: Path) -> tuple[Path, Path]:
    """Write the server's key with its certificates, and what clients trust; return both paths."""
    authority = trustme.CA(organization_name="toq-media local cloud")
    server = authority.issue_cert(HOST, "localhost")
    certificate, bundle = folder / "server.pem", folder / "ca.pem"
    certificate.touch(mode=0o600)
    server.private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(bundle))
    return certificate, bundle
