"""What a run of the verification leaves in the account until it is deleted.

Users, keys and the record of the failed upload have names with the run's id, so that the next run
finds and deletes what an interrupted one left behind. Its other records expire by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.documents import document_id_for, object_key_for
from chalicelib.events import Upload
from infra.aws.stage import Stage
from infra.console import echo

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import UserTypeTypeDef

_FOLDER = "intake-verify/"
_USER_PREFIX = "intake-verify-"
_RUN_MAY_TAKE = timedelta(hours=1)
"""Users older than this belong to an interrupted run."""


def email(run_id: str, name: str) -> str:
    """The address of a temporary user; example.com receives no mail (RFC 2606)."""
    return f"{_USER_PREFIX}{run_id}-{name}@example.com"


def direct_key(run_id: str, name: str) -> str:
    """The key of an object that is put directly into the bucket."""
    return f"{_FOLDER}{run_id}/{name}"


def unreadable_upload(run_id: str) -> Upload:
    """A scanned upload to a bucket that process_upload has no permission for."""
    return Upload(
        bucket="intake-verify-no-such-bucket",
        key=direct_key(run_id, "unreadable.txt"),
        size_bytes=1,
        e_tag="0" * 32,
        sequencer="00",
        uploaded_at="2026-01-01T00:00:00.000Z",
        scanned_at="2026-01-01T00:00:01.000Z",
    )


def delete_interrupted(stage: Stage) -> None:
    """Delete what interrupted runs left behind."""
    for run_id in {run_id for run_id, created in _runs(stage) if _is_old(created)}:
        echo(f"Deleting what the interrupted run {run_id} left behind")
        delete(stage, run_id, ())


def delete(stage: Stage, run_id: str, document_ids: Iterable[str]) -> None:
    """Delete a run's objects and records, and last its users, by which it is found.

    Args:
        stage: the stage.
        run_id: the run.
        document_ids: of documents, in addition to those that are found by the run's id.
    """
    outputs, account = stage.outputs(), stage.account
    bucket, table = outputs["UploadBucketName"], outputs["DocumentsTableName"]
    users = list(_users(stage, outputs["UserPoolId"], f"{_USER_PREFIX}{run_id}-"))
    uploads = {*document_ids, *_documents_of(stage, table, users)}
    direct_keys = list(_direct_keys(stage, bucket, run_id))
    for key in [*map(object_key_for, uploads), *direct_keys]:
        account.s3.delete_object(Bucket=bucket, Key=key)
    failed = unreadable_upload(run_id)
    direct = [document_id_for(bucket, key) for key in direct_keys]
    for document_id in [*uploads, *direct, document_id_for(failed.bucket, failed.key)]:
        account.dynamodb.delete_item(TableName=table, Key={"documentId": {"S": document_id}})
    for user in users:
        account.cognito.admin_delete_user(
            UserPoolId=outputs["UserPoolId"], Username=user["Username"]
        )


def _runs(stage: Stage) -> Iterator[tuple[str, datetime]]:
    """The run and the creation time of each temporary user."""
    for user in _users(stage, stage.outputs()["UserPoolId"], _USER_PREFIX):
        address = _attribute(user, "email")
        yield address.removeprefix(_USER_PREFIX).partition("-")[0], user["UserCreateDate"]


def _is_old(created: datetime) -> bool:
    return datetime.now(UTC) - created > _RUN_MAY_TAKE


def _users(stage: Stage, pool: str, prefix: str) -> Iterator[UserTypeTypeDef]:
    pages = stage.account.cognito.get_paginator("list_users").paginate(
        UserPoolId=pool, Filter=f'email ^= "{prefix}"'
    )
    for page in pages:
        yield from page["Users"]


def _attribute(user: UserTypeTypeDef, name: str) -> str:
    return next(item["Value"] for item in user["Attributes"] if item["Name"] == name)


def _documents_of(stage: Stage, table: str, users: Iterable[UserTypeTypeDef]) -> Iterator[str]:
    """The ids of these users' documents that are in the index: all but PENDING and deleted ones."""
    paginator = stage.account.dynamodb.get_paginator("query")
    for user in users:
        pages = paginator.paginate(
            TableName=table,
            IndexName="byOwnerAndStatus",
            KeyConditionExpression="#owner = :owner",
            ExpressionAttributeNames={"#owner": "owner"},
            ExpressionAttributeValues={":owner": {"S": _attribute(user, "sub")}},
        )
        for page in pages:
            yield from (item["documentId"]["S"] for item in page["Items"])


def _direct_keys(stage: Stage, bucket: str, run_id: str) -> Iterator[str]:
    pages = stage.account.s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=f"{_FOLDER}{run_id}/"
    )
    for page in pages:
        yield from (item["Key"] for item in page.get("Contents", []))
