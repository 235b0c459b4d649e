"""One account's foundation: where state is kept, what seals it, and who may deploy."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
from pulumi_aws import iam, kms, s3

from bootstrap.documents import (
    OIDC_HOST,
    deploy_policy,
    preview_policy,
    state_bucket_policy,
    workflow_trust,
)
from components.children import child
from components.policy_documents.statements import Document

KEY_ALIAS = "alias/toq-media-state"


@dataclass(frozen=True, kw_only=True)
class FoundationArgs:
    """Inputs of `Foundation`.

    Attributes:
        account_id: AWS account; any other is refused.
        region: region of bucket and key.
        state_bucket: name of the bucket with the stacks' state.
        repository: `owner/name` on GitHub.
        environments: environments of this account.
        oidc_provider_arn: GitHub's identity provider where the account has one; an account takes
            only one. Empty to make it.
    """

    account_id: str
    region: str
    state_bucket: str
    repository: str
    environments: Sequence[str]
    oidc_provider_arn: str = ""


class Foundation(pulumi.ComponentResource):
    """State bucket with its key, GitHub's identity provider, two roles an environment."""

    exports: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: FoundationArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:bootstrap:Foundation", name, None, opts)
        self._args = args
        self._aws = aws.Provider(
            f"{name}-aws",
            region=args.region,
            allowed_account_ids=[args.account_id],
            default_tags=aws.ProviderDefaultTagsArgs(
                tags={"Project": "toq-bootstrap", "ManagedBy": "pulumi"}
            ),
            opts=child(self),
        )
        self._key = kms.Key(
            f"{name}-key",
            description="Seals the state of the toq-media stacks and the secrets in it",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            opts=self._child(protect=True),
        )
        kms.Alias(
            f"{name}-alias",
            name=KEY_ALIAS,
            target_key_id=self._key.key_id,
            opts=self._child(),
        )
        self._bucket_arn = f"arn:aws:s3:::{args.state_bucket}"
        self._make_bucket(f"{name}-state")
        provider_arn = self._identity_provider(f"{name}-github")
        self.exports = {
            "backendUrl": pulumi.Output.from_input(
                f"s3://{args.state_bucket}?region={args.region}"
            ),
            "secretsProvider": pulumi.Output.from_input(
                f"awskms://{KEY_ALIAS}?region={args.region}"
            ),
        }
        for environment in args.environments:
            self._make_roles(name, provider_arn, environment)
        self.register_outputs({})

    def _child(self, *, protect: bool = False) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions.merge(
            child(self, protect=protect), pulumi.ResourceOptions(provider=self._aws)
        )

    def _identity_provider(self, name: str) -> pulumi.Output[str]:
        if self._args.oidc_provider_arn:
            return pulumi.Output.from_input(self._args.oidc_provider_arn)
        return iam.OpenIdConnectProvider(
            name,
            url=f"https://{OIDC_HOST}",
            client_id_lists=["sts.amazonaws.com"],
            opts=self._child(),
        ).arn

    def _make_bucket(self, name: str) -> None:
        bucket = s3.Bucket(name, bucket=self._args.state_bucket, opts=self._child(protect=True))
        s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.bucket,
            versioning_configuration={"status": "Enabled"},
            opts=self._child(),
        )
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                {
                    "bucket_key_enabled": True,
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": self._key.arn,
                    },
                }
            ],
            opts=self._child(),
        )
        s3.BucketPublicAccessBlock(
            f"{name}-public-access-block",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child(),
        )
        s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.bucket,
            policy=json.dumps(state_bucket_policy(self._bucket_arn)),
            opts=self._child(),
        )

    def _make_roles(self, name: str, provider_arn: pulumi.Output[str], environment: str) -> None:
        args, bucket = self._args, self._bucket_arn
        policies = {
            "deploy": self._key.arn.apply(
                lambda key: deploy_policy(bucket, key, args.account_id, environment)
            ),
            "preview": self._key.arn.apply(lambda key: preview_policy(bucket, key)),
        }
        for purpose, policy in policies.items():
            # The GitHub environment: `staging` deploys, `preview-staging` looks.
            github = environment if purpose == "deploy" else f"preview-{environment}"
            role = self._role(f"{name}-{purpose}-{environment}", provider_arn, github, policy)
            self.exports[f"{purpose}RoleArn-{environment}"] = role.arn

    def _role(
        self,
        name: str,
        provider_arn: pulumi.Output[str],
        github_environment: str,
        policy: pulumi.Output[Document],
    ) -> iam.Role:
        repository = self._args.repository
        role = iam.Role(
            name,
            name=name.replace("foundation", "toq-media-github"),
            assume_role_policy=provider_arn.apply(
                lambda arn: json.dumps(workflow_trust(arn, repository, github_environment))
            ),
            max_session_duration=3600,
            opts=self._child(),
        )
        iam.RolePolicy(
            f"{name}-policy", role=role.name, policy=policy.apply(json.dumps), opts=self._child()
        )
        return role
