import pytest

from tests.runtime.fakes import FakeStore
from toq_media.contracts import (
    AssetRef,
    JobRequest,
    Manifest,
    ProcessingInput,
    ValidationResult,
    decode,
    encode,
)
from toq_media.errors import RetryableError
from toq_media.keys import JobKeys
from toq_media.ports import ObjectInfo
from toq_media.settings import ValidateSettings
from validate.logic import Validator

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
KEYS = JobKeys(listing_id=512, job_id=77, retry=0)
JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
PDF = b"%PDF-1.7\n" + bytes(100)
SETTINGS = ValidateSettings(
    media_bucket="media",
    max_batch_assets=2,
    max_batch_bytes=1000,
    max_image_bytes=500,
    max_video_seconds=60,
    max_video_bytes=10_000,
    environment="test",
)


def photo(name: str) -> AssetRef:
    return AssetRef(key=f"512/raw/photo/vertical/{name}", type="PHOTO_VERTICAL")


def validate(store: FakeStore, *assets: AssetRef) -> tuple[ValidationResult, Manifest]:
    request = JobRequest(job_id=77, listing_identity_id=512, retry=0, assets=list(assets))
    store.write(KEYS.request("x"), encode(request), content_type="")
    task = ProcessingInput(
        job_id=77,
        listing_identity_id=512,
        retry=0,
        traceparent=TRACE,
        request_key=KEYS.request("x"),
    )
    result = Validator(store=store, settings=SETTINGS).validate(task)
    return result, decode(store.body(result.manifest_key), Manifest)


def test_each_missing_object_is_its_own_error() -> None:  # field notes 8, 11
    store = FakeStore()
    store.seed("512/raw/photo/vertical/a.jpg", JPEG)
    result, manifest = validate(store, photo("a.jpg"), photo("gone.jpg"))
    assert [asset.error_code for asset in manifest.assets] == ["", "VALIDATION_ERROR"]
    assert "does not exist" in manifest.assets[1].error_message
    assert result.invalid_count == 1
    assert result.image_batches == [0]
    assert manifest.batches == [[0]]


def test_missing_and_forbidden_are_told_apart() -> None:
    store = FakeStore()
    store.denied.add("512/raw/photo/vertical/a.jpg")
    _, manifest = validate(store, photo("a.jpg"))
    assert "may not be read" in manifest.assets[0].error_message


def test_archived_originals_are_named_so() -> None:  # field note 57
    store = FakeStore()
    store.seed("512/raw/photo/vertical/a.jpg", JPEG, storage_class="GLACIER")
    _, manifest = validate(store, photo("a.jpg"))
    assert manifest.assets[0].error_code == "ARCHIVED_SOURCE"
    assert "restore" in manifest.assets[0].error_message


@pytest.mark.parametrize(
    ("body", "asset_type", "code"),
    [
        (b"", "PHOTO_VERTICAL", "VALIDATION_ERROR"),
        (b"just text", "PHOTO_VERTICAL", "UNSUPPORTED_MEDIA"),
        (PDF, "PHOTO_VERTICAL", "UNSUPPORTED_MEDIA"),
        (JPEG, "VIDEO_VERTICAL", "UNSUPPORTED_MEDIA"),
        (JPEG, "ZIP", "VALIDATION_ERROR"),
        (JPEG + bytes(1000), "PHOTO_VERTICAL", "VALIDATION_ERROR"),
    ],
)
def test_what_cannot_be_processed_is_found_early(body: bytes, asset_type: str, code: str) -> None:
    store = FakeStore()
    store.seed("512/raw/photo/vertical/a.jpg", body)
    ref = AssetRef(key="512/raw/photo/vertical/a.jpg", type=asset_type)
    result, manifest = validate(store, ref)
    assert manifest.assets[0].error_code == code
    assert [result.has_images, result.has_videos, result.has_documents] == [False] * 3


def test_documents_never_reach_the_image_branch() -> None:  # field note 14
    store = FakeStore()
    store.seed("512/raw/project/doc/plan.pdf", PDF)
    store.seed("512/raw/photo/vertical/a.jpg", JPEG)
    document = AssetRef(key="512/raw/project/doc/plan.pdf", type="PROJECT_DOC")
    result, manifest = validate(store, document, photo("a.jpg"))
    assert (result.image_batches, result.document_batches) == ([0], [1])
    assert manifest.batches == [[1], [0]]


def test_batches_are_cut_by_count_and_by_bytes() -> None:  # field note 18
    store = FakeStore()
    sizes = [104, 104, 104, 480, 480, 104]
    for number, size in enumerate(sizes):
        store.seed(f"512/raw/photo/vertical/{number}.jpg", JPEG + bytes(size - len(JPEG)))
    _, manifest = validate(store, *(photo(f"{n}.jpg") for n in range(len(sizes))))
    assert manifest.batches == [[0, 1], [2, 3], [4, 5]]


def test_verified_originals_are_tagged_for_the_archive() -> None:  # field note 56
    store = FakeStore()
    store.seed("512/raw/photo/vertical/a.jpg", JPEG)
    store.seed("512/raw/photo/vertical/bad.jpg", b"text")
    validate(store, photo("a.jpg"), photo("bad.jpg"))
    assert store.objects["512/raw/photo/vertical/a.jpg"].tags == {"media-class": "raw"}
    assert store.objects["512/raw/photo/vertical/bad.jpg"].tags == {}


def test_the_state_stays_small_whatever_the_job() -> None:  # field note 36
    assets = [photo(f"{'x' * 80}-{n}.jpg") for n in range(2000)]
    result, manifest = validate(FakeStore(), *assets)
    assert len(manifest.assets) == 2000
    assert len(encode(result)) < 8 * 1024


def test_a_fault_of_s3_fails_the_state_so_that_it_is_retried() -> None:
    class Faulty(FakeStore):
        def head(self, key: str) -> ObjectInfo:
            raise RetryableError(f"{key}: 503")

    with pytest.raises(RetryableError):
        validate(Faulty(), photo("a.jpg"))


def test_two_originals_never_share_an_output() -> None:  # field note 63
    store = FakeStore()
    for name in ("a.png", "a.png.jpg", "b.jpg"):
        store.seed(f"512/raw/photo/vertical/{name}", JPEG)
    _, manifest = validate(store, photo("a.png"), photo("a.png.jpg"), photo("b.jpg"))
    assert [asset.error_code for asset in manifest.assets] == ["", "VALIDATION_ERROR", ""]
    assert "a.png" in manifest.assets[1].error_message
