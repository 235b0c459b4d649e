"""The bootstrap program: state that cannot be lost or read, and roles for one environment each."""

import json
import re
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bootstrap.foundation import Foundation, FoundationArgs
from local.recorder import Recorded, record

ROOT = Path(__file__).parents[2]
ACCOUNT = "123456789012"


@cache
def recorded(oidc_provider_arn: str = "") -> Recorded:
    args = FoundationArgs(
        account_id=ACCOUNT,
        region="us-east-1",
        state_bucket="toq-state",
        repository="toq/media",
        environments=("dev", "staging"),
        oidc_provider_arn=oidc_provider_arn,
    )
    return record(lambda: _ignored(Foundation("foundation", args)))


def _ignored(_: object) -> None:
    return None


def statements(role: str) -> list[dict[str, Any]]:
    policy = recorded().one("aws:iam/rolePolicy:RolePolicy", f"foundation-{role}-policy")
    found: list[dict[str, Any]] = json.loads(policy.inputs["policy"])["Statement"]
    return found


def test_any_other_account_is_refused() -> None:
    provider = recorded().one("pulumi:providers:aws", "foundation-aws")
    assert json.loads(provider.inputs["allowedAccountIds"]) == [ACCOUNT]
    assert [item.name for item in recorded().custom
            if "foundation-aws" not in item.provider and item != provider] == []  # fmt: skip


def test_state_and_key_are_protected_sealed_and_kept_in_versions() -> None:
    bucket = recorded().one("aws:s3/bucket:Bucket", "foundation-state")
    key = recorded().one("aws:kms/key:Key", "foundation-key")
    assert (bucket.protect, key.protect, key.inputs["enableKeyRotation"]) == (True, True, True)
    versioning = recorded().of_type("aws:s3/bucketVersioning:BucketVersioning")[0]
    assert versioning.inputs["versioningConfiguration"]["status"] == "Enabled"
    block = recorded().of_type("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")[0]
    assert [value for key, value in block.inputs.items() if key != "bucket"] == [True] * 4
    policy = recorded().of_type("aws:s3/bucketPolicy:BucketPolicy")[0].inputs["policy"]
    assert json.loads(policy)["Statement"][0]["Effect"] == "Deny"


@pytest.mark.parametrize(
    ("role", "environment"),
    [
        ("deploy-dev", "dev"),
        ("preview-dev", "preview-dev"),
        ("deploy-staging", "staging"),
        ("preview-staging", "preview-staging"),
    ],
)
def test_a_role_trusts_one_environment_of_one_repository(role: str, environment: str) -> None:
    trust = recorded().one("aws:iam/role:Role", f"foundation-{role}").inputs["assumeRolePolicy"]
    (statement,) = json.loads(trust)["Statement"]
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:toq/media:environment:{environment}",
        }
    }


def test_an_identity_provider_that_exists_is_used_and_none_is_made() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"
    program = recorded(arn)
    assert program.of_type("aws:iam/openIdConnectProvider:OpenIdConnectProvider") == []
    trust = program.one("aws:iam/role:Role", "foundation-deploy-dev").inputs["assumeRolePolicy"]
    assert json.loads(trust)["Statement"][0]["Principal"] == {"Federated": arn}


def test_a_preview_changes_nothing_but_the_lock_and_reads_no_content() -> None:
    every = {item["Sid"]: item for item in statements("preview-dev")}
    reads = every.pop("ReadSetup")["Action"]
    assert [action for action in reads if not re.search(r":(Get|List|Describe)", action)] == []
    content = r"s3:GetObject|s3:Get\*|GetSecretValue|ReceiveMessage|kms:Decrypt|logs:Get|\*$"
    assert {action for action in reads if re.search(content, action)} == {
        action for action in reads if re.search(r":(Get|List|Describe)\*$|GetBucket\*$", action)
    }
    assert not {action for action in reads if re.search(r"^(s3|secretsmanager|sqs):Get\*", action)}
    assert every["LockState"]["Resource"] == "arn:aws:s3:::toq-state/.pulumi/locks/*"
    assert every.keys() == {"ReadState", "LockState", "OpenState"}


def test_a_deployment_touches_roles_of_its_environment_only() -> None:
    every = {item["Sid"]: item for item in statements("deploy-dev")}
    roles = f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-*-dev"
    assert {every[sid]["Resource"] for sid in ("ChangeRoles", "HandRoles")} == {roles}
    handing = [
        sid
        for sid, item in every.items()
        if any(fnmatchcase("iam:PassRole", action) for action in item["Action"])
    ]
    assert handing == ["HandRoles"]
    assert "Condition" in every["HandRoles"]
    assert every["LeaveStateKey"]["Effect"] == "Deny"
    assert [sid for sid, item in every.items()
            if item["Resource"] == "*" and any("iam:" in action for action in item["Action"])
            and sid != "ReadSetup"] == []  # fmt: skip


def test_declared_settings_are_those_that_are_read() -> None:
    declared = yaml.safe_load((ROOT / "bootstrap/Pulumi.yaml").read_text())["config"]
    program = (ROOT / "bootstrap/__main__.py").read_text()
    assert set(declared) == set(re.findall(r"config\.\w+\(\"(\w+)\"\)", program))
