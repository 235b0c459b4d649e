"""What the service needs of AWS; `aws.py` implements it, tests have fakes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

JobKind = Literal["processing", "finalization"]


class AwsError(Exception):
    """AWS refused a call or could not be reached; worth another try later."""


@dataclass(frozen=True, kw_only=True)
class UploadSpec:
    """All that is signed into a presigned PUT; `checksum` is a base64 SHA-256, `size` bytes."""

    key: str
    content_type: str
    size: int
    checksum: str


@dataclass(frozen=True, kw_only=True)
class PresignedPut:
    """A URL and the headers that its signature covers (without Content-Length)."""

    url: str
    headers: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """What HeadObject says; `checksum` is a base64 SHA-256, empty if S3 holds none."""

    size: int
    checksum: str


class Storage(Protocol):
    """The media bucket."""

    def presign_put(self, upload: UploadSpec, *, seconds: int) -> PresignedPut:
        """A PUT that only this very file can use."""

    def presign_get(self, key: str, *, filename: str, seconds: int) -> str:
        """A GET; `filename` is what browsers save it as."""

    def head(self, key: str) -> StoredObject | None:
        """What is stored; None if nothing is."""

    def read(self, key: str) -> bytes | None:
        """The object; None if there is none."""

    def write(self, key: str, body: bytes) -> None:
        """Store a JSON document."""

    def delete_all_versions(self, keys: Sequence[str]) -> None:
        """Remove every version and delete marker of these very keys."""


class JobQueue(Protocol):
    """The processing queue."""

    def send(self, body: str, attributes: Mapping[str, str]) -> None:
        """Send one message."""


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What Step Functions says of an execution; `error` and `cause` of one that failed."""

    status: str
    error: str = ""
    cause: str = ""


class Executions(Protocol):
    """The two state machines."""

    def arn(self, kind: JobKind, name: str) -> str:
        """ARN of the execution of this name, whether it exists or not."""

    def start(self, kind: JobKind, name: str, payload: bytes) -> None:
        """Start; an execution of the same name and input counts as started.

        Raises:
            JobConflictError: the name is taken by other input.
        """

    def describe(self, arn: str) -> Execution | None:
        """How it stands; None if there is none."""

    def stop(self, arn: str, cause: str) -> None:
        """Stop it."""


@dataclass(frozen=True, kw_only=True)
class Aws:
    """All ports together."""

    storage: Storage
    queue: JobQueue
    executions: Executions
