"""In-memory stand-ins of the ports, strict where S3 is strict."""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from toq_media.errors import (
    ObjectArchivedError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectMissingError,
)
from toq_media.ports import ExecutionExists, Metric, ObjectInfo, UploadPart

MIN_PART_BYTES = 5 * 1024 * 1024


def etag_of(body: bytes) -> str:
    return f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'


@dataclass
class Stored:
    body: bytes
    info: ObjectInfo
    cache_control: str = ""
    content_disposition: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)


class FakeMeter:
    """Keeps what was measured: (metric, value, dimensions)."""

    def __init__(self) -> None:
        self.measured: list[tuple[Metric, float, dict[str, str]]] = []

    def measure(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        self.measured += [(metric, value, dimensions) for metric, value in values.items()]


class FakeStore:
    """A bucket: conditional reads, archived and denied objects, multipart uploads."""

    def __init__(self) -> None:
        self.objects: dict[str, Stored] = {}
        self.denied: set[str] = set()
        self.reads: list[tuple[str, int, int]] = []
        self.aborted: list[str] = []

    def seed(
        self, key: str, body: bytes, *, content_type: str = "", storage_class: str = "STANDARD"
    ) -> ObjectInfo:
        self.write(key, body, content_type=content_type)
        stored = self.objects[key]
        stored.info = replace(stored.info, storage_class=storage_class)
        return stored.info

    def body(self, key: str) -> bytes:
        return self.objects[key].body

    def head(self, key: str) -> ObjectInfo:
        return self._find(key).info

    def read(self, key: str, *, etag: str = "") -> bytes:
        stored = self._readable(key, etag)
        self.reads.append((key, 0, len(stored.body)))
        return stored.body

    def read_range(self, key: str, start: int, length: int, *, etag: str = "") -> bytes:
        stored = self._readable(key, etag)
        self.reads.append((key, start, length))
        return stored.body[start : start + length]

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
        info = ObjectInfo(
            key=key,
            size=len(body),
            etag=etag_of(body),
            last_modified=datetime(2026, 1, 10, 12, tzinfo=UTC),
            content_type=content_type,
            version_id=f"v{len(self.objects) + 1}",
            checksum_sha256=base64.b64encode(hashlib.sha256(body).digest()).decode(),
            metadata=dict(metadata or {}),
        )
        self.objects[key] = Stored(
            body=body,
            info=info,
            cache_control=cache_control,
            content_disposition=content_disposition,
        )

    def copy(self, source: str, target: str, *, etag: str, content_type: str) -> None:
        self.write(target, self._readable(source, etag).body, content_type=content_type)

    def tag(self, info: ObjectInfo, tags: Mapping[str, str]) -> None:
        self._find(info.key).tags = dict(tags)

    @contextmanager
    def multipart(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> Iterator[FakeUpload]:
        upload = FakeUpload(self, key, content_type, metadata)
        try:
            yield upload
        finally:
            if not upload.completed:
                self.aborted.append(key)

    def _find(self, key: str) -> Stored:
        if key in self.denied:
            raise ObjectDeniedError(key)
        if key not in self.objects:
            raise ObjectMissingError(key)
        return self.objects[key]

    def _readable(self, key: str, etag: str) -> Stored:
        stored = self._find(key)
        if stored.info.storage_class in {"GLACIER", "DEEP_ARCHIVE"}:
            raise ObjectArchivedError(key)
        if etag and etag != stored.info.etag:
            raise ObjectChangedError(key)
        return stored


class FakeUpload:
    """A multipart upload that refuses what S3 refuses."""

    def __init__(
        self, store: FakeStore, key: str, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        self._store, self._key = store, key
        self._content_type, self._metadata = content_type, metadata
        self._parts: dict[int, bytes] = {}
        self.completed = False

    def put(self, number: int, data: bytes | bytearray) -> UploadPart:
        assert 1 <= number <= 10_000, "S3 takes part numbers 1 to 10,000"
        self._parts[number] = bytes(data)
        return UploadPart(number=number, etag=etag_of(bytes(data)), crc32=zlib.crc32(data))

    def copy(self, number: int, source: str, start: int, length: int, *, etag: str) -> UploadPart:
        return self.put(number, self._store.read_range(source, start, length, etag=etag))

    def complete(self, parts: Sequence[UploadPart]) -> None:
        numbers = [part.number for part in parts]
        assert numbers == sorted(set(numbers)), "parts must be in ascending order, once each"
        for number in numbers[:-1]:
            assert len(self._parts[number]) >= MIN_PART_BYTES, "EntityTooSmall"
        body = b"".join(self._parts[number] for number in numbers)
        self._store.write(self._key, body, content_type=self._content_type, metadata=self._metadata)
        self.completed = True


class FakeWorkflows:
    """Executions by name; a name is taken for ever."""

    def __init__(self) -> None:
        self.started: dict[str, bytes] = {}
        self.failures: list[Exception] = []

    def start(self, name: str, payload: bytes) -> str:
        if self.failures:
            raise self.failures.pop(0)
        if name in self.started:
            raise ExecutionExists(name)
        self.started[name] = payload
        return f"arn:aws:states:us-east-1:123456789012:execution:machine:{name}"

    def input_of(self, name: str) -> bytes:
        return self.started[name]
