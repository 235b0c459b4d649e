"""S3: sealed, private, kept, and cleaned up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from pulumi_policy import Severity

from policy.rules.documents import denies_plain_http, open_to_all, principals, statements
from policy.rules.model import PROTECTED_ENVIRONMENTS, Item, Rule, Stack

BUCKET: Final = "aws:s3/bucket:Bucket"
POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
LIFECYCLE: Final = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING: Final = "aws:s3/bucketLogging:BucketLogging"
PUBLIC_ACCESS: Final = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
OWNERSHIP: Final = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
VERSIONING: Final = "aws:s3/bucketVersioning:BucketVersioning"
ENCRYPTION: Final = (
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
CORS: Final = "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration"
_STORAGE: Final = "components/storage.py"
_DOCUMENTS: Final = "components/policy_documents/resources.py"
_MAX_UPLOAD_DAYS: Final = 7
_LISTING_FOLDERS: Final = ("raw/", "processed/")


def _each_bucket(
    companion: str, problem: Callable[[Item, Item | None], str]
) -> Callable[[Stack], Iterator[tuple[Item, str]]]:
    """A check of every bucket with one companion; an empty problem is none."""

    def check(stack: Stack) -> Iterator[tuple[Item, str]]:
        for bucket in stack.of(BUCKET):
            other = stack.companion(companion, "bucket", bucket.props["bucket"])
            if text := problem(bucket, other):
                yield bucket, f"bucket {bucket.props['bucket']} {text}"

    return check


def _public_access(_: Item, block: Item | None) -> str:
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    off = [flag for flag in flags if block is None or block.props.get(flag) is not True]
    return f"lacks {', '.join(off)}" if off else ""


def _tls_only(bucket: Item, policy: Item | None) -> str:
    arn = f"arn:aws:s3:::{bucket.props['bucket']}"
    document = policy.props.get("policy") if policy else None
    return "" if denies_plain_http(document, "s3:*", {arn, f"{arn}/*"}) else "takes plain HTTP"


def _sealed(_: Item, encryption: Item | None) -> str:
    for rule in encryption.props.get("rules", ()) if encryption else ():
        default = rule["applyServerSideEncryptionByDefault"]
        if default["sseAlgorithm"] == "aws:kms" and default.get("kmsMasterKeyId"):
            return "" if rule.get("bucketKeyEnabled") is True else "has no bucket key"
    return "is not encrypted with our key by default"


def _owner(_: Item, ownership: Item | None) -> str:
    rule = ownership.props["rule"] if ownership else {}
    return "" if rule.get("objectOwnership") == "BucketOwnerEnforced" else "lets ACLs grant access"


def _versioned(_: Item, versioning: Item | None) -> str:
    status = versioning.props["versioningConfiguration"]["status"] if versioning else ""
    return "" if status == "Enabled" else "keeps no versions"


def _logged(_: Item, logging: Item | None) -> str:
    return "" if logging and logging.props.get("targetBucket") else "writes no access log"


def _aborts_uploads(_: Item, lifecycle: Item | None) -> str:
    for rule in lifecycle.props["rules"] if lifecycle else ():
        days = (rule.get("abortIncompleteMultipartUpload") or {}).get("daysAfterInitiation", 1e9)
        if days <= _MAX_UPLOAD_DAYS and rule["status"] == "Enabled" and _everything(rule["filter"]):
            return ""
    return "keeps unfinished uploads"


def _everything(filter_: object) -> bool:
    return not filter_ or dict(filter_) == {"prefix": ""}  # type: ignore[call-overload]


def _expires_versions(stack: Stack) -> Iterator[tuple[Item, str]]:
    for versioning in stack.of(VERSIONING):
        lifecycle = stack.companion(LIFECYCLE, "bucket", versioning.props["bucket"])
        rules = lifecycle.props["rules"] if lifecycle else ()
        if not any(rule.get("noncurrentVersionExpiration") for rule in rules):
            yield versioning, f"bucket {versioning.props['bucket']} keeps old versions for ever"


def _matching_filters(item: Item) -> Iterator[str]:
    for rule in item.props["rules"]:
        prefix = (rule.get("filter") or {}).get("prefix", "")
        if prefix.startswith(_LISTING_FOLDERS):
            yield (
                f"lifecycle rule {rule['id']} asks for prefix {prefix}, but keys start with the "
                "listing's id: it matches nothing"
            )


def _guarded_encryption(item: Item) -> Iterator[str]:
    for statement in statements(item.props.get("policy")):
        condition = statement.get("Condition", {})
        for key in condition.get("StringNotEquals", {}):
            sealed = key.startswith("s3:x-amz-server-side-encryption")
            if sealed and condition.get("Null", {}).get(key) != "false":
                yield f"statement {statement['Sid']} denies every write that sends no {key}"


def _receives_logs(stack: Stack) -> Iterator[tuple[Item, str]]:
    for logging in stack.of(LOGGING):
        target = logging.props["targetBucket"]
        policy = stack.companion(POLICY, "bucket", target)
        allowed = any(
            "logging.s3.amazonaws.com" in principals(statement)
            and "aws:SourceAccount" in statement.get("Condition", {}).get("StringEquals", {})
            for statement in statements(policy.props.get("policy") if policy else None)
        )
        if not allowed:
            yield logging, f"S3 may not deliver access logs to {target}"


def _not_public(item: Item) -> Iterator[str]:
    for sid in open_to_all(item.props.get("policy")):
        yield f"statement {sid} lets everyone in"


def _kept_on_destroy(item: Item) -> Iterator[str]:
    if item.environment in PROTECTED_ENVIRONMENTS and item.props.get("forceDestroy"):
        yield f"bucket {item.props['bucket']} would be deleted with its objects"


def _named_origins(item: Item) -> Iterator[str]:
    local = item.environment == "local"
    for rule in item.props["corsRules"]:
        for origin in rule["allowedOrigins"]:
            loopback = local and origin.startswith("http://127.0.0.1:")
            if "*" in origin or not (origin.startswith("https://") or loopback):
                yield f"pages of {origin} may read and upload"


RULES: Final = (
    Rule(
        id="s3-public-access-blocked",
        holds="Every bucket blocks public access in all four ways",
        severity=Severity.CRITICAL,
        remedy="give the bucket a BucketPublicAccessBlock with all four flags",
        controls=("S3.1", "S3.2", "S3.3", "S3.8", "CIS 2.1.4", "AwsSolutions-S2",
                  "CKV_AWS_53", "CKV_AWS_54", "CKV_AWS_55", "CKV_AWS_56", "CKV2_AWS_6"),
        enforced_in=_STORAGE,
        across=_each_bucket(PUBLIC_ACCESS, _public_access),
    ),
    Rule(
        id="s3-not-public",
        holds="No bucket policy lets everyone in",
        severity=Severity.CRITICAL,
        remedy="name the principal, or add a condition that fixes account or source",
        controls=("S3.2", "S3.3", "S3.6", "CKV_AWS_70"),
        enforced_in=_DOCUMENTS,
        types=(POLICY,),
        on=_not_public,
    ),
    Rule(
        id="s3-tls-only",
        holds="Every bucket refuses plain HTTP",
        severity=Severity.HIGH,
        remedy="deny s3:* on bucket and objects where aws:SecureTransport is false",
        controls=("S3.5", "CIS 2.1.1", "AwsSolutions-S10"),
        enforced_in=_DOCUMENTS,
        across=_each_bucket(POLICY, _tls_only),
    ),
    Rule(
        id="s3-sealed",
        holds="Every bucket encrypts with the environment's key, through a bucket key",
        severity=Severity.HIGH,
        remedy="default encryption aws:kms with the key's ARN and bucketKeyEnabled",
        controls=("S3.17", "AwsSolutions-S3", "CKV_AWS_145"),
        enforced_in=_STORAGE,
        across=_each_bucket(ENCRYPTION, _sealed),
    ),
    Rule(
        id="s3-encryption-guarded",
        holds="A rule on encryption headers does not refuse writes that send none",
        severity=Severity.MEDIUM,
        remedy='add the same key under "Null" with "false"',
        enforced_in=_DOCUMENTS,
        types=(POLICY,),
        on=_guarded_encryption,
    ),
    Rule(
        id="s3-owner-enforced",
        holds="Access is granted by policies alone, never by ACLs",
        severity=Severity.MEDIUM,
        remedy="BucketOwnershipControls with BucketOwnerEnforced",
        controls=("S3.12", "CKV2_AWS_65"),
        enforced_in=_STORAGE,
        across=_each_bucket(OWNERSHIP, _owner),
    ),
    Rule(
        id="s3-versioned",
        holds="Every bucket keeps versions",
        severity=Severity.MEDIUM,
        remedy="BucketVersioning with status Enabled",
        controls=("S3.14", "CKV_AWS_21"),
        enforced_in=_STORAGE,
        across=_each_bucket(VERSIONING, _versioned),
    ),
    Rule(
        id="s3-old-versions-expire",
        holds="Old versions of a versioned bucket expire",
        severity=Severity.LOW,
        remedy="a lifecycle rule with noncurrentVersionExpiration",
        controls=("S3.10", "CKV2_AWS_61"),
        enforced_in=_STORAGE,
        across=_expires_versions,
    ),
    Rule(
        id="s3-uploads-end",
        holds="Unfinished uploads are aborted within a week, under every key",
        severity=Severity.LOW,
        remedy="a lifecycle rule on everything with abortIncompleteMultipartUpload",
        controls=("S3.13", "CKV_AWS_300"),
        enforced_in=_STORAGE,
        across=_each_bucket(LIFECYCLE, _aborts_uploads),
    ),
    Rule(
        id="s3-lifecycle-matches",
        holds="Lifecycle rules match keys that exist",
        severity=Severity.MEDIUM,
        remedy="filter by object tag; a prefix matches from the start of the key only",
        enforced_in=_STORAGE,
        types=(LIFECYCLE,),
        on=_matching_filters,
    ),
    Rule(
        id="s3-access-logged",
        holds="Access to every bucket is logged",
        severity=Severity.MEDIUM,
        remedy="BucketLogging to the logs bucket",
        controls=("S3.9", "AwsSolutions-S1", "CKV_AWS_18"),
        enforced_in=_STORAGE,
        across=_each_bucket(LOGGING, _logged),
    ),
    Rule(
        id="s3-logs-delivered",
        holds="S3 may deliver access logs where it is told to",
        severity=Severity.MEDIUM,
        remedy="allow logging.s3.amazonaws.com s3:PutObject with aws:SourceAccount on the target",
        enforced_in=_DOCUMENTS,
        across=_receives_logs,
    ),
    Rule(
        id="s3-kept-on-destroy",
        holds="Destroying a stack never deletes objects of staging and prod",
        severity=Severity.HIGH,
        remedy="leave forceDestroy off",
        enforced_in=_STORAGE,
        types=(BUCKET,),
        on=_kept_on_destroy,
    ),
    Rule(
        id="s3-named-origins",
        holds="Only named pages over HTTPS may upload from a browser",
        severity=Severity.MEDIUM,
        remedy="list the pages' origins in corsAllowedOrigins",
        enforced_in=_STORAGE,
        types=(CORS,),
        on=_named_origins,
    ),
)  # fmt: skip
