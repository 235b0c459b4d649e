"""KMS keys and aliases."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:kms/key:Key")
def key(target: Target, inputs: Inputs) -> Created:
    """A key, with rotation where the program asks for it."""
    kms = target.clients.client("kms")
    call = present(
        inputs,
        {
            "description": "Description",
            "policy": "Policy",
            "keyUsage": "KeyUsage",
            "customerMasterKeySpec": "KeySpec",
            "multiRegion": "MultiRegion",
            "tags": ("Tags", _tags),
        },
    )
    made = kms.create_key(**call)["KeyMetadata"]
    if inputs.get("enableKeyRotation"):
        period = present(inputs, {"rotationPeriodInDays": "RotationPeriodInDays"})
        kms.enable_key_rotation(KeyId=made["KeyId"], **period)
    return Created(id=made["KeyId"], outputs={"keyId": made["KeyId"], "arn": made["Arn"]})


@provisions("aws:kms/alias:Alias")
def alias(target: Target, inputs: Inputs) -> Created:
    """An alias of a key."""
    kms = target.clients.client("kms")
    name = inputs["name"]
    kms.create_alias(AliasName=name, TargetKeyId=inputs["targetKeyId"])
    key_arn = kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"]
    arn = f"{key_arn.rpartition(':')[0]}:{name}"
    return Created(id=name, outputs={"arn": arn, "targetKeyArn": key_arn})


def _tags(tags: Inputs) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": tags[key]} for key in tags]
