"""S3 buckets and what is configured on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from local.provisioners.inputs import Inputs, pascal, present, tag_list
from local.provisioners.registry import Created, Target, provisions

_FREE_REGION = "us-east-1"  # the one region that CreateBucket takes no location for


@provisions("aws:s3/bucket:Bucket")
def bucket(target: Target, inputs: Inputs) -> Created:
    """A bucket."""
    s3 = target.clients.client("s3")
    name = inputs["bucket"]
    location = {"CreateBucketConfiguration": {"LocationConstraint": target.region}}
    s3.create_bucket(Bucket=name, **({} if target.region == _FREE_REGION else location))
    if "tags" in inputs:
        s3.put_bucket_tagging(Bucket=name, Tagging={"TagSet": tag_list(inputs["tags"])})
    outputs = {
        "bucket": name,
        "arn": f"arn:aws:s3:::{name}",
        "bucketDomainName": f"{name}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{name}.s3.{target.region}.amazonaws.com",
    }
    return Created(id=name, outputs=outputs)


@provisions("aws:s3/bucketVersioning:BucketVersioning")
def versioning(target: Target, inputs: Inputs) -> Created:
    """Versioning of a bucket."""
    configuration = pascal(inputs["versioningConfiguration"])
    return _put(target, inputs, "put_bucket_versioning", VersioningConfiguration=configuration)


@provisions(
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
)
def encryption(target: Target, inputs: Inputs) -> Created:
    """Default encryption of a bucket."""
    special = {"sseAlgorithm": "SSEAlgorithm", "kmsMasterKeyId": "KMSMasterKeyID"}
    rules = {"Rules": pascal(inputs["rules"], special)}
    return _put(target, inputs, "put_bucket_encryption", ServerSideEncryptionConfiguration=rules)


@provisions("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
def public_access_block(target: Target, inputs: Inputs) -> Created:
    """The four switches that keep a bucket private."""
    names = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    switches = pascal({name: inputs[name] for name in names if name in inputs})
    return _put(target, inputs, "put_public_access_block", PublicAccessBlockConfiguration=switches)


@provisions("aws:s3/bucketOwnershipControls:BucketOwnershipControls")
def ownership(target: Target, inputs: Inputs) -> Created:
    """Who owns what is uploaded."""
    controls = {"Rules": [pascal(inputs["rule"])]}
    return _put(target, inputs, "put_bucket_ownership_controls", OwnershipControls=controls)


@provisions("aws:s3/bucketLogging:BucketLogging")
def logging(target: Target, inputs: Inputs) -> Created:
    """Access logs of a bucket."""
    names: dict[str, str | tuple[str, Callable[..., Any]]] = {
        "targetBucket": "TargetBucket",
        "targetPrefix": "TargetPrefix",
        "targetObjectKeyFormat": ("TargetObjectKeyFormat", pascal),
    }
    status = {"LoggingEnabled": present(inputs, names)}
    return _put(target, inputs, "put_bucket_logging", BucketLoggingStatus=status)


@provisions("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
def lifecycle(target: Target, inputs: Inputs) -> Created:
    """What becomes of objects with time."""
    minimum = "transitionDefaultMinimumObjectSize"
    return _put(
        target,
        inputs,
        "put_bucket_lifecycle_configuration",
        LifecycleConfiguration={"Rules": [_lifecycle_rule(rule) for rule in inputs["rules"]]},
        **present(inputs, {minimum: minimum[:1].upper() + minimum[1:]}),
    )


def _lifecycle_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    api: dict[str, Any] = pascal(rule, {"id": "ID"})
    both = api.get("Filter", {}).get("And", {})
    if "Tags" in both:
        tags = rule["filter"]["and"]["tags"]
        both["Tags"] = tag_list(tags)
    return api


@provisions("aws:s3/bucketPolicy:BucketPolicy")
def policy(target: Target, inputs: Inputs) -> Created:
    """Who may do what with a bucket."""
    return _put(target, inputs, "put_bucket_policy", Policy=inputs["policy"])


@provisions("aws:s3/bucketCorsConfiguration:BucketCorsConfiguration")
def cors(target: Target, inputs: Inputs) -> Created:
    """Which pages may use a bucket."""
    rules = {"CORSRules": pascal(inputs["corsRules"], {"id": "ID"})}
    return _put(target, inputs, "put_bucket_cors", CORSConfiguration=rules)


def _put(target: Target, inputs: Inputs, operation: str, **parameters: Any) -> Created:
    name = inputs["bucket"]
    getattr(target.clients.client("s3"), operation)(Bucket=name, **parameters)
    return Created(id=name)
