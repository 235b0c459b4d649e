"""What the logic needs from outside. AWS implements it in `aws.py`, tests in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class ObjectInfo:
    """What HeadObject tells. `etag` keeps S3's quotes; `checksum_sha256` is base64 or empty.

    `crc32` is there only where S3 itself has verified it over the whole object.
    """

    key: str
    size: int
    etag: str
    last_modified: datetime
    content_type: str = ""
    version_id: str = ""
    checksum_sha256: str = ""
    crc32: int | None = None
    storage_class: str = "STANDARD"
    metadata: Mapping[str, str] = field(default_factory=dict)


class ObjectReader(Protocol):
    """Reading of objects. Missing, denied and archived ones raise their own errors."""

    def head(self, key: str) -> ObjectInfo:
        """What S3 knows of an object."""

    def read(self, key: str, *, etag: str = "") -> bytes:
        """A whole object; with `etag`, that version or `ObjectChangedError`."""

    def read_range(self, key: str, start: int, length: int, *, etag: str = "") -> bytes:
        """`length` bytes from `start`, fewer at the end."""


class ObjectStore(ObjectReader, Protocol):
    """Reading and writing of objects."""

    def write(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str = "",
        content_disposition: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write a whole object, replacing any."""

    def copy(self, source: str, target: str, *, etag: str, content_type: str) -> None:
        """Copy inside the bucket, server-side, only the version with this ETag."""

    def tag(self, info: ObjectInfo, tags: Mapping[str, str]) -> None:
        """Replace the tags of exactly the version that `info` describes."""


@dataclass(frozen=True, kw_only=True)
class UploadPart:
    """A finished part of a multipart upload; `crc32` is that of its bytes where S3 tells it."""

    number: int
    etag: str
    crc32: int | None = None


class MultipartUpload(Protocol):
    """One multipart upload; leaving its context without `complete` aborts it."""

    def put(self, number: int, data: bytes | bytearray) -> UploadPart:
        """Upload a part (5 MiB to 5 GiB, the last may be smaller)."""

    def copy(self, number: int, source: str, start: int, length: int, *, etag: str) -> UploadPart:
        """Make a part of another object's bytes, server-side."""

    def complete(self, parts: Sequence[UploadPart]) -> None:
        """Make the object appear."""


class BundleStore(ObjectStore, Protocol):
    """What the ZIP needs: objects, and a multipart upload to write."""

    def multipart(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> AbstractContextManager[MultipartUpload]:
        """Begin a multipart upload that is aborted unless completed."""


class Metric(StrEnum):
    """Metrics of the pipeline; its dashboard and alarms read them by these names."""

    ASSETS_PROCESSED = "AssetsProcessed"
    ASSETS_FAILED = "AssetsFailed"
    CALLBACK_ATTEMPTS = "CallbackAttempts"
    JOB_BYTES = "JobBytes"
    JOB_SECONDS = "JobSeconds"


class Meter(Protocol):
    """Counting of what operators watch."""

    def measure(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        """Count values, by dimensions that have few values each."""


class Workflows(Protocol):
    """Starting of state machine executions."""

    def start(self, name: str, payload: bytes) -> str:
        """Start an execution and return its ARN.

        Raises:
            ExecutionExists: the name is taken.
            ThrottledError: AWS asks to slow down.
        """

    def input_of(self, name: str) -> bytes:
        """Input that the execution of this name was started with."""


class ExecutionExists(Exception):  # noqa: N818 - a fact that dispatch handles, not a failure
    """An execution of this name was started before."""


class SecretSource(Protocol):
    """The webhook's signing secret, cached for minutes."""

    def current(self, *, refresh: bool = False) -> bytes:
        """Secret to sign with; `refresh` reads it again."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """Answer of the backend to a callback."""

    status: int
    retry_after: str = ""
    body: bytes = b""


class Sender(Protocol):
    """One HTTP POST without redirects, bounded in time and size."""

    def post(self, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Send; connection errors and time-outs raise `CallbackUnavailableError`."""
