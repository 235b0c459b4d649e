"""Every policy document of the program: linted, narrow, and closed where the seed left it open."""

from __future__ import annotations

import importlib.util
import json
import sys
import warnings
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.infra.harness import Recorded, record_stack
from tests.infra.staging_facts import ACCOUNT, BUCKET, KEY, by_sid

SERVICES_WITHOUT_RESOURCES = {"WriteTraces", "DeliverLogs"}
"""Statements on `*`: X-Ray and log delivery know no resources (service authorization reference)."""

LINTER_EXCEPTIONS = {
    ("encryption-key", "RESOURCE_STAR"): "in a key policy `*` is the key itself",
    ("encryption-key", "MISMATCHED_TYPE"): "the CloudWatch Logs guide has ArnLike on this key",
    ("storage-media-policy", "MISMATCHED_TYPE_BUT_USABLE"): "S3 compares the key's ARN as text",
    ("identity-backend-policy", "RESOURCE_MISMATCH"): "DescribeExecution of standard executions",
    ("identity-dispatch-policy", "RESOURCE_MISMATCH"): "DescribeExecution of standard executions",
}
"""What parliament reports by document and issue, and why it is right as it is."""


@cache
def linter() -> ModuleType:
    """parliament 1.6.4; it asks for pkg_resources, which setuptools no longer ships."""
    stand_in = ModuleType("pkg_resources")

    def resource_filename(package: str, name: str) -> str:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        return str(Path(spec.origin).parent / name)

    stand_in.resource_filename = resource_filename  # type: ignore[attr-defined]
    sys.modules.setdefault("pkg_resources", stand_in)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its data files open
        return importlib.import_module("parliament")


def documents(program: Recorded) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in program.custom:
        for key in ("policy", "assumeRolePolicy"):
            if key in resource.inputs:
                yield resource.name, json.loads(resource.inputs[key])


def role_policy(kind: str) -> dict[str, dict[str, Any]]:
    """Statements of a role by Sid."""
    policy = record_stack("staging").one("aws:iam/rolePolicy:RolePolicy", f"identity-{kind}-policy")
    return by_sid(json.loads(policy.inputs["policy"]))


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_the_linter_finds_nothing(staging: Recorded) -> None:
    found = {
        (resource.name, finding.issue): str(finding)
        for resource in staging.custom
        if "policy" in resource.inputs
        for finding in linter().analyze_policy_string(resource.inputs["policy"]).findings
    }

    assert found.keys() == LINTER_EXCEPTIONS.keys(), found


def test_the_linter_would_find_something() -> None:
    bad = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:HeadObject"], "Resource": ["*"]}],
    }

    assert linter().analyze_policy_string(json.dumps(bad)).findings


def test_who_may_take_on_a_role(staging: Recorded) -> None:
    trusted = {
        resource.name.removeprefix("identity-"): json.loads(resource.inputs["assumeRolePolicy"])
        for resource in staging.of_type("aws:iam/role:Role")
    }

    assert {kind: _service(document) for kind, document in trusted.items()} == {
        "backend": "ec2.amazonaws.com",
        "lambda": "lambda.amazonaws.com",
        "dispatch": "lambda.amazonaws.com",
        "consolidate": "lambda.amazonaws.com",
        "callback": "lambda.amazonaws.com",
        "stepfunctions": "states.amazonaws.com",
        "mediaconvert": "mediaconvert.amazonaws.com",
    }
    assert trusted["stepfunctions"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:*"},
    }
    assert trusted["mediaconvert"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT}
    }


def test_every_statement_says_its_intent_once(program: Recorded) -> None:
    for name, document in documents(program):
        sids = [statement.get("Sid", "") for statement in document["Statement"]]
        assert all(sid.isalnum() for sid in sids), name
        assert len(set(sids)) == len(sids), name


def test_roles_have_neither_wildcard_actions_nor_resources(program: Recorded) -> None:
    for resource in program.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(resource.inputs["policy"])["Statement"]:
            assert not any("*" in action for action in statement["Action"]), resource.name
            if statement["Sid"] not in SERVICES_WITHOUT_RESOURCES:
                assert "*" not in as_list(statement["Resource"]), statement["Sid"]


def test_inline_policies_fit(program: Recorded) -> None:
    """IAM takes 10,240 characters of inline policy a role, white space not counted."""
    for resource in program.of_type("aws:iam/rolePolicy:RolePolicy"):
        compact = json.dumps(json.loads(resource.inputs["policy"]), separators=(",", ":"))
        assert len(compact) <= 10_240


def test_roles_use_the_key_only_through_services(program: Recorded) -> None:
    for resource in program.of_type("aws:iam/rolePolicy:RolePolicy"):
        for statement in json.loads(resource.inputs["policy"])["Statement"]:
            if any(action.startswith("kms:") for action in statement["Action"]):
                keys = set(statement["Condition"]["StringEquals"])
                assert keys & {"kms:ViaService", "kms:EncryptionContext:aws:lambda:FunctionArn"}


