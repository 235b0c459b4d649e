"""What the tests of staging's components and policies compare with: the seed's facts."""

from __future__ import annotations

from typing import Any

from components.naming import Names
from tests.infra.harness import KEY_ID, Recorded

ACCOUNT = "058264253741"
BUCKET = "arn:aws:s3:::toq-listing-medias"
KEY = f"arn:aws:kms:us-east-1:{ACCOUNT}:key/{KEY_ID}"
DLQ = f"arn:aws:sqs:us-east-1:{ACCOUNT}:listing-media-processing-dlq-staging"
QUEUE = f"arn:aws:sqs:us-east-1:{ACCOUNT}:listing-media-processing-staging"
TAGS = {
    "Project": "toq-media",
    "Environment": "staging",
    "Owner": "media-platform",
    "CostCentre": "media",
    "ManagedBy": "pulumi",
}
NAMES = Names(
    account_id=ACCOUNT,
    region="us-east-1",
    environment="staging",
    media_bucket="toq-listing-medias",
)


def inputs(program: Recorded, type_: str, name: str, *, without: str = "") -> dict[str, Any]:
    found = dict(program.one(type_, name).inputs)
    if without:
        assert found.pop(without)
    return found


def by_sid(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in document["Statement"]}
