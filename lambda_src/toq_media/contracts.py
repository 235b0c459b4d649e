"""Every message and document that crosses a boundary of the pipeline, one model each.

Field names on the wire are camelCase (contract 1.3 to 1.7). Unknown fields are ignored, so that a
producer may add some; missing or wrong ones raise `InvalidMessageError` with the field's path.
Each model has a golden file under `tests/agreement/golden/`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from toq_media.errors import InvalidMessageError

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""Ids are INT UNSIGNED in the database (contract 1.9); 63 bits are what every JSON reader holds."""
Retry = Annotated[int, Meta(ge=0, le=2**16 - 1)]

PROVIDER_PROCESSING: Final = "STEP_FUNCTIONS"
PROVIDER_FINALIZATION: Final = "STEP_FUNCTIONS_FINALIZATION"

AssetKind = Literal["picture", "video", "document"]
CallbackStatus = Literal[
    "SUCCEEDED",
    "PARTIAL_SUCCESS",
    "PROCESSING_FAILED",
    "VALIDATION_FAILED",
    "FINALIZATION_FAILED",
]


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of the models: immutable, built by keyword, camelCase on the wire."""


class AssetRef(Wire, frozen=True, kw_only=True):
    """One asset as the backend names it."""

    key: Annotated[str, Meta(min_length=1, max_length=1024)]
    type: Annotated[str, Meta(min_length=1, max_length=50)]


class JobMessage(Wire, frozen=True, kw_only=True):
    """Body of the SQS message (contract 1.3); assets may be plain keys in the legacy shape."""

    job_id: Id
    listing_identity_id: Id
    assets: Annotated[list[AssetRef | str], Meta(min_length=1)]
    retry: Retry = 0

    def asset_refs(self) -> list[AssetRef]:
        """The assets, legacy keys given the type that their path says (contract 1.3)."""
        return [_from_legacy(asset) if isinstance(asset, str) else asset for asset in self.assets]


class JobRequest(Wire, frozen=True, kw_only=True):
    """A job as dispatched, kept in S3: the state machine carries only its key."""

    job_id: Id
    listing_identity_id: Id
    retry: Retry
    assets: list[AssetRef]


class ProcessingInput(Wire, frozen=True, kw_only=True):
    """Input of the processing state machine."""

    job_id: Id
    listing_identity_id: Id
    retry: Retry
    traceparent: str
    request_key: str


class ManifestAsset(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """One asset after validation: what it is, or why it cannot be processed."""

    key: str
    type: str
    kind: AssetKind = "picture"
    size: int = 0
    etag: str = ""
    media_type: str = ""
    error_code: str = ""
    error_message: str = ""


class Manifest(Wire, frozen=True, kw_only=True):
    """All assets of a job in request order, and the batches of indices into them."""

    job_id: Id
    listing_identity_id: Id
    retry: Retry
    traceparent: str
    assets: list[ManifestAsset]
    batches: list[list[int]]


class ValidationResult(Wire, frozen=True, kw_only=True):
    """Output of ValidateRawAssets: references and counts only, whatever the job's size."""

    job_id: Id
    listing_identity_id: Id
    retry: Retry
    traceparent: str
    job_prefix: str
    manifest_key: str
    asset_count: int
    invalid_count: int
    has_images: bool
    has_videos: bool
    has_documents: bool
    image_batches: list[int]
    document_batches: list[int]
    videos: list[int]
    validation_errors: list[str]


class BatchTask(Wire, frozen=True, kw_only=True):
    """Input of one GenerateThumbnails or CopyDocuments iteration."""

    manifest_key: str
    batch: int
    traceparent: str


