"""Requests and answers of the API (contract 1.10), camelCase on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Id = Annotated[int, Field(ge=1, le=2**32 - 1, description="INT UNSIGNED in the database")]
Sequence = Annotated[int, Field(ge=1, le=255)]
Title = Annotated[str, Field(max_length=255)]
AssetType = Annotated[str, Field(min_length=1, max_length=50, examples=["PHOTO_VERTICAL"])]
MetadataKey = Annotated[str, Field(min_length=1, max_length=100)]
Metadata = Annotated[
    dict[MetadataKey, Annotated[str, Field(max_length=2000)]], Field(max_length=50)
]
Resolution = Literal["thumbnail", "small", "medium", "large", "original", "zip"]


class Model(BaseModel):
    """Base: camelCase names, immutable; unknown fields are ignored: clients may add some."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, frozen=True
    )


class ListingRequest(Model):
    """Names a listing."""

    listing_identity_id: Id


class UploadFile(Model):
    """One file that a client wants to upload."""

    asset_type: AssetType
    orientation: Literal["PORTRAIT", "LANDSCAPE"]
    filename: Annotated[str, Field(max_length=1024)]
    content_type: Annotated[str, Field(min_length=1, max_length=100)]
    bytes: Annotated[int, Field(ge=1, le=2**62)]
    checksum: Annotated[
        str,
        Field(
            min_length=1,
            max_length=100,
            description="SHA-256 of the file as hex or base64; 'sha256:' may stand before it",
        ),
    ]
    sequence: Sequence
    title: Title | None = None
    metadata: Metadata | None = None


class UploadsRequest(ListingRequest):
    """Asks for presigned PUT URLs."""

    files: Annotated[list[UploadFile], Field(min_length=1, max_length=1000)]


class UploadTarget(Model):
    """Where one file goes; send exactly these headers, each is part of the signature.

    Content-Length is signed too; HTTP clients set it themselves.
    """

    asset_type: str
    sequence: int
    upload_url: str
    method: Literal["PUT"] = "PUT"
    headers: dict[str, str]
    object_key: str
    title: str | None = None


class UploadsAnswer(Model):
    """Presigned URLs in the order of the request."""

    listing_identity_id: int
    upload_url_ttl_seconds: int
    files: list[UploadTarget]


class StatusAnswer(Model):
    """What was done, in the contract's words."""

    status: str


class ProcessAnswer(Model):
    """Processing was started, by more than one job where one message could not hold all."""

    status: Literal["processing_started"] = "processing_started"
    job_ids: list[int]


class CompleteAnswer(Model):
    """The listing's media is complete; the job makes its bundle."""

    status: Literal["upload_completed"] = "upload_completed"
    job_id: int


class Asset(Model):
    """One asset of a listing."""

    id: int
    listing_identity_id: int
    asset_type: str
    sequence: int
    status: Literal["PENDING_UPLOAD", "PROCESSING", "PROCESSED", "FAILED"]
    title: str | None = None
    metadata: dict[str, str] = Field(
        default_factory=dict,
        description="the client's own entries, what the upload declared, keys of the renditions "
        "by '{resolution}_{asset type}', and the error if any",
    )
    s3_key_raw: str | None = None
    s3_key_processed: str | None = None
    renditions: dict[str, str] = Field(
        default_factory=dict, description="object keys by resolution: thumbnail ... original"
    )
    error_code: str | None = None
    error_message: str | None = None
    job_id: int | None = None
    updated_at: datetime


class ZipBundle(Model):
    """The latest bundle of a listing."""

    bundle_key: str
    assets_count: int
    zip_size_bytes: int
    estimated_extracted_bytes: int
    completed_at: datetime | None = None


class MediaQuery(ListingRequest):
    """Which assets of a listing, and which page of them."""

    asset_type: Annotated[str, Field(max_length=50)] = ""
    sequence: Sequence | None = None
    page: Annotated[int, Field(ge=1, le=10**6)] = 1
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    sort: Literal["sequence", "id"] = "sequence"
    order: Literal["asc", "desc"] = "asc"


