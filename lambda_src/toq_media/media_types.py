"""Media types told by content: never by an object's name or by what its client declared."""

from __future__ import annotations

from typing import Final

HEAD_BYTES: Final = 4096
"""Length of head that always suffices for `sniff`."""

PICTURES: Final = frozenset(
    f"image/{name}" for name in ("jpeg", "png", "webp", "heic", "heif", "avif", "tiff", "gif")
)
"""Types that renditions are made of."""

VIDEOS: Final = frozenset({"video/mp4", "video/quicktime", "video/3gpp"})
"""Types that are transcoded."""

_SIGNATURES: Final = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
    b"II*\x00": "image/tiff",
    b"MM\x00*": "image/tiff",
    b"II+\x00": "image/tiff",
    b"MM\x00+": "image/tiff",
    b"8BPS": "image/vnd.adobe.photoshop",
    b"\xff\x0a": "image/jxl",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "image/jxl",
    b"\x00\x00\x00\x0cjP  \r\n\x87\n": "image/jp2",
    b"%PDF-": "application/pdf",
    b"PK\x03\x04": "application/zip",
    b"\x1aE\xdf\xa3": "video/webm",
    b"\x00\x00\x01\xba": "video/mpeg",
    b"\x00\x00\x01\xb3": "video/mpeg",
    b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "video/x-ms-asf",
}
_RIFF: Final = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_BRANDS: Final = {
    "image/avif": {b"avif", b"avis"},
    "image/heic": {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"},
    "image/x-canon-cr3": {b"crx "},
    "video/quicktime": {b"qt  "},
    "video/3gpp": {b"3gp4", b"3gp5", b"3gp6", b"3gp7", b"3ge6", b"3gs7", b"3g2a", b"3g2b"},
    "audio/mp4": {b"M4A ", b"M4B ", b"M4P "},
}
_PICTURE_BRANDS: Final = {b"mif1", b"mif2", b"msf1", b"miaf"}
"""ISO brands that say "a picture" but not in which codec: the compatible brands do."""

_MAX_COMPATIBLE_BRANDS: Final = 32
_QUICKTIME_ATOMS: Final = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_BOM: Final = b"\xef\xbb\xbf"


def sniff(head: bytes) -> str:
    """Media type of a file by its first bytes.

    Args:
        head: the first `HEAD_BYTES` of the file, or the whole of a shorter one.

    Returns:
        A lower-case media type; empty when the bytes are of no known kind.
    """
    if head[4:8] == b"ftyp":
        return _iso_media(head)
    return _binary(head) or _text(head)


def _binary(head: bytes) -> str:
    if head[8:10] == b"CR" and head.startswith(b"II*"):
        return "image/x-canon-cr2"
    for signature, media_type in _SIGNATURES.items():
        if head.startswith(signature):
            return media_type
    if head.startswith(b"RIFF"):
        return _RIFF.get(head[8:12], "")
    if head[4:8] in _QUICKTIME_ATOMS:
        return "video/quicktime"
    # Two letters alone would also match text; these four bytes are reserved and always zero.
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "image/bmp"
    return ""


def _iso_media(head: bytes) -> str:
    """Type of an ISO base media file: by its major brand, for pictures by the compatible ones."""
    major = head[8:12]
    end = min(int.from_bytes(head[:4], "big"), len(head), 16 + 4 * _MAX_COMPATIBLE_BRANDS)
    compatible = {head[at : at + 4] for at in range(16, end - 3, 4)}
    picture = major in _PICTURE_BRANDS
    for media_type, brands in _BRANDS.items():
        if major in brands or (picture and compatible & brands):
            return media_type
    return "image/heif" if picture else "video/mp4"


def _text(head: bytes) -> str:
    """Type of markup; PDF too, since its readers take up to 1 KiB of anything before the header."""
    start = head.removeprefix(_BOM).lstrip()[:64].lower()
    if start.startswith(b"<svg") or (start.startswith(b"<?xml") and b"<svg" in head.lower()):
        return "image/svg+xml"
    if start.startswith(b"<?xml"):
        return "application/xml"
    if start.startswith(b"<!doctype html"):
        return "text/html"
    return "application/pdf" if b"%PDF-" in head[:1024] else ""