class AssetResult(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one asset: keys by rendition name, or an error.

    `crc32` is that of a picture's original, as eight lower-case hex digits.
    """

    index: int
    renditions: dict[str, str] = {}
    crc32: str = ""
    error_code: str = ""
    error_message: str = ""


class BatchResult(Wire, frozen=True, kw_only=True):
    """Results of one batch, kept in S3."""

    batch: int
    results: list[AssetResult]


class BatchSummary(Wire, frozen=True, kw_only=True):
    """Output of one batch iteration in the state machine."""

    batch: int
    succeeded: int
    failed: int


class ConsolidateTask(Wire, frozen=True, kw_only=True):
    """Input of ConsolidateResults; `branches` is what the three branches left in the state."""

    manifest_key: str
    execution_arn: str
    started_at: str
    branches: list[list[BranchItem] | BranchItem]


class BranchItem(Wire, frozen=True, kw_only=True):
    """What one iteration left: its number, and the error that ended it if any.

    An item with neither number stands for a whole branch that failed.
    """

    batch: int | UnsetType = UNSET
    video: int | UnsetType = UNSET
    error: str = ""


class CallbackError(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """`error` of a callback; `Error` and `Cause` repeat it in AWS's casing for old receivers."""

    code: str
    message: str
    details: dict[str, str] = {}
    aws_error: str | UnsetType = msgspec.field(default=UNSET, name="Error")
    aws_cause: str | UnsetType = msgspec.field(default=UNSET, name="Cause")


class AssetOutput(Wire, frozen=True, kw_only=True):
    """One asset in a processing callback (contract 1.7)."""

    raw_key: str
    processed_key: str
    thumbnail_key: str
    outputs: dict[str, str]
    error_code: str
    error_message: str


class ProcessingCallback(Wire, frozen=True, kw_only=True):
    """Body of every callback of the processing machine (contract 1.7)."""

    job_id: Id
    listing_identity_id: Id
    execution_arn: str
    started_at: str
    provider: str
    status: CallbackStatus
    failure_reason: str
    error: CallbackError | None
    traceparent: str
    outputs: list[AssetOutput]


class SkippedSource(Wire, frozen=True, kw_only=True):
    """An original that is not in the bundle, and why."""

    key: str
    error_code: str


class FinalizationCallback(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """Body of every callback of the finalization machine.

    `listingIdentityId` is a string here and a number in `ProcessingCallback`: contract 1.7.
    """

    job_id: Id
    listing_identity_id: str
    status: CallbackStatus
    provider: str
    traceparent: str
    assets_zipped: int | UnsetType = UNSET
    zip_bundles: list[str] | UnsetType = UNSET
    zip_size_bytes: int | UnsetType = UNSET
    unzipped_size_bytes: int | UnsetType = UNSET
    skipped: list[SkippedSource] | UnsetType = UNSET
    reused: bool | UnsetType = UNSET
    error: CallbackError | UnsetType = UNSET


class FinalizationInput(Wire, frozen=True, kw_only=True):
    """Input of the finalization machine, written by the backend (contract 1.6).

    Long asset lists travel as `requestKey`, the S3 key of a `JobRequest`.
    """

    job_id: Id
    listing_identity_id: Id
    assets: list[AssetRef] = []
    request_key: str = ""
    retry: Retry = 0
    traceparent: str = ""
    force: bool = False


class CallbackTask(Wire, frozen=True, kw_only=True):
    """Output of consolidate and zip, input of FinalizeAndCallback: a reference to the body.

    `execution` is the execution's name, for the log.
    """

    job_id: Id
    listing_identity_id: Id
    retry: Retry
    status: CallbackStatus
    traceparent: str
    body_key: str
    execution: str = ""


class StateError(msgspec.Struct, frozen=True, rename={"error": "Error", "cause": "Cause"}):
    """Error output of a `Catch`, in AWS's casing."""

    error: str
    cause: str = ""


class FailureTask(Wire, frozen=True, kw_only=True):
    """Input of ValidationFailed and ReportFailure: enough to build the body from."""

    status: CallbackStatus
    execution_arn: str
    started_at: str
    input: dict[str, Any]
    error: StateError


T = TypeVar("T")


def decode(data: bytes | str, model: type[T]) -> T:
    """Parse JSON into a model.

    Raises:
        InvalidMessageError: the text is no JSON, or a field is missing or wrong; names the field.
    """
    try:
        return msgspec.json.decode(data, type=model)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise InvalidMessageError(f"{model.__name__}: {error}") from error


def convert(value: object, model: type[T]) -> T:
    """Check an already parsed value against a model; raises as `decode` does."""
    try:
        return msgspec.convert(value, type=model)
    except msgspec.ValidationError as error:
        raise InvalidMessageError(f"{model.__name__}: {error}") from error


def encode(model: msgspec.Struct) -> bytes:
    """The model as compact JSON, fields in declared order."""
    return msgspec.json.encode(model)


def dump(model: msgspec.Struct) -> dict[str, Any]:
    """The model as JSON-ready builtins, for a handler to return."""
    built: dict[str, Any] = msgspec.to_builtins(model)
    return built


def _from_legacy(key: str) -> AssetRef:
    return AssetRef(key=key, type="VIDEO" if "/video/" in key else "PHOTO")
