import threading
import zlib
from dataclasses import replace
from typing import Any

import pytest

from tests.runtime.bundle_fakes import WatchedStore
from tests.runtime.bundle_runs import (
    SALA,
    VIDEO,
    ZIP,
    asked_for,
    bundle,
    content,
    filled_store,
    skipped,
)
from toq_media.errors import (
    MediaError,
    ObjectChangedError,
    ObjectDeniedError,
    RetryableError,
    ThrottledError,
    ZipTooLargeError,
)
from toq_media.zipping.layout import MIB
from toq_media.zipping.transfer import MEMORY_BYTES


@pytest.fixture
def store() -> WatchedStore:
    return filled_store()


@pytest.mark.parametrize("call", ["read_range", "copy"])
def test_a_source_that_changes_on_the_way_is_left_out(store: WatchedStore, call: str) -> None:
    def overwrite(made: str, key: str) -> None:
        if made == call and key == VIDEO:
            store.watcher = lambda _call, _key: None
            store.seed(VIDEO, b"another" * (3 * MIB))

    store.watcher = overwrite
    told = bundle(store)
    assert skipped(told) == {VIDEO: "CHANGED_SOURCE"}
    assert told.assets_zipped == 2
    assert VIDEO.rpartition("/")[2] not in str(list(content(store)))
    assert store.open_uploads == 0


@pytest.mark.parametrize("tells_crc", [True, False], ids=["crc told", "crc read"])
def test_a_wrong_checksum_never_gets_in(store: WatchedStore, *, tells_crc: bool) -> None:
    store.tells_crc = tells_crc
    bundle(store)
    assert content(store)["video/horizontal/horizontal-01-tour.mp4"] == store.body(VIDEO)


def test_a_checksum_that_s3_knows_spares_the_reading_of_a_video(store: WatchedStore) -> None:
    store.tells_crc = False
    video = store.objects[VIDEO]
    video.info = replace(video.info, crc32=zlib.crc32(video.body))
    read = []
    store.watcher = lambda call, key: read.append(key) if call == "read_range" else None
    bundle(store)
    assert read.count(VIDEO) == 1, "only what fills the first part up"
    content(store)


class Crash(Exception):  # noqa: N818 - stands for the process's end, not for an error of ours
    """What no code expects."""


def calls_made(store: WatchedStore) -> int:
    calls: list[str] = []
    store.watcher = lambda call, _key: calls.append(call)
    bundle(store)
    return len(calls)


@pytest.mark.parametrize("failure", [Crash, RetryableError, ThrottledError, ObjectDeniedError])
def test_failing_at_any_call_leaves_the_old_bundle_or_the_whole_new_one(
    store: WatchedStore, failure: type[Exception]
) -> None:
    total = calls_made(store)
    for failing in range(total):
        countdown = iter(range(total))
        lock = threading.Lock()

        def fail(
            call: str, key: str, *, countdown: Any = countdown, at: int = failing, lock: Any = lock
        ) -> None:
            with lock:
                if next(countdown, -1) == at:
                    raise failure(call)

        store.watcher = lambda _call, _key: None
        store.seed(ZIP, b"old bundle")
        store.watcher = fail
        try:
            bundle(store)
        except (Crash, MediaError):
            assert store.body(ZIP) == b"old bundle" or content(store)
        else:
            assert content(store)
        assert store.open_uploads == 0


def test_a_range_that_breaks_off_is_read_again(store: WatchedStore) -> None:
    failures = iter([RetryableError("reset"), RetryableError("reset")])

    def break_off(call: str, key: str) -> None:
        if call == "read_range" and (failure := next(failures, None)):
            raise failure

    store.watcher = break_off
    assert bundle(store, asked_for(SALA)).assets_zipped == 1


def test_the_old_bundle_is_readable_until_the_new_one_is_whole(store: WatchedStore) -> None:
    store.seed(ZIP, b"old bundle")
    seen: list[str] = []

    def look(call: str, key: str) -> None:
        if "complete" not in seen:
            assert store.body(ZIP) == b"old bundle"
        seen.append(call)

    store.watcher = look
    bundle(store)
    assert "complete" in seen
    assert len(content(store)) == 3


def test_it_stops_in_time_and_gives_its_parts_back(store: WatchedStore) -> None:
    store.seed(ZIP, b"old bundle")
    clock = iter([900.0] * 6)
    with pytest.raises(ZipTooLargeError, match="raise the zip function's time-out"):
        bundle(store, remaining=lambda: next(clock, 10.0))
    assert store.open_uploads == 0
    assert store.aborted == [ZIP]
    assert store.body(ZIP) == b"old bundle"


def test_memory_is_bounded_whatever_the_listing_holds() -> None:
    store = WatchedStore()
    keys = [f"512/raw/photo/vertical/{index}.jpg" for index in range(60)]
    for key in keys:
        store.seed(key, bytes(3 * MIB + 7))
    held = Held(store)
    told = bundle(store, asked_for(*keys))
    assert told.unzipped_size_bytes == 60 * (3 * MIB + 7)
    assert 8 * MIB <= held.most <= MEMORY_BYTES + 8 * MIB


class Held:
    """Counts the bytes that were read and not yet uploaded."""

    def __init__(self, store: WatchedStore) -> None:
        self.most = self._now = 0
        self._lock = threading.Lock()
        self._store = store
        store.on_read = self._add
        store.on_put = lambda length: self._add(-length)

    def _add(self, length: int) -> None:
        with self._lock:
            self._now += length
            self.most = max(self.most, self._now)


def test_an_unreadable_middle_is_named_not_fatal(store: WatchedStore) -> None:
    def deny(call: str, key: str) -> None:
        if call == "copy":
            raise ObjectChangedError(key)

    store.watcher = deny
    assert skipped(bundle(store)) == {VIDEO: "CHANGED_SOURCE"}
