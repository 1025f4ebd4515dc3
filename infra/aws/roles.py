"""The region in which a stage lives, recorded in tags of its functions' IAM roles.

Role names are the only names of a stage that all regions of an account share, and creating a role
is atomic: the roles decide to which region a stage name belongs.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from infra.aws.stage import REGION_TAG, Stage
from infra.console import CommandError

if TYPE_CHECKING:
    from mypy_boto3_iam.type_defs import RoleTypeDef, TagTypeDef

TRUST_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}

_REGION = re.compile(r"arn:[a-z-]+:(?:dynamodb|logs|sqs):([a-z]{2}[a-z0-9-]+):")


def claim(stage: Stage) -> None:
    """Record that the stage lives in this region; creates its roles if they do not exist.

    `chalice deploy` then finds the roles and writes their policies.

    Raises:
        CommandError: the stage lives in another region; nothing is changed.
    """
    refuse_elsewhere(stage)
    for name in stage.roles:
        if get_role(stage, name) is None:
            _create(stage, name)
    tag_roles(stage)


def tag_roles(stage: Stage) -> None:
    """Record the region in existing roles that lack it."""
    for name in stage.possible_roles:
        role = get_role(stage, name)
        if role is not None and not _tags(role).items() >= stage.tags.items():
            stage.account.iam.tag_role(RoleName=name, Tags=_tag_list(stage))


def refuse_elsewhere(stage: Stage) -> None:
    """Check that the stage lives in this region or nowhere.

    Raises:
        CommandError: it lives in another region, or a role is not a stage's.
    """
    here = stage.account.region
    for name in stage.possible_roles:
        role = get_role(stage, name)
        region = here if role is None else _region(stage, role)
        if region != here:
            raise CommandError(
                f"Stage {stage.name} of this account lives in {region}, and nothing was changed: "
                f"set AWS_DEFAULT_REGION={region} to use it, or pass another STAGE= for {here}"
            )


def get_role(stage: Stage, name: str) -> RoleTypeDef | None:
    """A role with its tags; None if it does not exist."""
    try:
        return stage.account.iam.get_role(RoleName=name)["Role"]
    except stage.account.iam.exceptions.NoSuchEntityException:
        return None


def delete_policies(stage: Stage) -> None:
    """Delete the roles' permissions, which ends the validity of presigned URLs as well."""
    for name in stage.possible_roles:
        if get_role(stage, name) is not None:
            _delete_policies_of(stage, name)


def delete_role(stage: Stage, name: str) -> None:
    """Delete a role with its permissions, if it exists."""
    if get_role(stage, name) is not None:
        _delete_policies_of(stage, name)
        stage.account.iam.delete_role(RoleName=name)


def _delete_policies_of(stage: Stage, name: str) -> None:
    iam = stage.account.iam
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=attached["PolicyArn"])


def _create(stage: Stage, name: str) -> None:
    iam = stage.account.iam
    try:
        iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps(TRUST_POLICY),
            Description=f"Intake stage {stage.name} in {stage.account.region}",
            Tags=_tag_list(stage),
        )
    except iam.exceptions.EntityAlreadyExistsException:  # a concurrent deployment
        refuse_elsewhere(stage)


def _region(stage: Stage, role: RoleTypeDef) -> str:
    """The region of a role: from its tags, or from its policy if an older version created it.

    Raises:
        CommandError: neither names a region, so the role is not a stage's.
    """
    if region := _tags(role).get(REGION_TAG):
        return region
    policies = _policies(stage, role["RoleName"])
    regions: set[str] = set()
    regions.update(*(_REGION.findall(json.dumps(policy)) for policy in policies))
    here = stage.account.region
    if here in regions or not policies:  # without permissions, it is of an unfinished deployment
        return here
    if not regions:
        raise CommandError(
            f"The IAM role {role['RoleName']} exists and is not of an Intake stage, and nothing "
            "was changed: pass another STAGE=, or delete the role"
        )
    return min(regions)


def _policies(stage: Stage, name: str) -> list[Any]:
    """The inline policies of a role and the names of its managed policies."""
    iam = stage.account.iam
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    managed = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    documents: list[Any] = [
        iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"] for policy in inline
    ]
    return documents + managed


def _tags(role: RoleTypeDef) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in role.get("Tags", [])}


def _tag_list(stage: Stage) -> list[TagTypeDef]:
    return [{"Key": key, "Value": value} for key, value in stage.tags.items()]
