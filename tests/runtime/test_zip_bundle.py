import io

import msgspec
import pytest
from PIL import Image

from tests.runtime.bundle_fakes import WatchedStore
from tests.runtime.bundle_runs import (
    BODY,
    EVERYTHING,
    PLAN,
    SALA,
    TRACE,
    VIDEO,
    ZIP,
    asked_for,
    bundle,
    content,
    filled_store,
    skipped,
)
from tests.runtime.fakes import FakeMeter
from toq_media.contracts import (
    JobRequest,
    SkippedSource,
    encode,
)
from toq_media.errors import (
    InvalidMessageError,
    NothingToZipError,
)
from toq_media.ports import Metric
from toq_media.tracing import traceparent_or_new
from zip_bundle.logic import DIGEST_KEY, request_of

GPS_IFD = 0x8825


@pytest.fixture
def store() -> WatchedStore:
    return filled_store()


def test_the_originals_are_bundled_under_their_contract_names(store: WatchedStore) -> None:
    bundle(store)
    assert content(store) == {
        "photo/vertical/vertical-01-sala.jpg": store.body(SALA),
        "video/horizontal/horizontal-01-tour.mp4": store.body(VIDEO),
        "project/doc/seq-01-plan.pdf": store.body(PLAN),
    }
    assert store.head(ZIP).content_type == "application/zip"


def test_the_callback_has_the_contracts_fields(store: WatchedStore) -> None:
    bundle(store)
    unzipped = sum(len(store.body(key)) for key in (SALA, VIDEO, PLAN))
    assert msgspec.json.decode(store.body(BODY)) == {
        "jobId": 78,
        "listingIdentityId": "512",
        "status": "SUCCEEDED",
        "provider": "STEP_FUNCTIONS_FINALIZATION",
        "traceparent": TRACE,
        "assetsZipped": 3,
        "zipBundles": [ZIP],
        "zipSizeBytes": len(store.body(ZIP)),
        "unzippedSizeBytes": unzipped,
        "skipped": [],
        "reused": False,
    }


def test_no_assets_give_zeroes_and_leave_the_old_bundle(store: WatchedStore) -> None:
    store.seed(ZIP, b"old bundle")
    told = bundle(store, asked_for())
    assert (told.assets_zipped, told.zip_bundles, told.zip_size_bytes) == (0, [], 0)
    assert told.unzipped_size_bytes == 0
    assert store.body(ZIP) == b"old bundle"


def test_a_long_list_of_assets_is_read_by_reference(store: WatchedStore) -> None:
    asked = JobRequest(job_id=78, listing_identity_id=512, retry=0, assets=EVERYTHING.assets)
    store.seed("jobs/512/78/0/request-1.json", encode(asked))
    told = bundle(store, asked_for(request_key="jobs/512/78/0/request-1.json"))
    assert told.assets_zipped == 3


def test_each_unusable_source_is_named_and_the_rest_bundled(store: WatchedStore) -> None:
    missing, empty, cold, denied, foreign, old_zip = (
        "512/raw/photo/vertical/missing.jpg",
        "512/raw/photo/vertical/empty.jpg",
        "512/raw/photo/vertical/cold.jpg",
        "512/raw/photo/vertical/denied.jpg",
        "513/raw/photo/vertical/theirs.jpg",
        ZIP,
    )
    store.seed(empty, b"")
    store.seed(cold, b"ice", storage_class="GLACIER")
    store.seed(foreign, b"another listing's")
    store.denied.add(denied)
    told = bundle(store, asked_for(missing, SALA, empty, cold, denied, foreign, old_zip))
    assert skipped(told) == {
        missing: "MISSING_SOURCE",
        empty: "EMPTY_SOURCE",
        cold: "ARCHIVED_SOURCE",
        denied: "SOURCE_UNREADABLE",
        foreign: "VALIDATION_ERROR",
        old_zip: "VALIDATION_ERROR",
    }
    assert list(content(store)) == ["photo/vertical/vertical-01-sala.jpg"]
    assert foreign not in {key for key, _, _ in store.reads}


def test_a_processed_key_stands_in_for_a_raw_one(store: WatchedStore) -> None:
    store.seed("512/processed/photo/vertical/large/a.jpg", b"large")
    bundle(store, asked_for("512/processed/photo/vertical/large/a.jpg"))
    assert content(store) == {"photo/vertical/large/a.jpg": b"large"}


def test_a_key_that_stands_twice_goes_in_once(store: WatchedStore) -> None:
    assert bundle(store, asked_for(SALA, PLAN, SALA)).assets_zipped == 2


def test_nothing_left_is_an_error_that_says_why(store: WatchedStore) -> None:
    store.seed(ZIP, b"old bundle")
    gone = "512/raw/photo/vertical/gone.jpg"
    with pytest.raises(NothingToZipError, match=f"{gone}: MISSING_SOURCE"):
        bundle(store, asked_for(gone))
    assert store.body(ZIP) == b"old bundle"


