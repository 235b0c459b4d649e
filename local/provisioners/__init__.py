"""One function per resource type: Pulumi's inputs in, boto3 calls, real ids and ARNs out."""

from local.provisioners import (
    cloudwatch,
    events,
    iam,
    kms,
    lambda_,
    mediaconvert,
    s3,
    secretsmanager,
    sfn,
    sns,
    sqs,
)
from local.provisioners.registry import Created, Target, create, known_types

__all__ = [
    "Created",
    "Target",
    "cloudwatch",
    "create",
    "events",
    "iam",
    "kms",
    "known_types",
    "lambda_",
    "mediaconvert",
    "s3",
    "secretsmanager",
    "sfn",
    "sns",
    "sqs",
]
