"""Probing: what real files are, and that no hostile one gets further than an `AssetError`."""

from __future__ import annotations

import random
import struct
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.clips import clip
from toq_media.boxes import MAX_MOVIE_BYTES
from toq_media.errors import AssetError, ErrorCode
from toq_media.probing import VideoFacts, VideoLimits, probe

LIMITS = VideoLimits(max_seconds=60, max_bytes=10_000_000)


class Reader:
    """Counts what is read, as S3 would bill it."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.calls = 0

    def __call__(self, start: int, length: int) -> bytes:
        self.calls += 1
        assert start >= 0
        assert 0 < length <= MAX_MOVIE_BYTES
        return self.body[start : start + length]


def look(body: bytes, *, size: int | None = None, limits: VideoLimits = LIMITS) -> VideoFacts:
    return probe(Reader(body), len(body) if size is None else size, limits)


def refusal(body: bytes, *, size: int | None = None, limits: VideoLimits = LIMITS) -> AssetError:
    with pytest.raises(AssetError) as caught:
        look(body, size=size, limits=limits)
    return caught.value


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def patched(body: bytes, kind: bytes, offset: int, layout: str, value: int) -> bytes:
    """The file with one field of the first box of a kind overwritten."""
    changed = bytearray(body)
    struct.pack_into(f">{layout}", changed, body.index(kind) + 4 + offset, value)
    return bytes(changed)


def test_landscape_with_sound() -> None:
    seen = look(clip())
    assert (seen.width, seen.height, seen.rotation) == (320, 180, 0)
    assert seen.codec == "h264"
    assert seen.has_audio
    assert seen.duration_seconds == pytest.approx(1.0, abs=0.04)


@pytest.mark.parametrize(
    ("rotation", "shape"), [(90, (180, 320)), (180, (320, 180)), (270, (180, 320))]
)
def test_rotation_flag_turns_the_size(rotation: int, shape: tuple[int, int]) -> None:
    seen = look(clip(rotation=rotation, suffix=".mov"))
    assert seen.rotation == rotation
    assert (seen.width, seen.height) == shape


def test_without_sound() -> None:
    assert not look(clip(sound=False)).has_audio


def test_3gp_and_other_codecs() -> None:
    phone = look(clip(size="176x144", sound=False, suffix=".3gp", options=("-c:v", "h263")))
    assert phone.codec == "h263"
    older = look(clip(sound=False, suffix=".mov", options=("-c:v", "mpeg4")))
    assert older.codec == "mpeg4"


def test_oblong_pixels_count_as_displayed_and_are_never_enlarged() -> None:
    wide = look(clip(sound=False, options=("-vf", "setsar=4/3")))
    assert (wide.width, wide.height) == (320, 135)
    tall = look(clip(sound=False, options=("-vf", "setsar=1/2")))
    assert (tall.width, tall.height) == (160, 180)


def test_only_a_few_small_parts_are_read_wherever_the_index_is() -> None:
    for options in ((), ("-movflags", "+faststart")):
        reader = Reader(clip(options=options))
        probe(reader, len(reader.body), LIMITS)
        assert reader.calls <= 8


def test_too_long_is_refused_with_both_numbers() -> None:
    error = refusal(clip(), limits=VideoLimits(max_seconds=0, max_bytes=10_000_000))
    assert error.code == ErrorCode.VALIDATION_ERROR
    assert "1 s long, at most 0 s are allowed (maxVideoSeconds)" in error.message


def test_too_large_is_refused_before_a_byte_is_read() -> None:
    reader = Reader(clip())
    with pytest.raises(AssetError, match="maxVideoBytes") as caught:
        probe(reader, 10_000_001, LIMITS)
    assert caught.value.code == ErrorCode.VALIDATION_ERROR
    assert reader.calls == 0


def test_length_claimed_by_the_header_does_not_hide_the_real_one() -> None:
    long = patched(clip(sound=False), b"stts", 8, "I", 1_000_000)
    assert refusal(long).code == ErrorCode.VALIDATION_ERROR


@pytest.mark.parametrize("body", [b"%PDF-1.7 not a video", b"\x89PNG\r\n\x1a\n" + bytes(64)])
def test_other_kinds_of_file_are_unsupported(body: bytes) -> None:
    assert refusal(body).code == ErrorCode.UNSUPPORTED_MEDIA


def test_unknown_codec_is_named() -> None:
    error = refusal(clip(sound=False).replace(b"avc1", b"XYZW"))
    assert error.code == ErrorCode.UNSUPPORTED_MEDIA
    assert "XYZW" in error.message


def test_fragments_are_unsupported() -> None:
    body = clip(options=("-movflags", "frag_keyframe+empty_moov"))
    assert refusal(body).code == ErrorCode.UNSUPPORTED_MEDIA


def test_sound_alone_is_no_video() -> None:
    body = clip().replace(b"vide", b"text")
    assert "no pictures" in refusal(body).message


@pytest.mark.parametrize("options", [(), ("-movflags", "+faststart")])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.95])
def test_cut_off_files_are_corrupt(options: tuple[str, ...], share: float) -> None:
    body = clip(options=options)
    error = refusal(body[: int(len(body) * share)])
    assert error.code == ErrorCode.CORRUPT_MEDIA


def test_single_picture_is_no_video() -> None:
    assert "no pictures" in refusal(clip(seconds=0.04, sound=False)).message


def test_empty_file_and_lone_header() -> None:
    assert refusal(b"").code == ErrorCode.CORRUPT_MEDIA
    assert refusal(box(b"ftyp", b"isom", bytes(4))).code == ErrorCode.CORRUPT_MEDIA


def test_object_shorter_than_said_is_corrupt() -> None:
    body = clip()
    assert refusal(body[:40], size=len(body)).code == ErrorCode.CORRUPT_MEDIA


def test_zeroed_media_is_corrupt() -> None:
    body = clip(sound=False, options=("-movflags", "+faststart"))
    start = body.index(b"mdat") + 4
    assert "zeroes" in refusal(body[:start] + bytes(len(body) - start)).message


def test_index_pointing_past_the_end_is_corrupt() -> None:
    body = patched(clip(sound=False), b"stco", 8, "I", 2**31)
    assert "the file has" in refusal(body).message


def test_clock_without_unit_is_corrupt() -> None:
    assert "timescale" in refusal(patched(clip(), b"mdhd", 12, "I", 0)).message


@pytest.mark.parametrize("shape", ["16x16", "480x64"])
def test_picture_that_no_poster_can_be_made_of_is_unsupported(shape: str) -> None:
    error = refusal(clip(size=shape, sound=False))
    assert error.code == ErrorCode.UNSUPPORTED_MEDIA
    assert shape in error.message


def test_table_that_declares_more_than_it_holds_is_corrupt() -> None:
    body = patched(clip(sound=False), b"stts", 4, "I", 2**32 - 1)
    assert refusal(body).code == ErrorCode.CORRUPT_MEDIA


def test_huge_index_is_not_read() -> None:
    head = struct.pack(">I4sQ", 1, b"moov", 2**33) + box(b"mdat")
    error = refusal(head, size=2**34, limits=VideoLimits(max_seconds=60, max_bytes=2**40))
    assert error.code == ErrorCode.UNSUPPORTED_MEDIA


def test_endless_small_boxes_end() -> None:
    many = box(b"ftyp") + box(b"free") * 100_000
    assert refusal(many).code == ErrorCode.CORRUPT_MEDIA
    inside = box(b"mdat") + box(b"moov", box(b"free") * 100_000)
    assert refusal(box(b"ftyp") + inside).code == ErrorCode.CORRUPT_MEDIA


@pytest.mark.parametrize("length", [0, 1, 7])
def test_boxes_that_claim_no_length_do_not_loop(length: int) -> None:
    stuck = box(b"mdat") + box(b"moov", struct.pack(">I4s", length, b"trak") + bytes(64))
    assert refusal(box(b"ftyp") + stuck).code == ErrorCode.CORRUPT_MEDIA


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(min_value=0), count=st.integers(min_value=1, max_value=12))
def test_damaged_index_gives_facts_or_an_asset_error(seed: int, count: int) -> None:
    chance = random.Random(seed)
    body = bytearray(clip())
    start = body.index(b"moov")
    for _ in range(count):
        body[chance.randrange(start, len(body))] = chance.choice((0, 1, 127, 128, 255))
    with suppress(AssetError):
        seen = look(bytes(body))
        assert 0 < seen.duration_seconds <= LIMITS.max_seconds
        assert min(seen.width, seen.height) >= 32
