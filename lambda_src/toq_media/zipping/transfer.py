"""Carries a plan out: many parts at once, bounded memory, checksums in the local headers.

A part that holds a local header waits until the last piece of that entry has been seen; parts of a
multipart upload may arrive in any order, so nothing is read twice for it. Parts start in order and
at most one entry crosses a part's end, so at most one of the started parts can be waiting for
parts that have not started: with two workers or more there is always one to go on.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Final

from toq_media.errors import (
    ErrorCode,
    MediaError,
    ObjectArchivedError,
    ObjectChangedError,
    ObjectDeniedError,
    ObjectMissingError,
    RetryableError,
    ThrottledError,
)
from toq_media.ports import MultipartUpload, ObjectReader, UploadPart
from toq_media.zipping.checksums import AbandonedError, Checksums
from toq_media.zipping.layout import MIB, Data, Directory, Entry, Header, Part, Plan
from toq_media.zipping.records import central_header, end_records, local_header

MEMORY_BYTES: Final = 64 * MIB
"""Sum of the parts that may be in memory at a time."""

MAX_WORKERS: Final = 8
READ_BYTES: Final = 8 * MIB
READ_ATTEMPTS: Final = 3
"""Tries of one range: the SDK retries requests, but not bodies that break off."""

LOST_SOURCES: Final[dict[type[MediaError], ErrorCode]] = {
    ObjectMissingError: ErrorCode.MISSING_SOURCE,
    ObjectDeniedError: ErrorCode.SOURCE_UNREADABLE,
    ObjectChangedError: ErrorCode.CHANGED_SOURCE,
    ObjectArchivedError: ErrorCode.ARCHIVED_SOURCE,
}
"""Errors that rule one source out and leave the others as they are."""


class SourceLostError(MediaError):
    """A source can no longer be read as it was planned; the archive has to be planned anew."""

    def __init__(self, key: str, code: ErrorCode) -> None:
        super().__init__(f"{key}: {code}")
        self.key = key
        self.code = code


def transfer(
    plan: Plan, source: ObjectReader, upload: MultipartUpload, check: Callable[[], None]
) -> list[UploadPart]:
    """Bring every part of the plan into the upload; completing it is left to the caller.

    Args:
        plan: the archive.
        source: where its entries are read.
        upload: where its parts go.
        check: called before each request; raises to stop (the function's time is running out).

    Raises:
        SourceLostError: a source is gone, denied, archived, or not the version that was planned.
    """
    return _Transfer(plan, source, upload, check).run()


class _Transfer:
    def __init__(
        self,
        plan: Plan,
        source: ObjectReader,
        upload: MultipartUpload,
        check: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._source = source
        self._upload = upload
        self._check = check
        self._checksums = Checksums([entry.size for entry in plan.entries])
        for index, entry in enumerate(plan.entries):
            if entry.crc32 is not None:
                self._checksums.tell(index, entry.crc32)

    def run(self) -> list[UploadPart]:
        workers = min(MAX_WORKERS, max(2, MEMORY_BYTES // self._plan.largest_glue_part))
        with ThreadPoolExecutor(workers, thread_name_prefix="zip") as pool:
            futures = [pool.submit(self._part, part) for part in self._plan.parts]
            try:
                wait(futures, return_when=FIRST_EXCEPTION)
            finally:
                # Without this, a failure would leave waiting parts waiting for ever.
                self._checksums.fail()
                pool.shutdown(cancel_futures=True)
        ended = [future for future in futures if not future.cancelled()]
        for error in (future.exception() for future in ended):
            if error and not isinstance(error, AbandonedError):
                raise error
        return [future.result() for future in futures]

    def _part(self, part: Part) -> UploadPart:
        try:
            return self._copied(part) if part.copied else self._put(part)
        except BaseException:
            self._checksums.fail()
            raise

    def _copied(self, part: Part) -> UploadPart:
        (piece,) = part.pieces
        assert isinstance(piece, Data)
        entry = self._plan.entries[piece.entry]
        self._check()
        try:
            copied = self._upload.copy(
                part.number, entry.key, piece.start, piece.length, etag=entry.etag
            )
        except tuple(LOST_SOURCES) as error:
            raise SourceLostError(entry.key, LOST_SOURCES[type(error)]) from error
        if copied.crc32 is not None:
            self._report(piece, piece.start, piece.length, copied.crc32)
        elif not self._checksums.knows(piece.entry):
            self._read_for_checksum(piece)
        return copied

    def _put(self, part: Part) -> UploadPart:
        body = bytearray(part.length)
        records: list[tuple[int, Header | Directory]] = []
        at = 0
        for piece in part.pieces:
            if isinstance(piece, Data):
                body[at : at + piece.length] = self._read(piece, piece.start, piece.length)
            else:
                records.append((at, piece))
            if isinstance(piece, Header):
                prefix = self._plan.entries[piece.entry].prefix
                self._checksums.add(piece.entry, 0, len(prefix), zlib.crc32(prefix))
            at += piece.length
        for start, record in records:
            body[start : start + record.length] = self._rendered(record)
        self._check()
        return self._upload.put(part.number, body)

    def _rendered(self, record: Header | Directory) -> bytes:
        plan = self._plan
        if isinstance(record, Header):
            crc32 = self._checksums.wait(record.entry)
            return (
                local_header(plan.records[record.entry], crc32) + plan.entries[record.entry].prefix
            )
        directory = [
            central_header(entry, self._checksums.wait(index))
            for index, entry in enumerate(plan.records)
        ]
        end = end_records(
            entries=len(directory),
            directory_offset=plan.directory_offset,
            directory_length=plan.directory_length,
        )
        return b"".join(directory) + end

    def _read_for_checksum(self, piece: Data) -> None:
        end = piece.start + piece.length
        for start in range(piece.start, end, READ_BYTES):
            self._read(piece, start, min(READ_BYTES, end - start))

    def _read(self, piece: Data, start: int, length: int) -> bytes:
        """Bytes of a piece, whose checksum is noted on the way."""
        entry = self._plan.entries[piece.entry]
        self._check()
        try:
            data = _persistently(self._source, entry, start, length)
        except tuple(LOST_SOURCES) as error:
            raise SourceLostError(entry.key, LOST_SOURCES[type(error)]) from error
        if len(data) != length:
            raise SourceLostError(entry.key, ErrorCode.CHANGED_SOURCE)
        self._report(piece, start, length, zlib.crc32(data))
        return data

    def _report(self, piece: Data, start: int, length: int, crc32: int) -> None:
        entry = self._plan.entries[piece.entry]
        self._checksums.add(piece.entry, len(entry.prefix) + start - entry.start, length, crc32)


def _persistently(source: ObjectReader, entry: Entry, start: int, length: int) -> bytes:
    for _ in range(READ_ATTEMPTS - 1):
        try:
            return source.read_range(entry.key, start, length, etag=entry.etag)
        except ThrottledError:
            raise  # the SDK has slowed down and given up by now
        except RetryableError:
            continue
    return source.read_range(entry.key, start, length, etag=entry.etag)
