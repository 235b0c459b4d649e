"""ISO base media boxes (ISO/IEC 14496-12, QuickTime): walked within bounds, whatever they claim."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from toq_media.errors import AssetError, ErrorCode

ReadRange = Callable[[int, int], bytes]
"""`(start, length)` to bytes; fewer at the end of the file."""

MAX_MOVIE_BYTES: Final = 16 * 1024 * 1024
"""Largest index (`moov`) that is read into memory; an hour at 60 frames a second needs about 4."""

_MAX_TOP_LEVEL: Final = 256
_MAX_CHILDREN: Final = 1024
_FIRST: Final = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
"""Boxes that an MP4, MOV or 3GP file may begin with; QuickTime's early files have no `ftyp`."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box inside a buffer: its type and its content."""

    kind: bytes
    body: memoryview

    def children(self, skip: int = 0) -> Iterator[Box]:
        """Boxes inside this one, after `skip` bytes of fields.

        Raises:
            AssetError: a box claims more than its parent holds, or there are too many.
        """
        at, count = skip, 0
        # QuickTime may end a list of boxes with a 32-bit zero.
        while len(self.body) - at >= 8:
            count += 1
            if count > _MAX_CHILDREN:
                raise corrupt(f"its {_name(self.kind)} box holds over {_MAX_CHILDREN} boxes")
            kind, header, length = _header(bytes(self.body[at : at + 16]), len(self.body) - at)
            if length > len(self.body) - at:
                raise corrupt(f"its {_name(kind)} box is larger than the box around it")
            yield Box(kind, self.body[at + header : at + length])
            at += length

    def find(self, *path: bytes) -> Box | None:
        """First box at a path of types below this one."""
        box = self
        for kind in path:
            child = next((child for child in box.children() if child.kind == kind), None)
            if child is None:
                return None
            box = child
        return box

    def need(self, *path: bytes) -> Box:
        """As `find`; a missing box is an `AssetError`."""
        box = self.find(*path)
        if box is None:
            raise corrupt(f"its index has no {'/'.join(map(_name, path))} box")
        return box

    def unpack(self, layout: str, offset: int = 0) -> tuple[int, ...]:
        """Big-endian fields at an offset of the content."""
        try:
            return struct.unpack_from(f">{layout}", self.body, offset)
        except struct.error as error:
            raise corrupt(f"its {_name(self.kind)} box is cut off") from error

    def table(self, layout: str, *, offset: int, rows: int) -> Iterator[tuple[int, ...]]:
        """Rows of a table whose length the box declares itself."""
        length = struct.calcsize(f">{layout}") * rows
        if length > len(self.body) - offset:
            raise corrupt(f"its {_name(self.kind)} box declares more rows than it holds")
        return struct.iter_unpack(f">{layout}", self.body[offset : offset + length])


def read_movie(read_range: ReadRange, size: int) -> Box:
    """The file's index (`moov`), once the media it speaks of is seen to be all there.

    Args:
        read_range: reads a part of the file.
        size: the file's length in bytes.

    Raises:
        AssetError: the file is of another kind, is cut off, or has no index.
    """
    movie: Box | None = None
    media = False
    at = 0
    for _ in range(_MAX_TOP_LEVEL):
        if size - at < 8 or (movie and media):
            break
        kind, header, length = _header(read_range(at, 16), size - at)
        if at == 0 and kind not in _FIRST:
            raise AssetError(
                ErrorCode.UNSUPPORTED_MEDIA, "video is no MP4, MOV or 3GP file by its content"
            )
        if length > size - at:
            raise corrupt(
                f"the file ends inside its {_name(kind)} box ({size} bytes of {at + length})"
            )
        if kind == b"moov" and movie is None:
            movie = _read_box(read_range, kind, at + header, length - header)
        media = media or kind == b"mdat"
        at += length
    if movie is None:
        raise corrupt("it has no index (moov): the recording was not finished")
    if not media:
        raise corrupt("it has no media data (mdat)")
    return movie


def corrupt(reason: str) -> AssetError:
    """The error for a file that breaks its own format."""
    return AssetError(ErrorCode.CORRUPT_MEDIA, f"video cannot be played: {reason}")


def _read_box(read_range: ReadRange, kind: bytes, start: int, length: int) -> Box:
    if length > MAX_MOVIE_BYTES:
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"video's index has {length} bytes, at most {MAX_MOVIE_BYTES} are read",
        )
    body = read_range(start, length)
    if len(body) < length:
        raise corrupt(f"the file ends inside its {_name(kind)} box")
    return Box(kind, memoryview(body))


def _header(head: bytes, available: int) -> tuple[bytes, int, int]:
    """Type, header length and whole length of the box that begins here."""
    if len(head) < 8:
        raise corrupt("the file ends inside a box header")
    length, kind, header = int.from_bytes(head[:4], "big"), head[4:8], 8
    if length == 1:
        length, header = int.from_bytes(head[8:16], "big"), 16
    elif length == 0:
        length = available
    if length < header:
        raise corrupt(f"its {_name(kind)} box claims a length of {length} bytes")
    return kind, header, length


def _name(kind: bytes) -> str:
    """Box type for a message: four characters, those that do not print replaced."""
    return "".join(chr(byte) if 32 < byte < 127 else "?" for byte in kind)
