import pytest
from hypothesis import given
from hypothesis import strategies as st

from toq_media.errors import InvalidKeyError
from toq_media.keys import JobKeys, RawKey, file_name_of, raw_key, reference_of, segment_of, zip_key


@pytest.mark.parametrize(
    ("asset_type", "segment"),
    [
        ("PHOTO_VERTICAL", "photo/vertical"),
        ("PHOTO_HORIZONTAL", "photo/horizontal"),
        ("VIDEO_VERTICAL", "video/vertical"),
        ("VIDEO_HORIZONTAL", "video/horizontal"),
        ("PROJECT_DOC", "project/doc"),
        ("PROJECT_RENDER", "project/render"),
        ("THUMBNAIL", "thumb"),
        ("ZIP", "zip"),
        ("anything else", "misc"),
        ("photo_vertical", "photo/vertical"),  # field note 65
    ],
)
def test_segments_are_the_contracts(asset_type: str, segment: str) -> None:
    assert segment_of(asset_type) == segment


def test_processed_keys_follow_the_contract() -> None:
    raw = RawKey.parse("512/raw/photo/vertical/vertical-02-sala.jpg", listing_id=512)
    assert raw.rendition("large") == "512/processed/photo/vertical/large/vertical-02-sala.jpg"
    assert zip_key(512) == "512/processed/zip/listing-media.zip"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "a.jpg"),
        ("a.JPEG", "a.JPEG"),
        ("a.heic", "a.heic.jpg"),
        ("a.png", "a.png.jpg"),
        ("a", "a.jpg"),
    ],
)
def test_a_rendition_is_named_as_the_jpeg_it_is(name: str, expected: str) -> None:
    raw = RawKey.parse(f"1/raw/photo/vertical/{name}", listing_id=1)
    assert raw.rendition("small") == f"1/processed/photo/vertical/small/{expected}"


def test_date_folders_of_old_keys_are_dropped() -> None:
    raw = RawKey.parse("7/raw/photo/vertical/2025-11-29/a.jpg", listing_id=7)
    assert raw.rendition("small") == "7/processed/photo/vertical/small/a.jpg"


def test_a_video_becomes_mp4_whatever_its_suffix() -> None:
    raw = RawKey.parse("7/raw/video/horizontal/horizontal-01-tour.MOV", listing_id=7)
    assert raw.video() == "7/processed/video/horizontal/original/horizontal-01-tour.mp4"
    assert raw.poster("thumbnail").endswith(".jpg")


@pytest.mark.parametrize(
    "key",
    [
        "8/raw/photo/vertical/a.jpg",
        "7/processed/photo/vertical/large/a.jpg",
        "/7/raw/photo/vertical/a.jpg",
        "7/raw/../../8/raw/photo/a.jpg",
        "7/raw/photo//a.jpg",
        "7/raw/photo/./a.jpg",
        "7/raw/photo\\vertical\\a.jpg",
        "7/raw/photo/vertical/a\n.jpg",
        "7/raw/photo/vertical/a\u202egpj.exe",
        "7/raw/photo/vertical/",
        "7/raw/a.jpg",
        "raw/photo/vertical/a.jpg",
        "77/raw/photo/vertical/a.jpg",
        "7/raw/photo/" + "a" * 1100,
        "",
    ],
)
def test_keys_that_could_be_another_path_are_refused(key: str) -> None:
    with pytest.raises(InvalidKeyError, match="key "):
        RawKey.parse(key, listing_id=7)


@pytest.mark.parametrize(
    ("kwargs", "expected"),
    [
        ({"client_id": "sala 01!", "sequence": 3}, "sala-01"),
        ({"sequence": 1}, "horizontal-01"),
        ({"sequence": 12}, "horizontal-12"),
        ({"client_id": "x" * 99}, "x" * 48),
    ],
)
def test_reference(kwargs: dict[str, object], expected: str) -> None:
    assert reference_of("PHOTO_HORIZONTAL", **kwargs) == expected  # type: ignore[arg-type]


def test_project_files_count_as_seq() -> None:
    assert reference_of("PROJECT_DOC", sequence=1) == "seq-01"


def test_a_reference_is_made_up_where_nothing_is_given() -> None:
    assert reference_of("PHOTO_VERTICAL").startswith("asset-")


@given(st.text(max_size=200), st.sampled_from(["image/jpeg", "application/pdf", ""]))
def test_any_client_file_name_gives_a_valid_key(name: str, content_type: str) -> None:
    cleaned = file_name_of(name, content_type=content_type)
    assert len(cleaned) <= 96
    assert "." in cleaned
    key = raw_key(7, "PHOTO_VERTICAL", "seq-01", cleaned)
    assert RawKey.parse(key, listing_id=7).filename == f"seq-01-{cleaned}"


def test_the_cut_keeps_the_extension() -> None:  # field note 64
    assert file_name_of("x" * 300 + ".heic").endswith(".heic")


def test_job_files_lie_outside_every_listing() -> None:
    keys = JobKeys(listing_id=512, job_id=77, retry=1)
    assert keys.manifest == "jobs/512/77/1/manifest.json"
    assert keys.video_job(3) == "jobs/512/77/1/videos/3.json"
    assert keys.video_result(3) == "jobs/512/77/1/results/video-3.json"
