"""Puts the service into the running emulator: routing, IAM actions and resources."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import unquote

from ministack import app
from ministack.core import iam_actions, router

from local.emulator.settings import EmulatorSettings
from local.mediaconvert import access, worker
from local.mediaconvert.service import ROOT, Service
from local.mediaconvert.store import Store
from local.mediaconvert.worker import Worker

NAME = "mediaconvert"
USES = (
    "ministack.app:_loaded_modules",
    "ministack.app:SERVICE_REGISTRY",
    "ministack.app:SERVICE_HANDLERS",
    "ministack.core.router:SERVICE_PATTERNS",
    "ministack.core.iam_actions:SERVICE_TO_IAM_NAMESPACE",
    "ministack.core.iam_actions:_BOTOCORE_SERVICE_MAP",
    "ministack.core.iam_actions:extract_resource_arn",
    *access.USES,
    *worker.USES,
)


def install(settings: EmulatorSettings) -> None:
    """Make the emulator in this process answer for MediaConvert."""
    store = Store(settings.account_id, settings.region)
    service = Service(store, Worker(store, settings), settings.endpoint)
    module = ModuleType(f"ministack.services.{NAME}")
    members: dict[str, Any] = {
        "handle_request": service.handle,
        "reset": store.clear,
        "get_state": dict,
        "load_persisted_state": lambda _: None,
    }
    vars(module).update(members)
    sys.modules[module.__name__] = module
    app._loaded_modules[NAME] = module
    app.SERVICE_REGISTRY[NAME] = {"module": NAME}
    app.SERVICE_HANDLERS[NAME] = service.handle
    router.SERVICE_PATTERNS[NAME] = {"host_patterns": [r"^mediaconvert\."]}
    iam_actions.SERVICE_TO_IAM_NAMESPACE[NAME] = NAME
    iam_actions._BOTOCORE_SERVICE_MAP[NAME] = [NAME]
    iam_actions.extract_resource_arn = _with_resources(
        iam_actions.extract_resource_arn, store.arn_prefix
    )


def _with_resources(original: Callable[..., str], prefix: str) -> Callable[..., str]:
    """The resource that IAM checks: of CreateJob the queue, else what the path names."""

    def extract(service: str, method: str, path: str, *rest: Any, **named: Any) -> str:
        if service != NAME:
            return original(service, method, path, *rest, **named)
        if (method, path) == ("POST", f"{ROOT}/jobs"):
            queue = _queue_of(rest[1] if len(rest) > 1 else named["body"])
            return queue if ":" in queue else f"{prefix}:queues/{queue}"
        if (method, path) == ("POST", f"{ROOT}/tags"):
            return _field(rest[1] if len(rest) > 1 else named["body"], "arn")
        found = re.fullmatch(f"{ROOT}/(jobs|queues|tags)/(.+)", path)
        if found is None:
            return "*"
        kind, name = found.group(1), unquote(found.group(2))
        return name if kind == "tags" else f"{prefix}:{kind}/{name}"

    return extract


def _queue_of(body: bytes) -> str:
    return _field(body, "queue") or "Default"


def _field(body: bytes, name: str) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get(name, "")) if isinstance(document, dict) else ""
