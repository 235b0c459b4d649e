"""What a file is, by its first bytes."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from toq_media.media_types import HEAD_BYTES, sniff


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    body = b"ftyp" + major + bytes(4) + b"".join(compatible)
    return (len(body) + 4).to_bytes(4, "big") + body


@pytest.mark.parametrize(
    ("pillow_format", "media_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("TIFF", "image/tiff"),
        ("AVIF", "image/avif"),
        ("BMP", "image/bmp"),
        ("PDF", "application/pdf"),
    ],
)
def test_files_that_pillow_writes_are_told_by_their_head(
    pillow_format: str, media_type: str
) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(file, pillow_format)
    assert sniff(file.getvalue()[:HEAD_BYTES]) == media_type


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (ftyp(b"isom", b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
        (ftyp(b"mp42"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (b"\x00\x00\x10\x00moov", "video/quicktime"),
        (b"\x00\x00\x00\x08wide", "video/quicktime"),
        (ftyp(b"3gp4", b"isom"), "video/3gpp"),
        (ftyp(b"M4A "), "audio/mp4"),
        (ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"avif", b"mif1"), "image/avif"),
        (ftyp(b"mif1"), "image/heif"),
        (ftyp(b"crx "), "image/x-canon-cr3"),
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "image/x-canon-cr2"),
        (b"MM\x00*\x00\x00\x00\x08", "image/tiff"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "video/x-msvideo"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"junk before the header\n%PDF-1.4", "application/pdf"),
        (b"\xef\xbb\xbf\n <svg xmlns='x'>", "image/svg+xml"),
        (b"<?xml version='1.0'?><!-- c --><svg>", "image/svg+xml"),
        (b"<?xml version='1.0'?><catalog/>", "application/xml"),
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"PK\x03\x04", "application/zip"),
    ],
)
def test_known_heads(head: bytes, media_type: str) -> None:
    assert sniff(head) == media_type


@pytest.mark.parametrize(
    "head", [b"", b"\x00", b"hello", b"BMW prices 2026", b"RIFF", b"\xff\xd8", bytes(4096)]
)
def test_anything_else_is_unknown(head: bytes) -> None:
    assert sniff(head) == ""


def test_an_mp4_that_lists_a_picture_brand_stays_a_video() -> None:
    assert sniff(ftyp(b"isom", b"heic")) == "video/mp4"


@given(st.binary(max_size=200), st.sampled_from([b"", b"RIFF", b"\x00\x00\x00\x20ftyp", b"<?xml"]))
def test_no_bytes_make_it_fail(tail: bytes, start: bytes) -> None:
    assert isinstance(sniff(start + tail), str)
