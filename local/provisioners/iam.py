"""IAM roles and their inline policies."""

from __future__ import annotations

from local.provisioners.inputs import Inputs, present, tag_list
from local.provisioners.registry import Created, Target, provisions


@provisions("aws:iam/role:Role")
def role(target: Target, inputs: Inputs) -> Created:
    """A role."""
    call = present(
        inputs,
        {
            "name": "RoleName",
            "assumeRolePolicy": "AssumeRolePolicyDocument",
            "description": "Description",
            "path": "Path",
            "maxSessionDuration": "MaxSessionDuration",
            "permissionsBoundary": "PermissionsBoundary",
            "tags": ("Tags", tag_list),
        },
    )
    made = target.clients.client("iam").create_role(**call)["Role"]
    outputs = {"arn": made["Arn"], "uniqueId": made["RoleId"], "name": made["RoleName"]}
    return Created(id=made["RoleName"], outputs=outputs)


@provisions("aws:iam/rolePolicy:RolePolicy")
def role_policy(target: Target, inputs: Inputs) -> Created:
    """An inline policy of a role."""
    role_name, name = inputs["role"], inputs["name"]
    target.clients.client("iam").put_role_policy(
        RoleName=role_name, PolicyName=name, PolicyDocument=inputs["policy"]
    )
    return Created(id=f"{role_name}:{name}")
