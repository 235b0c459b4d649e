"""Secrets."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present, tag_list
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:secretsmanager/secret:Secret")
def secret(target: Target, inputs: Inputs) -> Created:
    """A secret without a value."""
    call = present(
        inputs,
        {
            "name": "Name",
            "description": "Description",
            "kmsKeyId": "KmsKeyId",
            "tags": ("Tags", tag_list),
        },
    )
    arn = target.clients.client("secretsmanager").create_secret(**call)["ARN"]
    return Created(id=arn, outputs={"arn": arn})
