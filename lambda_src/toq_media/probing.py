"""What a video is, read from its index by a few range reads, before a transcode costs money.

Nothing is decoded and nothing the file claims is trusted: lengths are checked against the file,
tables against their boxes, sums against the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from toq_media.boxes import Box, ReadRange, corrupt, read_movie
from toq_media.errors import AssetError, ErrorCode

_CODECS: Final = {
    b"avc1": "h264", b"avc3": "h264",
    b"hvc1": "hevc", b"hev1": "hevc", b"dvh1": "hevc", b"dvhe": "hevc",
    b"mp4v": "mpeg4", b"s263": "h263", b"h263": "h263", b"H263": "h263",
    b"vp08": "vp8", b"vp09": "vp9", b"av01": "av1", b"jpeg": "mjpeg",
    b"apco": "prores", b"apcs": "prores", b"apcn": "prores", b"apch": "prores",
    b"ap4h": "prores", b"ap4x": "prores",
}  # fmt: skip
"""Sample entries that MediaConvert decodes out of MP4, MOV and 3GP, and the codec's usual name."""

_ROTATIONS: Final = {(0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
"""Sign of a display matrix (a, b, c, d) to clockwise degrees; anything else is not turned."""

_MIN_SIDE: Final = 32
"""MediaConvert's smallest output side in pixels."""

_MAX_ASPECT: Final = 6
"""A 200 px wide poster of a wider picture would be lower than MediaConvert's smallest side."""

_UNKNOWN_DURATIONS: Final = {2**32 - 1, 2**64 - 1}


@dataclass(frozen=True, kw_only=True)
class VideoLimits:
    """What a video may have; configuration `maxVideoSeconds` and `maxVideoBytes`."""

    max_seconds: int
    max_bytes: int


@dataclass(frozen=True, kw_only=True)
class VideoFacts:
    """What the index says.

    Attributes:
        duration_seconds: Length of the longest track.
        picture_seconds: Length of the picture track.
        width: Pixels as displayed: rotated, with square pixels.
        height: The same.
        rotation: Clockwise degrees by which the stored picture is turned for display.
        codec: Usual name of the picture's codec.
        has_audio: Whether there is sound.
    """

    duration_seconds: float
    picture_seconds: float
    width: int
    height: int
    rotation: int
    codec: str
    has_audio: bool


def probe(read_range: ReadRange, size: int, limits: VideoLimits) -> VideoFacts:
    """Check that a file is a playable video within the limits, and say what it is.

    Args:
        read_range: reads a part of the file: `(start, length)` to bytes.
        size: the file's length in bytes.
        limits: what is allowed.

    Raises:
        AssetError: UNSUPPORTED_MEDIA for another kind of file or codec, CORRUPT_MEDIA for one that
            cannot be played, VALIDATION_ERROR for one over a limit; the text says why.
    """
    if size > limits.max_bytes:
        raise AssetError(
            ErrorCode.VALIDATION_ERROR,
            f"video has {size} bytes, at most {limits.max_bytes} are allowed (maxVideoBytes)",
        )
    movie = read_movie(read_range, size)
    if movie.find(b"cmov") or movie.find(b"mvex"):
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            "video is in fragments or has a packed index; export it as a plain MP4 file",
        )
    tracks = [box for box in movie.children() if box.kind == b"trak"]
    # A poster needs a second frame, and a lone picture is no video.
    pictures = [track for track in tracks if _handler(track) == b"vide" and _samples(track) > 1]
    sounds = [track for track in tracks if _handler(track) == b"soun" and _samples(track)]
    if not pictures:
        raise corrupt("it has no pictures")
    duration = max(_movie_seconds(movie), *map(_track_seconds, pictures + sounds))
    if duration > limits.max_seconds:
        raise AssetError(
            ErrorCode.VALIDATION_ERROR,
            f"video is {duration:.0f} s long, at most {limits.max_seconds} s are allowed"
            " (maxVideoSeconds)",
        )
    if duration <= 0:
        raise corrupt("it has no duration")
    track = pictures[0]
    _check_media(track, read_range, size)
    rotation = _rotation(track)
    width, height = _display_size(track, turned=rotation in {90, 270})
    return VideoFacts(
        duration_seconds=duration,
        picture_seconds=_track_seconds(track),
        width=width,
        height=height,
        rotation=rotation,
        codec=_codec(track),
        has_audio=bool(sounds),
    )


def _handler(track: Box) -> bytes:
    handler = track.find(b"mdia", b"hdlr")
    return bytes(handler.body[8:12]) if handler else b""


def _samples(track: Box) -> int:
    """How many samples (frames, or blocks of sound) a track has."""
    table = track.need(b"mdia", b"minf", b"stbl")
    sizes = table.find(b"stsz") or table.need(b"stz2")
    return sizes.unpack("I", 8)[0]


def _movie_seconds(movie: Box) -> float:
    header = movie.need(b"mvhd")
    scale, length = header.unpack("IQ", 20) if header.unpack("B")[0] else header.unpack("II", 12)
    if length in _UNKNOWN_DURATIONS:
        return 0.0
    return _seconds(length, scale)


def _track_seconds(track: Box) -> float:
    """Length of a track by its sample table: a header may claim less than is there."""
    header = track.need(b"mdia", b"mdhd")
    scale = header.unpack("I", 20 if header.unpack("B")[0] else 12)[0]
    durations = track.need(b"mdia", b"minf", b"stbl", b"stts")
    rows = durations.table("II", offset=8, rows=durations.unpack("I", 4)[0])
    return _seconds(sum(count * length for count, length in rows), scale)


def _seconds(length: int, scale: int) -> float:
    if scale == 0:
        raise corrupt("its clock has no unit (timescale 0)")
    return length / scale


def _check_media(track: Box, read_range: ReadRange, size: int) -> None:
    """The index must point into the file, at something other than zeroes."""
    table = track.need(b"mdia", b"minf", b"stbl")
    narrow = table.find(b"stco")
    chunks, layout = (narrow, "I") if narrow else (table.need(b"co64"), "Q")
    first = chunks.unpack(layout, 8)[0]
    rows = chunks.table(layout, offset=8, rows=chunks.unpack("I", 4)[0])
    last = max((row[0] for row in rows), default=0)
    if max(first, last) >= size:
        raise corrupt(f"its pictures would be at byte {max(first, last)}, the file has {size}")
    if not any(read_range(first, 64)):
        raise corrupt("its pictures are empty (zeroes): the upload or recording broke off")


def _sample_entry(track: Box) -> Box:
    descriptions = track.need(b"mdia", b"minf", b"stbl", b"stsd")
    entry = next(descriptions.children(skip=8), None)
    if entry is None:
        raise corrupt("its pictures have no description")
    return entry


def _codec(track: Box) -> str:
    kind = _sample_entry(track).kind
    if kind not in _CODECS:
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"video's codec {kind.decode('ascii', 'backslashreplace')!r} is not supported;"
            " export it as H.264",
        )
    return _CODECS[kind]


def _rotation(track: Box) -> int:
    header = track.need(b"tkhd")
    a, b, _, c, d = header.unpack("iiiii", 52 if header.unpack("B")[0] else 40)
    return _ROTATIONS.get((_sign(a), _sign(b), _sign(c), _sign(d)), 0)


def _sign(value: int) -> int:
    return (value > 0) - (value < 0)


def _display_size(track: Box, *, turned: bool) -> tuple[int, int]:
    """Width and height in square pixels; the finer axis is shrunk, so nothing is enlarged."""
    entry = _sample_entry(track)
    width, height = entry.unpack("HH", 24)
    # The pixel's shape is in a box after the 78 bytes of a visual sample entry.
    shape = next((box for box in entry.children(skip=78) if box.kind == b"pasp"), None)
    across, down = shape.unpack("II") if shape else (1, 1)
    if across > down > 0:
        height = height * down // across
    elif down > across > 0:
        width = width * across // down
    if min(width, height) < _MIN_SIDE or max(width, height) > _MAX_ASPECT * min(width, height):
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"video's picture of {width}x{height} is too small or too narrow: at least"
            f" {_MIN_SIDE} px a side and at most {_MAX_ASPECT} times as long as wide",
        )
    return (height, width) if turned else (width, height)