@pytest.mark.parametrize(
    ("kind", "sid", "actions", "resources"),
    [
        ("dispatch", "KeepRequests", ["s3:PutObject"], [f"{BUCKET}/jobs/*"]),
        (
            "dispatch",
            "StartProcessing",
            ["states:StartExecution"],
            f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:listing-media-processing-sm-staging",
        ),
        ("callback", "JobFiles", ["s3:GetObject", "s3:PutObject"], [f"{BUCKET}/jobs/*"]),
        ("consolidate", "JobFiles", ["s3:GetObject", "s3:PutObject"], [f"{BUCKET}/jobs/*"]),
        ("lambda", "ReadSources", ["s3:GetObject"], [f"{BUCKET}/*/raw/*", f"{BUCKET}/jobs/*"]),
        (
            "lambda",
            "WriteResults",
            ["s3:PutObject"],
            [f"{BUCKET}/*/processed/*", f"{BUCKET}/jobs/*"],
        ),
        ("mediaconvert", "ReadVideos", ["s3:GetObject"], [f"{BUCKET}/*/raw/video/*"]),
        ("mediaconvert", "WriteVideos", ["s3:PutObject"], [f"{BUCKET}/*/processed/video/*"]),
        (
            "stepfunctions",
            "AwaitVideoJobs",
            ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
            f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForMediaConvertJobRule",
        ),
        (
            "backend",
            "SendJobs",
            ["sqs:SendMessage", "sqs:GetQueueAttributes"],
            f"arn:aws:sqs:us-east-1:{ACCOUNT}:listing-media-processing-staging",
        ),
    ],
)
def test_what_a_role_may_do(
    kind: str, sid: str, actions: list[str], resources: str | list[str]
) -> None:
    statement = role_policy(kind)[sid]

    assert statement["Action"] == actions
    assert statement["Resource"] == resources


@pytest.mark.parametrize(
    ("kind", "never"),
    [
        ("lambda", ("secretsmanager:", "sqs:", "states:", "s3:DeleteObject", "iam:")),
        ("dispatch", ("s3:GetObject", "s3:ListBucket", "secretsmanager:", "sqs:SendMessage")),
        ("consolidate", ("secretsmanager:", "sqs:", "states:")),
        ("callback", ("states:", "s3:DeleteObject", "sqs:ReceiveMessage")),
        ("mediaconvert", ("s3:ListBucket", "s3:DeleteObject", "sqs:", "secretsmanager:")),
        ("backend", ("sqs:ReceiveMessage", "s3:PutBucket", "lambda:", "iam:", "kms:Encrypt")),
        ("stepfunctions", ("s3:ListBucket", "sqs:ReceiveMessage", "secretsmanager:")),
    ],
)
def test_what_a_role_may_never_do(kind: str, never: tuple[str, ...]) -> None:
    granted = {action for item in role_policy(kind).values() for action in item["Action"]}

    assert not [action for action in granted if action.startswith(never)]


def test_step_functions_may_pass_only_the_mediaconvert_role() -> None:
    statement = role_policy("stepfunctions")["PassMediaConvertRole"]

    assert statement["Resource"] == (
        f"arn:aws:iam::{ACCOUNT}:role/toq-media-processing-mediaconvert-staging"
    )
    assert statement["Condition"] == {
        "StringEquals": {"iam:PassedToService": "mediaconvert.amazonaws.com"}
    }


def test_step_functions_invokes_what_its_machines_call(staging: Recorded) -> None:
    granted = set(role_policy("stepfunctions")["InvokeFunctions"]["Resource"])
    called: set[str] = set()
    for machine in staging.of_type("aws:sfn/stateMachine:StateMachine"):
        called |= set(_values_of(json.loads(machine.inputs["definition"]), "FunctionName"))

    assert granted == called


def test_a_missing_object_is_404_where_the_code_must_tell() -> None:
    for kind in ("lambda", "consolidate", "callback"):
        statement = role_policy(kind)["TellMissingFromForbidden"]
        assert statement["Action"] == ["s3:ListBucket"]
        # GET of a missing key has no s3:prefix: StringLike alone would make it 403.
        assert list(statement["Condition"]) == ["StringLikeIfExists"]


def test_a_sender_to_the_sealed_dead_letter_queue_may_use_the_key() -> None:
    for kind in ("stepfunctions", "callback"):
        statement = role_policy(kind)["DeadLetterKey"]
        assert statement["Action"] == ["kms:GenerateDataKey", "kms:Decrypt"]
        assert statement["Resource"] == KEY
        assert statement["Condition"] == {
            "StringEquals": {"kms:ViaService": ["sqs.us-east-1.amazonaws.com"]}
        }


def test_services_act_for_this_account_only(staging: Recorded) -> None:
    for name, document in documents(staging):
        for statement in document["Statement"]:
            service = statement.get("Principal", {})
            if not isinstance(service, dict) or "Service" not in service:
                continue
            if service["Service"] in {"lambda.amazonaws.com", "ec2.amazonaws.com"}:
                continue  # neither offers a source condition when it takes on a role
            assert ACCOUNT in json.dumps(statement["Condition"]) or BUCKET in json.dumps(
                statement["Condition"]
            ), f"{name} {statement['Sid']}"


def _service(document: dict[str, Any]) -> str:
    (statement,) = document["Statement"]
    assert statement["Action"] == "sts:AssumeRole"
    service: str = statement["Principal"]["Service"]
    return service


def _values_of(node: Any, key: str) -> Iterator[str]:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == key:
                yield value
            else:
                yield from _values_of(value, key)
    elif isinstance(node, list):
        for item in node:
            yield from _values_of(item, key)
