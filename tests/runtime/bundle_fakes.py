"""Stand-ins for what a bundle is made of: sources of any size, and stores that fail or count."""

from __future__ import annotations

import hashlib
import threading
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.runtime.fakes import MIN_PART_BYTES, FakeStore, FakeUpload
from toq_media.ports import UploadPart
from toq_media.zipping.layout import Entry, Plan
from toq_media.zipping.transfer import transfer

MODIFIED = datetime(2026, 1, 10, 12, 30, 44, tzinfo=UTC)


def entry(name: str, length: int, **facts: Any) -> Entry:
    known: dict[str, Any] = {"key": f"512/raw/{name}", "etag": '"e"', "modified": MODIFIED}
    return Entry(name=name, length=length, **(known | facts))


@cache
def _block(key: str) -> bytes:
    return hashlib.shake_128(key.encode()).digest(65_521)


class Endless:
    """Objects of any size whose bytes are computed when they are read."""

    def __init__(self) -> None:
        self.bytes_read = 0
        self.largest_read = 0
        self._lock = threading.Lock()

    def content(self, key: str, start: int, length: int) -> bytes:
        block = _block(key)
        first = start % len(block)
        repeats = -(-(first + length) // len(block))
        return (block * repeats)[first : first + length]

    def read_range(self, key: str, start: int, length: int, *, etag: str = "") -> bytes:
        assert etag, "a source must be read under the ETag that was planned with"
        with self._lock:
            self.bytes_read += length
            self.largest_read = max(self.largest_read, length)
        return self.content(key, start, length)

    def head(self, key: str) -> Any:
        raise AssertionError("a transfer only reads ranges")

    def read(self, key: str, *, etag: str = "") -> bytes:
        raise AssertionError("a transfer only reads ranges")


class FileUpload:
    """An upload into a file; copied parts are written, or left as holes of the right length."""

    def __init__(
        self, path: Path, plan: Plan, source: Endless, *, tells_crc: bool, holes: bool = False
    ) -> None:
        self._source, self._tells_crc, self._holes = source, tells_crc, holes
        self._path = path
        self._lengths = {part.number: part.length for part in plan.parts}
        path.touch()

    def put(self, number: int, data: bytes | bytearray) -> UploadPart:
        self._check(number, len(data))
        self._write(number, bytes(data))
        return UploadPart(number=number, etag="", crc32=zlib.crc32(data))

    def copy(self, number: int, source: str, start: int, length: int, *, etag: str) -> UploadPart:
        assert etag, "a source must be copied under the ETag that was planned with"
        self._check(number, length)
        if self._holes:
            return UploadPart(number=number, etag="")
        data = self._source.content(source, start, length)
        self._write(number, data)
        return UploadPart(
            number=number, etag="", crc32=zlib.crc32(data) if self._tells_crc else None
        )

    def complete(self, parts: Sequence[UploadPart]) -> None:
        raise AssertionError("completing is left to the caller")

    def _check(self, number: int, length: int) -> None:
        assert 1 <= number <= 10_000
        assert length == self._lengths[number]
        assert length >= MIN_PART_BYTES or number == len(self._lengths), "EntityTooSmall"
        assert length <= 5 * 1024**3, "EntityTooLarge"

    def _write(self, number: int, data: bytes) -> None:
        with self._path.open("r+b") as file:
            file.seek(sum(self._lengths[before] for before in range(1, number)))
            file.write(data)


def written(plan: Plan, path: Path, *, tells_crc: bool = True, holes: bool = False) -> Endless:
    """Carry a plan out into a file; returns the source that was read."""
    source = Endless()
    upload = FileUpload(path, plan, source, tells_crc=tells_crc, holes=holes)
    parts = transfer(plan, source, upload, lambda: None)
    assert [part.number for part in parts] == [part.number for part in plan.parts]
    return source


class WatchedStore(FakeStore):
    """Tells a watcher of every call before it is made, and keeps what is unfinished."""

    def __init__(self) -> None:
        super().__init__()
        self.watcher: Callable[[str, str], None] = lambda call, key: None
        self.on_read: Callable[[int], None] = lambda length: None
        self.on_put: Callable[[int], None] = lambda length: None
        self.open_uploads = 0
        self.tells_crc = True

    def head(self, key: str) -> Any:
        self.watcher("head", key)
        return super().head(key)

    def read_range(self, key: str, start: int, length: int, *, etag: str = "") -> bytes:
        self.watcher("read_range", key)
        data = super().read_range(key, start, length, etag=etag)
        self.on_read(len(data))
        return data

    def write(self, key: str, body: bytes, **options: Any) -> None:
        self.watcher("write", key)
        super().write(key, body, **options)

    @contextmanager
    def multipart(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> Iterator[FakeUpload]:
        self.watcher("multipart", key)
        with super().multipart(key, content_type=content_type, metadata=metadata) as upload:
            self.open_uploads += 1
            try:
                yield WatchedUpload(self, upload)
            finally:
                self.open_uploads -= 1


class WatchedUpload(FakeUpload):
    """An upload of a watched store."""

    def __init__(self, store: WatchedStore, inner: FakeUpload) -> None:
        self._watched, self._inner = store, inner

    def put(self, number: int, data: bytes | bytearray) -> UploadPart:
        self._watched.watcher("put", str(number))
        part = self._inner.put(number, data)
        self._watched.on_put(len(data))
        return part

    def copy(self, number: int, source: str, start: int, length: int, *, etag: str) -> UploadPart:
        self._watched.watcher("copy", source)
        data = FakeStore.read_range(self._watched, source, start, length, etag=etag)
        part = self._inner.put(number, data)
        return part if self._watched.tells_crc else UploadPart(number=number, etag=part.etag)

    def complete(self, parts: Sequence[UploadPart]) -> None:
        self._watched.watcher("complete", "")
        self._inner.complete(parts)
