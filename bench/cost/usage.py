"""What one listing uses of AWS: its processing and its bundle, once each, all assets good.

State transitions are counted in the definitions and S3 requests follow from the code; tests hold
both to a recorded run. Seconds come from the benchmarks. The rest are assumptions, named here and
listed in docs/cost.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Final

from bench.cost.measured import Measured
from bench.cost.transitions import entered

MB: Final = 1e6
GB: Final = 1e9
VCPU_MB: Final = 1769
"""Memory at which Lambda gives a whole vCPU (AWS, "Configure Lambda function memory")."""

REQUEST_SECONDS: Final = 0.03
"""One small S3 request from a function."""

COPY_GB_SECONDS: Final = 1.25
"""Seconds that S3 takes to copy a GB by parts, eight at a time (assumed 100 MB/s each)."""

COLD_SHARE: Final = 0.1
RENDITIONS_MB: Final = 0.55
TRANSCODED_MB_A_SECOND: Final = 0.75
FUNCTION_LOG_BYTES: Final = 2_000
STATE_LOG_BYTES: Final = 3_000
"""One state entered and left, with execution data."""

TRACED_SHARE: Final = 0.05
BUCKET_KEY_SHARE: Final = 0.01
"""KMS requests for each S3 request that touches an encrypted object, with bucket keys."""

MEMORY_MB: Final = {
    "dispatch": 256,
    "validate": 1024,
    "thumbnails": 3008,
    "zip_bundle": 3008,
    "consolidate": 512,
    "callback": 256,
}
_VALIDATE_WORKERS: Final = 16
_GLUE_PART_MB: Final = 8.4
_COPY_PART_MB: Final = 67.1


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What a client uploads, and the settings of the program that cost depends on."""

    photos: int = 30
    photo_mb: float = 5.0
    videos: int = 1
    video_seconds: float = 90.0
    video_mb: float = 150.0
    documents: int = 1
    document_mb: float = 2.0
    batch_assets: int = 20
    batch_mb: float = 268.4
    archive_days: int = 180
    bucket_keys: bool = True
    execution_data: bool = True

    @property
    def assets(self) -> int:
        """How many files it has."""
        return self.photos + self.videos + self.documents

    @property
    def raw_gb(self) -> float:
        """Originals."""
        pictures = self.photos * self.photo_mb + self.documents * self.document_mb
        return (pictures + self.videos * self.video_mb) * MB / GB

    @property
    def picture_batches(self) -> int:
        """Function calls that make renditions."""
        return ceil(
            max(self.photos / self.batch_assets, self.photos * self.photo_mb / self.batch_mb)
        )

    @property
    def document_batches(self) -> int:
        """Function calls that copy documents."""
        return ceil(self.documents / self.batch_assets)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Amounts for one listing; storage for its first twelve months."""

    gb_seconds: dict[str, float]
    invocations: int
    transitions: int
    s3_puts: int
    s3_gets: int
    standard_gb_months: float
    glacier_gb_months: float
    glacier_transitions: int
    kms_requests: float
    sqs_requests: int
    video_minutes: float
    log_gb: float
    traces: float


def usage_of(listing: Listing, measured: Measured) -> Usage:
    """Amounts that one listing comes to."""
    calls = _calls(listing)
    seconds = _seconds(listing, measured)
    puts, gets = s3_requests(listing)
    states = transitions(listing)
    invocations = sum(calls.values())
    standard, glacier = _storage(listing)
    return Usage(
        gb_seconds={
            name: (seconds[name] + COLD_SHARE * calls[name] * measured.init_seconds[name])
            * MEMORY_MB[name]
            / 1024
            for name in calls
        },
        invocations=invocations,
        transitions=states,
        s3_puts=puts,
        s3_gets=gets,
        standard_gb_months=standard,
        glacier_gb_months=glacier,
        glacier_transitions=listing.assets if listing.archive_days < 365 else 0,
        kms_requests=(puts + gets) * (BUCKET_KEY_SHARE if listing.bucket_keys else 1.0),
        sqs_requests=3,
        video_minutes=listing.videos * listing.video_seconds / 60,
        log_gb=(
            invocations * FUNCTION_LOG_BYTES
            + states * (STATE_LOG_BYTES if listing.execution_data else STATE_LOG_BYTES / 4)
        )
        / GB,
        traces=invocations * TRACED_SHARE,
    )


def transitions(listing: Listing) -> int:
    """States that both executions enter, each with one more for its start."""
    items = {
        "GenerateThumbnails": listing.picture_batches,
        "ProcessVideos": listing.videos,
        "CopyDocuments": listing.document_batches,
    }
    return 1 + entered("processing", items=items) + 1 + entered("finalization", items={})


def s3_requests(listing: Listing) -> tuple[int, int]:
    """Requests at the price of PUT (also COPY, tags, multipart) and at the price of GET."""
    batches = listing.picture_batches + listing.document_batches
    parts = glue_parts(listing) + copied_parts(listing)
    puts = (
        listing.assets  # uploads
        + 1  # request
        + listing.assets  # tags
        + listing.videos  # MediaConvert's requests
        + 1  # manifest
        + batches  # results
        + 4 * listing.photos  # renditions
        + listing.documents  # copies
        + 4 * listing.videos  # what MediaConvert writes
        + 2 * 2  # bodies and receipts of two callbacks
        + 2  # multipart upload, begun and completed
        + parts
    )
    gets = (
        listing.assets  # the backend's check
        + 1
        + 2 * listing.assets  # validation: size and first bytes
        + 6 * listing.videos  # validation: the boxes of a video
        + batches  # manifest
        + listing.photos
        + 2 * listing.videos  # its request; MediaConvert's reading
        + 1
        + batches
        + 2 * 2  # both callbacks: body, receipt
        + 1  # whether there is a bundle already
        + listing.assets  # the bundle: sizes
        + listing.photos
        + listing.documents
        + listing.videos  # what does not fit a copied part
    )
    return puts, gets


def glue_parts(listing: Listing) -> int:
    """Parts of the bundle that pass through the function."""
    small = listing.photos * listing.photo_mb + listing.documents * listing.document_mb
    return ceil(small / _GLUE_PART_MB) + listing.videos


def copied_parts(listing: Listing) -> int:
    """Parts of the bundle that S3 copies itself."""
    return listing.videos * ceil(listing.video_mb / _COPY_PART_MB)


def _calls(listing: Listing) -> dict[str, int]:
    return {
        "dispatch": 1,
        "validate": 1,
        "thumbnails": listing.picture_batches + listing.document_batches,
        "zip_bundle": 1,
        "consolidate": 1,
        "callback": 2,
    }


def _seconds(listing: Listing, measured: Measured) -> dict[str, float]:
    """Billed seconds of all calls of each function, without cold starts."""
    vcpus = min(2.0, MEMORY_MB["thumbnails"] / VCPU_MB)
    batches = listing.picture_batches + listing.document_batches
    small_gb = (listing.photos * listing.photo_mb + listing.documents * listing.document_mb) / 1e3
    video_gb = listing.videos * listing.video_mb / 1e3
    return {
        "dispatch": 3 * REQUEST_SECONDS,
        "validate": (2 + ceil(listing.assets / _VALIDATE_WORKERS) * 3) * REQUEST_SECONDS,
        "thumbnails": listing.photos * measured.rendition_seconds / vcpus
        + batches * 6 * REQUEST_SECONDS,
        "zip_bundle": small_gb * measured.bundle_seconds_per_gb
        + video_gb * COPY_GB_SECONDS
        + 8 * REQUEST_SECONDS,
        "consolidate": 4 * REQUEST_SECONDS,
        "callback": 2 * (4 * REQUEST_SECONDS + 0.2),
    }


def _storage(listing: Listing) -> tuple[float, float]:
    """GB-months of the first year: originals move to Glacier, renditions and bundle stay."""
    warm = min(12.0, listing.archive_days / 30.4)
    made = (
        listing.photos * RENDITIONS_MB
        + listing.videos * listing.video_seconds * TRANSCODED_MB_A_SECOND
        + listing.documents * listing.document_mb
    ) * MB / GB  # fmt: skip
    bundle = listing.raw_gb
    return listing.raw_gb * warm + (made + bundle) * 12, listing.raw_gb * (12 - warm)
