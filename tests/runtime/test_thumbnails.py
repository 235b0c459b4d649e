"""Batches of pictures and documents, with everything that can go wrong under way."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pytest

from tests.runtime.fakes import FakeStore
from tests.runtime.picture_files import corners, encoded, opened, png_claiming
from thumbnails.assets import AssetProcessor, inline_disposition
from thumbnails.budget import Budget
from thumbnails.logic import process_batch
from toq_media.contracts import (
    AssetResult,
    BatchResult,
    BatchSummary,
    BatchTask,
    Manifest,
    ManifestAsset,
    decode,
    encode,
)
from toq_media.errors import (
    ErrorCode,
    InvalidMessageError,
    ObjectDeniedError,
    ThrottledError,
)
from toq_media.keys import RENDITION_WIDTHS, JobKeys
from toq_media.settings import ThumbnailsSettings

KEYS = JobKeys(listing_id=512, job_id=77, retry=0)
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SETTINGS = ThumbnailsSettings(media_bucket="media", max_image_pixels=1_000_000)
JPEG = encoded(corners(), "JPEG")
FOLDER = "512/raw/photo/vertical/"
RESULT = KEYS.batch_result(0)


@dataclass
class Job:
    """A job whose manifest is as validation would have written it, all in batch 0."""

    store: FakeStore = field(default_factory=FakeStore)
    assets: list[ManifestAsset] = field(default_factory=list)

    def add(self, name: str, body: bytes = JPEG, *, media_type: str = "image/jpeg") -> str:
        document = media_type == "application/pdf"
        key = f"512/raw/project/doc/{name}" if document else FOLDER + name
        info = self.store.seed(key, body)
        asset = ManifestAsset(
            key=key,
            type="PROJECT_DOC" if document else "PHOTO_VERTICAL",
            kind="document" if document else "picture",
            size=info.size,
            etag=info.etag,
            media_type=media_type,
        )
        self.assets.append(asset)
        return key

    def run(
        self,
        *,
        settings: ThumbnailsSettings = SETTINGS,
        batch: int = 0,
        indices: list[int] | None = None,
    ) -> BatchSummary:
        manifest = Manifest(
            job_id=77,
            listing_identity_id=512,
            retry=0,
            traceparent=TRACE,
            assets=self.assets,
            batches=[list(range(len(self.assets))) if indices is None else indices],
        )
        self.store.write(KEYS.manifest, encode(manifest), content_type="application/json")
        task = BatchTask(manifest_key=KEYS.manifest, batch=batch, traceparent=TRACE)
        return process_batch(task, self.store, settings)

    def results(self) -> list[AssetResult]:
        return decode(self.store.body(RESULT), BatchResult).results


class WriteFaults(FakeStore):
    """A bucket whose writes to some keys fail."""

    def __init__(self, part: str, error: Callable[[str], Exception]) -> None:
        super().__init__()
        self.part, self.error = part, error
        self.armed = True

    def write(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str = "",
        content_disposition: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        if self.armed and self.part in key:
            raise self.error(key)
        super().write(
            key,
            body,
            content_type=content_type,
            cache_control=cache_control,
            content_disposition=content_disposition,
            metadata=metadata,
        )


def test_a_picture_becomes_four_files_under_the_contracts_keys() -> None:
    job = Job()
    job.add("vertical-01-sala.PNG", encoded(corners(), "PNG"), media_type="image/png")
    assert job.run() == BatchSummary(batch=0, succeeded=1, failed=0)
    [result] = job.results()
    assert result.renditions == {
        name: f"512/processed/photo/vertical/{name}/vertical-01-sala.PNG.jpg"
        for name in RENDITION_WIDTHS
    }
    for name, key in result.renditions.items():
        stored = job.store.objects[key]
        assert opened(stored.body).width == min(RENDITION_WIDTHS[name], 320)
        assert stored.info.content_type == "image/jpeg"
        assert stored.content_disposition == 'inline; filename="vertical-01-sala.PNG.jpg"'
        assert stored.cache_control == ""


def test_the_checksum_is_that_of_the_original() -> None:
    job = Job()
    job.add("a.jpg")
    job.run()
    assert int(job.results()[0].crc32, 16) == zlib.crc32(JPEG)
    assert len(job.results()[0].crc32) == 8


def test_cache_control_is_a_setting() -> None:
    job = Job()
    job.add("a.jpg")
    control = "public, max-age=31536000, immutable"
    job.run(
        settings=ThumbnailsSettings(
            media_bucket="media", max_image_pixels=1_000_000, rendition_cache_control=control
        )
    )
    key = job.results()[0].renditions["small"]
    assert job.store.objects[key].cache_control == control


def test_a_document_is_copied_and_never_read() -> None:  # field note 14
    job = Job()
    key = job.add("seq-01-planta.pdf", b"%PDF-1.7", media_type="application/pdf")
    assert job.run().succeeded == 1
    target = "512/processed/project/doc/original/seq-01-planta.pdf"
    assert job.results() == [AssetResult(index=0, renditions={"original": target})]
    assert job.store.body(target) == b"%PDF-1.7"
    assert job.store.objects[target].info.content_type == "application/pdf"
    assert key not in {read for read, _, _ in job.store.reads}


def test_failed_assets_do_not_touch_their_neighbours() -> None:
    job = Job()
    job.add("good.jpg")
    job.add("cut.jpg", JPEG[: len(JPEG) // 2])
    job.add("bomb.png", png_claiming(12_000, 12_000), media_type="image/png")
    job.add("text.jpg", b"not a picture")
    job.add("also-good.jpg")
    assert job.run() == BatchSummary(batch=0, succeeded=2, failed=3)
    assert [result.error_code for result in job.results()] == [
        "",
        "CORRUPT_MEDIA",
        "PIXEL_LIMIT_EXCEEDED",
        "UNSUPPORTED_MEDIA",
        "",
    ]
    assert [result.index for result in job.results()] == [0, 1, 2, 3, 4]
    assert not [key for key in job.store.objects if "processed" in key and "cut" in key]


@pytest.mark.parametrize("name", ["a.jpg", "a.pdf"])
def test_what_happens_to_a_source_after_validation_is_its_own_error(name: str) -> None:
    media_type = "application/pdf" if name.endswith("pdf") else "image/jpeg"
    codes = []
    for happening in ("deleted", "denied", "replaced", "archived"):
        job = Job()
        key = job.add(name, media_type=media_type)
        if happening == "deleted":
            del job.store.objects[key]
        elif happening == "denied":
            job.store.denied.add(key)
        elif happening == "replaced":
            job.store.seed(key, JPEG + b"new")
        else:
            job.store.seed(key, JPEG, storage_class="GLACIER")
        assert job.run().failed == 1
        [result] = job.results()
        assert result.renditions == {}
        assert result.error_message
        codes.append(result.error_code)
    assert codes == ["VALIDATION_ERROR", "VALIDATION_ERROR", "CHANGED_SOURCE", "ARCHIVED_SOURCE"]


def test_a_rendition_that_cannot_be_written_fails_the_whole_asset() -> None:  # field note 19
    job = Job(store=WriteFaults("/medium/a", ObjectDeniedError))
    job.add("a.jpg")
    job.add("b.jpg")
    assert job.run() == BatchSummary(batch=0, succeeded=1, failed=1)
    assert job.results()[0].error_code == ErrorCode.THUMBNAIL_PROCESSING_FAILED
    assert job.results()[0].renditions == {}
    assert len(job.results()[1].renditions) == 4


def test_throttling_ends_the_batch_without_a_result_and_a_retry_completes_it() -> None:
    store = WriteFaults("/small/b", ThrottledError)
    job = Job(store=store)
    for name in ("a.jpg", "b.jpg", "c.jpg"):
        job.add(name)
    with pytest.raises(ThrottledError):
        job.run()
    assert RESULT not in store.objects
    store.armed = False
    assert job.run().succeeded == 3
    once = {key: stored.body for key, stored in store.objects.items()}
    assert job.run().succeeded == 3
    assert {key: stored.body for key, stored in store.objects.items()} == once


def test_throttling_drops_what_has_not_begun() -> None:
    store = WriteFaults("/processed/", ThrottledError)
    job = Job(store=store)
    for number in range(60):
        job.add(f"{number}.jpg")
    with pytest.raises(ThrottledError):
        job.run()
    read = {key for key, _, _ in store.reads if key.startswith(FOLDER)}
    assert len(read) < 60


@pytest.mark.parametrize(
    ("batch", "indices", "message"),
    [(1, [0], "has 1 batches"), (-1, [0], "has 1 batches"), (0, [3], "has 1 assets")],
)
def test_a_task_that_does_not_fit_its_manifest_is_named(
    batch: int, indices: list[int], message: str
) -> None:
    job = Job()
    job.add("a.jpg")
    with pytest.raises(InvalidMessageError, match=message):
        job.run(batch=batch, indices=indices)


def test_a_video_in_a_batch_is_a_broken_manifest() -> None:
    job = Job()
    job.assets.append(ManifestAsset(key=FOLDER + "a.mp4", type="VIDEO_VERTICAL", kind="video"))
    with pytest.raises(InvalidMessageError, match="video does not go into a batch"):
        job.run()


def test_another_listings_key_is_refused() -> None:
    job = Job()
    job.assets.append(ManifestAsset(key="9/raw/photo/vertical/a.jpg", type="PHOTO_VERTICAL"))
    assert job.run().failed == 1
    assert job.results()[0].error_code == ErrorCode.VALIDATION_ERROR


def test_a_failure_is_logged_with_its_key_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    job = Job()
    job.add("cut.jpg", JPEG[: len(JPEG) // 2])
    job.run()
    [record] = [record for record in caplog.records if record.message == "asset failed"]
    assert record.__dict__["rawKey"] == FOLDER + "cut.jpg"
    assert record.__dict__["errorCode"] == "CORRUPT_MEDIA"
    assert "truncated" in record.__dict__["reason"]


def test_active_documents_are_never_served_as_such() -> None:
    store = FakeStore()
    info = store.seed("512/raw/project/doc/a.pdf", b"<!doctype html><script>")
    processor = AssetProcessor(store=store, settings=SETTINGS, listing_id=512)
    asset = ManifestAsset(
        key=info.key, type="PROJECT_DOC", kind="document", etag=info.etag, media_type="text/html"
    )
    target = processor.process(0, asset).renditions["original"]
    assert store.objects[target].info.content_type == "application/octet-stream"


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("a/b/sala.jpg", 'inline; filename="sala.jpg"'),
        (
            'a/b/sala "1"; x.jpg',
            "inline; filename=\"sala-1-x.jpg\"; filename*=UTF-8''sala%20%221%22%3B%20x.jpg",
        ),
        (
            "a/b/são.jpg",
            "inline; filename=\"s-o.jpg\"; filename*=UTF-8''s%C3%A3o.jpg",
        ),
    ],
)
def test_dispositions_are_plain_ascii_whatever_the_name(key: str, expected: str) -> None:
    assert inline_disposition(key) == expected
    assert expected.isascii()


def test_a_budget_is_never_overdrawn() -> None:
    budget, lock = Budget(10), threading.Lock()
    held = peak = 0

    def work(units: int) -> None:
        nonlocal held, peak
        for _ in range(50):
            with budget.hold(units):
                with lock:
                    held += min(units, 10)
                    peak = max(peak, held)
                with lock:
                    held -= min(units, 10)

    threads = [threading.Thread(target=work, args=(units,)) for units in (1, 3, 4, 7, 25)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < peak <= 10
