"""Where every byte of the archive will be, and who brings it, before any is read.

Stored entries have known lengths, so the archive's offsets follow from names and sizes alone. The
archive is cut into parts of one multipart upload: large stretches of one source are copied by S3
itself (UploadPartCopy); headers, small sources and what stands between two copies pass through the
function ("glue"). S3's limits: 10,000 parts of 5 MiB to 5 GiB, the last may be smaller
(https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from toq_media.errors import ZipTooLargeError
from toq_media.zipping.records import Record, end_records

MIB: Final = 1024 * 1024
MIN_PART_BYTES: Final = 5 * MIB
GLUE_PART_BYTES: Final = 8 * MIB
COPY_PART_BYTES: Final = 64 * MIB
"""Small enough to be copied well within the client's read time-out."""

USED_PARTS: Final = 9_000
"""Parts that the plan aims to stay under; the last one comes on top."""

MAX_GLUE_PART_BYTES: Final = 32 * MIB
MAX_ARCHIVE_BYTES: Final = USED_PARTS * MAX_GLUE_PART_BYTES
"""302 GB: beyond it, parts would outgrow the function's memory."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A file of the archive: `prefix`, then `length` bytes of an object from `start`."""

    name: str
    key: str
    etag: str
    modified: datetime
    length: int
    start: int = 0
    prefix: bytes = b""
    crc32: int | None = None

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return len(self.prefix) + self.length


@dataclass(frozen=True, kw_only=True)
class Header:
    """An entry's local header together with its prefix."""

    entry: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Data:
    """`length` bytes from position `start` of an entry's source object."""

    entry: int
    start: int
    length: int


@dataclass(frozen=True, kw_only=True)
class Directory:
    """The central directory and the end records."""

    length: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the upload, made server-side if `copied`: then it is a single `Data`."""

    number: int
    pieces: tuple[Header | Data | Directory, ...]
    copied: bool

    @property
    def length(self) -> int:
        """Length of the part in bytes."""
        return sum(piece.length for piece in self.pieces)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The whole archive."""

    entries: tuple[Entry, ...]
    records: tuple[Record, ...]
    directory_offset: int
    directory_length: int
    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Length of the archive in bytes."""
        return sum(part.length for part in self.parts)

    @property
    def unzipped_size(self) -> int:
        """Length of all files in bytes."""
        return sum(entry.size for entry in self.entries)

    @property
    def largest_glue_part(self) -> int:
        """Length in bytes of the largest part that passes through the function."""
        return max(part.length for part in self.parts if not part.copied)


def lay_out(entries: Sequence[Entry]) -> Plan:
    """Plan the archive of these entries, in their order.

    Raises:
        ZipTooLargeError: the archive would be larger than `MAX_ARCHIVE_BYTES`.
    """
    records, offset = [], 0
    for entry in entries:
        record = Record(name=entry.name, size=entry.size, modified=entry.modified, offset=offset)
        records.append(record)
        offset += record.local_length + entry.size
    directory_length = sum(record.central_length for record in records)
    end_length = len(
        end_records(
            entries=len(records), directory_offset=offset, directory_length=directory_length
        )
    )
    total = offset + directory_length + end_length
    if total > MAX_ARCHIVE_BYTES:
        raise ZipTooLargeError(
            f"the bundle would have {total} bytes, {MAX_ARCHIVE_BYTES} are possible; "
            "finalize fewer assets at a time"
        )
    cutter = _Cutter(smallest=max(MIN_PART_BYTES, -(-total // USED_PARTS)))
    for index, (entry, record) in enumerate(zip(entries, records, strict=True)):
        header = Header(entry=index, length=record.local_length + len(entry.prefix))
        cutter.add_entry(header, start=entry.start, length=entry.length)
    cutter.add(Directory(length=directory_length + end_length))
    return Plan(
        entries=tuple(entries),
        records=tuple(records),
        directory_offset=offset,
        directory_length=directory_length,
        parts=cutter.finished(),
    )


class _Cutter:
    """Cuts the stream of pieces into parts, none but the last under `smallest` bytes."""

    def __init__(self, *, smallest: int) -> None:
        self._smallest = smallest
        self._target = max(GLUE_PART_BYTES, smallest)
        self._parts: list[Part] = []
        self._glue: list[Header | Data | Directory] = []
        self._filled = 0

    def add(self, piece: Header | Data | Directory) -> None:
        self._glue.append(piece)
        self._filled += piece.length

    def add_entry(self, header: Header, *, start: int, length: int) -> None:
        missing = max(0, self._smallest - self._filled - header.length)
        copied = length - missing
        # UploadPartCopy takes a range only of sources larger than 5 MB (its API reference).
        if copied >= self._smallest and length > MIN_PART_BYTES:
            self.add(header)
            self._through(header.entry, start, missing)
            self._flush()
            self._copy(header.entry, start + missing, copied)
            return
        overflows = self._filled + header.length + length > self._target
        if overflows and self._filled >= self._smallest:
            self._flush()  # a source that lies in one part takes one request
        self.add(header)
        self._through(header.entry, start, length)

    def finished(self) -> tuple[Part, ...]:
        self._flush()
        return tuple(self._parts)

    def _through(self, entry: int, start: int, length: int) -> None:
        end = start + length
        while start < end:
            if self._filled >= self._target:
                self._flush()
            taken = min(end - start, self._target - self._filled)
            self.add(Data(entry=entry, start=start, length=taken))
            start += taken

    def _copy(self, entry: int, start: int, length: int) -> None:
        count = -(-length // COPY_PART_BYTES)
        step = -(-length // count)
        end = start + length
        for begin in range(start, end, step):
            piece = Data(entry=entry, start=begin, length=min(step, end - begin))
            self._append((piece,), copied=True)

    def _flush(self) -> None:
        if self._glue:
            self._append(tuple(self._glue), copied=False)
        self._glue, self._filled = [], 0

    def _append(self, pieces: tuple[Header | Data | Directory, ...], *, copied: bool) -> None:
        number = len(self._parts) + 1
        self._parts.append(Part(number=number, pieces=pieces, copied=copied))
