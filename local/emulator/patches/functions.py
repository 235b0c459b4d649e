"""Functions see what Lambda would give them: their archive, their layers, the runtime; no more.

The emulator's executor for custom runtimes hands on its own environment and forgets layers.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

from ministack.services import lambda_svc

from local.emulator.settings import EmulatorSettings

USES = (
    "ministack.core.lambda_runtime:reset",
    "ministack.services.lambda_svc:_provided_worker_env",
    "ministack.services.lambda_svc:_resolve_layer_zip",
)

# What Lambda itself sets for a function (AWS: "Defined runtime environment variables").
_OF_LAMBDA = (
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
)


def install(settings: EmulatorSettings) -> None:
    """Replace the environment that functions are started with."""
    original = lambda_svc._provided_worker_env
    layers = _Layers(settings.scratch / "layers")
    temporary = settings.scratch / "function-tmp"
    temporary.mkdir()
    fixed = {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "TMPDIR": str(temporary),
        "AWS_ENDPOINT_URL": settings.endpoint,
        "AWS_CA_BUNDLE": str(settings.ca_bundle),
        "TOQ_HOST_RUNTIME": str(settings.host_runtime),
        "TOQ_PYTHON": sys.executable,
    }

    def worker_env(config: dict[str, Any], code_dir: str, port: int) -> dict[str, str]:
        given = original(config, code_dir, port)
        declared = (config.get("Environment") or {}).get("Variables") or {}
        folders = [layers.folder(attachment) for attachment in config.get("Layers") or []]
        return {
            **{name: given[name] for name in _OF_LAMBDA},
            **declared,
            **fixed,
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{given['AWS_LAMBDA_FUNCTION_NAME']}",
            "TOQ_LAYER_DIRS": os.pathsep.join(str(folder) for folder in folders),
        }

    lambda_svc._provided_worker_env = worker_env


class _Layers:
    """Published layers, unpacked once by content."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()

    def folder(self, attachment: dict[str, Any]) -> Path:
        """Folder with the layer's content, as `/opt` has it."""
        content = lambda_svc._resolve_layer_zip(attachment)
        if content is None:
            raise RuntimeError(f"layer {attachment} has no content")
        folder = self._root / hashlib.sha256(content).hexdigest()
        with self._lock:
            if not folder.is_dir():
                with zipfile.ZipFile(io.BytesIO(content)) as archive:
                    archive.extractall(folder)
        return folder
