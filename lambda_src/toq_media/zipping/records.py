"""The records of a stored ZIP, byte for byte (PKWARE APPNOTE 6.3.10, section 4.3).

Sizes and checksums stand in the local header, so there are no data descriptors: Java's
`ZipInputStream` and other streaming readers refuse those on stored entries. ZIP64 fields appear
only where a value does not fit, so that old unpackers read everything that they can.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

_LOCAL: Final = struct.Struct("<4s5H3L2H")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_END: Final = struct.Struct("<4s4H2LH")
_END64: Final = struct.Struct("<4sQ2H2L4Q")
_END64_LOCATOR: Final = struct.Struct("<4sLQL")
_EXTRA64: Final = struct.Struct("<2H")

_MAX16: Final = 0xFFFF
_MAX32: Final = 0xFFFFFFFF
_UTF8_NAMES: Final = 1 << 11
_STORED: Final = 0
_VERSION: Final = 20
_VERSION64: Final = 45
_MADE_ON_UNIX: Final = 3 << 8
_READABLE_FILE: Final = 0o100644 << 16
_ZIP64_EXTRA_ID: Final = 1


@dataclass(frozen=True, kw_only=True)
class Record:
    """What the archive's own records say of one entry, but for its CRC-32."""

    name: str
    size: int
    modified: datetime
    offset: int

    @property
    def local_length(self) -> int:
        """Length of the local header in bytes."""
        return len(local_header(self, 0))

    @property
    def central_length(self) -> int:
        """Length of the central directory's record in bytes."""
        return len(central_header(self, 0))


def local_header(record: Record, crc32: int) -> bytes:
    """The header that stands before an entry's data."""
    name = record.name.encode()
    # The local header must carry both sizes as soon as one needs ZIP64 (APPNOTE 4.5.3).
    wide = [record.size, record.size] if record.size >= _MAX32 else []
    extra = _zip64_extra(wide)
    size = _MAX32 if wide else record.size
    time, date = _dos_time(record.modified)
    return (
        _LOCAL.pack(
            b"PK\x03\x04",
            _VERSION64 if wide else _VERSION,
            _UTF8_NAMES,
            _STORED,
            time,
            date,
            crc32,
            size,
            size,
            len(name),
            len(extra),
        )
        + name
        + extra
    )


def central_header(record: Record, crc32: int) -> bytes:
    """The entry's record in the central directory."""
    name = record.name.encode()
    wide = [record.size, record.size] if record.size >= _MAX32 else []
    wide += [record.offset] if record.offset >= _MAX32 else []
    extra = _zip64_extra(wide)
    size = min(record.size, _MAX32)
    version = _VERSION64 if wide else _VERSION
    time, date = _dos_time(record.modified)
    return (
        _CENTRAL.pack(
            b"PK\x01\x02",
            _MADE_ON_UNIX | version,
            version,
            _UTF8_NAMES,
            _STORED,
            time,
            date,
            crc32,
            size,
            size,
            len(name),
            len(extra),
            0,
            0,
            0,
            _READABLE_FILE,
            min(record.offset, _MAX32),
        )
        + name
        + extra
    )


def end_records(*, entries: int, directory_offset: int, directory_length: int) -> bytes:
    """What ends the archive: the end record, with its ZIP64 forms before it where needed."""
    end = _END.pack(
        b"PK\x05\x06",
        0,
        0,
        min(entries, _MAX16),
        min(entries, _MAX16),
        min(directory_length, _MAX32),
        min(directory_offset, _MAX32),
        0,
    )
    if entries < _MAX16 and max(directory_offset, directory_length) < _MAX32:
        return end
    end64 = _END64.pack(
        b"PK\x06\x06",
        _END64.size - 12,  # counted from behind this field (APPNOTE 4.3.14.1)
        _MADE_ON_UNIX | _VERSION64,
        _VERSION64,
        0,
        0,
        entries,
        entries,
        directory_length,
        directory_offset,
    )
    locator = _END64_LOCATOR.pack(b"PK\x06\x07", 0, directory_offset + directory_length, 1)
    return end64 + locator + end


def _zip64_extra(values: list[int]) -> bytes:
    if not values:
        return b""
    body = struct.pack(f"<{len(values)}Q", *values)
    return _EXTRA64.pack(_ZIP64_EXTRA_ID, len(body)) + body


def _dos_time(moment: datetime) -> tuple[int, int]:
    """MS-DOS time and date: UTC, two-second steps, years 1980 to 2107."""
    utc = moment.astimezone(UTC)
    first, last = datetime(1980, 1, 1, tzinfo=UTC), datetime(2107, 12, 31, 23, 59, 58, tzinfo=UTC)
    utc = min(max(utc, first), last)
    time = utc.hour << 11 | utc.minute << 5 | utc.second // 2
    return time, (utc.year - 1980) << 9 | utc.month << 5 | utc.day
