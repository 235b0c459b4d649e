"""What Lambda's own Python runtime brings, as a folder for the functions run here."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

from components.functions.bundle import ROOT, host_python, install_wheels

_LOCK = "runtime.txt"


def host_runtime(root: Path = ROOT) -> Path:
    """Folder with boto3 and what it needs, and nothing else; built once per lock and Python.

    Raises:
        BundleError: a wheel cannot be had.
    """
    lock = root / "requirements" / _LOCK
    digest = hashlib.sha256(host_python().encode() + lock.read_bytes()).hexdigest()[:12]
    folder = root / ".build" / f"host-runtime-{digest}"
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".stage-"))
    try:
        install_wheels(lock, stage, "host")
        stage.replace(folder)
    except OSError:
        # Another process finished the same folder first: its content is equal.
        if not folder.is_dir():
            raise
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return folder
