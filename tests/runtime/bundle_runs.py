"""One listing and its bundle, as the tests of the finalization step run it."""

import io
import zipfile
from collections.abc import Callable
from typing import Any

from tests.runtime.bundle_fakes import WatchedStore
from tests.runtime.fakes import FakeMeter
from toq_media.contracts import AssetRef, FinalizationCallback, FinalizationInput, decode
from toq_media.keys import JobKeys, zip_key
from toq_media.zipping.layout import MIB
from zip_bundle.logic import Bundler

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
ZIP = zip_key(512)
BODY = JobKeys(listing_id=512, job_id=78, retry=0).callback
SALA, VIDEO, PLAN = (
    "512/raw/photo/vertical/vertical-01-sala.jpg",
    "512/raw/video/horizontal/2026-01-10/horizontal-01-tour.mp4",
    "512/raw/project/doc/seq-01-plan.pdf",
)


def filled_store() -> WatchedStore:
    filled = WatchedStore()
    filled.seed(SALA, b"sala" * 1000)
    filled.seed(VIDEO, b"tour" * (5 * MIB))
    filled.seed(PLAN, b"plan" * 10)
    return filled


def asked_for(*keys: str, **facts: Any) -> FinalizationInput:
    return FinalizationInput(
        job_id=78,
        listing_identity_id=512,
        assets=[AssetRef(key=key, type="PHOTO_VERTICAL") for key in keys],
        traceparent=TRACE,
        **facts,
    )


EVERYTHING = asked_for(SALA, VIDEO, PLAN)


def bundle(
    store: WatchedStore,
    asked: FinalizationInput = EVERYTHING,
    *,
    strip_metadata: bool = False,
    remaining: Callable[[], float] = lambda: 900.0,
    meter: FakeMeter | None = None,
) -> FinalizationCallback:
    bundler = Bundler(
        store=store,
        meter=meter or FakeMeter(),
        strip_metadata=strip_metadata,
        remaining=remaining,
    )
    task = bundler.bundle(asked)
    assert (task.body_key, task.status, task.traceparent) == (BODY, "SUCCEEDED", TRACE)
    return decode(store.body(BODY), FinalizationCallback)


def content(store: WatchedStore) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(store.body(ZIP))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def skipped(callback: FinalizationCallback) -> dict[str, str]:
    assert isinstance(callback.skipped, list)
    return {one.key: one.error_code for one in callback.skipped}
