"""The key that seals everything, and the secret that signs callbacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import kms, secretsmanager

from components.children import child
from components.naming import Names
from components.policy_documents.resources import key_policy


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    """Inputs of `Encryption`.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        adopt_key_id: id of an existing key to adopt with its alias; empty to make both.
        protect: refuse deletion of key and secret.
        delete_soon: shortest waiting time before a deletion takes effect (key 7 days, secret none)
            instead of the longest (30 days).
    """

    names: Names
    tags: Mapping[str, str]
    adopt_key_id: str = ""
    protect: bool = True
    delete_soon: bool = False


class Encryption(pulumi.ComponentResource):
    """KMS key with yearly rotation under its alias (seed section 1), and the callback secret.

    The secret is made without a value: an operator puts `{"current": ..., "previous": ...}`, so
    that it is in no state file.
    """

    key_arn: pulumi.Output[str]
    key_id: pulumi.Output[str]
    secret_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Encryption", name, None, opts)
        key = kms.Key(
            f"{name}-key",
            description=f"TOQ media processing, {args.names.environment}",
            enable_key_rotation=True,
            deletion_window_in_days=7 if args.delete_soon else 30,
            policy=json.dumps(key_policy(args.names)),
            tags=args.tags,
            opts=child(self, protect=args.protect, import_id=args.adopt_key_id),
        )
        kms.Alias(
            f"{name}-alias",
            name=args.names.key_alias,
            target_key_id=key.key_id,
            opts=child(
                self,
                protect=args.protect,
                import_id=args.names.key_alias if args.adopt_key_id else "",
            ),
        )
        secret = secretsmanager.Secret(
            f"{name}-callback-secret",
            name=args.names.callback_secret,
            description="Signs callbacks to the backend: JSON with current and previous.",
            kms_key_id=key.arn,
            recovery_window_in_days=0 if args.delete_soon else 30,
            tags=args.tags,
            opts=child(self, protect=args.protect),
        )
        self.key_arn = key.arn
        self.key_id = key.key_id
        self.secret_arn = secret.arn
        self.register_outputs(
            {"keyArn": self.key_arn, "keyId": self.key_id, "secretArn": self.secret_arn}
        )
