"""Entry of the bootstrap program: configuration in, one account's foundation out."""

import sys
from pathlib import Path

import pulumi

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bootstrap.foundation import Foundation, FoundationArgs

config = pulumi.Config()
foundation = Foundation(
    "foundation",
    FoundationArgs(
        account_id=config.require("accountId"),
        region=config.get("region") or "us-east-1",
        state_bucket=config.require("stateBucket"),
        repository=config.require("repository"),
        environments=tuple(config.require_object("environments")),
        oidc_provider_arn=config.get("oidcProviderArn") or "",
    ),
)
for name, value in foundation.exports.items():
    pulumi.export(name, value)
