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

    def extract(service: str, method: str, path: str, headers: Any, body: bytes, *rest: Any) -> str:
        if service != NAME:
            found = original(service, method, path, headers, body, *rest)
            return _rule(found, body) if service == "events" else found
        if (method, path) == ("POST", f"{ROOT}/jobs"):
            queue = _field(body, "queue") or "Default"
            return queue if ":" in queue else f"{prefix}:queues/{queue}"
        if (method, path) == ("POST", f"{ROOT}/tags"):
            return _field(body, "arn")
        named = re.fullmatch(f"{ROOT}/(jobs|queues|tags)/(.+)", path)
        if named is None:
            return "*"
        kind, name = named.group(1), unquote(named.group(2))
        return name if kind == "tags" else f"{prefix}:{kind}/{name}"

    def _rule(found: str, body: bytes) -> str:
        """The ARN that AWS checks for a rule on the default bus: without the bus's name."""
        rule = _field(body, "Rule")  # PutTargets, which the emulator takes for no rule's
        if found == "*" and rule and not _field(body, "EventBusName"):
            return f"{prefix.replace(NAME, 'events')}:rule/{rule}"
        return found.replace(":rule/default/", ":rule/")

    return extract


def _field(body: bytes, name: str) -> str:
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get(name, "")) if isinstance(document, dict) else ""
