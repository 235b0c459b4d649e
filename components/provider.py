"""The one AWS provider of a stack."""

from __future__ import annotations

import pulumi
import pulumi_aws as aws

from components.settings import StackSettings

_SERVICES = (
    "cloudwatch",
    "events",
    "iam",
    "kms",
    "lambda_",
    "logs",
    "mediaconvert",
    "s3",
    "secretsmanager",
    "sfn",
    "sns",
    "sqs",
    "sts",
)
"""Services of the program; the provider takes one name of each, not its synonyms."""


def aws_provider(name: str, settings: StackSettings, *, parent: pulumi.Resource) -> aws.Provider:
    """Provider bound to one region and account: other credentials are refused before anything.

    With `endpoint_url` it talks to an emulator, which has an STS of its own, so that the account
    is checked there too.
    """
    opts = pulumi.ResourceOptions(parent=parent)
    account_ids = [settings.account_id]
    default_tags = aws.ProviderDefaultTagsArgs(tags=settings.tags)
    if not settings.endpoint_url:
        return aws.Provider(
            name,
            region=settings.region,
            allowed_account_ids=account_ids,
            default_tags=default_tags,
            opts=opts,
        )
    return aws.Provider(
        name,
        region=settings.region,
        allowed_account_ids=account_ids,
        default_tags=default_tags,
        endpoints=[
            aws.ProviderEndpointArgs(**dict.fromkeys(_SERVICES, settings.endpoint_url)),
        ],
        access_key="test",
        secret_key="test",  # noqa: S106 -- the emulator's well-known root credentials
        s3_use_path_style=True,
        skip_metadata_api_check=True,
        skip_region_validation=True,
        opts=opts,
    )
