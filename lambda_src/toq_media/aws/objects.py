"""The media bucket through botocore."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toq_media.aws.clients import s3_client
from toq_media.aws.errors import translated
from toq_media.ports import ObjectInfo

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef


def crc32_of(answer: Mapping[str, Any]) -> int | None:
    """The `ChecksumCRC32` of an answer of S3, which writes it as base64 of 4 bytes."""
    text = answer.get("ChecksumCRC32", "")
    return int.from_bytes(base64.b64decode(text), "big") if text else None


class S3ObjectStore:
    """`ObjectStore` on one bucket. Default encryption of the bucket applies to every write."""

    def __init__(self, bucket: str, client: S3Client | None = None) -> None:
        self._bucket = bucket
        self._client = client or s3_client()

    def head(self, key: str) -> ObjectInfo:
        """What S3 knows of an object, with its checksum where it has one."""
        with translated(key):
            found = self._client.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED")
        return ObjectInfo(
            key=key,
            size=found["ContentLength"],
            etag=found["ETag"],
            last_modified=found["LastModified"],
            content_type=found.get("ContentType", ""),
            version_id=found.get("VersionId", ""),
            checksum_sha256=found.get("ChecksumSHA256", ""),
            crc32=crc32_of(found) if found.get("ChecksumType") == "FULL_OBJECT" else None,
            storage_class=found.get("StorageClass", "STANDARD"),
            metadata=found.get("Metadata", {}),
        )

    def read(self, key: str, *, etag: str = "") -> bytes:
        """A whole object."""
        return self._get(key, etag, {})

    def read_range(self, key: str, start: int, length: int, *, etag: str = "") -> bytes:
        """`length` bytes from `start`, fewer at the end."""
        return self._get(key, etag, {"Range": f"bytes={start}-{start + length - 1}"})

    def write(
        self,
        key: str,
        body: bytes,
        *,
        content_type: str,
        cache_control: str = "",
        content_disposition: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        """Write a whole object, replacing any."""
        optional: dict[str, Any] = {}
        if cache_control:
            optional["CacheControl"] = cache_control
        if content_disposition:
            optional["ContentDisposition"] = content_disposition
        if metadata:
            optional["Metadata"] = dict(metadata)
        with translated(key):
            self._client.put_object(
                Bucket=self._bucket, Key=key, Body=body, ContentType=content_type, **optional
            )

    def copy(self, source: str, target: str, *, etag: str, content_type: str) -> None:
        """Copy inside the bucket (5 GiB at most, S3's limit for one CopyObject)."""
        with translated(source):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=target,
                CopySource={"Bucket": self._bucket, "Key": source},
                CopySourceIfMatch=etag,
                ContentType=content_type,
                MetadataDirective="REPLACE",
                TaggingDirective="REPLACE",
            )

    def tag(self, info: ObjectInfo, tags: Mapping[str, str]) -> None:
        """Replace the tags of exactly the version that was seen."""
        version: dict[str, Any] = {"VersionId": info.version_id} if info.version_id else {}
        tag_set: list[TagTypeDef] = [{"Key": name, "Value": value} for name, value in tags.items()]
        with translated(info.key):
            self._client.put_object_tagging(
                Bucket=self._bucket, Key=info.key, Tagging={"TagSet": tag_set}, **version
            )

    def _get(self, key: str, etag: str, optional: dict[str, Any]) -> bytes:
        if etag:
            optional["IfMatch"] = etag
        with translated(key):
            found = self._client.get_object(Bucket=self._bucket, Key=key, **optional)
            return found["Body"].read()
