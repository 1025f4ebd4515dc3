"""S3: open, delete and presign objects.

Plain functions whose first argument is the client, a form that the policy generator can follow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

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


@dataclass(frozen=True, slots=True, kw_only=True)
class MultipartUpload:
    """A multipart upload that S3 has not completed or aborted, as far as is known."""

    bucket: str
    key: str
    upload_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """An uploaded part of a multipart upload."""

    number: int
    size_bytes: int
    e_tag: str
    """Without quotes."""


class Completion(Enum):
    """Result of completing a multipart upload."""

    COMPLETED = "the object exists"
    GONE = "the upload was completed or aborted before"
    EXISTS = "there is an object already"
    CHANGED = "a part was uploaded again in the meantime"
    BUSY = "S3 is completing it, for this request or another one"


_COMPLETION_BY_ERROR = {
    "NoSuchUpload": Completion.GONE,
    "PreconditionFailed": Completion.EXISTS,
    "InvalidPart": Completion.CHANGED,
    "ConditionalRequestConflict": Completion.BUSY,
    "OperationAborted": Completion.BUSY,
}
"""S3 API reference, CompleteMultipartUpload: errors that another request causes."""


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


def put_object(s3: S3Client, bucket: str, key: str, content: bytes, content_type: str) -> None:
    """Create or replace an object."""
    s3.put_object(Bucket=bucket, Key=key, Body=content, ContentType=content_type)


def list_keys(s3: S3Client, bucket: str, prefix: str) -> list[str]:
    """The first 1,000 keys with this prefix, in their order."""
    response = s3.list_objects_v2(Bucket=bucket, Prefix=prefix)
    return [item["Key"] for item in response.get("Contents", [])]


def delete_object(s3: S3Client, bucket: str, key: str) -> None:
    """Delete the object; succeeds when there is none."""
    s3.delete_object(Bucket=bucket, Key=key)


def has_object(s3: S3Client, bucket: str, key: str) -> bool:
    """Whether the object exists; S3 answers 403 for a missing one without s3:ListBucket."""
    try:
        s3.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("403", "404"):  # without a body there is no code
            return False
        raise
    return True


def has_tagged_object(s3: S3Client, bucket: str, key: str) -> bool:
    """Whether the object exists, where a policy denies HEAD for objects without a clean scan.

    GetObjectTagging reads no byte of it, and is not denied. 403 as in `has_object`.
    """
    try:
        s3.get_object_tagging(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] in ("AccessDenied", "NoSuchKey"):
            return False
        raise
    return True


def create_multipart_upload(
    s3: S3Client, bucket: str, key: str, arguments: Mapping[str, Any]
) -> MultipartUpload:
    """A new multipart upload; a lifecycle rule aborts it if nobody completes it.

    Args:
        s3: the client.
        bucket: the upload bucket.
        key: of the object.
        arguments: further arguments of CreateMultipartUpload.
    """
    response = s3.create_multipart_upload(Bucket=bucket, Key=key, **arguments)
    return MultipartUpload(bucket=bucket, key=key, upload_id=response["UploadId"])


def presign_part(
    s3: S3Client, upload: MultipartUpload, number: int, size_bytes: int, seconds: int
) -> str:
    """A URL for PUTs of one part of exactly this size, signed without a call to AWS."""
    signed: dict[str, Any] = {
        "Bucket": upload.bucket,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumber": number,
        "ContentLength": size_bytes,
    }
    return s3.generate_presigned_url("upload_part", Params=signed, ExpiresIn=seconds)


def list_parts(s3: S3Client, upload: MultipartUpload) -> list[Part] | None:
    """The first 1,000 parts by number; None when the upload was completed or aborted."""
    try:
        response = s3.list_parts(Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id)
    except s3.exceptions.NoSuchUpload:
        return None
    return [
        Part(number=part["PartNumber"], size_bytes=part["Size"], e_tag=part["ETag"].strip('"'))
        for part in response.get("Parts", [])
    ]


def complete_multipart_upload(
    s3: S3Client, upload: MultipartUpload, parts: Sequence[Part]
) -> Completion:
    """Make the parts the object, unless there is an object with the key.

    S3 may take minutes for a large object, and goes on after the caller has stopped waiting (S3 API
    reference, CompleteMultipartUpload).
    """
    listed: Any = [{"PartNumber": part.number, "ETag": f'"{part.e_tag}"'} for part in parts]
    try:
        s3.complete_multipart_upload(
            Bucket=upload.bucket,
            Key=upload.key,
            UploadId=upload.upload_id,
            MultipartUpload={"Parts": listed},
            IfNoneMatch="*",
        )
    except ClientError as error:
        if outcome := _COMPLETION_BY_ERROR.get(error.response["Error"]["Code"]):
            return outcome
        raise
    except ReadTimeoutError:
        return Completion.BUSY
    return Completion.COMPLETED


def abort_multipart_upload(s3: S3Client, upload: MultipartUpload) -> None:
    """Abort the upload and delete its parts; succeeds when it was completed or aborted before."""
    try:
        s3.abort_multipart_upload(Bucket=upload.bucket, Key=upload.key, UploadId=upload.upload_id)
    except s3.exceptions.NoSuchUpload:
        return


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
