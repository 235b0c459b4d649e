"""The plan that checkov reads, and what is made of its findings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local.checkov_run import judge
from local.recorder import Recorded, record_stack
from local.terraform_plan import as_terraform, terraform_plan
from policy.rules.not_applicable import NOT_APPLICABLE


@pytest.fixture(scope="module")
def program() -> Recorded:
    return record_stack("staging", answer=as_terraform)


def values(program: Recorded, address: str) -> dict[str, Any]:
    plan = terraform_plan(program)
    found: dict[str, Any] = {
        item["address"]: item["values"]
        for item in plan["planned_values"]["root_module"]["resources"]
    }[address]
    return found


def test_every_aws_resource_is_in_the_plan(program: Recorded) -> None:
    plan = terraform_plan(program)
    aws = [item for item in program.custom if item.type.startswith("aws:")]

    assert len(plan["resource_changes"]) == len(aws)
    assert json.loads(json.dumps(plan)) == plan


def test_names_are_terraform_s(program: Recorded) -> None:
    function = values(program, "aws_lambda_function.functions_zip")
    encryption = values(
        program, "aws_s3_bucket_server_side_encryption_configuration.storage_media_encryption"
    )

    assert function["function_name"] == "listing-media-zip-staging"
    assert function["tracing_config"] == [{"mode": "Active"}]
    assert function["environment"][0]["variables"]["MEDIA_BUCKET"]
    assert function["tags"]["Project"] == "toq-media"
    assert encryption["rule"][0]["apply_server_side_encryption_by_default"][0]["sse_algorithm"]


def test_companions_stay_joined(program: Recorded) -> None:
    block = values(program, "aws_s3_bucket_public_access_block.storage_media_public_access_block")

    assert block["bucket"] == "${aws_s3_bucket.storage_media_bucket.id}"


def report(*findings: tuple[str, str]) -> dict[str, Any]:
    failed = [
        {"check_id": check, "check_name": "what it checks", "resource": resource}
        for check, resource in findings
    ]
    return {"results": {"failed_checks": failed}, "summary": {"passed": 0}}


def test_a_finding_without_a_reason_counts(program: Recorded) -> None:
    finding = ("CKV_AWS_145", "aws_s3_bucket.storage_media_bucket")
    excused = ("CKV_AWS_145", "aws_s3_bucket.storage_logs_bucket")

    assert judge(report(excused), program)[0] == []
    assert judge(report(finding, excused), program)[0] == [
        "CKV_AWS_145: storage-media-bucket: what it checks"
    ]


def test_a_reason_that_excuses_nothing_counts(program: Recorded) -> None:
    idle = judge(report(), program)[1]

    assert idle == [
        one for one in NOT_APPLICABLE if any(name.startswith("CKV") for name in one.controls)
    ]
