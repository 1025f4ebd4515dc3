"""S3: open, delete and presign objects.

Plain functions whose first argument is the client, a form that the policy generator can follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.events import OBJECT_UNREADABLE

if TYPE_CHECKING:
    from botocore.response import StreamingBody
    from mypy_boto3_s3 import S3Client


class ObjectUnreadableError(Exception):
    """S3 answered 403, which hides a missing key from a role without s3:ListBucket.

    The processor does not have that permission (S3 API reference, GetObject, "Permissions").
    """


BODY_ERRORS = (BotoCoreError, EOFError)
"""Raised while reading an object's body: connection errors, worth another GET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One version of an object, open for reading; the caller closes the body."""

    body: StreamingBody
    size_bytes: int
    content_type: str
    user_metadata: Mapping[str, str]
    """`x-amz-meta-*` headers without the prefix."""


def open_object(s3: S3Client, bucket: str, key: str, e_tag: str) -> StoredObject | None:
    """This version of the object, for one GET; None when it was deleted or replaced.

    Raises:
        ObjectUnreadableError: the object is missing or access is denied.
    """
    try:
        response = s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{e_tag}"')
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in ("NoSuchKey", "PreconditionFailed"):
            return None
        if code in ("AccessDenied", "403"):
            raise ObjectUnreadableError(f"{OBJECT_UNREADABLE}: s3://{bucket}/{key}") from error
        raise
    return StoredObject(
        body=response["Body"],
        size_bytes=response["ContentLength"],
        content_type=response.get("ContentType", ""),
        user_metadata=response["Metadata"],
    )


def delete_object(s3: S3Client, bucket: str, key: str) -> None:
    """Delete the object; succeeds when there is none."""
    s3.delete_object(Bucket=bucket, Key=key)


def presign_upload(
    s3: S3Client, bucket: str, key: str, signed: Mapping[str, Any], seconds: int
) -> str:
    """A URL for one PUT, signed without a call to AWS.

    Args:
        s3: the client whose credentials sign.
        bucket: the upload bucket.
        key: of the object.
        signed: further arguments of PutObject; S3 refuses a request whose headers differ.
        seconds: until the URL expires.
    """
    return s3.generate_presigned_url(
        "put_object", Params={"Bucket": bucket, "Key": key, **signed}, ExpiresIn=seconds
    )


def presign_download(
    s3: S3Client, bucket: str, key: str, signed: Mapping[str, Any], seconds: int
) -> str:
    """A URL for GET requests, signed without a call to AWS.

    Args:
        s3: the client whose credentials sign.
        bucket: the upload bucket.
        key: of the object.
        signed: further arguments of GetObject, such as those that set headers of the response.
        seconds: until the URL expires.
    """
    return s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": key, **signed}, ExpiresIn=seconds
    )
