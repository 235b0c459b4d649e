"""The bucket of the listings' media and the bucket of its access logs (seed section 2)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import s3

from components.children import child
from components.naming import Names
from components.policy_documents.resources import logs_bucket_policy, media_bucket_policy


@dataclass(frozen=True, kw_only=True)
class StorageArgs:
    """Inputs of `Storage`; all spans are in days.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        key_arn: key that seals the media.
        raw_archive_days: age at which originals move to Glacier.
        noncurrent_days: how long replaced versions are kept.
        job_file_days: how long working files under `jobs/` are kept.
        access_log_days: how long access logs are kept.
        cors_allowed_origins: pages that upload to presigned URLs; none for no CORS at all.
        adopt: import both buckets, and what the seed says of the media bucket, instead of making
            them. Their other settings are written, not made: they cannot collide.
        protect: refuse deletion of both buckets.
        force_destroy: empty the buckets when they are destroyed.
    """

    names: Names
    tags: Mapping[str, str]
    key_arn: pulumi.Input[str]
    raw_archive_days: int
    noncurrent_days: int
    job_file_days: int
    access_log_days: int
    cors_allowed_origins: Sequence[str] = ()
    adopt: bool = False
    protect: bool = True
    force_destroy: bool = False


class Storage(pulumi.ComponentResource):
    """Private, versioned, sealed media bucket with access logs."""

    media_bucket: pulumi.Output[str]
    media_bucket_arn: pulumi.Output[str]
    logs_bucket: pulumi.Output[str]

    def __init__(
        self, name: str, args: StorageArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Storage", name, None, opts)
        logs, logs_ready = self._logs_bucket(f"{name}-logs", args)
        media = self._bucket(f"{name}-media", args.names.media_bucket, args)
        self._seal(f"{name}-media", media, args)
        adopted = args.names.media_bucket if args.adopt else ""
        versioning = self._keep_versions(f"{name}-media", media, adopted)
        s3.BucketLifecycleConfiguration(
            f"{name}-media-lifecycle",
            bucket=media.bucket,
            rules=_media_rules(args),
            # S3's own default, stated: smaller objects cost more in Glacier than they save.
            transition_default_minimum_object_size="all_storage_classes_128K",
            opts=child(self, depends_on=[versioning], import_id=adopted),
        )
        s3.BucketLogging(
            f"{name}-media-logging",
            bucket=media.bucket,
            target_bucket=logs.bucket,
            target_prefix="",
            opts=child(self, depends_on=[logs_ready], import_id=adopted),
        )
        self._private(
            f"{name}-media",
            media,
            pulumi.Output.from_input(args.key_arn).apply(
                lambda arn: json.dumps(media_bucket_policy(args.names, arn))
            ),
            adopted,
        )
        self._allow_pages(f"{name}-media", media, args.cors_allowed_origins)
        self.media_bucket = media.bucket
        self.media_bucket_arn = media.arn
        self.logs_bucket = logs.bucket
        self.register_outputs(
            {
                "mediaBucket": self.media_bucket,
                "mediaBucketArn": self.media_bucket_arn,
                "logsBucket": self.logs_bucket,
            }
        )

    def _logs_bucket(self, name: str, args: StorageArgs) -> tuple[s3.Bucket, pulumi.Resource]:
        """The logs bucket, and the policy without which S3 delivers no logs to it."""
        logs = self._bucket(name, args.names.logs_bucket, args)
        # Access logs can only be delivered to a bucket with SSE-S3 (S3 user guide).
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=logs.bucket,
            rules=[{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}],
            opts=child(self),
        )
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=logs.bucket,
            rules=[
                {
                    "id": "expire-access-logs",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": args.access_log_days},
                    "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                }
            ],
            transition_default_minimum_object_size="all_storage_classes_128K",
            opts=child(self),
        )
        policy = self._private(name, logs, json.dumps(logs_bucket_policy(args.names)))
        return logs, policy

    def _bucket(self, name: str, bucket: str, args: StorageArgs) -> s3.Bucket:
        return s3.Bucket(
            f"{name}-bucket",
            bucket=bucket,
            force_destroy=args.force_destroy,
            tags=args.tags,
            opts=child(self, protect=args.protect, import_id=bucket if args.adopt else ""),
        )

    def _private(
        self, name: str, bucket: s3.Bucket, policy: pulumi.Input[str], import_id: str = ""
    ) -> s3.BucketPolicy:
        """No ACLs, no public access, and the bucket's policy.

        The policy waits for the block: S3 refuses two changes of a bucket's access at once
        (OperationAborted).
        """
        s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=child(self),
        )
        block = s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child(self, import_id=import_id),
        )
        return s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=policy,
            opts=child(self, depends_on=[block]),
        )

    def _seal(self, name: str, bucket: s3.Bucket, args: StorageArgs) -> None:
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.key_arn,
                    },
                    # One data key a bucket instead of one an object: KMS calls cost and throttle.
                    "bucket_key_enabled": True,
                }
            ],
            opts=child(self, import_id=args.names.media_bucket if args.adopt else ""),
        )

    def _keep_versions(self, name: str, bucket: s3.Bucket, import_id: str) -> s3.BucketVersioning:
        return s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=child(self, import_id=import_id),
        )

    def _allow_pages(self, name: str, bucket: s3.Bucket, origins: Sequence[str]) -> None:
        if not origins:
            return
        s3.BucketCorsConfiguration(
            f"{name}-cors",
            bucket=bucket.bucket,
            cors_rules=[
                {
                    "id": "upload-and-show",
                    "allowed_methods": ["GET", "HEAD", "PUT"],
                    "allowed_origins": list(origins),
                    # The headers that presigned uploads carry (contract 1.8), and ranges of videos.
                    "allowed_headers": [
                        "content-type",
                        "range",
                        "x-amz-checksum-sha256",
                        "x-amz-tagging",
                    ],
                    "expose_headers": ["ETag", "Content-Length", "Content-Range"],
                    "max_age_seconds": 3600,
                }
            ],
            opts=child(self),
        )


def _media_rules(args: StorageArgs) -> list[s3.BucketLifecycleConfigurationRuleArgsDict]:
    """Lifecycle of the media bucket.

    Originals are found by tag: S3 matches prefixes from the start of the key, and theirs is the
    listing's id.
    """
    return [
        {
            "id": "archive-originals",
            "status": "Enabled",
            "filter": {"tag": {"key": "media-class", "value": "raw"}},
            "transitions": [{"days": args.raw_archive_days, "storage_class": "GLACIER"}],
        },
        {
            "id": "expire-job-files",
            "status": "Enabled",
            "filter": {"prefix": "jobs/"},
            "expiration": {"days": args.job_file_days},
        },
        {
            "id": "clean-up",
            "status": "Enabled",
            "filter": {"prefix": ""},
            "noncurrent_version_expiration": {"noncurrent_days": args.noncurrent_days},
            "expiration": {"expired_object_delete_marker": True},
            "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
        },
    ]
