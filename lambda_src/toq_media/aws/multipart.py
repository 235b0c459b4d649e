"""Multipart uploads through botocore."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from botocore.exceptions import BotoCoreError, ClientError

from toq_media.aws.errors import translated
from toq_media.aws.objects import S3ObjectStore, crc32_of
from toq_media.observability import logger
from toq_media.ports import UploadPart

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


class S3BundleStore(S3ObjectStore):
    """`BundleStore` on one bucket."""

    @contextmanager
    def multipart(
        self, key: str, *, content_type: str, metadata: Mapping[str, str]
    ) -> Iterator[S3Upload]:
        """Begin a multipart upload that is aborted unless completed.

        The upload is declared with CRC-32, so that S3 verifies every part that is sent, and tells
        the checksum of every part that it copies itself.
        """
        with translated(key):
            upload_id = self._client.create_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                ContentType=content_type,
                Metadata=dict(metadata),
                ChecksumAlgorithm="CRC32",
                ChecksumType="FULL_OBJECT",
            )["UploadId"]
        upload = S3Upload(self._client, self._bucket, key, upload_id)
        try:
            yield upload
        finally:
            if not upload.completed:
                upload.abort()


class S3Upload:
    """`MultipartUpload` that is under way."""

    def __init__(self, client: S3Client, bucket: str, key: str, upload_id: str) -> None:
        self._client = client
        self._bucket = bucket
        self._key = key
        self._upload_id = upload_id
        self.completed = False

    def put(self, number: int, data: bytes | bytearray) -> UploadPart:
        """Upload a part; S3 refuses it if it arrives with another checksum."""
        crc32 = zlib.crc32(data)
        with translated(self._key):
            etag = self._client.upload_part(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                PartNumber=number,
                Body=cast("bytes", data),  # botocore takes any of them, its types say less
                ChecksumCRC32=_as_text(crc32),
            )["ETag"]
        return UploadPart(number=number, etag=etag, crc32=crc32)

    def copy(self, number: int, source: str, start: int, length: int, *, etag: str) -> UploadPart:
        """Make a part of another object's bytes, server-side."""
        with translated(source):
            made = self._client.upload_part_copy(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                PartNumber=number,
                CopySource={"Bucket": self._bucket, "Key": source},
                CopySourceIfMatch=etag,
                CopySourceRange=f"bytes={start}-{start + length - 1}",
            )["CopyPartResult"]
        return UploadPart(number=number, etag=made["ETag"], crc32=crc32_of(made))

    def complete(self, parts: Sequence[UploadPart]) -> None:
        """Make the object appear."""
        with translated(self._key):
            self._client.complete_multipart_upload(
                Bucket=self._bucket,
                Key=self._key,
                UploadId=self._upload_id,
                MultipartUpload={"Parts": [_completed(part) for part in parts]},
            )
        self.completed = True

    def abort(self) -> None:
        """Give the parts back; if that fails, the bucket's lifecycle rule does it in 7 days."""
        try:
            self._client.abort_multipart_upload(
                Bucket=self._bucket, Key=self._key, UploadId=self._upload_id
            )
        except (ClientError, BotoCoreError):
            # The error that led here matters more and must not be replaced by this one.
            logger.warning("multipart upload not aborted", exc_info=True, extra={"key": self._key})


def _completed(part: UploadPart) -> CompletedPartTypeDef:
    completed: CompletedPartTypeDef = {"PartNumber": part.number, "ETag": part.etag}
    if part.crc32 is not None:
        completed["ChecksumCRC32"] = _as_text(part.crc32)
    return completed


def _as_text(crc32: int) -> str:
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()