def test_unchanged_originals_are_not_bundled_again(store: WatchedStore) -> None:
    first = bundle(store)
    version = store.head(ZIP).version_id
    again = bundle(store)
    assert again.reused is True
    assert store.head(ZIP).version_id == version
    assert (again.zip_size_bytes, again.unzipped_size_bytes, again.assets_zipped) == (
        first.zip_size_bytes,
        first.unzipped_size_bytes,
        first.assets_zipped,
    )


def test_a_changed_original_or_name_or_setting_or_force_remakes_it(store: WatchedStore) -> None:
    bundle(store)
    assert bundle(store, asked_for(SALA, VIDEO)).reused is False
    store.seed(SALA, b"SALA" * 1000)
    assert bundle(store, asked_for(SALA, VIDEO)).reused is False
    assert bundle(store, asked_for(SALA, VIDEO), strip_metadata=True).reused is False
    assert bundle(store, asked_for(SALA, VIDEO, force=True), strip_metadata=True).reused is False
    assert bundle(store, asked_for(SALA, VIDEO), strip_metadata=True).reused is True


def test_a_bundle_cut_short_is_not_taken_for_the_same(store: WatchedStore) -> None:
    bundle(store)
    digest = store.head(ZIP).metadata[DIGEST_KEY]
    store.write(ZIP, b"short", content_type="application/zip", metadata={DIGEST_KEY: digest})
    assert bundle(store).reused is False


def test_skipped_sources_keep_the_order_of_the_request(store: WatchedStore) -> None:
    asked = [f"512/raw/photo/vertical/{index}.jpg" for index in range(40)]
    told = bundle(store, asked_for(*asked, SALA))
    assert told.skipped == [SkippedSource(key=key, error_code="MISSING_SOURCE") for key in asked]


def test_metadata_is_stripped_where_the_stack_says_so(store: WatchedStore) -> None:
    photo, broken = "512/raw/photo/vertical/gps.jpg", "512/raw/photo/vertical/broken.jpg"
    exif = Image.Exif()
    exif.get_ifd(GPS_IFD)[2] = (23.0, 33.0, 1.0)
    file = io.BytesIO()
    Image.effect_noise((64, 48), 80).save(file, "JPEG", exif=exif)
    store.seed(photo, file.getvalue())
    store.seed(broken, b"\xff\xd8\xff\xe1")
    told = bundle(store, asked_for(photo, broken, VIDEO), strip_metadata=True)
    assert skipped(told) == {broken: "CORRUPT_MEDIA"}
    files = content(store)
    clean = Image.open(io.BytesIO(files["photo/vertical/gps.jpg"]))
    assert not clean.getexif().get_ifd(GPS_IFD)
    assert clean.tobytes() == Image.open(file).tobytes()
    assert files["video/horizontal/horizontal-01-tour.mp4"] == store.body(VIDEO)
    assert told.unzipped_size_bytes == sum(map(len, files.values()))


def test_originals_stay_byte_for_byte_unless_the_stack_says_otherwise(store: WatchedStore) -> None:
    store.seed(SALA, b"\xff\xd8\xff\xe1 is not even a JPEG")
    bundle(store, asked_for(SALA))
    assert list(content(store).values()) == [store.body(SALA)]


@pytest.mark.parametrize("sent", [{}, {"traceparent": ""}, {"traceparent": "00-zz"}])
def test_a_missing_or_broken_trace_context_is_replaced(sent: dict[str, str]) -> None:
    read = request_of({"jobId": 78, "listingIdentityId": 512, "assets": [], **sent})
    assert read.traceparent == traceparent_or_new(read.traceparent)


def test_the_backends_trace_context_is_kept() -> None:
    event = {"jobId": 78, "listingIdentityId": 512, "assets": [], "traceparent": TRACE}
    assert request_of(event).traceparent == TRACE


@pytest.mark.parametrize(("field", "value"), [("jobId", 0), ("listingIdentityId", 0)])
def test_an_id_of_zero_is_refused(field: str, value: int) -> None:
    event = {"jobId": 78, "listingIdentityId": 512, "assets": []} | {field: value}
    with pytest.raises(InvalidMessageError, match=field):
        request_of(event)


def test_bytes_and_seconds_are_measured() -> None:
    meter, clock = FakeMeter(), iter([900.0])
    callback = bundle(filled_store(), meter=meter, remaining=lambda: next(clock, 870.0))

    assert meter.measured == [
        (Metric.JOB_BYTES, callback.unzipped_size_bytes, {"machine": "finalization"}),
        (Metric.JOB_SECONDS, 30.0, {"machine": "finalization"}),
    ]
