"""What a stage stores for its users: files, records and users; counted, unprotected, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.aws.resources import buckets, tables, user_pools
from infra.aws.stage import Stage
from infra.console import CommandError

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef


def kinds_of_data(stage: Stage) -> list[str]:
    """Which of files, records and users the stage holds; deleted versions of files count."""
    account = stage.account
    files = any(_holds_files(stage, bucket) for bucket in buckets(stage))
    records = any(
        account.dynamodb.scan(TableName=table, Limit=1)["Items"] for table in tables(stage)
    )
    users = any(
        account.cognito.list_users(UserPoolId=pool, Limit=1)["Users"] for pool in user_pools(stage)
    )
    return ["files"] * files + ["records"] * records + ["users"] * users


def is_protected(stage: Stage) -> bool:
    """Whether a table or user pool of the stage is protected from deletion."""
    dynamodb, cognito = stage.account.dynamodb, stage.account.cognito
    return any(
        dynamodb.describe_table(TableName=table)["Table"].get("DeletionProtectionEnabled")
        for table in tables(stage)
    ) or any(
        cognito.describe_user_pool(UserPoolId=pool)["UserPool"].get("DeletionProtection")
        == "ACTIVE"
        for pool in user_pools(stage)
    )


def lift_protection(stage: Stage) -> None:
    """Allow the table and the user pool to be deleted. Resets the pool's other settings."""
    dynamodb, cognito = stage.account.dynamodb, stage.account.cognito
    for table in tables(stage):
        description = dynamodb.describe_table(TableName=table)["Table"]
        if description.get("DeletionProtectionEnabled"):
            dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=table)
    for pool in user_pools(stage):
        cognito.update_user_pool(UserPoolId=pool, DeletionProtection="INACTIVE")


def empty_bucket(stage: Stage, bucket: str) -> int:
    """Delete every version of every file, delete markers and unfinished uploads.

    Returns:
        The number of versions deleted, delete markers not counted.

    Raises:
        CommandError: S3 does not delete one of them.
    """
    s3, deleted = stage.account.s3, 0
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
        versions, markers = page.get("Versions", []), page.get("DeleteMarkers", [])
        deleted += len(versions)
        _delete(stage, bucket, [*versions, *markers])
    for uploads in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket):
        for upload in uploads.get("Uploads", []):
            s3.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    return deleted


def delete_table(stage: Stage, table: str) -> int:
    """Delete a table; the number of its records, which DynamoDB updates every six hours."""
    dynamodb = stage.account.dynamodb
    records = dynamodb.describe_table(TableName=table)["Table"].get("ItemCount", 0)
    dynamodb.delete_table(TableName=table)
    dynamodb.get_waiter("table_not_exists").wait(TableName=table)
    return records


def delete_user_pool(stage: Stage, pool: str) -> int:
    """Delete a user pool; the estimated number of its users."""
    cognito = stage.account.cognito
    users = cognito.describe_user_pool(UserPoolId=pool)["UserPool"].get("EstimatedNumberOfUsers", 0)
    cognito.delete_user_pool(UserPoolId=pool)
    return users


def _holds_files(stage: Stage, bucket: str) -> bool:
    page = stage.account.s3.list_object_versions(Bucket=bucket, MaxKeys=1)
    return bool(page.get("Versions") or page.get("DeleteMarkers"))


def _delete(stage: Stage, bucket: str, versions: list[Any]) -> None:
    if not versions:
        return
    objects: list[ObjectIdentifierTypeDef] = [
        {"Key": version["Key"], "VersionId": version["VersionId"]} for version in versions
    ]
    answer = stage.account.s3.delete_objects(
        Bucket=bucket, Delete={"Objects": objects, "Quiet": True}
    )
    if errors := answer.get("Errors"):
        raise CommandError(
            f"S3 did not delete {errors[0].get('Key')} of {bucket}: {errors[0].get('Message')}"
        )
