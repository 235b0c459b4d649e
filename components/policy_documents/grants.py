"""Grants that several roles share: objects by prefix, the key, logs, traces, dead letters."""

from __future__ import annotations

from collections.abc import Sequence

from components.naming import Names
from components.policy_documents.statements import Statement, allow, use_key

ENCRYPT = "kms:GenerateDataKey"
DECRYPT = "kms:Decrypt"


def objects(names: Names, *prefixes: str) -> list[str]:
    """ARNs of the media bucket's objects under key patterns such as `jobs/*`."""
    return [f"{names.media_bucket_arn}/{prefix}" for prefix in prefixes]


def list_prefixes(names: Names, *prefixes: str) -> Statement:
    """List keys under prefixes, so that a missing object is 404 to this role and not 403.

    S3 asks for this permission when it answers GET and HEAD of a missing key, and then there is no
    `s3:prefix` in the request: the condition must let its absence pass (`IfExists`).
    """
    return allow(
        "TellMissingFromForbidden",
        ["s3:ListBucket"],
        names.media_bucket_arn,
        {"StringLikeIfExists": {"s3:prefix": list(prefixes)}},
    )


def seal_objects(names: Names, key_arn: str, *actions: str) -> Statement:
    """Use of the key for objects of the media bucket."""
    return use_key("MediaBucketKey", key_arn, actions, region=names.region, via=["s3"])


def write_logs(names: Names, functions: Sequence[str]) -> Statement:
    """Write to the functions' log groups, which the program makes (no CreateLogGroup)."""
    groups = [names.log_group_arn(names.function_log_group(kind)) for kind in functions]
    return allow(
        "WriteLogs",
        ["logs:CreateLogStream", "logs:PutLogEvents"],
        [f"{group}:log-stream:*" for group in groups],
    )


def write_traces() -> Statement:
    """Send X-Ray segments; X-Ray knows no resources for these actions."""
    return allow("WriteTraces", ["xray:PutTraceSegments", "xray:PutTelemetryRecords"], "*")


def read_environment(names: Names, key_arn: str, functions: Sequence[str]) -> Statement:
    """Decrypt the functions' own environment variables, and nothing else that the key seals."""
    arns = [names.function_arn(kind) for kind in functions]
    return allow(
        "ReadOwnEnvironment",
        [DECRYPT],
        key_arn,
        {"StringEquals": {"kms:EncryptionContext:aws:lambda:FunctionArn": arns}},
    )


def function_basics(names: Names, key_arn: str, *functions: str) -> list[Statement]:
    """What every function needs before it does anything: logs, traces, its environment."""
    return [
        write_logs(names, functions),
        write_traces(),
        read_environment(names, key_arn, functions),
    ]


def send_dead_letters(names: Names, key_arn: str) -> list[Statement]:
    """Leave a message in the dead-letter queue; SQS wants both key actions of a sender."""
    return [
        allow("SendDeadLetters", ["sqs:SendMessage"], names.dead_letter_queue_arn),
        use_key("DeadLetterKey", key_arn, [ENCRYPT, DECRYPT], region=names.region, via=["sqs"]),
    ]
