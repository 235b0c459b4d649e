"""KMS behind SSE-KMS buckets and queues, and S3's 403 for what a caller may not list.

AWS asks the caller's own permissions for the key whenever S3 or SQS uses it for the caller.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id
from ministack.services import kms, s3, sqs

from local.emulator.patches.faults import Handler, Response, error_answer
from local.emulator.patches.usage import probing
from local.emulator.settings import EmulatorSettings

USES = (
    "ministack.app:SERVICE_HANDLERS",
    "ministack.core.router:extract_access_key_id",
    "ministack.services.kms:_resolve_key",
    "ministack.services.s3:_bucket_default_sse_headers",
    "ministack.services.sqs:_queues",
)

_KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def install(settings: EmulatorSettings) -> None:
    """Put the checks in front of S3 and SQS."""
    app.SERVICE_HANDLERS["s3"] = _with_s3_checks(app.SERVICE_HANDLERS["s3"], settings.region)
    app.SERVICE_HANDLERS["sqs"] = _with_sqs_checks(app.SERVICE_HANDLERS["sqs"], settings.region)


def _with_s3_checks(handler: Handler, region: str) -> Handler:
    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        bucket, _, key = path.lstrip("/").partition("/")
        caller = extract_access_key_id(headers, query)
        via = _Via("s3", region, f"arn:aws:s3:::{bucket}")
        if key and _writes(method, query):
            sse = s3._bucket_default_sse_headers(bucket)
            key_id = headers.get(_KEY_HEADER) or sse.get(_KEY_HEADER, "")
            copies = "x-amz-copy-source" in headers
            for action in (
                ("kms:GenerateDataKey", "kms:Decrypt") if copies else ("kms:GenerateDataKey",)
            ):
                if denied := via.refuse(caller, action, key_id, headers):
                    return denied
        status, answer_headers, answer = await handler(method, path, headers, body, query)
        lower = {name.lower(): value for name, value in answer_headers.items()}
        if (
            key
            and status < 300
            and _reads(method, headers, query)
            and (denied := via.refuse(caller, "kms:Decrypt", lower.get(_KEY_HEADER, ""), headers))
        ):
            return denied
        if (
            key
            and status == 404
            and method in {"GET", "HEAD"}
            and not _may_list(caller, bucket, region)
        ):
            return error_answer(
                "s3", "s3:GetObject", status=403, code="AccessDenied",
                message="Access Denied", headers=headers,
            )  # fmt: skip
        return status, answer_headers, answer

    return handle


def _writes(method: str, query: dict[str, Any]) -> bool:
    """Whether a request makes S3 encrypt: put, copy, a multipart upload or its parts."""
    if method == "PUT":
        return not query or "partNumber" in query or "x-id" in query
    return method == "POST" and "uploads" in query


def _reads(method: str, headers: dict[str, str], query: dict[str, Any]) -> bool:
    """Whether S3 decrypts for the answer; HeadObject does so only for a checksum."""
    if method == "HEAD":
        return headers.get("x-amz-checksum-mode", "").upper() == "ENABLED"
    return method == "GET" and not {"tagging", "acl", "uploadId"} & set(query)


def _may_list(caller: str, bucket: str, region: str) -> bool:
    with probing():
        denied = iam_evaluator.enforce(
            caller, "s3:ListBucket", "s3", region, resource_arn=f"arn:aws:s3:::{bucket}"
        )
    return denied is None


class _Via:
    """Use of a key by a service in a caller's name."""

    def __init__(self, service: str, region: str, resource: str) -> None:
        self._service = service
        self._region = region
        self._resource = resource

    def refuse(
        self, caller: str, action: str, key_id: str, headers: dict[str, str]
    ) -> Response | None:
        """The error to answer, or None when the caller may use the key so."""
        if not key_id:
            return None
        key = kms._resolve_key(key_id)
        if key is None or not key["Enabled"]:
            code = "KMS.NotFoundException" if key is None else "KMS.DisabledException"
            return self._error(action, 400, code, f"{key_id} cannot be used", headers)
        context = {
            "kms:ViaService": f"{self._service}.{self._region}.amazonaws.com",
            "kms:CallerAccount": get_account_id(),
            f"kms:EncryptionContext:aws:{self._service}:arn": self._resource,
        }
        denied = iam_evaluator.enforce(
            caller, action, "kms", self._region, resource_arn=key["Arn"], service_context=context
        )
        if denied is None:
            return None
        message = f"not authorized to perform: {action} on resource: {key['Arn']}"
        return self._error(action, 403, "AccessDenied", message, headers)

    def _error(
        self, action: str, status: int, code: str, message: str, headers: dict[str, str]
    ) -> Response:
        return error_answer(
            self._service, action, status=status, code=code, message=message, headers=headers
        )


def _with_sqs_checks(handler: Handler, region: str) -> Handler:
    needed = {
        "SendMessage": ("kms:GenerateDataKey", "kms:Decrypt"),
        "SendMessageBatch": ("kms:GenerateDataKey", "kms:Decrypt"),
        "ReceiveMessage": ("kms:Decrypt",),
    }

    async def handle(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
    ) -> Response:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in needed:
            queue = sqs._queues.get(json.loads(body).get("QueueUrl", "")) or {}
            facts = queue.get("attributes", {})
            via = _Via("sqs", region, facts.get("QueueArn", ""))
            for action in needed[operation]:
                caller = extract_access_key_id(headers, query)
                if denied := via.refuse(caller, action, facts.get("KmsMasterKeyId", ""), headers):
                    return denied
        return await handler(method, path, headers, body, query)

    return handle
