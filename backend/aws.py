"""The ports through boto3; the only module of the service that imports it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from backend.ports import Aws, AwsError, Execution, JobKind, PresignedPut, StoredObject, UploadSpec
from backend.settings import Settings
from toq_media.errors import JobConflictError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef
    from mypy_boto3_sqs.client import SQSClient
    from mypy_boto3_stepfunctions.client import SFNClient

TAGGING = "media-class=raw"
"""Tag by which the lifecycle rule finds originals (design section 6)."""

_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})
_DELETE_BATCH = 1000
_CONNECTIONS = 32


def connect(settings: Settings) -> Aws:
    """Ports on clients with the process's own credentials, region and endpoints."""
    common = Config(
        connect_timeout=3,
        read_timeout=20,
        max_pool_connections=_CONNECTIONS,
        retries={"mode": "standard", "total_max_attempts": 4},
    )
    # SigV4 by name: boto3 would presign URLs of other endpoints with SigV2, which binds no header.
    signing = common.merge(Config(signature_version="s3v4"))
    return aws_of(
        settings,
        s3=boto3.client("s3", config=signing),
        sqs=boto3.client("sqs", config=common),
        states=boto3.client("stepfunctions", config=common),
    )


def aws_of(settings: Settings, *, s3: S3Client, sqs: SQSClient, states: SFNClient) -> Aws:
    """Ports on given clients; the S3 client must sign with `s3v4`."""
    machines: dict[JobKind, str] = {
        "processing": settings.processing_state_machine_arn,
        "finalization": settings.finalization_state_machine_arn,
    }
    return Aws(
        storage=S3Storage(s3, settings.media_bucket),
        queue=SqsQueue(sqs, settings.queue_url),
        executions=StateMachines(states, machines),
    )


class S3Storage:
    """`Storage` on one bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def presign_put(self, upload: UploadSpec, *, seconds: int) -> PresignedPut:
        """Type, length, checksum and tag are signed: S3 refuses any other upload."""
        url = self._client.generate_presigned_url(
            "put_object",
            Params={
                "Bucket": self._bucket,
                "Key": upload.key,
                "ContentType": upload.content_type,
                "ContentLength": upload.size,
                "ChecksumSHA256": upload.checksum,
                "Tagging": TAGGING,
            },
            ExpiresIn=seconds,
        )
        headers = {
            "Content-Type": upload.content_type,
            "x-amz-checksum-sha256": upload.checksum,
            "x-amz-tagging": TAGGING,
        }
        return PresignedPut(url=url, headers=headers)

    def presign_get(self, key: str, *, filename: str, seconds: int) -> str:
        """A GET that browsers save under the file name."""
        safe = "".join(char if char.isalnum() or char in "._-" else "-" for char in filename)
        return self._client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'inline; filename="{safe}"',
            },
            ExpiresIn=seconds,
        )

    def head(self, key: str) -> StoredObject | None:
        """Size and checksum, or None."""
        with _translated(f"HeadObject {key}"):
            try:
                found = self._client.head_object(
                    Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"
                )
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise
        return StoredObject(size=found["ContentLength"], checksum=found.get("ChecksumSHA256", ""))

    def read(self, key: str) -> bytes | None:
        """The object's bytes, or None."""
        with _translated(f"GetObject {key}"):
            try:
                return self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            except ClientError as error:
                if _code(error) in _MISSING:
                    return None
                raise

    def write(self, key: str, body: bytes) -> None:
        """Put one JSON document."""
        with _translated(f"PutObject {key}"):
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
            )

    def delete_all_versions(self, keys: Sequence[str]) -> None:
        """Delete exactly these keys' versions and delete markers."""
        with _translated("DeleteObjects"):
            found = [version for key in keys for version in self._versions(key)]
            for start in range(0, len(found), _DELETE_BATCH):
                answer = self._client.delete_objects(
                    Bucket=self._bucket,
                    Delete={"Objects": found[start : start + _DELETE_BATCH], "Quiet": True},
                )
                for error in answer.get("Errors", ()):
                    raise AwsError(f"DeleteObjects {error.get('Key')}: {error.get('Code')}")

    def _versions(self, key: str) -> list[ObjectIdentifierTypeDef]:
        pages = self._client.get_paginator("list_object_versions").paginate(
            Bucket=self._bucket, Prefix=key
        )
        return [
            {"Key": key, "VersionId": item["VersionId"]}
            for page in pages
            for item in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            if item["Key"] == key
        ]


class SqsQueue:
    """`JobQueue` on one queue."""

    def __init__(self, client: SQSClient, url: str) -> None:
        self._client = client
        self._url = url

    def send(self, body: str, attributes: Mapping[str, str]) -> None:
        """Send one message, every attribute a String (contract 1.3)."""
        with _translated("SendMessage"):
            self._client.send_message(
                QueueUrl=self._url,
                MessageBody=body,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                },
            )


class StateMachines:
    """`Executions` on the two state machines."""

    def __init__(self, client: SFNClient, machines: Mapping[JobKind, str]) -> None:
        self._client = client
        self._machines = machines

    def arn(self, kind: JobKind, name: str) -> str:
        """State machine's ARN with the execution's name."""
        return f"{self._machines[kind].replace(':stateMachine:', ':execution:')}:{name}"

    def start(self, kind: JobKind, name: str, payload: bytes) -> None:
        """Start, or find that it was started with this very input.

        Raises:
            JobConflictError: the name is taken by other input.
        """
        with _translated(f"StartExecution {name}"):
            try:
                self._client.start_execution(
                    stateMachineArn=self._machines[kind], name=name, input=payload.decode()
                )
            except self._client.exceptions.ExecutionAlreadyExists:
                arn = self.arn(kind, name)
                taken = self._client.describe_execution(executionArn=arn)["input"]
                if taken.encode() != payload:
                    message = f"execution {name} was started with other input"
                    raise JobConflictError(message) from None

    def describe(self, arn: str) -> Execution | None:
        """Status and error, or None."""
        with _translated(f"DescribeExecution {arn}"):
            try:
                found = self._client.describe_execution(executionArn=arn)
            except self._client.exceptions.ExecutionDoesNotExist:
                return None
        return Execution(
            status=found["status"], error=found.get("error", ""), cause=found.get("cause", "")
        )

    def stop(self, arn: str, cause: str) -> None:
        """Stop it for being over its time."""
        with _translated(f"StopExecution {arn}"):
            self._client.stop_execution(executionArn=arn, error="OverTime", cause=cause)


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")


@contextmanager
def _translated(what: str) -> Iterator[None]:
    """Botocore's errors as ours; the text names the call."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise AwsError(f"{what}: {error}") from error
