"""The requests that S3 gets, against botocore's own model of them; no network."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from toq_media.aws.multipart import S3BundleStore
from toq_media.errors import ObjectArchivedError, ObjectChangedError, RetryableError, ThrottledError

KEY = "512/processed/zip/listing-media.zip"
UPLOAD = {"Bucket": "media", "Key": KEY, "UploadId": "u1"}
CRC32_OF_ABC = 0x352441C2
CRC32_TEXT = "NSRBwg=="


@pytest.fixture
def s3() -> Iterator[tuple[S3BundleStore, Stubber]]:
    client = boto3.client(
        "s3", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield S3BundleStore("media", client), stub
        stub.assert_no_pending_responses()


def expect_create(stub: Stubber) -> None:
    expected = {
        "Bucket": "media",
        "Key": KEY,
        "ContentType": "application/zip",
        "Metadata": {"content-digest": "d"},
        "ChecksumAlgorithm": "CRC32",
        "ChecksumType": "FULL_OBJECT",
    }
    stub.add_response("create_multipart_upload", {"UploadId": "u1"}, expected)


def begin(store: S3BundleStore) -> Any:
    return store.multipart(KEY, content_type="application/zip", metadata={"content-digest": "d"})


def test_an_upload_is_checked_by_crc32_part_by_part(s3: tuple[S3BundleStore, Stubber]) -> None:
    store, stub = s3
    expect_create(stub)
    stub.add_response(
        "upload_part",
        {"ETag": '"p1"'},
        {**UPLOAD, "PartNumber": 1, "Body": bytearray(b"abc"), "ChecksumCRC32": CRC32_TEXT},
    )
    stub.add_response(
        "upload_part_copy",
        {"CopyPartResult": {"ETag": '"p2"', "ChecksumCRC32": CRC32_TEXT}},
        {
            **UPLOAD,
            "PartNumber": 2,
            "CopySource": {"Bucket": "media", "Key": "512/raw/é.mp4"},
            "CopySourceIfMatch": '"e"',
            "CopySourceRange": "bytes=10-12",
        },
    )
    parts = [
        {"PartNumber": 1, "ETag": '"p1"', "ChecksumCRC32": CRC32_TEXT},
        {"PartNumber": 2, "ETag": '"p2"', "ChecksumCRC32": CRC32_TEXT},
    ]
    stub.add_response(
        "complete_multipart_upload", {}, {**UPLOAD, "MultipartUpload": {"Parts": parts}}
    )
    with begin(store) as upload:
        put = upload.put(1, bytearray(b"abc"))
        copied = upload.copy(2, "512/raw/é.mp4", 10, 3, etag='"e"')
        upload.complete([put, copied])
    assert put.crc32 == copied.crc32 == CRC32_OF_ABC


@pytest.mark.parametrize(
    ("code", "status", "ours"),
    [
        ("PreconditionFailed", 412, ObjectChangedError),
        ("InvalidObjectState", 403, ObjectArchivedError),
        ("SlowDown", 503, ThrottledError),
        ("InternalError", 500, RetryableError),
    ],
)
def test_a_failed_part_aborts_the_upload(
    s3: tuple[S3BundleStore, Stubber], code: str, status: int, ours: type[Exception]
) -> None:
    store, stub = s3
    expect_create(stub)
    stub.add_client_error("upload_part_copy", code, http_status_code=status)
    stub.add_response("abort_multipart_upload", {}, UPLOAD)
    with pytest.raises(ours), begin(store) as upload:
        upload.copy(1, "512/raw/a.mp4", 0, 10, etag='"e"')


def test_a_failed_abort_does_not_hide_why(s3: tuple[S3BundleStore, Stubber]) -> None:
    store, stub = s3
    expect_create(stub)
    stub.add_client_error("upload_part", "SlowDown", http_status_code=503)
    stub.add_client_error("abort_multipart_upload", "InternalError", http_status_code=500)
    with pytest.raises(ThrottledError), begin(store) as upload:
        upload.put(1, b"abc")


@pytest.mark.parametrize(
    ("kind", "expected"), [("FULL_OBJECT", CRC32_OF_ABC), ("COMPOSITE", None), (None, None)]
)
def test_only_a_checksum_of_the_whole_object_counts(
    s3: tuple[S3BundleStore, Stubber], kind: str | None, expected: int | None
) -> None:
    store, stub = s3
    answer: dict[str, Any] = {
        "ContentLength": 3,
        "ETag": '"e"',
        "LastModified": "2026-01-10T12:00:00Z",
        "ChecksumCRC32": CRC32_TEXT,
    }
    if kind:
        answer["ChecksumType"] = kind
    stub.add_response(
        "head_object", answer, {"Bucket": "media", "Key": "k", "ChecksumMode": "ENABLED"}
    )
    assert store.head("k").crc32 == expected
