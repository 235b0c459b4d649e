"""Both buckets, as staging would register them."""

from __future__ import annotations

import pytest

from tests.infra.harness import Recorded
from tests.infra.staging_facts import KEY, TAGS, inputs


@pytest.mark.parametrize("bucket", ["media", "logs"])
def test_buckets_are_private(staging: Recorded, bucket: str) -> None:
    name = {"media": "toq-listing-medias", "logs": "toq-logs-staging"}[bucket]

    assert inputs(staging, "aws:s3/bucket:Bucket", f"storage-{bucket}-bucket") == {
        "bucket": name,
        "forceDestroy": False,
        "tags": TAGS,
    }
    assert inputs(
        staging,
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        f"storage-{bucket}-public-access-block",
    ) == {
        "bucket": name,
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert inputs(
        staging,
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        f"storage-{bucket}-ownership",
    ) == {"bucket": name, "rule": {"objectOwnership": "BucketOwnerEnforced"}}


def test_media_is_sealed_versioned_and_logged(staging: Recorded) -> None:
    sse = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"

    assert inputs(staging, sse, "storage-media-encryption")["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {
                "sseAlgorithm": "aws:kms",
                "kmsMasterKeyId": KEY,
            },
            "bucketKeyEnabled": True,
        }
    ]
    assert inputs(staging, sse, "storage-logs-encryption")["rules"] == [
        {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}
    ]
    assert inputs(
        staging, "aws:s3/bucketVersioning:BucketVersioning", "storage-media-versioning"
    ) == {"bucket": "toq-listing-medias", "versioningConfiguration": {"status": "Enabled"}}
    assert inputs(staging, "aws:s3/bucketLogging:BucketLogging", "storage-media-logging") == {
        "bucket": "toq-listing-medias",
        "targetBucket": "toq-logs-staging",
        "targetPrefix": "",
    }


def test_lifecycle_finds_originals_by_tag(staging: Recorded) -> None:
    rules = inputs(
        staging,
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "storage-media-lifecycle",
    )["rules"]

    assert {rule["id"]: rule for rule in rules} == {
        "archive-originals": {
            "id": "archive-originals",
            "status": "Enabled",
            "filter": {"tag": {"key": "media-class", "value": "raw"}},
            "transitions": [{"days": 180, "storageClass": "GLACIER"}],
        },
        "expire-job-files": {
            "id": "expire-job-files",
            "status": "Enabled",
            "filter": {"prefix": "jobs/"},
            "expiration": {"days": 30},
        },
        "clean-up": {
            "id": "clean-up",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrentVersionExpiration": {"noncurrentDays": 30},
            "expiration": {"expiredObjectDeleteMarker": True},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        },
    }


def test_only_the_configured_pages_may_upload(staging: Recorded) -> None:
    (rule,) = inputs(
        staging, "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration", "storage-media-cors"
    )["corsRules"]

    assert rule["allowedOrigins"] == ["https://app.staging.toq.example"]
    assert rule["allowedMethods"] == ["GET", "HEAD", "PUT"]
