"""One bundle of a listing's originals, and the callback that tells of it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
from msgspec.structs import replace

from toq_media.contracts import (
    PROVIDER_FINALIZATION,
    AssetRef,
    CallbackTask,
    FinalizationCallback,
    FinalizationInput,
    JobRequest,
    SkippedSource,
    convert,
    decode,
    encode,
)
from toq_media.errors import (
    NothingToZipError,
    ObjectDeniedError,
    ObjectMissingError,
    ZipTooLargeError,
)
from toq_media.keys import JobKeys, zip_key
from toq_media.ports import BundleStore, Meter, Metric
from toq_media.tracing import traceparent_or_new
from toq_media.zipping.layout import Entry, Plan, lay_out
from toq_media.zipping.transfer import SourceLostError, transfer
from zip_bundle.sources import Source, entries_of, find_sources

FORMAT_VERSION: Final = 1
"""Raise it when the archive of the same originals comes out different: bundles are then remade."""

DIGEST_KEY: Final = "content-digest"
"""Metadata key of the bundle object; S3 returns it in lower case."""

RESERVE_SECONDS: Final = 45.0
"""Kept back for requests under way to end, the upload to be aborted, and the error to be told."""

_NAMED_IN_ERROR: Final = 5


def request_of(event: object) -> FinalizationInput:
    """The state machine's input, with a trace context even where the backend sent none.

    Raises:
        InvalidMessageError: a field is missing or wrong.
    """
    request = convert(event, FinalizationInput)
    return replace(request, traceparent=traceparent_or_new(request.traceparent))


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of the request."""

    assets_zipped: int = 0
    bundles: list[str] = field(default_factory=list)
    zip_size: int = 0
    unzipped_size: int = 0
    skipped: list[SkippedSource] = field(default_factory=list)
    reused: bool = False


@dataclass(frozen=True, kw_only=True)
class Bundler:
    """Makes bundles.

    Args:
        store: the media bucket.
        meter: takes the job's bytes and seconds.
        strip_metadata: whether JPEGs lose their metadata on the way.
        remaining: seconds until the function is stopped.
    """

    store: BundleStore
    meter: Meter
    strip_metadata: bool
    remaining: Callable[[], float]

    def bundle(self, request: FinalizationInput) -> CallbackTask:
        """Bundle a listing's originals and write the callback's body.

        A bundle that holds the same originals already is left as it is, unless forced. The old
        bundle stays readable until the new one is whole.

        Raises:
            NothingToZipError: assets were asked for, none can be read.
            ZipTooLargeError: the archive is too large, or cannot be made in the time left.
        """
        before = self.remaining()
        assets = self._assets(request)
        outcome = self._bundled(request, assets) if assets else Outcome()
        body = FinalizationCallback(
            job_id=request.job_id,
            listing_identity_id=str(request.listing_identity_id),
            status="SUCCEEDED",
            provider=PROVIDER_FINALIZATION,
            traceparent=request.traceparent,
            assets_zipped=outcome.assets_zipped,
            zip_bundles=outcome.bundles,
            zip_size_bytes=outcome.zip_size,
            unzipped_size_bytes=outcome.unzipped_size,
            skipped=outcome.skipped,
            reused=outcome.reused,
        )
        keys = JobKeys(
            listing_id=request.listing_identity_id, job_id=request.job_id, retry=request.retry
        )
        self.store.write(keys.callback, encode(body), content_type="application/json")
        self.meter.measure(
            {
                Metric.JOB_BYTES: outcome.unzipped_size,
                Metric.JOB_SECONDS: before - self.remaining(),
            },
            machine="finalization",
        )
        return CallbackTask(
            job_id=request.job_id,
            listing_identity_id=request.listing_identity_id,
            retry=request.retry,
            status=body.status,
            traceparent=request.traceparent,
            body_key=keys.callback,
            execution=keys.execution("finalization"),
        )

    def _assets(self, request: FinalizationInput) -> list[AssetRef]:
        if not request.request_key:
            return request.assets
        return decode(self.store.read(request.request_key), JobRequest).assets

    def _bundled(self, request: FinalizationInput, assets: list[AssetRef]) -> Outcome:
        target = zip_key(request.listing_identity_id)
        sources, skipped = find_sources(
            assets,
            self.store,
            listing_id=request.listing_identity_id,
            strip_metadata=self.strip_metadata,
            check=self._check_time,
        )
        while sources:
            plan = lay_out(entries_of(sources))
            digest = self._digest(plan.entries)
            try:
                reused = not request.force and self._is_current(target, digest, plan)
                if not reused:
                    self._write(target, digest, plan)
            except SourceLostError as lost:
                # What S3 has of the unfinished archive is gone; it is planned anew without it.
                sources = _without(sources, lost.key)
                skipped.append(SkippedSource(key=lost.key, error_code=lost.code))
                continue
            return Outcome(
                assets_zipped=len(sources),
                bundles=[target],
                zip_size=plan.size,
                unzipped_size=plan.unzipped_size,
                skipped=skipped,
                reused=reused,
            )
        raise NothingToZipError(_why_nothing(request.listing_identity_id, skipped))

    def _write(self, target: str, digest: str, plan: Plan) -> None:
        with self.store.multipart(
            target, content_type="application/zip", metadata={DIGEST_KEY: digest}
        ) as upload:
            upload.complete(transfer(plan, self.store, upload, self._check_time))

    def _is_current(self, target: str, digest: str, plan: Plan) -> bool:
        try:
            existing = self.store.head(target)
        except (ObjectMissingError, ObjectDeniedError):
            return False  # without ListBucket, S3 answers 403 for a key that is not there
        return existing.metadata.get(DIGEST_KEY) == digest and existing.size == plan.size

    def _digest(self, entries: Sequence[Entry]) -> str:
        """What the bundle's bytes depend on, but for the times of its entries."""
        facts = [(entry.name, entry.key, entry.size, entry.etag) for entry in entries]
        content = msgspec.json.encode([FORMAT_VERSION, self.strip_metadata, facts])
        return hashlib.sha256(content).hexdigest()

    def _check_time(self) -> None:
        left = self.remaining()
        if left < RESERVE_SECONDS:
            raise ZipTooLargeError(
                f"the bundle is not finished and {left:.0f} s of the function's time are left; "
                "finalize fewer assets at a time or raise the zip function's time-out"
            )


def _without(sources: list[Source], key: str) -> list[Source]:
    return [source for source in sources if source.info.key != key]


def _why_nothing(listing_id: int, skipped: list[SkippedSource]) -> str:
    reasons = ", ".join(f"{one.key}: {one.error_code}" for one in skipped[:_NAMED_IN_ERROR])
    more = ", ..." if len(skipped) > _NAMED_IN_ERROR else ""
    return f"listing {listing_id}: none of {len(skipped)} sources can be bundled ({reasons}{more})"
