"""What each role may do: named resources and key prefixes, never a service wildcard.

Against the seed's section 4, left out because nothing uses it: `kms:Encrypt` (S3 and SQS seal with
data keys), and for the Lambda role SQS, `states:SendTask*` and MediaConvert (the queue is read by
dispatch, the state machine talks to MediaConvert itself), and S3 outside the prefixes it works on.
"""

from __future__ import annotations

from components.naming import Names
from components.policy_documents.grants import (
    DECRYPT,
    ENCRYPT,
    function_basics,
    list_prefixes,
    objects,
    seal_objects,
    send_dead_letters,
)
from components.policy_documents.statements import Document, Statement, allow, document, use_key


def backend_policy(names: Names, key_arn: str) -> Document:
    """The TOQ backend: presigned transfers, jobs into the queue, executions (seed 4.1).

    It reads what the pipeline made, and can neither write nor overwrite it.
    """
    machines = (names.processing_machine, names.finalization_machine)
    executions = [names.execution_arns(machine) for machine in machines]
    media = objects(names, "*/raw/*", "*/processed/*")
    return document(
        allow("ReadMedia", ["s3:GetObject"], media),
        allow(
            "UploadOriginals", ["s3:PutObject", "s3:PutObjectTagging"], objects(names, "*/raw/*")
        ),
        allow("DeleteMedia", ["s3:DeleteObject", "s3:DeleteObjectVersion"], media),
        allow("KeepRequests", ["s3:GetObject", "s3:PutObject"], objects(names, "jobs/*")),
        allow("ListMedia", ["s3:ListBucket", "s3:ListBucketVersions"], names.media_bucket_arn),
        allow("SendJobs", ["sqs:SendMessage", "sqs:GetQueueAttributes"], names.queue_arn),
        allow(
            "StartFinalization",
            ["states:StartExecution"],
            names.machine_arn(names.finalization_machine),
        ),
        allow("FollowJobs", ["states:DescribeExecution", "states:StopExecution"], executions),
        use_key("MediaKey", key_arn, [ENCRYPT, DECRYPT], region=names.region, via=["s3", "sqs"]),
    )


def lambda_policy(names: Names, key_arn: str) -> Document:
    """Validate, thumbnails and zip: read originals, write what is made of them (seed 4.2)."""
    return document(
        allow("ReadSources", ["s3:GetObject"], objects(names, "*/raw/*", "jobs/*")),
        allow("ReadBundle", ["s3:GetObject"], objects(names, "*/processed/zip/*")),
        allow("WriteResults", ["s3:PutObject"], objects(names, "*/processed/*", "jobs/*")),
        # Always of the version that was checked: the bucket keeps versions.
        allow("TagOriginals", ["s3:PutObjectVersionTagging"], objects(names, "*/raw/*")),
        allow("AbortBundle", ["s3:AbortMultipartUpload"], objects(names, "*/processed/zip/*")),
        list_prefixes(names, "*/raw/*", "*/processed/zip/*", "jobs/*"),
        seal_objects(names, key_arn, ENCRYPT, DECRYPT),
        *function_basics(names, key_arn, "validate", "thumbnails", "zip"),
    )


def dispatch_policy(names: Names, key_arn: str) -> Document:
    """Dispatch: from the queue to an execution; of the bucket it can only write `jobs/`."""
    return document(
        allow(
            "ConsumeJobs",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
            names.queue_arn,
        ),
        use_key("QueueKey", key_arn, [DECRYPT], region=names.region, via=["sqs"]),
        allow("KeepRequests", ["s3:PutObject"], objects(names, "jobs/*")),
        seal_objects(names, key_arn, ENCRYPT),
        allow(
            "StartProcessing",
            ["states:StartExecution"],
            names.machine_arn(names.processing_machine),
        ),
        allow(
            "CompareDuplicates",
            ["states:DescribeExecution"],
            names.execution_arns(names.processing_machine),
        ),
        *function_basics(names, key_arn, "dispatch"),
    )


def consolidate_policy(names: Names, key_arn: str) -> Document:
    """Consolidate: the job's working files and nothing else."""
    return document(*_job_files(names, key_arn), *function_basics(names, key_arn, "consolidate"))


def callback_policy(names: Names, key_arn: str, secret_arn: str) -> Document:
    """Callback: the body to send, the secret to sign it with; no media at all.

    It is also invoked asynchronously (EventBridge), so Lambda sends what fails for good to the
    dead-letter queue under this role.
    """
    return document(
        *_job_files(names, key_arn),
        allow("ReadSecret", ["secretsmanager:GetSecretValue"], secret_arn),
        use_key("SecretKey", key_arn, [DECRYPT], region=names.region, via=["secretsmanager"]),
        *send_dead_letters(names, key_arn),
        *function_basics(names, key_arn, "callback-dispatch"),
    )


def mediaconvert_policy(names: Names, key_arn: str) -> Document:
    """MediaConvert: originals of videos in, renditions out (seed 4.4, and the key it forgot)."""
    return document(
        allow("ReadVideos", ["s3:GetObject"], objects(names, "*/raw/video/*")),
        allow("WriteVideos", ["s3:PutObject"], objects(names, "*/processed/video/*")),
        seal_objects(names, key_arn, ENCRYPT, DECRYPT),
    )


def stepfunctions_policy(names: Names, key_arn: str) -> Document:
    """Both state machines (seed 4.3, and what `createJob.sync`, logs and the key need)."""
    functions = ("validate", "thumbnails", "zip", "consolidate", "callback-dispatch")
    return document(
        allow(
            "InvokeFunctions", ["lambda:InvokeFunction"], [names.function_arn(f) for f in functions]
        ),
        *_transcode(names),
        allow("ReadVideoJobs", ["s3:GetObject"], objects(names, "jobs/*/videos/*")),
        allow("KeepVideoErrors", ["s3:PutObject"], objects(names, "jobs/*/results/*")),
        seal_objects(names, key_arn, ENCRYPT, DECRYPT),
        *send_dead_letters(names, key_arn),
        *_log_and_trace_executions(),
    )


def _job_files(names: Names, key_arn: str) -> list[Statement]:
    return [
        allow("JobFiles", ["s3:GetObject", "s3:PutObject"], objects(names, "jobs/*")),
        list_prefixes(names, "jobs/*"),
        seal_objects(names, key_arn, ENCRYPT, DECRYPT),
    ]


def _transcode(names: Names) -> list[Statement]:
    """`mediaconvert:createJob.sync`: Step Functions guide, IAM policies for MediaConvert."""
    return [
        allow("CreateVideoJobs", ["mediaconvert:CreateJob"], names.mediaconvert_queue_arn),
        allow(
            "FollowVideoJobs",
            ["mediaconvert:GetJob", "mediaconvert:CancelJob"],
            names.mediaconvert_job_arns,
        ),
        allow(
            "PassMediaConvertRole",
            ["iam:PassRole"],
            names.role_arn("mediaconvert"),
            {"StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}},
        ),
        allow(
            "AwaitVideoJobs",
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            names.mediaconvert_sync_rule_arn,
        ),
    ]


def _log_and_trace_executions() -> list[Statement]:
    """Log delivery and X-Ray; AWS knows no resources for these actions."""
    return [
        allow(
            "DeliverLogs",
            [
                "logs:CreateLogDelivery",
                "logs:GetLogDelivery",
                "logs:UpdateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies",
                "logs:DescribeLogGroups",
            ],
            "*",
        ),
        allow(
            "WriteTraces",
            [
                "xray:PutTraceSegments",
                "xray:PutTelemetryRecords",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
            ],
            "*",
        ),
    ]
