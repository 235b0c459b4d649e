"""IAM and bucket documents of the bootstrap program, as pure functions."""

from __future__ import annotations

from typing import Final

from components.policy_documents.statements import Document, allow, deny_everyone, document

OIDC_HOST: Final = "token.actions.githubusercontent.com"

_READS: Final = (
    "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "events:Describe*",
    "events:List*", "iam:Get*", "iam:List*", "kms:Describe*", "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus", "kms:List*", "lambda:Get*", "lambda:List*", "logs:Describe*",
    "logs:List*", "mediaconvert:Get*", "mediaconvert:List*", "s3:GetAccelerateConfiguration",
    "s3:GetBucket*", "s3:GetEncryptionConfiguration", "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration", "s3:ListBucket", "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy", "sns:Get*", "sns:List*", "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl", "sqs:ListQueueTags", "states:Describe*", "states:List*",
    "sts:GetCallerIdentity",
)  # fmt: skip
"""How resources are set up, never what is in them: no object, message or secret value."""

_CHANGES: Final = (
    "cloudwatch:*", "events:*", "kms:*", "lambda:*", "logs:*", "mediaconvert:*", "sns:*", "sqs:*",
    "states:*",
)  # fmt: skip


def workflow_trust(provider_arn: str, repository: str, environment: str) -> Document:
    """Only jobs of one GitHub environment of one repository may take on the role."""
    return document(
        {
            "Sid": "WorkflowOfThisEnvironment",
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{OIDC_HOST}:aud": "sts.amazonaws.com",
                    f"{OIDC_HOST}:sub": f"repo:{repository}:environment:{environment}",
                }
            },
        }
    )


def preview_policy(bucket_arn: str, key_arn: str) -> Document:
    """Read the state and how resources are set up; a comparison takes the state's lock."""
    return document(
        allow("ReadSetup", _READS, "*"),
        allow("ReadState", ["s3:GetObject"], f"{bucket_arn}/*"),
        allow("LockState", ["s3:PutObject", "s3:DeleteObject"], f"{bucket_arn}/.pulumi/locks/*"),
        allow("OpenState", ["kms:Decrypt", "kms:GenerateDataKey"], key_arn),
    )


def deploy_policy(bucket_arn: str, key_arn: str, account_id: str, environment: str) -> Document:
    """Make and change what the pipeline of one environment is made of.

    Roles and buckets are held to the environment's names; a role may only be handed to the
    services of the pipeline.
    """
    roles = f"arn:aws:iam::{account_id}:role/toq-media-processing-*-{environment}"
    secrets = f"arn:aws:secretsmanager:*:{account_id}:secret:toq-media-*-{environment}-*"
    return document(
        allow("ReadSetup", _READS, "*"),
        allow("ChangeServices", _CHANGES, "*"),
        allow("ChangeRoles", ["iam:CreateRole", "iam:DeleteRole", "iam:UpdateRole",
                              "iam:UpdateAssumeRolePolicy", "iam:PutRolePolicy",
                              "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole"], roles),
        allow("HandRoles", ["iam:PassRole"], roles, {
            "StringEquals": {"iam:PassedToService": [
                "lambda.amazonaws.com", "states.amazonaws.com", "mediaconvert.amazonaws.com",
            ]}
        }),
        allow("ChangeBuckets", ["s3:CreateBucket", "s3:DeleteBucket", "s3:PutBucket*",
                                "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration"],
              ["arn:aws:s3:::toq-listing-medias*", "arn:aws:s3:::toq-logs-*"]),
        allow("ChangeSecrets", ["secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
                                "secretsmanager:TagResource", "secretsmanager:UntagResource",
                                "secretsmanager:UpdateSecret"], secrets),
        allow("KeepState", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"], f"{bucket_arn}/*"),
        allow("SealState", ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"], key_arn),
        {
            "Sid": "LeaveStateKey",
            "Effect": "Deny",
            "Action": ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            "Resource": key_arn,
        },
    )  # fmt: skip


def state_bucket_policy(bucket_arn: str) -> Document:
    """The state travels over TLS only."""
    return document(
        deny_everyone(
            "TlsOnly",
            "s3:*",
            [bucket_arn, f"{bucket_arn}/*"],
            {"Bool": {"aws:SecureTransport": "false"}},
        )
    )
