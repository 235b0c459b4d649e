import zlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.runtime.bundle_fakes import entry
from toq_media.errors import ZipTooLargeError
from toq_media.zipping.checksums import combine
from toq_media.zipping.layout import (
    COPY_PART_BYTES,
    MAX_ARCHIVE_BYTES,
    MIB,
    MIN_PART_BYTES,
    Data,
    Plan,
    lay_out,
)

SIZES = st.one_of(
    st.integers(1, 64),
    st.integers(MIN_PART_BYTES - 64, MIN_PART_BYTES + 64),
    st.integers(1, 12 * MIB),
    st.integers(1, 3 * COPY_PART_BYTES),
    st.integers(2**32 - 64, 2**32 + 64),
    st.integers(1, 30 * 2**30),
)


def planned(sizes: list[int]) -> Plan:
    return lay_out([entry(f"{index}.jpg", size) for index, size in enumerate(sizes)])


@given(st.lists(SIZES, min_size=1, max_size=40).filter(lambda sizes: sum(sizes) < 300e9))
def test_any_listing_fits_the_limits_of_a_multipart_upload(sizes: list[int]) -> None:
    plan = planned(sizes)
    assert [part.number for part in plan.parts] == list(range(1, len(plan.parts) + 1))
    assert len(plan.parts) <= 10_000
    assert all(part.length >= MIN_PART_BYTES for part in plan.parts[:-1])
    assert all(part.length <= 5 * 2**30 for part in plan.parts)
    assert plan.largest_glue_part <= 34 * MIB


@given(st.lists(SIZES, min_size=1, max_size=40).filter(lambda sizes: sum(sizes) < 300e9))
def test_every_byte_of_every_source_is_planned_once_and_in_order(sizes: list[int]) -> None:
    at = dict.fromkeys(range(len(sizes)), 0)
    for part in planned(sizes).parts:
        for piece in part.pieces:
            if isinstance(piece, Data):
                assert piece.start == at[piece.entry]
                at[piece.entry] += piece.length
    assert list(at.values()) == sizes


@given(st.lists(SIZES, min_size=1, max_size=40).filter(lambda sizes: sum(sizes) < 300e9))
def test_offsets_follow_from_the_lengths_before(sizes: list[int]) -> None:
    plan = planned(sizes)
    for before, after in pairwise(plan.records):
        assert after.offset == before.offset + before.local_length + before.size
    assert plan.size > plan.directory_offset + plan.directory_length


def test_a_video_is_copied_but_for_what_a_first_part_needs() -> None:
    plan = planned([500_000_000])
    through = sum(part.length for part in plan.parts if not part.copied)
    assert through < MIN_PART_BYTES + 1024
    assert len(plan.parts) == 2 + -(-(500_000_000 - MIN_PART_BYTES) // COPY_PART_BYTES)


@pytest.mark.parametrize(("size", "copied"), [(MIN_PART_BYTES, False), (MIN_PART_BYTES + 1, True)])
def test_ranges_are_copied_only_of_sources_that_s3_takes_ranges_of(
    size: int, *, copied: bool
) -> None:
    plan = planned([6_000_000, size])
    assert any(part.copied for part in plan.parts) is copied


def test_small_photos_pass_through_whole() -> None:
    plan = planned([4_000_000] * 20)
    assert not any(part.copied for part in plan.parts)
    assert len(plan.parts) == 10
    reads = [piece for part in plan.parts for piece in part.pieces if isinstance(piece, Data)]
    assert len(reads) == 20


def test_parts_grow_so_that_their_number_suffices() -> None:
    plan = planned([4_000_000] * 60_000)
    assert len(plan.parts) <= 9_001
    assert plan.largest_glue_part > 25 * MIB


def test_too_large_a_listing_is_refused_before_a_byte_is_read() -> None:
    with pytest.raises(ZipTooLargeError, match="finalize fewer assets"):
        planned([MAX_ARCHIVE_BYTES // 2] * 2)


@given(st.binary(), st.binary())
def test_checksums_of_pieces_combine_to_that_of_the_whole(first: bytes, second: bytes) -> None:
    combined = combine(zlib.crc32(first), zlib.crc32(second), len(second))
    assert combined == zlib.crc32(first + second)
