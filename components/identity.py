"""The roles of seed section 4, and a narrower one for each function that needs less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import iam

from components.children import child
from components.naming import Names
from components.policy_documents import roles, trust
from components.policy_documents.statements import Document

_SEED_ROLES = ("backend", "lambda", "stepfunctions", "mediaconvert")


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """Inputs of `Identity`.

    Attributes:
        names: names of the environment.
        tags: tags of every resource.
        key_arn: key that seals media, messages and the secret.
        secret_arn: secret that signs callbacks.
        adopt: import the seed's four roles instead of making them.
    """

    names: Names
    tags: Mapping[str, str]
    key_arn: pulumi.Input[str]
    secret_arn: pulumi.Input[str]
    adopt: bool = False


class Identity(pulumi.ComponentResource):
    """One role a purpose, each with a single inline policy.

    `role_arns` is keyed by purpose: backend, lambda, dispatch, consolidate, callback,
    stepfunctions, mediaconvert.
    """

    role_arns: dict[str, pulumi.Output[str]]

    def __init__(
        self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("toq:media:Identity", name, None, opts)
        trusts = {
            "backend": trust.ec2_trust(),
            "lambda": trust.lambda_trust(),
            "dispatch": trust.lambda_trust(),
            "consolidate": trust.lambda_trust(),
            "callback": trust.lambda_trust(),
            "stepfunctions": trust.states_trust(args.names),
            "mediaconvert": trust.mediaconvert_trust(args.names),
        }
        policies = pulumi.Output.all(args.key_arn, args.secret_arn).apply(
            lambda arns: _policies(args.names, key_arn=arns[0], secret_arn=arns[1])
        )
        self.role_arns = {}
        for kind, assume in trusts.items():
            role = iam.Role(
                f"{name}-{kind}",
                name=args.names.role(kind),
                assume_role_policy=json.dumps(assume),
                tags=args.tags,
                opts=child(
                    self,
                    import_id=args.names.role(kind) if args.adopt and kind in _SEED_ROLES else "",
                ),
            )
            iam.RolePolicy(
                f"{name}-{kind}-policy",
                name="permissions",
                role=role.name,
                policy=policies[kind],
                opts=child(self),
            )
            self.role_arns[kind] = role.arn
        self.register_outputs({"roleArns": self.role_arns})


def _policies(names: Names, *, key_arn: str, secret_arn: str) -> dict[str, str]:
    documents: dict[str, Document] = {
        "backend": roles.backend_policy(names, key_arn),
        "lambda": roles.lambda_policy(names, key_arn),
        "dispatch": roles.dispatch_policy(names, key_arn),
        "consolidate": roles.consolidate_policy(names, key_arn),
        "callback": roles.callback_policy(names, key_arn, secret_arn),
        "stepfunctions": roles.stepfunctions_policy(names, key_arn),
        "mediaconvert": roles.mediaconvert_policy(names, key_arn),
    }
    return {kind: json.dumps(document) for kind, document in documents.items()}