class Pagination(Model):
    """Where a page stands in the whole."""

    page: int
    limit: int
    total: int
    total_pages: int


class MediaAnswer(Model):
    """A page of a listing's assets, and its bundle."""

    data: list[Asset]
    pagination: Pagination
    zip_bundle: ZipBundle | None = None


class DownloadItem(Model):
    """One file to download; a bundle needs the resolution alone."""

    asset_type: Annotated[str, Field(max_length=50)] = ""
    sequence: Annotated[int, Field(ge=0, le=255)] = 0
    resolution: Resolution


class DownloadRequest(ListingRequest):
    """Asks for presigned GET URLs."""

    requests: Annotated[list[DownloadItem], Field(min_length=1, max_length=1000)]


class DownloadUrl(Model):
    """One presigned GET."""

    asset_type: str
    sequence: int
    resolution: Resolution
    url: str
    expires_in: int


class DownloadRefusal(Model):
    """One item that cannot be served, and why."""

    asset_type: str
    sequence: int
    resolution: Resolution
    reason: str
    message: str


class DownloadAnswer(Model):
    """URLs of what can be served, and the reason for what cannot."""

    listing_identity_id: int
    urls: list[DownloadUrl]
    unavailable: list[DownloadRefusal] = Field(default_factory=list)


class AssetRequest(ListingRequest):
    """Names an asset."""

    asset_type: AssetType
    sequence: Sequence


class UpdateRequest(AssetRequest):
    """Changes title or the client's own metadata."""

    title: Title | None = None
    metadata: Metadata | None = None


class ApprovalRequest(ListingRequest):
    """The owner's word on the finished media."""

    approve: bool


class ApprovalAnswer(Model):
    """What the listing is now."""

    listing_identity_id: int
    decision: Literal["approved", "rejected"]
    new_status: str


class Attempt(Model):
    """One run of a job's state machine."""

    retry: int
    status: str
    execution_arn: str
    execution_url: str = Field(description="the execution in the AWS console")
    started_at: datetime
    published_at: datetime | None = None
    completed_at: datetime | None = None
    last_error: str | None = None


class JobAsset(Model):
    """State of one asset of a job."""

    id: int
    asset_type: str
    sequence: int
    status: str
    s3_key_raw: str
    error_code: str | None = None
    error_message: str | None = None


class Job(Model):
    """A processing or finalization job with all that is known of it."""

    id: int
    listing_identity_id: int
    kind: Literal["processing", "finalization"]
    status: Literal["PENDING", "RUNNING", "SUCCEEDED", "PARTIAL_SUCCESS", "FAILED"]
    provider: str
    execution_arn: str
    execution_url: str
    retry_count: int
    attempts: list[Attempt]
    assets: list[JobAsset]
    payload: dict[str, Any] | None = None
    traceparent: str
    last_error: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    completed_at: datetime | None = None


class JobsAnswer(Model):
    """Jobs of a listing, latest first."""

    data: list[Job]


class RetryRequest(Model):
    """What to do again: the whole job, its failed assets, or only taking its result."""

    scope: Literal["whole", "failed", "callback"] = "whole"


class Listing(Model):
    """A listing as this service knows it."""

    id: int
    status: str
    title: str | None = None


class ListingsAnswer(Model):
    """The caller's listings."""

    data: list[Listing]


class Snapshot(Model):
    """All of a listing at one moment: first event of the stream, and after each deletion."""

    listing: Listing
    assets: list[Asset]
    jobs: list[Job]
    zip_bundle: ZipBundle | None = None


class CallbackData(Model):
    """What became of a callback: applied, or rightly left without effect."""

    status: Literal["accepted", "ignored"]
    reason: str | None = None


class CallbackAnswer(Model):
    """The answer that the pipeline expects (contract 1.7)."""

    success: Literal[True] = True
    data: CallbackData
