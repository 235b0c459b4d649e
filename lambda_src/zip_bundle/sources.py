"""Which of the asked for originals can go into the bundle, and why the others cannot."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from toq_media.contracts import AssetRef, SkippedSource
from toq_media.errors import AssetError, ErrorCode, InvalidKeyError
from toq_media.keys import bundle_path
from toq_media.media_types import HEAD_BYTES, sniff
from toq_media.ports import ObjectInfo, ObjectReader
from toq_media.zipping.layout import MIB, Entry
from toq_media.zipping.names import entry_names
from toq_media.zipping.privacy import Stripped, without_metadata
from toq_media.zipping.transfer import LOST_SOURCES

MAX_STRIPPED_BYTES: Final = 64 * MIB
"""Largest JPEG that is rewritten; it has to be in memory as a whole."""

_HEAD_WORKERS: Final = 16
_STRIP_WORKERS: Final = 2
_MAYBE_ARCHIVED: Final = frozenset({"GLACIER", "DEEP_ARCHIVE"})


@dataclass(frozen=True, kw_only=True)
class Source:
    """An original that can be read: its path in the bundle, and its rewriting if there is one."""

    path: str
    info: ObjectInfo
    stripped: Stripped | None = None


def find_sources(
    assets: Sequence[AssetRef],
    store: ObjectReader,
    *,
    listing_id: int,
    strip_metadata: bool,
    check: Callable[[], None],
) -> tuple[list[Source], list[SkippedSource]]:
    """Look at every asset once; both lists keep the request's order.

    Args:
        assets: what the bundle should hold; a key that stands twice goes in once.
        store: where they are.
        listing_id: the listing that must own them.
        strip_metadata: whether JPEGs lose their metadata.
        check: called before each asset; raises to stop.
    """

    def examine(key: str) -> Source | SkippedSource:
        check()
        return _source(key, store, listing_id, strip_metadata=strip_metadata)

    keys = list(dict.fromkeys(asset.key for asset in assets))
    workers = _STRIP_WORKERS if strip_metadata else _HEAD_WORKERS
    with ThreadPoolExecutor(workers, thread_name_prefix="sources") as pool:
        found = list(pool.map(examine, keys))
    return (
        [one for one in found if isinstance(one, Source)],
        [one for one in found if isinstance(one, SkippedSource)],
    )


def entries_of(sources: Sequence[Source]) -> list[Entry]:
    """The archive's entries, under names that are safe and distinct."""
    names = entry_names(source.path for source in sources)
    return [_entry(name, source) for name, source in zip(names, sources, strict=True)]


def _source(
    key: str, store: ObjectReader, listing_id: int, *, strip_metadata: bool
) -> Source | SkippedSource:
    try:
        path = bundle_path(key, listing_id=listing_id)
        info = store.head(key)
        if info.size == 0:
            return SkippedSource(key=key, error_code=ErrorCode.EMPTY_SOURCE)
        if info.storage_class in _MAYBE_ARCHIVED:
            # A restored object keeps its class; only reading tells whether it is there.
            store.read_range(key, 0, 1, etag=info.etag)
        stripped = _stripped(info, store) if strip_metadata else None
    except InvalidKeyError:
        return SkippedSource(key=key, error_code=ErrorCode.VALIDATION_ERROR)
    except AssetError as error:
        return SkippedSource(key=key, error_code=error.code)
    except tuple(LOST_SOURCES) as error:
        return SkippedSource(key=key, error_code=LOST_SOURCES[type(error)])
    return Source(path=path, info=info, stripped=stripped)


def _stripped(info: ObjectInfo, store: ObjectReader) -> Stripped | None:
    head = store.read_range(info.key, 0, HEAD_BYTES, etag=info.etag)
    if sniff(head) != "image/jpeg":
        return None
    if info.size > MAX_STRIPPED_BYTES:
        raise AssetError(
            ErrorCode.UNSUPPORTED_MEDIA,
            f"{info.key}: {info.size} bytes, JPEGs are stripped up to {MAX_STRIPPED_BYTES}",
        )
    return without_metadata(store.read(info.key, etag=info.etag))


def _entry(name: str, source: Source) -> Entry:
    info, stripped = source.info, source.stripped
    return Entry(
        name=name,
        key=info.key,
        etag=info.etag,
        modified=info.last_modified,
        start=stripped.start if stripped else 0,
        length=stripped.length if stripped else info.size,
        prefix=stripped.prefix if stripped else b"",
        crc32=None if stripped else info.crc32,
    )
