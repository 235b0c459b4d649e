"""Resources as IAM names them, where the emulator asks for permission under another name."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from local.emulator.settings import EmulatorSettings

USES = ("ministack.core.iam_actions:extract_resource_arn",)


def install(settings: EmulatorSettings) -> None:
    """Name EventBridge rules as AWS does.

    The emulator puts the default bus into their ARN, and knows no rule for PutTargets and
    RemoveTargets.
    """
    original = iam_actions.extract_resource_arn
    rules = f"arn:aws:events:{settings.region}:{settings.account_id}:rule"

    def extract(
        service: str, method: str, path: str, headers: object, body: bytes, *more: Any
    ) -> str:
        arn: str = original(service, method, path, headers, body, *more)
        if service != "events":
            return arn
        asked = json.loads(body or b"{}")
        if arn == "*" and "Rule" in asked:
            bus = asked.get("EventBusName", "default")
            arn = f"{rules}/{bus}/{asked['Rule']}"
        return arn.replace(":rule/default/", ":rule/")

    iam_actions.extract_resource_arn = extract
