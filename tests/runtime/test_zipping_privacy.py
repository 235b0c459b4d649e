import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from toq_media.errors import AssetError, ErrorCode
from toq_media.zipping.privacy import without_metadata

ORIENTATION, GPS_IFD, MAKE = 0x0112, 0x8825, 0x010F


def jpeg(*, orientation: int = 1, **options: Any) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif[MAKE] = "Phone of Ana"
    exif.get_ifd(GPS_IFD)[2] = (23.0, 33.0, 1.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = Image.effect_noise((64, 48), 80).convert(options.pop("mode", "RGB"))
    file = io.BytesIO()
    image.save(file, "JPEG", exif=exif, icc_profile=profile, comment=b"home", **options)
    return file.getvalue()


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def stripped(data: bytes) -> bytes:
    how = without_metadata(data)
    return how.prefix + data[how.start : how.start + how.length]


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"mode": "CMYK"}, {"mode": "L"}])
def test_pixels_and_colour_profile_stay_and_the_position_goes(options: dict[str, Any]) -> None:
    original = jpeg(**options)
    clean = stripped(original)
    assert opened(clean).tobytes() == opened(original).tobytes()
    assert opened(clean).info["icc_profile"] == opened(original).info["icc_profile"]
    assert not opened(clean).getexif().get_ifd(GPS_IFD)
    assert b"Ana" not in clean
    assert "comment" not in opened(clean).info


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_stays(orientation: int) -> None:
    clean = opened(stripped(jpeg(orientation=orientation)))
    assert clean.getexif().get(ORIENTATION, 1) == orientation
    assert set(clean.getexif()) <= {ORIENTATION}


def test_xmp_iptc_maker_notes_and_second_pictures_go() -> None:
    original = jpeg()
    secret = b"-23.55,-46.63"
    extras = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + secret)
        + segment(0xE2, b"MPF\0" + secret)
        + segment(0xE4, secret)
        + segment(0xED, b"Photoshop 3.0\0" + secret)
        + b"\xff\xff"
        + segment(0xFE, secret)
    )
    data = original[:2] + extras + original[2:] + jpeg() + secret
    clean = stripped(data)
    assert secret not in clean
    assert opened(clean).tobytes() == opened(original).tobytes()
    assert clean.count(b"\xff\xd9") == 1


def test_a_picture_that_breaks_off_is_kept_as_far_as_it_goes() -> None:
    original = jpeg()
    assert stripped(original[:-10]).endswith(original[-20:-10])


def test_stripping_twice_changes_nothing() -> None:
    once = stripped(jpeg(orientation=6))
    assert stripped(once) == once


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x89PNG", ErrorCode.CORRUPT_MEDIA),
        (b"\xff\xd8", ErrorCode.CORRUPT_MEDIA),
        (b"\xff\xd8\xff\xd9", ErrorCode.CORRUPT_MEDIA),
        (b"\xff\xd8\xff\xe1\xff\xff" + b"x" * 100, ErrorCode.CORRUPT_MEDIA),
        (b"\xff\xd8\xff\xe1\x00\x01" + b"x" * 100, ErrorCode.CORRUPT_MEDIA),
        (b"\xff\xd8" + segment(0xDB, b"q" * 65_000) * 20, ErrorCode.CORRUPT_MEDIA),
        (
            b"\xff\xd8" + segment(0xDB, b"q" * 65_000) * 20 + segment(0xDA, b"s"),
            ErrorCode.UNSUPPORTED_MEDIA,
        ),
        (
            b"\xff\xd8" + segment(0xDA, b"s") + b"pixels" + segment(0xE1, b"Exif\0\0"),
            ErrorCode.UNSUPPORTED_MEDIA,
        ),
    ],
)
def test_what_cannot_be_cleaned_is_refused(data: bytes, code: ErrorCode) -> None:
    with pytest.raises(AssetError) as refused:
        without_metadata(data)
    assert refused.value.code == code


@given(st.binary(max_size=200))
def test_hostile_bytes_end_in_an_asset_error(tail: bytes) -> None:
    for data in (b"\xff\xd8" + tail, b"\xff\xd8" + segment(0xE1, b"Exif\0\0" + tail) + tail):
        try:
            how = without_metadata(data)
        except AssetError:
            continue
        assert 0 < how.start <= how.start + how.length <= len(data)
