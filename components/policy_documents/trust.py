"""Who may take on a role."""

from __future__ import annotations

from components.naming import Names
from components.policy_documents.statements import Condition, Document, document


def _trust(service: str, condition: Condition | None = None) -> Document:
    statement = {
        "Sid": "Assume",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return document(statement | ({"Condition": condition} if condition else {}))


def ec2_trust() -> Document:
    """The backend's instances (seed 4.1)."""
    return _trust("ec2.amazonaws.com")


def lambda_trust() -> Document:
    """Lambda, which offers no source condition when it takes on an execution role."""
    return _trust("lambda.amazonaws.com")


def states_trust(names: Names) -> Document:
    """Step Functions, for state machines of this account and region."""
    return _trust(
        "states.amazonaws.com",
        {
            "StringEquals": {"aws:SourceAccount": names.account_id},
            "ArnLike": {"aws:SourceArn": names.any_state_machine_arn},
        },
    )


def mediaconvert_trust(names: Names) -> Document:
    """MediaConvert, for jobs of this account."""
    return _trust(
        "mediaconvert.amazonaws.com",
        {"StringEquals": {"aws:SourceAccount": names.account_id}},
    )
